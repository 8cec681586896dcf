"""The form of an answer while it is written: which lines may come where, and how much room each has left."""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from answering.guide import Choice, Form, Paragraph
from answering.verification import KnownContacts
from corpus.extraction.answers import extract_answer, extract_review, has_title
from corpus.extraction.passages import candidate_passages
from corpus.raw.documents import Document
from corpus.template import CONTACT_START, Part, Template, neutralize_markers, write_contact, write_institution

LEAST_SUMMARY = 3  # lines, besides the title
MOST_ITEMS = 6  # of the summary, and of a list that is not taken from a document
MOST_INSTITUTIONS = 5  # taken from a table; those of a document are all listed
LONGEST_FREE_LINE = 60  # tokens of a line that is not taken from a document
LINE_ENDING = 60  # tokens that a line may need to end with a sentence, and on top to end with a contact or character
LONGEST_CONTACT = 40  # tokens of a contact in such a line; a part of a word takes more of them than the word
DETAIL_TOKENS = 300  # of details that are not taken from a document


@dataclass(frozen=True)
class Material:
    """What an answer may be made of; None stands for any text."""

    begins_with_title: bool = False  # whether the first line of the summary is one, which always comes
    lists: Mapping[str, Sequence[str]] | None = None  # name of a part -> its lines, in the order of the document
    passages: Sequence[Sequence[str]] | None = None  # one makes the details; of each first sentence, the longest first
    contacts: Mapping[str, Sequence[tuple[str, str]]] | None = None  # institution -> (label, value) of each contact
    all_contacts: bool = False  # whether none of them may be left out

    def values(self) -> list[tuple[str, str]]:
        """(label, value) of every contact."""
        return [value for values in (self.contacts or {}).values() for value in values]


def material_of(documents: Sequence[tuple[str, str]], question: str = "", style: str = "answer") -> Material:
    """What documents, (text, title) each, can give to an answer.

    Summary and lists may hold the lines that step 01 would put there for such a question, and the details any
    passage; the contacts stand below the institutions that step 01 finds them to belong to. A small model told to
    choose a summary among all sentences takes any: its choice agreed with step 01's no more than chance.
    """
    extract = extract_review if style == "summary" else extract_answer
    passages: list[tuple[str, ...]] = []
    names = {part.name for part in Template.of_style(style).parts} - {"contacts", "details"}
    lists: dict[str, list[str]] = {name: [] for name in names}
    contacts: dict[str, list[tuple[str, str]]] = {}
    for text, title in documents:
        known = KnownContacts(text=text)  # a line that was cut short may end in half a number
        answer = extract(Document("", 0, 0, 0, title, text), question)
        passages += [tuple(filter(known.allow_all, each)) for each in candidate_passages(text)]
        for name, lines in lists.items():
            lines += filter(known.allow_all, getattr(answer, name))
        for institution, values in answer.contacts.items():
            contacts.setdefault(institution, []).extend((contact.label, contact.value) for contact in values)
    # Two documents may share a line or a contact.
    contacts = {institution: list(dict.fromkeys(values)) for institution, values in contacts.items()}
    lists = {name: list(dict.fromkeys(lines)) for name, lines in lists.items()}
    begins = bool(documents) and has_title(*documents[0])
    return Material(begins, lists, list(dict.fromkeys(passages)), contacts, all_contacts=True)


def material_of_table(table: Iterable[Mapping], places: Collection[tuple[str, int]] | None = None) -> Material:
    """Any text, and the contacts of a table as step 01 writes it; of certain places, (source, line), where named."""
    contacts: dict[str, list[tuple[str, str]]] = {}
    for entry in table:
        for each in entry["contacts"]:
            if places is None or any((at["source"], at["line"]) in places for at in each["documents"]):
                values = contacts.setdefault(neutralize_markers(entry["institution"]), [])
                values.append((each["kind"], neutralize_markers(each["value"])))
    return Material(contacts=contacts)


def _lines(part: Part, texts: Sequence[str] | None) -> list[str] | None:
    return [f"{part.bullet}{text}\n" for text in texts] if texts is not None else None


def free_form(template: Template) -> Form:
    """Any lines, until the model ends its answer."""
    while True:
        yield Paragraph(template.answer_end.strip())


@dataclass(frozen=True)
class Items:
    """What a part may hold, and how many of them, as far as there are as many and room for them."""

    texts: Sequence[str] | None  # None: free lines
    starts: Sequence[str]  # of free lines; the second may not begin the first line
    first: int  # of the texts, that always come first
    least: int
    most: int
    in_order: bool = True  # of the document

    def next_of(self, left: Sequence[str], written: int) -> Sequence[str]:
        """Those of the texts left that may come after so many written ones."""
        if written < self.first:
            return left[:1]
        missing = self.least - written
        if self.in_order and 1 < missing <= len(left):
            return left[: 1 - missing]  # after the last ones there would be too few
        return left if written < self.most else []


class GuidedForm:
    """All parts of an answer in their order, each with a line at least, and a clean end in at most `room` tokens.

    A line is offered while there is room for it and for the shortest end that the answer can have after it: what
    the methods call `spare` are the tokens that are left beyond that.
    """

    def __init__(self, template: Template, material: Material, room: int, count_tokens: Callable[[str], int]):
        """Raises ValueError where there is no room for the shortest answer."""
        self.template, self.material, self.count_tokens = template, material, count_tokens
        self.headings = {line for part in template.parts for line in part.heading.split("\n")}
        shortest = "".join(f"{part.heading}\n{self._nothing(part)}" for part in template.parts)
        self.spare = room - count_tokens(shortest + template.answer_end.strip())
        if self.spare < 0:
            raise ValueError(f"the shortest answer needs {-self.spare} tokens more than there is room for")

    def write(self) -> Form:
        parts, spare = self.template.parts, self.spare
        reserves = self._reserves(spare)
        ends = [f"{part.heading}\n" for part in parts[1:]] + [self.template.answer_end.strip()]
        yield Choice([f"{parts[0].heading}\n"])
        for part, end in zip(parts, ends, strict=True):
            reserves.pop(part.name, None)
            of_later = sum(reserves.values())
            if part.name == "details":
                yield from self._write_details(end, spare)
            else:
                spare = of_later + (yield from self._write_part(part, end, spare - of_later))

    def _reserves(self, spare: int) -> dict[str, int]:
        """Of the spare tokens, those that the parts before a part leave to it.

        The contacts of a document are what nobody may miss: all of them, in up to half of the tokens. The details
        have a sixth, for a sentence or two, and the lists in turn room for one line after the other.
        """
        material = self.material
        blocks = self._contact_blocks(spare) if material.all_contacts else []
        passages = [self.count_tokens(f"{each[0]}\n") for each in material.passages or () if each]
        reserves = {
            "contacts": min(sum(map(self.count_tokens, blocks)), spare // 2),
            "details": min(max(passages, default=0), spare // 6),
        }
        lists = [part for part in self.template.parts if part.name in (material.lists or {})]
        sizes = [map(self.count_tokens, _lines(part, material.lists[part.name])) for part in lists]
        for turn in zip_longest(*sizes, fillvalue=0):
            for part, size in zip(lists, turn, strict=True):
                if sum(reserves.values()) + size <= spare:
                    reserves[part.name] = reserves.get(part.name, 0) + size
        return reserves

    def _nothing(self, part: Part) -> str:
        return f"{part.bullet}{self.template.nothing}\n"

    def _write_part(self, part: Part, end: str, spare: int) -> Generator[Choice, tuple[str, int], int]:
        """Some of the items, or the phrase for nothing; then `end`. Returns what it leaves of the spare tokens."""
        items, nothing = self._items(part, spare), self._nothing(part)
        spare += self.count_tokens(nothing)  # which an item takes the place of
        left, written, goes_on = list(items.texts or ()), [], True
        while True:
            count = len(written)
            offered = [text for text in items.next_of(left, count) if self._fits(text, spare)] if goes_on else []
            longest = min(LONGEST_FREE_LINE, spare - LINE_ENDING)
            least = LONGEST_FREE_LINE if written else 1  # only the first free line may be cut short
            free = items.texts is None and goes_on and count < items.most and longest >= least
            if offered and count < items.least:
                ways_out = []
            elif written:
                ways_out = [end]
            else:
                ways_out = [] if free else [nothing]  # free text can say that there is nothing by itself
            starts = items.starts[: count + 1] if free else ()
            text, tokens = yield Choice(offered, starts, longest, self.headings, ways_out)
            if text == end:
                return spare
            spare -= tokens
            goes_on = text != nothing and not (free and text in written)  # who repeats a line would go on so
            written.append(text)
            if text in left:
                left = left[left.index(text) + 1 :] if items.in_order else [item for item in left if item != text]

    def _items(self, part: Part, spare: int) -> Items:
        material = self.material
        if part.name == "contacts":
            blocks = self._contact_blocks(spare) if material.contacts is not None else None
            least = len(blocks or ()) if material.all_contacts else 0
            most = max(least, MOST_INSTITUTIONS)
            return Items(blocks, [part.bullet, CONTACT_START], 0, least, most, in_order=False)
        lines = _lines(part, material.lists[part.name] if material.lists is not None else None)
        if part.name == "summary":
            first = int(material.begins_with_title)
            return Items(lines, [part.bullet], first, first + LEAST_SUMMARY, MOST_ITEMS)
        # A checklist that leaves something out is worse than none: a small model would.
        most = len(lines) if lines is not None else MOST_ITEMS
        return Items(lines, [part.bullet], 0, most, most)

    def _contact_blocks(self, spare: int) -> list[str]:
        """The lines of each institution, with as many of its contacts as there is room for."""
        blocks = []
        for institution, values in (self.material.contacts or {}).items():
            lines = [f"{write_contact(*value)}\n" for value in values]
            head = f"{write_institution(institution)}\n"
            while lines and not self._fits(head + "".join(lines), spare):
                lines.pop()
            if lines:
                blocks.append(head + "".join(lines))
        return blocks

    def _write_details(self, end: str, spare: int) -> Form:
        """A passage of the document, or free lines; then `end`, the end of the answer."""
        if self.material.passages is not None:
            of_starts = ([f"{passage}\n" for passage in each] for each in self.material.passages)
            fitting = (next((text for text in each if self._fits(text, spare)), None) for each in of_starts)
            nothing = f"{self.template.nothing}\n"
            yield Choice([text + end for text in fitting if text] or [nothing + end])
            return
        left = min(DETAIL_TOKENS, spare) - LINE_ENDING
        way_out, least = None, 0  # the first line must come
        while left > least:
            _, tokens = yield Paragraph(way_out, left - LINE_ENDING, left, self.headings)
            left -= tokens
            way_out, least = end, LINE_ENDING  # in less room a line might not come to the end of its sentence
        yield Choice([way_out or f"{self.template.nothing}\n{end}"])

    def _fits(self, text: str, spare: int) -> bool:
        # A token is a byte at least, which spares most of the counting in a large table.
        return len(text.encode()) <= spare or self.count_tokens(text) <= spare
