"""From a document to an answer: its contacts, lists, summary and details, and the questions that ask for them."""
