"""Markdown loses its marks and keeps its headings; e-mail loses its heads, signatures and marks of quotation."""

import re
from collections.abc import Sequence
from dataclasses import replace

from corpus.raw.reading import Line
from corpus.raw.tables import named_cells

# --- Markdown ---
HEADING = re.compile(r"^ {0,3}(#{1,6}) +(\S.*?)(?: +#+)? *$")
RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*\|?\s*$")
STRONG_TYPE = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,300}?)(?<=\S)\1")
CODE = re.compile(r"`([^`\n]{1,200})`")
IMAGE = re.compile(r"!\[[^\[\]\n]{0,200}\]\([^()\s]{1,500}\)")
LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\((https?://[^()\s]{1,500})\)")
QUOTE = re.compile(r"^ {0,3}(?:> ?)+")
FENCE = re.compile(r"^\s*(?:```|~~~)\w*\s*$")
HEADING_NUMBER = re.compile(r"^\d{1,2}[.)]\s+")
MARKS = (HEADING, RULE, STRONG_TYPE, CODE, LINK, FENCE)
THEMATIC_BREAK = re.compile(r"^\s{0,3}(?:---|\*\*\*|___)\s*$")
MARKDOWN_SHARE = 0.2  # of the lines have marks in a text that is Markdown as a whole
LEAST_SIGNS = 3  # lines with marks of Markdown; fewer may be chance

# --- E-mail ---
MAIL_HEAD = re.compile(
    r"^\s*(?:>\s*)*(?P<name>From|To|Cc|Bcc|Sent|Date|Subject|보낸 ?사람|보낸 ?이|받는 ?사람|받는 ?이"
    r"|참조|숨은 ?참조|보낸 ?날짜|날짜|제목)\s?[:：]\s?(?P<value>.*)$",
    re.IGNORECASE,
)
MAIL_SENDER = re.compile("from|보낸", re.IGNORECASE)
MAIL_SUBJECT = re.compile("subject|제목", re.IGNORECASE)
LEAST_HEAD_LINES = 3
QUOTED_HEAD = re.compile(
    r"^\s*(?:>\s*)*(?:-{2,}\s?(?:Original Message|Forwarded message|(?:원본|전달된) ?(?:메시지|메일))\s?-{2,}"
    r"|On .{6,80} wrote:|20\d\d.{6,80}(?:작성|wrote|썼습니다)\s?:?)\s*$",
    re.IGNORECASE,
)
SENT_FROM = re.compile(
    r"^\s*(?:나의 \S{2,20}에서 보냄|Sent from my .{2,30}|Get Outlook for .{2,20}|Outlook .{2,20} 다운로드)\.?\s*$",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r"^-- ?$")
LONGEST_SIGNATURE = 6  # lines


def without_markup(lines: Sequence[Line]) -> list[Line]:
    """The lines without the marks of Markdown and without what a mail program adds."""
    lines = _without_mail(lines)
    signs = sum(any(sign.search(line.text) for sign in MARKS) for line in lines if re.search("[#*`|~\\[_]", line.text))
    if signs < LEAST_SIGNS:
        return lines
    # Between posts of several kinds a line of hyphens may be a separator.
    if signs >= MARKDOWN_SHARE * sum(bool(line.text) for line in lines):
        lines = _without_rules(lines)
    return _without_markdown(lines)


def _without_rules(lines: Sequence[Line]) -> list[Line]:
    """The lines without thematic breaks and the blank lines below them."""
    kept: list[Line] = []
    below_rule = False
    for line in lines:
        below_rule = bool(THEMATIC_BREAK.match(line.text)) or (below_rule and not line.text)
        if not below_rule:
            kept.append(line)
    return kept


def _without_markdown(lines: Sequence[Line]) -> list[Line]:
    kept: list[Line] = []
    header: list[str] = []  # the column names of the table that a line is in
    for number, line in enumerate(lines):
        text = line.text
        following = lines[number + 1].text if number + 1 < len(lines) else ""
        if FENCE.match(text) or (RULE.match(text) and "|" in text):
            continue
        if "|" in text and (header or RULE.match(following)):
            cells = [_plain(cell.strip()) for cell in text.strip().strip("|").split("|")]
            if header:
                kept.append(replace(line, text=named_cells(header, cells)))
            else:
                header = cells
            continue
        header = []
        heading = HEADING.match(text)
        if heading:
            kept.append(replace(line, text=HEADING_NUMBER.sub("", _plain(heading[2]))))
        else:
            kept.append(replace(line, text=_plain(QUOTE.sub("", text))))
    return kept


def _plain(text: str) -> str:
    """A line without marks for strong type, code, images and links."""
    if not re.search("[*_`\\[]", text):
        return text
    text = LINK.sub(r"\1(\2)", IMAGE.sub("", text))
    return CODE.sub(r"\1", STRONG_TYPE.sub(r"\2", text)).rstrip()


def _without_mail(lines: Sequence[Line]) -> list[Line]:
    kept: list[Line] = []
    number = 0
    while number < len(lines):
        head = _mail_head(lines, number)
        if head:
            subject = next((line for line in head if MAIL_SUBJECT.match(_name_of(line))), None)
            if subject:
                found = MAIL_HEAD.match(subject.text)
                text = re.sub(
                    r"^(?:(?:re|fwd?|fw|회신|전달)\s?:\s?)+", "", found["value"] if found else "", flags=re.IGNORECASE
                )
                kept.append(replace(head[0], text=f"제목: {text}", begins_post=True))
            number += len(head)
            continue
        line = lines[number]
        number += 1
        if SIGNATURE.match(line.text):
            number = _end_of_signature(lines, number)
        elif not QUOTED_HEAD.match(line.text) and not SENT_FROM.match(line.text):
            kept.append(line)
    return kept


def _mail_head(lines: Sequence[Line], start: int) -> list[Line]:
    """The lines of the head of a mail that begins here; an empty list if none does."""
    end = start
    while end < len(lines) and end - start < 12 and MAIL_HEAD.match(lines[end].text):
        end += 1
    head = list(lines[start:end])
    is_head = len(head) >= LEAST_HEAD_LINES and any(MAIL_SENDER.match(_name_of(line)) for line in head)
    return head if is_head else []


def _name_of(line: Line) -> str:
    found = MAIL_HEAD.match(line.text)
    return found["name"] if found else ""


def _end_of_signature(lines: Sequence[Line], start: int) -> int:
    """The index of the first line after a signature, which ends at a blank line; a long block is not a signature."""
    for number in range(start, min(len(lines), start + LONGEST_SIGNATURE + 1)):
        if not lines[number].text.strip():
            return number
    return start if len(lines) - start > LONGEST_SIGNATURE else len(lines)
