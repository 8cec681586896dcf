"""A long line becomes one that fits into an answer."""

import re

from corpus.extraction.contact_values import find_values

LONGEST_LINE = 120  # characters of one line of an answer; nine sentences of ten are shorter
CUT = "…"  # marks the end of a shortened line
LOOSE_MARKS = " ,;("  # not left at the end of such a line

# A long line may be cut after one of these: a comma, or a connective ending before a space.
CLAUSE_END = re.compile(
    r"(?:[,;)]|(?:하고|되고|이고|으며|하며|되며|지만|는데|은데|인데|니까|므로|면서|해서|어서|아서|하면|되면|으면|려면))(?=\s)"
)


def shorten(line: str, longest: int = LONGEST_LINE) -> str:
    """A line of at most `longest` characters: a longer one ends after a clause, else after a word, and then with CUT.

    A contact is kept whole or left out; only one at the beginning of the line may make the result longer.
    """
    line = line.strip()
    if len(line) <= longest:
        return line
    longest -= len(CUT)
    contacts = [(found.start, found.end) for found in find_values(line)]
    clauses = [end.end() for end in CLAUSE_END.finditer(line[: longest + 1]) if end.end() >= longest // 3]
    words = [space.start() for space in re.finditer(" ", line[: longest + 1])] + [start for start, _ in contacts]
    cuts = [*reversed(clauses), *sorted((cut for cut in words if cut <= longest), reverse=True), longest]
    possible_cuts = (
        cut for cut in cuts if line[:cut].rstrip(LOOSE_MARKS) and not any(start < cut < end for start, end in contacts)
    )
    # If a contact at the beginning of the line excludes every cut, the line ends after this contact.
    cut = next(possible_cuts, None) or max([longest, *(end for start, end in contacts if start < longest)])
    return line[:cut].rstrip(LOOSE_MARKS) + CUT if cut < len(line) else line
