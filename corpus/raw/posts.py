"""Lines become posts: a post is what one person wrote at one time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from corpus.raw.boundaries import Gap, probabilities
from corpus.raw.layout import BULLET, CERTAIN_SEPARATOR, SEPARATOR
from corpus.raw.reading import Line
from corpus.raw.titles import LONGEST_TITLE

import numpy as np

# The layout of a text is learned from so many lines at a time, so that a text of any size remains a stream.
WINDOW_LINES = 4_000
WINDOW_CHARACTERS = 1 << 20
# A post without any boundary is closed at this size, so that memory stays small.
LARGEST_POST = 1 << 16  # characters
MOST_LINES = 2_000
# A longer one without any other boundary has them at its blank lines, but not before a list or after a few words.
LONGEST_POST = 6_000
SHORTEST_POST = 200
# Separators: a rare one in a text with others is part of a post; where they part most posts, they part all.
USUAL = 0.2  # of the certain separators of a text are of this kind
LEAST_SEPARATED = 4
SEPARATED = 0.7  # of the likely boundaries
FEW_LINES = 8  # fewer are rarely several posts
SURE = 0.9
LIKELY = 0.4  # a line that begins a post with a higher probability begins one


@dataclass(frozen=True)
class Post:
    """What one person wrote at one time."""

    source: str  # file name
    line: int  # number of its first line in the file, counted from 1
    lines: tuple[str, ...]
    doubt: float = field(default=0.0, compare=False)  # how many of its lines are expected to be judged wrongly


@dataclass(frozen=True)
class Written:
    """A line with text, and what is between it and the one before it."""

    line: Line
    gap: Gap


def split_posts(lines: Iterable[Line]) -> Iterator[Post]:
    """Group lines into posts: every line with text belongs to exactly one, separators to none."""
    still_open: list[Written] = []
    last: list[Post] = []  # the post of these lines, which the next window may continue
    for window in _windows(_written(lines)):
        if still_open and still_open[0].line.source != window[0].line.source:
            yield from last
            still_open = []
        (*whole, end), still_open = _cut(still_open + window)
        yield from whole
        last = [end]
    yield from last


def _written(lines: Iterable[Line]) -> Iterator[Written]:
    """The lines with text, each with the number of blank lines and the separator before it."""
    blanks, separator = 0, ""
    for line in lines:
        if not line.text or line.text.isspace():
            blanks += 1
        elif SEPARATOR.match(line.text):
            separator = line.text.strip()
        else:
            yield Written(line, Gap(blanks, separator))
            blanks, separator = 0, ""


def _windows(lines: Iterable[Written]) -> Iterator[list[Written]]:
    """Lines of one file at a time, WINDOW_LINES or fewer; the last window of a file may have twice as many.

    A window waits for the next one, so that the end of a file is judged together with what is before it.
    """
    waiting: list[Written] = []
    window: list[Written] = []
    size = 0  # characters of the window
    for written in lines:
        if window and window[0].line.source != written.line.source:
            yield waiting + window
            waiting, window, size = [], [], 0
        if len(window) >= WINDOW_LINES or size >= WINDOW_CHARACTERS:
            if waiting:
                yield waiting
            waiting, window, size = window, [], 0
        window.append(written)
        size += len(written.line.text)
    if waiting or window:
        yield waiting + window


def _cut(lines: list[Written]) -> tuple[list[Post], list[Written]]:
    """The posts of some lines, the first of which begins one; and the lines of the last post."""
    likely = _likely_beginnings(lines)
    starts = _starts(lines, likely > LIKELY)
    doubts = np.add.reduceat(np.minimum(likely, 1 - likely), starts)
    ends = [*starts[1:], len(lines)]
    posts = [_post(lines[start:end], doubt) for start, end, doubt in zip(starts, ends, doubts.tolist(), strict=True)]
    return posts, lines[starts[-1] :]


def _likely_beginnings(lines: Sequence[Written]) -> np.ndarray:
    """The probability that each line begins a post, (n,)."""
    likely = probabilities([written.line.text for written in lines], [written.gap for written in lines])
    separators = Counter(written.gap.separator for written in lines if CERTAIN_SEPARATOR.match(written.gap.separator))
    usual = {separator for separator, count in separators.items() if count >= USUAL * separators.total()}
    separated = np.array([written.gap.separator in usual for written in lines])
    likely[separated] = 1
    if separated.sum() >= LEAST_SEPARATED and separated.sum() >= SEPARATED * (likely > LIKELY).sum():
        likely[~separated] = 0  # the separators of this text part its posts, and nothing else does
    for number, written in enumerate(lines):
        if written.line.begins_post is not None:
            likely[number] = written.line.begins_post
    if len(lines) < FEW_LINES:
        likely[likely < SURE] = 0  # too short to have a layout
    likely[0] = 1
    _join_titles(lines, likely)
    return likely


def _join_titles(lines: Sequence[Written], likely: np.ndarray) -> None:
    """Of two neighbours that both seem to begin a post, only the likelier does: a title is no post."""
    for number in range(1, len(lines)):
        above, line = lines[number - 1].line, lines[number].line
        both = likely[number] > LIKELY and likely[number - 1] > LIKELY
        is_certain = line.begins_post is not None or CERTAIN_SEPARATOR.match(lines[number].gap.separator)
        if both and not is_certain and len(above.text) <= LONGEST_TITLE:
            if likely[number] > likely[number - 1]:
                likely[number - 1] = 0
            else:
                likely[number] = 0


def _starts(lines: Sequence[Written], begins: np.ndarray) -> list[int]:
    """The numbers of the lines that begin posts, among them those where a post is closed because of its size."""
    likely = np.flatnonzero(begins).tolist()
    starts: list[int] = []
    for first, end in zip(likely, [*likely[1:], len(lines)], strict=True):
        starts.append(first)
        is_long = sum(len(lines[number].line.text) for number in range(first, end)) > LONGEST_POST
        size = 0
        for number in range(first, end):
            if number > first and (
                (is_long and _may_begin(lines, number, size))
                or size > LARGEST_POST
                or number - starts[-1] >= MOST_LINES
            ):
                starts.append(number)
                size = 0
            size += len(lines[number].line.text) + 1
    return starts


def _may_begin(lines: Sequence[Written], number: int, size: int) -> bool:
    """Whether a post of many blocks may end before a line, after `size` characters."""
    written = lines[number]
    is_inside = written.line.begins_post is False or BULLET.match(written.line.text)
    announced = lines[number - 1].line.text.endswith((":", "："))
    return bool(written.gap.blanks) and size >= SHORTEST_POST and not is_inside and not announced


def _post(lines: Sequence[Written], doubt: float) -> Post:
    """A post with one empty line for any number of blank ones."""
    first = lines[0].line
    texts = [first.text]
    for written in lines[1:]:
        if written.gap.blanks:
            texts.append("")
        texts.append(written.line.text)
    return Post(first.source, first.number, tuple(texts), doubt)
