"""Chapters on what surrounds the five steps, each a script of its own: python -m lessons.bpe_by_hand."""
