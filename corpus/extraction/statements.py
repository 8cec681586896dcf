"""A text as a list of statements: sentences and list items, each with the heading above it."""

import re
from dataclasses import dataclass, replace

from corpus.extraction.contact_values import CONTACT_LABEL
from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE, ITEM_NUMBER, MARKS_ONLY, NUMBERED_ITEM
from corpus.raw.sentences import split_sentences
from corpus.raw.titles import repeats_title

# In characters.
LONGEST_HEADING = 25
LONGEST_ANNOUNCEMENT = 40  # a heading that ends with a colon
LONGEST_ITEM = 80
SHORTEST_STATEMENT = 2
ENDS_LIKE_SENTENCE = re.compile(r"(?:[.!?~]|[다요죠음함됨임니까])[\s\"”')\]ㅋㅎㅠ^!]*$")
IN_BRACKETS = re.compile(r"^[<\[【「〈(].{1,24}[>\]】」〉)]\s*$")
INLINE_HEADING = re.compile(rf"([^:：=]{{0,{LONGEST_HEADING}}}?)\s?[:：=]\s?(\S.*)")  # "준비물: 여권, 사진"


@dataclass(frozen=True)
class Statement:
    """One sentence or list item and what is known of its position."""

    text: str = ""
    heading: str = ""  # the short line above the list or paragraph; "" for none
    inline_heading: str = ""  # "준비물" in "준비물: 여권, 사진"; "" for none
    is_heading: bool = False
    is_item: bool = False  # with a bullet or number
    is_numbered: bool = False
    is_plain_item: bool = False  # a short line without a bullet, in a list below a heading
    is_first: bool = True  # on its line
    siblings: int = 1  # statements on its line, itself included


def read_statements(text: str, title: str = "") -> list[Statement]:
    """The statements of a text in its order, without its title, dates, bylines and contact lines."""
    statements: list[Statement] = []
    heading, lines_below_heading, after_blank = "", 0, True
    lines = [CHAT_PREFIX.sub("", line.strip()) for line in text.split("\n")]
    for number, line in enumerate(lines):
        if MARKS_ONLY.match(line):  # a blank line, a rule, or the line below the head of a table
            after_blank = after_blank or "|" not in line
            continue
        if HEAD_LINE.match(line) or repeats_title(line, title):
            continue
        if after_blank and lines_below_heading:
            heading = ""
        has_text_below = any(lines[number + 1 : number + 2])
        position, pieces = _read_line(line, heading, has_text_below and (after_blank or not heading))
        if position.is_heading:
            heading, lines_below_heading = pieces[0], -1
        pieces = [ITEM_NUMBER.sub("", piece) for piece in pieces]
        lines_below_heading += 1
        after_blank = False
        for index, piece in enumerate(pieces):
            if len(piece) >= SHORTEST_STATEMENT and not CONTACT_LABEL.search(piece):
                statements.append(replace(position, text=piece, is_first=index == 0, siblings=len(pieces)))
    return statements


def _read_line(line: str, heading: str, may_be_heading: bool) -> tuple[Statement, list[str]]:
    """The statements of a line: their common fields, and the text of each.

    `may_be_heading` says of a short line without a bullet whether it is a heading.
    """
    is_item, is_numbered = bool(BULLET.match(line)), bool(NUMBERED_ITEM.match(line))
    body = BULLET.sub("", line).strip()
    is_short = len(body) <= LONGEST_HEADING and not ENDS_LIKE_SENTENCE.search(body)
    is_announcement = body.endswith((":", "：")) and len(body) <= LONGEST_ANNOUNCEMENT
    statement = Statement(heading=heading, is_item=is_item, is_numbered=is_numbered)
    inline_heading = INLINE_HEADING.match(body)
    if inline_heading and not CONTACT_LABEL.search(body):
        return replace(statement, inline_heading=inline_heading[1]), _split_list(inline_heading[2])
    if is_announcement or IN_BRACKETS.match(body) or (is_short and not is_item and may_be_heading):
        return replace(statement, heading="", is_heading=True), [body]
    is_plain_item = is_short and not is_item and bool(heading)
    is_one_statement = (is_item or is_plain_item) and len(body) <= LONGEST_ITEM
    return replace(statement, is_plain_item=is_plain_item), [body] if is_one_statement else split_sentences(body)


def _split_list(text: str) -> list[str]:
    """The items of a list such as "여권, 사본 1,000부, 사진", or the sentences of a text that is no list."""
    sentences = split_sentences(text)
    if len(sentences) > 1:
        return sentences
    return [item.strip() for item in re.split(r",(?!\d{3})\s*|\s[/·]\s", text) if item.strip()]
