"""From bytes to documents: decoded, cleaned, cut into posts, and the posts into documents."""
