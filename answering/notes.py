"""Notes: what a reader should know about the documents behind an answer."""

from collections.abc import Callable, Iterator, Sequence

from answering.search import Candidates
from answering.source import Source


def notes_on_documents(
    question: str, found: Candidates, used: Sequence[Source], is_weak_match: Callable[[Source], bool]
) -> Iterator[str]:
    """One line for each thing to know about how documents were found and fitted; `used` are those in the prompt."""
    count = len(found.documents)
    if found.searched and not count:
        yield "(no document shares a word with the question; --closed-book asks the model alone)"
    elif found.searched and all(map(is_weak_match, used)):
        yield "(weak match: few words of the question are in what was found; it may be about something else)"
    if found.searched and len(used) < count:
        yield f"({len(used)} of {count} documents fit into the context)"
    if used and (used[0] is not found.documents[0] or (len(used) < count and not found.searched)):
        which = "best" if question else "first"
        yield f"(the document is longer than the model can see: this answers from its {which} part)"
