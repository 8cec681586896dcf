"""From a question to the documents that answer it."""
