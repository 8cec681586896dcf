"""From bytes to documents: text is decoded, cleaned, split into posts and cut into documents."""
