"""A written answer in its sections, for pages that show it as more than text: the origin of each line, its contacts."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from answering.origins import Origin, OriginFinder
from answering.serving.documents import id_of
from answering.source import Source
from corpus.template import CONTACT_START, AnswerPart, Template

SECTION_KEYS = {
    "to_do": "todo",
    "to_bring": "prepare",
    "to_beware": "caution",
}  # name of a part -> key; others are the same
CONTACT_TYPES = {"TEL": "phone", "EMAIL": "email", "WEB": "web", "ADDR": "address", "KAKAO": "chat"}
GIVEN_ID = "given"  # in place of the id of a document that the client gave
MAP_ADDRESS = "https://www.google.com/maps/search/?api=1&query="
CONTACT_LINE = re.compile(rf"(?P<label>{'|'.join(CONTACT_TYPES)}): (?P<value>.+?)(?: \((?P<note>[^()\d]+)\))?")
EXTENSION_OF_NUMBER = re.compile(r"\b(?:loc|local|ext|내선)\b.*", re.IGNORECASE)

Json = dict[str, Any]


def sections_of(text: str, template: Template, sources: Sequence[Source]) -> list[Json]:
    """The sections of an answer; an answer without headings is one section with the key "text"."""
    find = OriginFinder(sources).find
    sections = [
        {"key": key, "title": title, "lines": list(_lines_of(key, lines, template.nothing, find))}
        for key, title, lines in _split(text, template.parts)
    ]
    return [section for section in sections if section["lines"]]


def _split(text: str, parts: Sequence[AnswerPart]) -> Iterator[tuple[str, str, list[str]]]:
    """Key, title and lines of each section."""
    by_heading = {part.heading.split("\n")[-1]: part for part in parts}
    above = {line for part in parts for line in part.heading.split("\n")[:-1]}
    key, title = "text", ""
    lines: list[str] = []
    for line in text.split("\n"):
        if part := by_heading.get(line):
            yield key, title, lines
            key, title, lines = SECTION_KEYS.get(part.name, part.name), line.removeprefix("- ").removesuffix(":"), []
        elif line not in above:
            lines.append(line)
    yield key, title, lines


def _lines_of(key: str, lines: list[str], nothing: str, find: Callable[[str], Origin | None]) -> Iterator[Json]:
    owner = ""
    for line in lines:
        text = line.strip() if key in ("details", "text") else line.strip().removeprefix("- ")
        if not text:
            continue
        contact = CONTACT_LINE.fullmatch(text) if key == "contacts" and line.startswith(CONTACT_START) else None
        if key == "contacts" and not contact:
            owner = text
        origin = find(contact["value"] if contact else text) if text != nothing else None
        yield {
            "text": text,
            "source": _place(origin) if origin else None,
            "contact": _contact(contact, owner) if contact else None,
        }


def _place(origin: Origin) -> Json:
    """The line of one of our documents, or of the text that the client gave, counted from 0 as in its `lines`."""
    source, line = origin.source, origin.line
    if source.id is None and line <= len(source.numbers):
        line = source.numbers[line - 1]
    return {"document_id": id_of(source) or GIVEN_ID, "line": line - 1}


def _contact(found: re.Match[str], owner: str) -> Json:
    label, value = found["label"], found["value"]
    return {
        "type": CONTACT_TYPES[label],
        "value": value,
        "href": link_of(label, value),
        "owner": owner,
        "note": found["note"] or "",
    }


def link_of(label: str, value: str) -> str:
    """What a click on a contact opens; "" where nothing can be opened.

    >>> link_of("TEL", "(02) 0000-3317 loc. 118")
    'tel:0200003317'
    """
    if label == "TEL":
        digits = re.sub(r"[^\d+]", "", EXTENSION_OF_NUMBER.sub("", value))
        return f"tel:{digits}" if digits else ""
    if label == "EMAIL":
        return f"mailto:{quote(value, safe='@.+-_')}"
    if label == "WEB":
        address = value if re.match(r"https?://", value, re.IGNORECASE) else f"https://{value}"
        return quote(address, safe=":/?#[]@!$&()*+,;=%-._~")
    return f"{MAP_ADDRESS}{quote(value)}" if label == "ADDR" else ""
