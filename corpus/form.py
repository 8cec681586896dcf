"""The form of an answer as it is written: which lines may come where, and how long each part may get."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

from corpus.answers import candidate_lines, candidate_passages
from corpus.contacts import find_contacts
from corpus.guide import Choice
from corpus.template import Template
from corpus.verification import KnownContacts

MOST_ITEMS = 6  # of the summary and of each list
LONGEST_ITEM = 60  # tokens of a line that is not taken from a document
MOST_INSTITUTIONS = 5  # of a table; a document's are all listed

Form = Generator[Choice, str, None]


@dataclass(frozen=True)
class Material:
    """What an answer may be made of."""

    lines: Sequence[str] | None = None  # the only ones of summary and lists; None: any text
    passages: Sequence[str] | None = None  # the only details; None: any text
    contacts: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # institution: (label, value) …
    all_contacts: bool = False  # whether every one of them has to be listed

    @classmethod
    def of_document(cls, text: str, title: str, known: KnownContacts | None) -> "Material":
        """The sentences of a document as they may stand in an answer, and its contacts."""
        lines, passages = candidate_lines(text, title), candidate_passages(text)
        if known:  # a sentence cut short may end in half a number
            lines, passages = [line for line in lines if known.allow(line)], list(filter(known.allow, passages))
        contacts: dict[str, list[tuple[str, str]]] = {}
        for contact in find_contacts(text, title):
            contacts.setdefault(contact.institution, []).append((contact.label, contact.value))
        return cls(lines, passages, contacts, all_contacts=True)


def free_form(template: Template) -> Form:
    """Any lines, until the model ends its answer."""
    while True:
        yield Choice([template.answer_end.strip()], free_start="", longest=1 << 30)


def guided_form(template: Template, material: Material, room: int, count_tokens: Callable[[str], int]) -> Form:
    """All sections in their order, each with at least one line, in at most `room` tokens.

    Before a line is offered, there is room for it and for the shortest end that the answer can have after it.
    """
    parts = template.parts
    end = template.answer_end.lstrip("\n")
    nothing = [f"{part.bullet}{template.nothing}\n" for part in parts]
    shortest = [count_tokens(part.heading + line) for part, line in zip(parts, nothing, strict=True)]
    left = room - sum(shortest) - count_tokens(end)  # beyond the shortest answer

    for number, part in enumerate(parts):
        yield Choice([part.heading])
        ...
