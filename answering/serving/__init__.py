"""The page and the API: answers over HTTP, in the protocol that OpenAI's clients speak."""
