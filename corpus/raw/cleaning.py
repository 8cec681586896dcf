"""Lines of a file become lines of its posts: formats are read, furniture goes, broken lines are joined."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from corpus.raw.chat_exports import read_chats
from corpus.raw.furniture import without_furniture
from corpus.raw.markup import without_markup
from corpus.raw.reading import Line
from corpus.raw.tables import read_table
from corpus.raw.wrapping import join_wrapped

SECTION_LINES = 4_000  # looked at together, so that a text of any size remains a stream
SECTION_CHARACTERS = 1 << 20
LONGEST_SECTION = 2 * SECTION_LINES  # where no blank line ends one


def clean_lines(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines of posts: of chats only the messages, of tables the rows, without the furniture of pages."""
    for _, of_file in groupby(lines, key=lambda line: line.source):
        for section in _sections(read_table(of_file)):
            section = without_markup(without_furniture(read_chats(section)))
            for line in join_wrapped(section):
                yield replace(line, text=" ".join(line.text.split("\t"))) if "\t" in line.text else line


def _sections(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines in sections of about SECTION_LINES that end at a blank line."""
    section: list[Line] = []
    size = 0
    for line in lines:
        section.append(line)
        size += len(line.text)
        is_full = len(section) >= SECTION_LINES or size >= SECTION_CHARACTERS
        if is_full and (not line.text or len(section) >= LONGEST_SECTION or size >= 2 * SECTION_CHARACTERS):
            yield section
            section, size = [], 0
    if section:
        yield section
