"""The form of an answer while it is written: which lines may come where, and how much room each has left."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.answers import candidate_items, candidate_passages, candidate_summary
from corpus.contacts import find_contacts
from corpus.guide import Choice, Form
from corpus.template import CONTACT_START, Part, Template, neutralize_markers, write_contact, write_institution
from corpus.verification import KnownContacts

MOST_ITEMS = 6  # of the summary and of each list
MOST_INSTITUTIONS = 5  # taken from a table; those of a document are all listed
LONGEST_LINE = 60  # tokens of a line that is not taken from a document
LINE_ENDING = 60  # tokens that such a line may need on top, to end with a whole character or contact
LONGEST_CONTACT = 40  # tokens of a contact in such a line; a part of a word takes more of them than the word
DETAIL_TOKENS = 300  # of details that are not taken from a document


@dataclass(frozen=True)
class Material:
    """What an answer may be made of; None stands for any text."""

    summary: Sequence[str] | None = None  # lines in the order of the document
    items: Sequence[str] | None = None  # of the other lists
    passages: Sequence[str] | None = None  # one of them makes the details
    contacts: Mapping[str, Sequence[tuple[str, str]]] | None = None  # institution -> (label, value) of each contact
    all_contacts: bool = False  # whether none of them may be left out

    def values(self) -> list[tuple[str, str]]:
        """(label, value) of every contact."""
        return [value for values in (self.contacts or {}).values() for value in values]


def material_of(documents: Iterable[tuple[str, str]]) -> Material:
    """The sentences of documents, (text, title) each, as they may stand in an answer, and their contacts."""
    summary: list[str] = []
    items: list[str] = []
    passages: list[str] = []
    contacts: dict[str, list[tuple[str, str]]] = {}
    for text, title in documents:
        known = KnownContacts(text=text)
        # A line that was cut short may end in half a number.
        summary += filter(known.allow_all, candidate_summary(text, title))
        items += filter(known.allow_all, candidate_items(text, title))
        passages += filter(known.allow_all, candidate_passages(text))
        for contact in find_contacts(text, title):
            contacts.setdefault(contact.institution, []).append((contact.label, contact.value))
    # Two documents may share a line or a contact.
    contacts = {institution: list(dict.fromkeys(values)) for institution, values in contacts.items()}
    lists = (list(dict.fromkeys(lines)) for lines in (summary, items, passages))
    return Material(*lists, contacts, all_contacts=True)


def material_of_table(table: Iterable[Mapping]) -> Material:
    """Any text, and the contacts of a table as step 01 writes it."""
    contacts = {
        neutralize_markers(entry["institution"]): [
            (each["kind"], neutralize_markers(each["value"])) for each in entry["contacts"]
        ]
        for entry in table
    }
    return Material(contacts=contacts)


def free_form(template: Template) -> Form:
    """Any lines, until the model ends its answer."""
    while True:
        yield Choice([template.answer_end.strip()], [""], longest=1 << 30)


class GuidedForm:
    """All parts of an answer in their order, each with a line at least, and a clean end in at most `room` tokens.

    A line is offered while there is room for it and for the shortest end that the answer can have after it.
    """

    def __init__(self, template: Template, material: Material, room: int, count_tokens: Callable[[str], int]):
        self.template, self.material, self.count_tokens = template, material, count_tokens
        self.headings = {line for part in template.parts for line in part.heading.split("\n")}
        shortest = "".join(f"{part.heading}\n{self._nothing(part)}" for part in template.parts)
        self.spare = room - count_tokens(shortest + template.answer_end.strip())  # tokens beyond the shortest answer

    def write(self) -> Form:
        """Raises ValueError where there is no room for the shortest answer."""
        if self.spare < 0:
            raise ValueError(f"the shortest answer needs {-self.spare} tokens more than there is room for")
        parts, material = self.template.parts, self.material
        ends = [f"{part.heading}\n" for part in parts[1:]] + [self.template.answer_end.strip()]
        yield Choice([f"{parts[0].heading}\n"])
        for part, end in zip(parts, ends, strict=True):
            if part.name == "details":
                yield from self._write_details(end)
            elif part.name == "contacts":
                all_of_them = material.all_contacts
                most = len(material.contacts or ()) if all_of_them else MOST_INSTITUTIONS
                blocks = self._contact_blocks() if material.contacts is not None else None
                starts = [part.bullet, CONTACT_START]
                yield from self._write_part(part, end, blocks, most, starts, in_order=False, all_of_them=all_of_them)
            else:
                lines = material.summary if part.name == "summary" else material.items
                items = [f"{part.bullet}{line}\n" for line in lines] if lines is not None else None
                yield from self._write_part(part, end, items, MOST_ITEMS, [part.bullet])

    def _nothing(self, part: Part) -> str:
        return f"{part.bullet}{self.template.nothing}\n"

    def _write_part(
        self,
        part: Part,
        end: str,
        items: Sequence[str] | None,
        most: int,
        free_starts: Sequence[str],
        in_order: bool = True,
        all_of_them: bool = False,
    ) -> Form:
        """At most so many of the items, or free lines for None, or the phrase for nothing; then `end`."""
        nothing = self._nothing(part)
        self.spare += self.count_tokens(nothing)  # which an item takes the place of
        left = list(items or ())
        written = 0
        while True:
            offered = [item for item in left if written < most and self._fits(item)]
            longest = min(LONGEST_LINE, self.spare - LINE_ENDING)
            free = items is None and written < most and longest > 0
            # Free text can say that there is nothing by itself.
            instead = [end] if written else [] if free else [nothing]
            # A document always has a first line of a summary, and its contacts may not be left out.
            must_go_on = offered and (all_of_them or (part.name == "summary" and not written))
            texts = offered if must_go_on else [*offered, *instead]
            text, tokens = yield Choice(texts, free_starts[: written + 1] if free else (), longest, self.headings)
            if text == end:
                return
            self.spare -= tokens
            written += 1
            if text == nothing:
                most = written
            if text in left:
                left = left[left.index(text) + 1 :] if in_order else [item for item in left if item != text]

    def _contact_blocks(self) -> list[str]:
        """The lines of each institution, with as many of its contacts as there is room for."""
        blocks = []
        for institution, values in (self.material.contacts or {}).items():
            lines = [f"{write_contact(*value)}\n" for value in values]
            head = f"{write_institution(institution)}\n"
            while lines and not self._fits(head + "".join(lines)):
                lines.pop()
            if lines:
                blocks.append(head + "".join(lines))
        return blocks

    def _write_details(self, end: str) -> Form:
        """A passage of the document, or free lines; then `end`, the end of the answer."""
        if self.material.passages is not None:
            passages = [f"{passage}\n" for passage in self.material.passages]
            nothing = f"{self.template.nothing}\n"
            yield Choice([text + end for text in passages if self._fits(text)] or [nothing + end])
        left = min(DETAIL_TOKENS, self.spare)
        ends: list[str] = []  # the first line must come
        while left > LINE_ENDING:
            _, tokens = yield Choice(ends, [""], left - LINE_ENDING, self.headings)
            left -= tokens
            ends = [end]
        yield Choice([end] if ends else [f"{self.template.nothing}\n{end}"])

    def _fits(self, text: str) -> bool:
        # A token is a byte at least, which spares most of the counting in a large table.
        return len(text.encode()) <= self.spare or self.count_tokens(text) <= self.spare
