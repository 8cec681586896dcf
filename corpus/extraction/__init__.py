"""From a document to an answer, with its summary, lists, contacts and details, and to questions about it."""
