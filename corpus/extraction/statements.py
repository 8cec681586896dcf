"""A text as a list of statements: sentences and list items, each with the heading above it."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from corpus.extraction.contact_values import CONTACT_LABEL, find_values
from corpus.extraction.marks import (
    ASKS,
    ENDS_LIKE_SENTENCE,
    IN_BRACKETS,
    ITEM_MARK,
    LONGEST_HEADING,
    REPLY,
    is_marked_heading,
    mark_of,
    strip_mark,
)
from corpus.extraction.tables import AMOUNT
from corpus.raw.layout import CHAT_PREFIX, HEAD_LINE, ITEM_NUMBER, MARKS_ONLY, NUMBERED_ITEM
from corpus.raw.sentences import split_sentences
from corpus.raw.titles import repeats_title

# In characters.
LONGEST_ANNOUNCEMENT = 40  # a heading that ends with a colon
LONGEST_NAME_OF_CONTACT = 32  # beside the number of a contact
LONGEST_ITEM = 50  # of several sentences in one statement
SHORTEST_STATEMENT = 2
# "준비물: 여권, 사진", but neither "https://…" nor "18:00".
INLINE_HEADING = re.compile(rf"([^:：=]{{0,{LONGEST_HEADING}}}?)(?<!\d)\s?[:：=](?!//)\s?(\S.*)")
INLINE_LIST = re.compile(r"((?:준비물|준비할\s?것|필요한\s?것|챙길\s?것|구비\s?서류|필요\s?서류))\s?[-–—]\s?(\S.*)")
# What comes after such a heading is a list of its own, so that the heading is no part of the items.
LIST_HEADING = re.compile(
    r"준비|구비|서류|챙|가져|지참|물품|첨부|붙임|필요|재료|주의|유의|조심|금지|절차|순서|방법|할\s?일|신청|접수|팁|단점|장점|참고|예약|등록|납부|이의"
)
HASHTAGS = re.compile(r"\s*#[^\s#]+(?:[\s,]*#[^\s#]+)+\s*$")  # "#바기오 #버스"
RUN_IN_ITEM = re.compile(r"(?<=[\s:])(?=\(?\d{1,2}[.)]\s?[^\d\s]|[①-⑳])")


@dataclass(frozen=True)
class Statement:
    """One sentence or list item and what is known of its position."""

    text: str = ""
    heading: str = ""  # the short line above the list or paragraph; "" for none
    inline_heading: str = ""  # "준비물" in "준비물: 여권, 사진"; "" for none
    list_start: int = 0  # characters before what the inline heading is of
    is_heading: bool = False
    is_item: bool = False  # with a bullet or number
    is_numbered: bool = False
    is_plain_item: bool = False  # a short line without a bullet, in a list below a heading
    is_first: bool = True  # on its line
    siblings: int = 1  # statements on its line, itself included
    is_reply: bool = False  # within the reply to a question


@dataclass
class _Position:
    """What the lines read so far say about the next one."""

    heading: str = ""
    lines_below: int = 0  # lines below the heading
    after_blank: bool = True
    is_loose: bool = False  # blank lines separate the items below the heading
    last: str = ""  # the last line with text
    is_reply: bool = False


def read_statements(text: str, title: str = "") -> list[Statement]:
    """The statements of a text in its order, without its title, dates, bylines and contact lines.

    "준비물: 여권, 사진" is two of them.
    """
    statements: list[Statement] = []
    for statement in read_lines(text, title):
        if statement.inline_heading and LIST_HEADING.search(statement.inline_heading):
            pieces = _split_list(statement.text[statement.list_start :])
            statements += [
                replace(statement, text=piece, is_first=index == 0, siblings=len(pieces))
                for index, piece in enumerate(pieces)
                if len(piece) >= SHORTEST_STATEMENT and not _is_contact(piece)
            ]
        else:
            statements.append(statement)
    return statements


@lru_cache(maxsize=2)  # the summary and the checklist of a document read the same text
def read_lines(text: str, title: str = "") -> tuple[Statement, ...]:
    """The statements of a text, but "준비물: 여권, 사진" is one."""
    statements: list[Statement] = []
    at = _Position()
    lines = [CHAT_PREFIX.sub("", line.strip()) for line in text.split("\n")]
    following = _following_lines(lines)
    reply_start = _reply_start(lines, title)
    for number, line in enumerate(lines):
        if MARKS_ONLY.match(line):  # a blank line, a rule, or the line below the head of a table
            at.after_blank = at.after_blank or "|" not in line
            continue
        if HEAD_LINE.match(line) or repeats_title(line, title) or HASHTAGS.match(line):
            continue
        at.is_reply = at.is_reply or number >= reply_start or bool(REPLY.match(line))
        statements += _read_next(line, following[number], any(lines[number + 1 : number + 2]), at)
    return tuple(statements)


def _reply_start(lines: list[str], title: str) -> int:
    """The number of the first line below the questions of a text: its title is a question, its replies have no mark."""
    if not ASKS.search(title) or any(map(REPLY.match, lines)):
        return len(lines)
    asked = False
    for number, line in enumerate(lines):
        asks = bool(line) and not repeats_title(line, title) and any(map(ASKS.search, split_sentences(line)))
        if asked and line and not asks:
            return number
        asked = asked or asks
    return len(lines)


def _following_lines(lines: list[str]) -> list[str]:
    """For each line the next one with words, "" for none."""
    following = [""] * len(lines)
    for number in range(len(lines) - 2, -1, -1):
        below = lines[number + 1]
        following[number] = following[number + 1] if MARKS_ONLY.match(below) else below
    return following


def _read_next(line: str, following: str, has_text_below: bool, at: _Position) -> list[Statement]:
    """The statements of the next line; `at` is moved behind it."""
    if at.after_blank:
        if at.lines_below == 0:
            at.is_loose = bool(at.heading)
        continues = at.is_loose and bool(mark_of(line)) and mark_of(line) == mark_of(at.last)
        if at.lines_below and not continues:
            at.heading = ""
    is_marked = is_marked_heading(line, at.last, following)
    may_be_heading = has_text_below and (at.after_blank or not at.heading)
    position, pieces = _read_line(line, at.heading, may_be_heading, is_marked)
    if position.is_heading:
        # "준비물" above "공통" is what the list below "공통" is of.
        outer = f"{at.heading} " if at.heading and at.lines_below == 0 and mark_of(at.last) != mark_of(line) else ""
        at.heading, at.lines_below, at.is_loose = outer + pieces[0], -1, False
    at.lines_below += 1
    at.after_blank, at.last = False, line
    pieces = [ITEM_NUMBER.sub("", piece) for piece in pieces]
    return [
        replace(position, text=piece, is_first=index == 0, siblings=len(pieces), is_reply=at.is_reply)
        for index, piece in enumerate(pieces)
        if len(piece) >= SHORTEST_STATEMENT and not _is_contact(piece)
    ]


def _is_contact(piece: str) -> bool:
    """Whether a piece of a line only gives a contact; a sentence keeps its telephone number."""
    if len(piece) > LONGEST_HEADING and ENDS_LIKE_SENTENCE.search(piece):
        return False
    numbers = [each for each in find_values(piece) if each.label == "TEL"]
    rest = len(piece) - sum(each.end - each.start for each in numbers)
    return bool(CONTACT_LABEL.search(piece)) or (bool(numbers) and rest <= LONGEST_NAME_OF_CONTACT)


def _read_line(line: str, heading: str, may_be_heading: bool, is_marked: bool) -> tuple[Statement, list[str]]:
    """The statements of a line: their common fields, and the text of each.

    `may_be_heading` says of a short line without a mark whether it is a heading, `is_marked` of one with a mark.
    """
    is_item, is_numbered = bool(ITEM_MARK.match(line)), bool(NUMBERED_ITEM.match(line))
    body = strip_mark(line)
    is_short = len(body) <= LONGEST_HEADING and not ENDS_LIKE_SENTENCE.search(body)
    is_announcement = body.endswith((":", "：")) and len(body) <= LONGEST_ANNOUNCEMENT
    statement = Statement(heading=heading, is_item=is_item, is_numbered=is_numbered)
    names = is_short and not is_item and may_be_heading and not _tells(body)
    if is_marked or is_announcement or IN_BRACKETS.match(body) or names:
        return replace(statement, heading="", is_heading=True), [body]
    if len(run_in := [piece.strip(" ,/") for piece in RUN_IN_ITEM.split(body)]) > 2:
        if run_in[0].endswith((":", "：")) or not (mark_of(run_in[0]) or ENDS_LIKE_SENTENCE.search(run_in[0])):
            statement, run_in = replace(statement, inline_heading=run_in[0].rstrip(" :：")), run_in[1:]
        return replace(statement, is_item=True, is_numbered=True), [strip_mark(piece) for piece in run_in]
    inline_heading = INLINE_HEADING.match(body) or INLINE_LIST.match(body)
    if inline_heading and not CONTACT_LABEL.search(body):
        statement = replace(statement, inline_heading=inline_heading[1], list_start=inline_heading.start(2))
        if LIST_HEADING.search(inline_heading[1]):
            return statement, [body]
    is_plain_item = is_short and not is_item and bool(heading)
    is_one_statement = (is_item or is_plain_item) and len(body) <= LONGEST_ITEM
    return replace(statement, is_plain_item=is_plain_item), [body] if is_one_statement else split_sentences(body)


def _tells(body: str) -> bool:
    """Whether a short line tells something itself, and names no list below it: "일시: 3월 2일", "접수비 300페소"."""
    return bool(INLINE_HEADING.match(body) or AMOUNT.search(body))


def _split_list(text: str) -> list[str]:
    """The items of a list such as "여권, 사본 1,000부, 사진", or the sentences of a text that is no list."""
    sentences = split_sentences(text)
    if len(sentences) > 1:
        return sentences
    return [item.strip() for item in re.split(r",(?!\d{3})(?![^()]*\))\s*|\s[/·]\s", text) if item.strip()]
