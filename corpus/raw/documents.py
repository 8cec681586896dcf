"""Posts become documents, each short enough for one sample."""

import re
from dataclasses import dataclass

from corpus.raw.posts import Post
from corpus.raw.sentences import LONGEST_ASIDE, sentence_ends
from corpus.raw.titles import find_title


@dataclass(frozen=True)
class Document:
    """A post, or a part of a long one, that fits into one sample."""

    source: str  # file name
    line: int  # of the post's first line, counted from 1
    post: int  # number of the post, counted from 0 over all files
    part: int  # number of the part within the post, counted from 0
    title: str  # "" if the post has none
    text: str


def cut_documents(post: Post, number: int, max_characters: int) -> list[Document]:
    """Cut a post into parts of at most `max_characters`, at the ends of paragraphs, lines, sentences or words.

    The parts have about equal lengths. Only a "word" longer than a part is cut inside. `number` is that of the post.
    """
    text = "\n".join(post.lines).strip("\n")
    title = find_title(post.lines)
    pieces = cut_text(text, max_characters)
    return [Document(post.source, post.line, number, part, title, piece) for part, piece in enumerate(pieces)]


def cut_text(text: str, max_characters: int) -> list[str]:
    """Cut text into pieces of at most `max_characters`; together they contain every word of it, in order."""
    pieces = []
    text = text.strip()
    start = 0
    while len(text) - start > max_characters:
        left = len(text) - start
        pieces_left = -(-left // max_characters)
        # Not all of the rest, which may be megabytes, but enough to see the end of an aside that the limit cuts.
        window = text[start : start + max_characters + LONGEST_ASIDE]
        cut = _best_cut(window, -(-left // pieces_left), max_characters)
        pieces.append(window[:cut].rstrip())
        start += cut
        while start < len(text) and text[start].isspace():
            start += 1
    return [*pieces, text[start:]] if start < len(text) else pieces


def _best_cut(window: str, wanted: int, limit: int) -> int:
    """The best position to cut at: near `wanted`, at most `limit`, after a paragraph, else a line, a sentence, a word.

    The window is the text to cut, from the end of the last piece to LONGEST_ASIDE after the limit.
    """
    lowest = wanted // 2
    ends = [
        [found.end() for found in re.finditer(r"\n\s*\n", window)],
        # A line that ends with a colon is a heading: it must not be separated from what follows.
        [found.end() for found in re.finditer(r"(?<![:：])\n", window)],
        sentence_ends(window),
    ]
    for candidates in ends:
        fitting = [end for end in candidates if lowest <= end <= limit]
        if fitting:
            return min(fitting, key=lambda end: abs(end - wanted))
    space = max(window.rfind(" ", 0, limit + 1), window.rfind("\n", 0, limit + 1))
    return space if space > 0 else limit
