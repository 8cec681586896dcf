"""From a raw text to samples, and from a question to the documents that answer it. Does not need torch."""
