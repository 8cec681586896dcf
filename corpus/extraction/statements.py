"""A text as its statements: sentences and list items, each with the heading that it stands below."""

import re
from dataclasses import dataclass

from corpus.extraction.institutions import LABEL
from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE, ITEM_NUMBER, MARKS_ONLY, NUMBERED_ITEM
from corpus.raw.sentences import split_sentences

LONGEST_HEADING = 25
LONGEST_ITEM = 80
SENTENCE_LIKE = re.compile(r"(?:[.!?~]|[다요죠음함됨임니까])[\s\"”')\]ㅋㅎㅠ^!]*$")
IN_BRACKETS = re.compile(r"^[<\[【「〈(].{1,24}[>\]】」〉)]\s*$")
NAMED_PART = re.compile(rf"([^:：=]{{0,{LONGEST_HEADING}}}?)\s?[:：=]\s?(\S.*)")  # "준비물: 여권, 사진"


@dataclass(frozen=True)
class Statement:
    """One sentence or list item; the features of its place say more than its words sometimes."""

    text: str
    heading: str  # the short line above the list or paragraph, "" for none
    part_name: str  # "준비물" in "준비물: 여권, 사진", else ""
    is_heading: bool
    is_item: bool  # with a bullet or number
    is_numbered: bool
    is_plain_item: bool  # a short line without a bullet, in a list below a heading
    is_first: bool  # of its line
    siblings: int  # statements in its line


def read_statements(text: str, title: str = "") -> list[Statement]:
    """The statements of a text in its order, without its title, dates, bylines and contact lines."""
    statements: list[Statement] = []
    heading, below_heading, after_blank = "", 0, True
    lines = [CHAT_PREFIX.sub("", line.strip()) for line in text.split("\n")]
    for number, line in enumerate(lines):
        if MARKS_ONLY.match(line):  # a blank line, a rule, or the one below the head of a table
            after_blank = after_blank or "|" not in line
            continue
        if HEAD_LINE.match(line) or (title and title in line and len(line) < len(title) + 12):
            continue
        is_item, is_numbered = bool(BULLET.match(line)), bool(NUMBERED_ITEM.match(line))
        body = BULLET.sub("", line).strip()
        if after_blank and below_heading:
            heading = ""
        named_part = NAMED_PART.match(body)
        is_short = len(body) <= LONGEST_HEADING and not SENTENCE_LIKE.search(body)
        announces = (body.endswith((":", "：")) and len(body) <= 40) or bool(IN_BRACKETS.match(body))
        if named_part and not LABEL.search(body):
            place = (heading, named_part[1], False, is_item, is_numbered, False)
            parts = _split_list(named_part[2])
        elif announces or (
            is_short and not is_item and (after_blank or not heading) and any(lines[number + 1 : number + 2])
        ):
            place = ("", "", True, is_item, is_numbered, False)
            parts = [body]
            heading, below_heading = body, -1
        else:
            is_plain_item = is_short and not is_item and bool(heading)
            place = (heading, "", False, is_item, is_numbered, is_plain_item)
            whole = (is_item or is_plain_item) and len(body) <= LONGEST_ITEM
            parts = [body] if whole else split_sentences(body)
        parts = [ITEM_NUMBER.sub("", part) for part in parts]
        below_heading += 1
        after_blank = False
        for index, part in enumerate(parts):
            if len(part) >= 2 and not LABEL.search(part):
                statements.append(Statement(part, *place, index == 0, len(parts)))
    return statements


def _split_list(text: str) -> list[str]:
    """The items of "여권, 사본 1,000부, 사진", or the sentences of what is no list."""
    sentences = split_sentences(text)
    if len(sentences) > 1:
        return sentences
    return [item.strip() for item in re.split(r",(?!\d{3})\s*|\s[/·]\s", text) if item.strip()]
