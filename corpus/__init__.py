"""The text wing: from a raw file to samples, with the standard library and numpy only."""
