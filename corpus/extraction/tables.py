"""Tables in a text: each row as one line that names the columns."""

import re

CELL_END = re.compile(r"\s*\|\s*|\t+| {2,}|\s/\s|,(?!\d{3}(?!\d))\s?")
AMOUNT = re.compile(
    r"\d[\d,.]*\s?(?:천|만|억)?\s?(?:원|페소|달러|불|엔|위안|유로|%|PHP|P\b)|₱\s?\d|\$\s?\d|^\d{1,3}(?:,\d{3})+|^\d{3,}$|^(?:무료|불가|없음|당일|무상)$"
)
LABEL_AND_AMOUNT = re.compile(r"([가-힣A-Za-z][^\d]*?)\s+(₱?\d[\d,.]*\s?(?:원|페소|달러|만\s?원)?)$")
FEWEST_ROWS = 2  # below the head of a table


def name_columns(lines: list[str]) -> list[str]:
    """The lines of a text; a row below the head of its table becomes "등록비: 초등학교 100,000원, 중학교 120,000원".

    The head itself becomes "".
    """
    named = list(lines)
    number = 0
    while number < len(lines):
        end = _table_end(lines, number)
        if end > number + FEWEST_ROWS:
            head = _cells(lines[number], lines[number + 1])
            named[number] = ""
            for row in range(number + 1, end):
                named[row] = _write_row(head, _cells(lines[row], lines[number]))
            number = end
        else:
            number += 1
    return named


def _write_row(head: list[str], row: list[str]) -> str:
    if not row:
        return ""  # the rule below the head
    if labelled := LABEL_AND_AMOUNT.match(row[0]):  # "회원 1,200 | 1,500" below "평일 | 주말"
        head, row = [labelled[1], *head], [labelled[1], labelled[2], *row[1:]]
    cells = ", ".join(f"{name} {cell}" for name, cell in zip(head[1:], row[1:], strict=False) if cell not in ("", "-"))
    return f"{row[0]}: {cells}"


def _table_end(lines: list[str], start: int) -> int:
    """The index of the first line after the table whose head is line `start`; `start` if no table begins there."""
    head = _cells(lines[start], lines[start + 1] if start + 1 < len(lines) else "")
    if len(head) < 2 or any(AMOUNT.search(cell) for cell in head[1:]):
        return start
    end = start + 1
    while end < len(lines):
        row = _cells(lines[end], lines[start])
        is_rule = bool(re.fullmatch(r"[\s|:\-=+]+", lines[end])) and bool(lines[end].strip())
        if not is_rule and (len(row) != len(head) or not _holds_amounts(row, lines[end])):
            break
        end += 1
    return end


def _holds_amounts(row: list[str], line: str) -> bool:
    """Whether a row has an amount; where only spaces separate cells, all but the first must be amounts in digits."""
    amounts = [cell for cell in row[1:] if AMOUNT.search(cell)]
    if CELL_END.search(line.strip().strip("|")):
        return bool(amounts)
    return len(amounts) == len(row) - 1 and all(re.search(r"\d", cell) for cell in amounts)


def _cells(line: str, other: str) -> list[str]:
    """The cells of a row; spaces separate them if two lines of a table have no other mark between cells."""
    line = line.strip().strip("|").strip()
    if re.fullmatch(r"[\s|:\-=+]*", line) or len(line) > 200:
        return []
    cells = [cell.strip() for cell in CELL_END.split(line)]
    if len(cells) > 1 or CELL_END.search(other.strip().strip("|")):
        return cells
    return re.sub(r"(?<=\d) (?=(?:원|페소|달러|만)\b)", "", line).split(" ")
