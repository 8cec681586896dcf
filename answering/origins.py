"""Where does each line of an answer come from? Its place in the text of its source."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from answering.source import Source
from corpus.extraction.shortening import CUT

NOT_OF_WORDS = re.compile(r"[\W_]+")  # an answer may have other marks and spaces than its source
LEAST_SHARE_OF_WORDS = 0.6  # of a line, that a line of the source must have if the line is not written there whole


@dataclass(frozen=True)
class Origin:
    """A line of a source."""

    source: Source
    line: int  # counted from 1 in the text of the source


class OriginFinder:
    """Finds the lines of some sources that the lines of an answer were taken from."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._texts = [_SearchableText(source) for source in sources]

    def find(self, line: str) -> Origin | None:
        """The first place where a line is written, whole or shortened; else the line that shares most words with it."""
        wanted = NOT_OF_WORDS.sub("", line.removesuffix(CUT)).lower()
        for text in self._texts:
            if wanted and (number := text.line_with(wanted)):
                return Origin(text.source, number)
        candidates = [(*text.best_line(line), text.source) for text in self._texts]
        share, number, source = max(candidates, key=lambda each: each[0], default=(0.0, 0, Source("")))
        return Origin(source, number) if share >= LEAST_SHARE_OF_WORDS else None


class _SearchableText:
    """A source without its marks and spaces, and where its lines begin in that."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = source.text.split("\n")
        compact = [NOT_OF_WORDS.sub("", line).lower() for line in self.lines]
        self.text = "".join(compact)
        self.starts = [0, *accumulate(map(len, compact))]

    def line_with(self, wanted: str) -> int:
        """The number of the first line in which `wanted` begins; 0 if it is not in the text."""
        at = self.text.find(wanted)
        return bisect_right(self.starts, at) if at >= 0 else 0

    def best_line(self, line: str) -> tuple[float, int]:
        """The largest share of the words of `line` that a line of the source has, and the number of that line."""
        words = set(NOT_OF_WORDS.sub(" ", line).lower().split())
        shares = [
            len(words & set(NOT_OF_WORDS.sub(" ", each).lower().split())) / (len(words) or 1) for each in self.lines
        ]
        best = max(shares)
        return best, shares.index(best) + 1
