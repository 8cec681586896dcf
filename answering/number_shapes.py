"""Digits that may be a telephone number, however they are written; and those that are a date, a time or an amount."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.extraction.telephone import CALLED, NOT_COUNTED, UNIT

FEWEST_DIGITS = 7  # of digits that look like a telephone number
SPELLED = {**dict(zip("영일이삼사오육칠팔구", "0123456789", strict=True)), "공": "0", "륙": "6"}
SYLLABLE = f"[{''.join(SPELLED)}]"
# Digits of other kinds: full width, circled, raised.
OTHER_DIGIT = re.compile("(?![0-9])[\\d⓪①-⑨⓵-⓽❶-❾➀-➈➊-➒⁰¹²³⁴-⁹₀-₉⑴-⑼⒈-⒐〇]")
DIGIT_GAP = r"(?:[ \-.–()]*|[\W_]{0,5})"  # between two digits of one number: one or two marks, and spaces
SPELLED_RUN = re.compile(
    rf"(?=[\d\W]*{SYLLABLE}[\W_]*{SYLLABLE})[\d{SYLLABLE[1:]}(?:{DIGIT_GAP}[\d{SYLLABLE[1:]}){{6,}}"
)
RUN = re.compile(rf"\+?\d(?:{DIGIT_GAP}\d)*")
PIECE = re.compile(r"\d(?:[\d \-.–()]*\d)?")  # of a run: digits that belong together for certain

MONTH_NUMBER, DAY_NUMBER = r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])"
YEAR = r"(?:19|20)\d\d"
NO_NUMBER = re.compile(
    rf"(?<![\d\-.]){YEAR}(?:\. ?|-|/| ){MONTH_NUMBER}(?:(?:\. ?|-|/| |\. ){DAY_NUMBER})?(?!-?\d)"
    rf"|(?<![\d\-.]){YEAR}\s?[~∼]\s?(?:{YEAR}(?![\d\-])|(?:19|20)\d?$)"
    rf"|(?<![\d\-.])\d\d([./]){MONTH_NUMBER}\1{DAY_NUMBER}(?![\d\-]|\.\d)"  # 26.03.15
    r"|(?<![\d:])(?:[01]?\d|2[0-4]):[0-5]\d(?![\d:])"
    r"|(?<![\d,.+\-])[1-9]\d{0,2}(?:,\d{3})+(?![\d,\-])"
    r"|(?<![\d,.+\-])[1-9]\d{0,2}(?:,\d{3})*,\d{0,2}$"  # an amount that is being written
    rf"|(?<![\d\-.+])[1-9]\d{{0,5}}(?:\s?[~∼\-]\s?\d{{1,6}})?(?=\s?(?:{UNIT}))"
)
# A short number is one to call only beside a word that says so: "상담은 1345", "1345번으로 신고".
CALL_PARTICLE = r"(?:은|는|이|가|을|를|에|에서|에게|으?로)?"
SHORT_NUMBER = re.compile(
    rf"(?:{CALLED}|연락|문의|다이얼|dial|call)\s?(?:번호|센터|상담)?{CALL_PARTICLE}\s?[:：(=\-]?\s?(?<!\d)(\d{{3,5}}){NOT_COUNTED}"
    r"|(?<![\d\-.,])(\d{3,5})(?=번?(?:으?로|에)?\s?(?:전화|연락|신고|문의|상담))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Run:
    """Digits that are read together, whatever separates them."""

    start: int  # characters before it in the line
    pieces: tuple[re.Match[str], ...]

    @property
    def end(self) -> int:
        """The position after its last digit."""
        return self.pieces[-1].end()

    def joined(self, first: int, end: int) -> str:
        """The digits of these pieces."""
        return "".join(digits_of(piece[0]) for piece in self.pieces[first:end])


def plain_digits(line: str) -> str:
    """The line with every digit as one of 0 to 9, in its place: full width, circled, or spelled in a number.

    >>> plain_digits("공일공-①２34-5678")
    '010-1234-5678'
    """
    if not line.isascii():
        line = OTHER_DIGIT.sub(lambda digit: str(int(unicodedata.numeric(digit[0]))), line)
        line = SPELLED_RUN.sub(lambda run: "".join(SPELLED.get(letter, letter) for letter in run[0]), line)
    return line


def find_runs(line: str) -> Iterator[Run]:
    """The runs of a line of plain digits that look like a telephone number, and not like a date, a time or amounts."""
    if len(digits_of(line)) < FEWEST_DIGITS:
        return
    line = NO_NUMBER.sub(lambda number: "x" * len(number[0]), line)
    for run in RUN.finditer(line):
        if len(digits_of(run[0])) >= FEWEST_DIGITS:
            yield Run(run.start(), tuple(PIECE.finditer(line, *run.span())))


def find_short_numbers(line: str) -> Iterator[tuple[int, int]]:
    """The start and the end of each short number to call in a line of plain digits."""
    for match in SHORT_NUMBER.finditer(line):
        yield match.span(match.lastindex or 0)


def digits_of(text: str) -> str:
    """Only the digits.

    >>> digits_of("(02) 0000-1234")
    '0200001234'
    """
    return re.sub(r"\D", "", text)
