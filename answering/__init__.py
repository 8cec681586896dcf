"""From a question to its answer: where text and model meet."""
