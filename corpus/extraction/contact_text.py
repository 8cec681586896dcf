"""A text with its contact values, and what the search for their owners needs to know of the whole text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.extraction.contact_values import FoundValue, find_values
from corpus.extraction.institutions import find_names

LINES_COUNTED = 40  # at the beginning of a text, for its most frequent names
MOST_FREQUENT_NAMES = 6
CHARACTERS_COUNTED = 10_000  # in which a name is counted: more than a document has

FoundValues = Sequence[FoundValue]  # of one line


@dataclass(frozen=True)
class ContactText:
    """A text whose labels are standardised; all but the first three fields follow from these."""

    lines: Sequence[str]
    title: str
    found: Sequence[FoundValues]  # of each line
    whole: str  # the title and the text
    squeezed: str  # the beginning of the text without white space
    squeezed_title: str
    frequent: Sequence[tuple[str, int]]  # the most frequent names, and how often they are written

    @classmethod
    def of(cls, text: str, title: str) -> "ContactText":
        """The text, searched once for all of its contacts."""
        lines = text.split("\n")
        found = [find_values(line) for line in lines]
        names: Counter[str] = Counter()
        if any(found):
            first = zip(lines[:LINES_COUNTED], found, strict=False)
            names.update(name for line, values in first for name, _ in find_names(_without(values, line)))
        squeezed = "".join(text.split())[:CHARACTERS_COUNTED]
        frequent = names.most_common(MOST_FREQUENT_NAMES)
        return cls(lines, title, found, f"{title}\n{text}", squeezed, "".join(title.split()), frequent)


def _without(values: FoundValues, line: str) -> str:
    """The line with spaces in place of its values: the town of an address is nobody's name."""
    for value in values:
        line = line[: value.start] + " " * (value.end - value.start) + line[value.end :]
    return line
