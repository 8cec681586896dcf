"""The form of an answer while it is written: which lines may come next, and how many tokens are left for them."""

import math
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from answering.material import Material
from corpus.template import CONTACT_START, AnswerPart, Template, write_contact, write_institution

MIN_SUMMARY_LINES = 3
MAX_ITEMS = 6  # of the summary, and of a list that is not taken from a document
MAX_INSTITUTIONS = 5  # taken from contacts.json; those of a document are all listed
FREE_LINE_TOKENS = 60  # of a line that is not taken from a document
LINE_END_TOKENS = 60  # that a line may need to end its sentence, and again to complete a contact or a character
CONTACT_TOKENS = 40  # of a contact in such a line
DETAIL_TOKENS = 300  # of details that are not taken from a document


@dataclass(frozen=True)
class Choice:
    """What may come next: one of some texts, each of which ends with a line end or a marker; or a free line."""

    texts: Sequence[str] = ()
    starts: Sequence[str] = ()  # what a free line may begin with, none of them empty
    longest: int = 0  # tokens of a free line, which may have to continue to the end of a word or of a contact
    forbidden: Collection[str] = ()  # what a free line may not be
    ways_out: Sequence[str] = ()  # more texts, with which a list ends or does not begin
    enough: ClassVar[int] = 0  # number of tokens after which a free line ends with its sentence
    max_line_ends: ClassVar[int] = 1  # after a free line


@dataclass(frozen=True)
class Paragraph:
    """What may come next: a free line, with or without an empty line after it; or the marker that ends the answer."""

    end: str | None  # the marker; None: not yet
    enough: float = math.inf  # this and the others as in `Choice`
    longest: float = math.inf
    forbidden: Collection[str] = ()
    starts: ClassVar[Sequence[str]] = ("",)
    max_line_ends: ClassVar[int] = 2


Form = Generator[Choice | Paragraph, tuple[str, int], None]  # receives what was written, and in how many tokens


def free_form(template: Template) -> Form:
    """Any lines, until the model ends the answer."""
    while True:
        yield Paragraph(template.answer_end.strip())


@dataclass(frozen=True)
class Items:
    """The items that a part may contain, and how many of them, if there are as many and they fit."""

    texts: Sequence[str] | None  # None: free lines
    starts: Sequence[str]  # of free lines; the first line begins with the first of them
    least: int
    most: int
    in_order: bool = True  # of the document

    def next_of(self, remaining: Sequence[str], written: int) -> Sequence[str]:
        """Those of the remaining texts that may come after `written` others."""
        missing = self.least - written
        if self.in_order and 1 < missing <= len(remaining):
            return remaining[: 1 - missing]  # after a later text too few would remain
        return remaining if written < self.most else []


class GuidedForm:
    """All parts of an answer in order, each with at least one line, and a proper end, within a number of tokens.

    A line is offered if it fits together with the shortest possible rest of the answer. The methods call the tokens
    beyond that rest `spare`.
    """

    def __init__(
        self, template: Template, material: Material, max_tokens: int, count_tokens: Callable[[str], int]
    ) -> None:
        """Raises ValueError if the shortest answer has more than `max_tokens` tokens."""
        self.template, self.material, self.count_tokens = template, material, count_tokens
        self.headings = set(template.heading_lines)
        shortest = "".join(f"{part.heading}\n{self._nothing(part)}" for part in template.parts)
        self.spare = max_tokens - count_tokens(shortest + template.answer_end.strip())
        if self.spare < 0:
            raise ValueError(f"the shortest answer needs {-self.spare} more tokens")

    def write(self) -> Form:
        """Yield what may come next, until the answer ends. It can be called again for another answer."""
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
        """The spare tokens that are reserved for each part while the parts before it are written.

        The contacts of a document matter most: all of them, in up to half of the tokens. The details get up to a
        sixth, for a sentence or two. The lists take turns, one line each, while there are tokens.
        """
        material = self.material
        blocks = self._contact_blocks(spare) if material.all_contacts else []
        passages = [self.count_tokens(f"{each[0]}\n") for each in material.passages or () if each]
        reserves = {
            "contacts": min(sum(map(self.count_tokens, blocks)), spare // 2),
            "details": min(max(passages, default=0), spare // 6),
        }
        lists = [part for part in self.template.parts if part.name in (material.lists or {})]
        sizes = [map(self.count_tokens, self._lines(part) or ()) for part in lists]
        for turn in zip_longest(*sizes, fillvalue=0):
            for part, size in zip(lists, turn, strict=True):
                if sum(reserves.values()) + size <= spare:
                    reserves[part.name] = reserves.get(part.name, 0) + size
        return reserves

    def _lines(self, part: AnswerPart) -> list[str] | None:
        """The lines of the document for a list; None if any line may come."""
        lists = self.material.lists
        return [f"{part.bullet}{text}\n" for text in lists[part.name]] if lists is not None else None

    def _nothing(self, part: AnswerPart) -> str:
        return f"{part.bullet}{self.template.nothing}\n"

    def _write_part(self, part: AnswerPart, end: str, spare: int) -> Generator[Choice, tuple[str, int], int]:
        """Some of the items, or the phrase for nothing; then `end`. Return the spare tokens that are left."""
        items, nothing = self._items(part, spare), self._nothing(part)
        spare += self.count_tokens(nothing)  # an item comes in its place
        remaining, goes_on = list(items.texts or ()), True
        written: list[str] = []
        while True:
            count = len(written)
            offered = [text for text in items.next_of(remaining, count) if self._fits(text, spare)] if goes_on else []
            longest = min(FREE_LINE_TOKENS, spare - LINE_END_TOKENS)
            least = FREE_LINE_TOKENS if written else 1  # only the first free line may be shorter
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
            goes_on = text != nothing and not (free and text in written)  # a repeated line would be repeated again
            written.append(text)
            if text in remaining and items.in_order:
                remaining = remaining[remaining.index(text) + 1 :]
            elif text in remaining:
                remaining = [item for item in remaining if item != text]

    def _items(self, part: AnswerPart, spare: int) -> Items:
        material = self.material
        if part.name == "contacts":
            blocks = self._contact_blocks(spare) if material.contacts is not None else None
            least = len(blocks or ()) if material.all_contacts else 0
            most = max(least, MAX_INSTITUTIONS)
            return Items(blocks, [part.bullet, CONTACT_START], least, most, in_order=False)
        lines = self._lines(part)
        if part.name == "summary":
            return Items(lines, [part.bullet], MIN_SUMMARY_LINES, MAX_ITEMS)
        # All of them: an incomplete checklist is worse than none, and a small model would leave items out.
        most = len(lines) if lines is not None else MAX_ITEMS
        return Items(lines, [part.bullet], most, most)

    def _contact_blocks(self, spare: int) -> list[str]:
        """The lines of each institution with as many of its contacts as fit."""
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
        """A passage of the document, or free lines; then `end`, which ends the answer."""
        if self.material.passages is not None:
            groups = ([f"{passage}\n" for passage in each] for each in self.material.passages)
            fitting = (next((text for text in each if self._fits(text, spare)), None) for each in groups)
            nothing = f"{self.template.nothing}\n"
            yield Choice([text + end for text in fitting if text] or [nothing + end])
            return
        left = min(DETAIL_TOKENS, spare) - LINE_END_TOKENS
        way_out: str | None = None  # the first line must come
        least = 0
        while left > least:
            _, tokens = yield Paragraph(way_out, left - LINE_END_TOKENS, left, self.headings)
            left -= tokens
            way_out, least = end, LINE_END_TOKENS  # with fewer tokens a line might not reach the end of its sentence
        yield Choice([way_out or f"{self.template.nothing}\n{end}"])

    def _fits(self, text: str, spare: int) -> bool:
        # A token has at least one byte, so most texts need not be counted.
        return len(text.encode()) <= spare or self.count_tokens(text) <= spare
