"""Tables of a spreadsheet (CSV, TSV) become rows with their column names; a row that holds a text becomes a post."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from corpus.raw.reading import Line

PROBE_LINES = 40  # from which a table is recognised
LEAST_ROWS = 2  # below the header
MOST_COLUMNS = 40
LONGEST_COLUMN_NAME = 24  # characters of a column's name
LEAST_SHARE = 0.8  # of the rows that have as many cells as the header
LONGEST_CELL = 1 << 17
TITLE_COLUMN = re.compile(r"^(?:글 ?)?(?:제목|title|subject)$", re.IGNORECASE)
TEXT_COLUMN = re.compile(
    r"^(?:본문|내용|글 ?내용|메시지|text|content|body|message|답변|설명|description)$", re.IGNORECASE
)
NUMBER_COLUMN = re.compile(r"^(?:번호|no\.?|글 ?번호|순번|연번|id|#|index)$", re.IGNORECASE)
MESSAGES = ["date", "user", "message"]  # the columns of a chat that KakaoTalk exports on a Mac


def read_table(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines of one file; those of a table as a line for each row or, with a column of texts, a post for each."""
    lines = iter(lines)
    probe = list(islice(lines, PROBE_LINES))
    delimiter = find_delimiter([line.text for line in probe])
    if not delimiter:
        yield from chain(probe, lines)
        return
    rows = _rows(chain(probe, lines), delimiter)
    _, header = next(rows)
    names = [cell.strip() for cell in header]
    if [name.lower() for name in names] == MESSAGES:
        yield from _messages(rows)
    elif any(map(TEXT_COLUMN.match, names)):
        for line, cells in rows:
            yield from _post(line, names, cells)
    else:
        for number, (line, cells) in enumerate(rows):
            yield Line(line.source, line.number, named_cells(names, cells), begins_post=number == 0)


def find_delimiter(texts: list[str]) -> str:
    """The character between the cells of a table; "" if the lines are no table."""
    texts = [text for text in texts if text.strip()]
    for delimiter in "\t,;":
        header = texts[0].split(delimiter) if texts else []
        if not 2 <= len(header) <= MOST_COLUMNS or not all(_is_column_name(name) for name in header):
            continue
        try:
            rows = list(csv.reader((text + "\n" for text in texts[1:]), delimiter=delimiter))
        except csv.Error:
            continue
        # The end of the probe may cut the last row.
        rows = rows[:-1] if len(rows) > LEAST_ROWS else rows
        same = sum(len(row) == len(header) for row in rows)
        if len(rows) >= LEAST_ROWS and same >= LEAST_SHARE * len(rows):
            return delimiter
    return ""


def _is_column_name(name: str) -> bool:
    name = name.strip().strip('"')
    return 1 <= len(name) <= LONGEST_COLUMN_NAME and not re.search(r"[.?!:][\s]*$|\d{3}|[다요]$", name)


def _rows(lines: Iterable[Line], delimiter: str) -> Iterator[tuple[Line, list[str]]]:
    """Each row with its first line; a cell in quotation marks may have several lines."""
    read: list[Line] = []

    def texts() -> Iterator[str]:
        for line in lines:
            if line.text or read:
                read.append(line)
                yield line.text + "\n"

    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(texts(), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a quotation mark that is not closed
            cells = [line.text for line in read]
        first = read[0]
        read.clear()
        if any(cell.strip() for cell in cells):
            yield first, cells


def named_cells(names: list[str], cells: list[str]) -> str:
    """A row in one line: "구분: 초등학교, 등록비: 100,000원"; cells without text are left out.

    >>> named_cells(["구분", "등록비"], ["초등학교", "100,000원"])
    '구분: 초등학교, 등록비: 100,000원'
    """
    pairs = zip([*names, *[""] * len(cells)], cells, strict=False)
    filled = [(name, " ".join(cell.split())) for name, cell in pairs if cell.strip()]
    return ", ".join(f"{name}: {cell}" if name and not NUMBER_COLUMN.match(name) else cell for name, cell in filled)


def _post(line: Line, names: list[str], cells: list[str]) -> Iterator[Line]:
    """A row as a post: its title, its text, and the other cells with their names."""
    pairs = [(name, cell.strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()]
    texts = [cell for name, cell in pairs if TITLE_COLUMN.match(name)]
    texts += [text for name, cell in pairs if TEXT_COLUMN.match(name) for text in cell.split("\n")]
    texts += [
        f"{name}: {' '.join(cell.split())}"
        for name, cell in pairs
        if not TITLE_COLUMN.match(name) and not TEXT_COLUMN.match(name) and not NUMBER_COLUMN.match(name)
    ]
    for number, text in enumerate(texts):
        yield Line(line.source, line.number, text, begins_post=number == 0)


def _messages(rows: Iterable[tuple[Line, list[str]]]) -> Iterator[Line]:
    """The messages of a chat in the form that `read_chats` reads."""
    for line, cells in rows:
        date, user, *texts = [*cells, "", ""]
        first, *more = " ".join(texts).rstrip().split("\n")
        yield Line(line.source, line.number, f"{date}\t{user}\t{first}")
        for text in more:
            yield Line(line.source, line.number, text)
