"""Notes: what a reader should know about the documents behind an answer."""

from collections.abc import Iterator, Sequence

from answering.search import Candidates
from answering.source import Source

WEAK_MATCH_NOTE = "(weak match: no document is likely to answer this; choose one of these, or ask in other words)"


def notes_on_documents(question: str, found: Candidates, used: Sequence[Source]) -> Iterator[str]:
    """One line for each thing to know about how documents were found and fitted; `used` are those in the prompt."""
    count = len(found.documents)
    if found.searched and not count:
        yield "(no document shares a word with the question; --closed-book asks the model alone)"
    is_shortened = any(source not in found.documents for source in used)
    if is_shortened or (len(used) < count and not found.searched):
        which = ("best" if question else "first") + (" parts" if len(used) > 1 else " part")
        yield f"(the document is longer than the model can see: this answers from its {which})"
    elif len(used) < count:
        yield f"({len(used)} of {count} documents fit into the context)"
