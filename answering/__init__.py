"""From a question to its answer: where the text wing and the model wing meet."""
