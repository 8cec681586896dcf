"""Bytes of any encoding and any size become a stream of clean lines, with an account of every byte."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from corpus.raw.encodings import encoding_of, errors_of, in_right_encoding, read_probe, without_undecoded
from corpus.raw.mojibake import MAY_BE_GARBLED, repair
from corpus.raw.normalization import normalize

BLOCK_BYTES = 1 << 20
# A longer "line" (in characters) is cut at the end of a sentence or at a space, so that a line of 50 MB remains
# a stream.
MAX_LINE_CHARACTERS = 1 << 16

TAB_MARK = "\ue000"  # a tab, while the other white space of its line is normalised
SPACED_TAB = re.compile(f" ?{TAB_MARK} ?")


@dataclass
class ReadingReport:
    """What became of the bytes of the raw text while they were read."""

    read_bytes: int = 0
    text_bytes: int = 0  # of what could be decoded, in UTF-8
    unreadable_bytes: int = 0
    first_unreadable: str = ""  # "raw.txt, byte 1234"
    encodings: dict[str, str] = field(default_factory=dict)  # file name -> encoding
    garbled_bytes: int = 0  # of text that was damaged before it was saved
    first_garbled: str = ""  # "raw.txt, line 12"
    repaired_lines: int = 0

    @property
    def added_bytes(self) -> int:
        """How many bytes a text in another encoding gained in UTF-8."""
        return max(0, self.text_bytes + self.unreadable_bytes - self.read_bytes)


@dataclass(frozen=True)
class Line:
    """One line of clean text and its position."""

    source: str  # file name
    number: int  # counted from 1, as in an editor
    text: str
    begins_post: bool | None = None  # whether a post begins here; None where the format does not say so


def read_lines(source: Path | BinaryIO, report: ReadingReport, name: str = "") -> Iterator[Line]:
    """Yield the lines of a file or of an open, buffered binary stream, normalised and without their line ends.

    Lines, `report` and errors call the text `name`; without one, a file has its own name. Memory does not grow with
    the text: a line of more than MAX_LINE_CHARACTERS comes in pieces with the same number. Undecodable bytes are
    left out and counted in `report`. Raises StepError as `detect_encoding` does. A stream is not closed.
    """
    name_in_errors = str(source) if isinstance(source, Path) else name or str(getattr(source, "name", "the stream"))
    name = name or (source.name if isinstance(source, Path) else name_in_errors)
    with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as stream:
        probe = read_probe(stream)
        encoding = report.encodings[name] = encoding_of(probe, name_in_errors)
        number = 1
        was_empty = False
        for block in _decode(_read_blocks(probe, stream), encoding, name, report):
            for line, is_invisible in _lines_of_block(block, name, number, report):
                # Lines of zero-width spaces keep paragraphs apart; several are no wider gap.
                if not is_invisible or not was_empty:
                    yield line
                was_empty = not line.text
            number += block.count("\n")


def _lines_of_block(block: str, name: str, number: int, report: ReadingReport) -> Iterator[tuple[Line, bool]]:
    """The normalised lines of a block whose first line has this number, and whether each has only invisible text."""
    if MAY_BE_GARBLED.search(block):
        block = _repair_lines(block, name, number, report)
    # A tab separates the cells of a table, which `clean_lines` reads.
    block = block.replace("\t", TAB_MARK)
    raw_lines = block.split("\n")
    lines = normalize(block).split("\n")
    if len(lines) == len(raw_lines):
        normalized = ([line] for line in lines)
    else:  # a tag or a rare line end broke a line in two: each piece keeps the number of the whole
        normalized = (normalize(line).split("\n") for line in raw_lines)
    for position, (raw_line, pieces) in enumerate(zip(raw_lines, normalized, strict=True)):
        if position == len(raw_lines) - 1 and not raw_line:
            break  # what follows the line end that closes the block
        for text in pieces:
            text = SPACED_TAB.sub("\t", text).rstrip("\t") if TAB_MARK in text else text
            yield Line(name, number + position, text), bool(raw_line.strip()) and not text


def _repair_lines(block: str, name: str, first_number: int, report: ReadingReport) -> str:
    """Repair lines that another program damaged, leave out what cannot be repaired, and count both."""
    lines = block.split("\n")
    for position, line in enumerate(lines):
        if MAY_BE_GARBLED.search(line):
            lines[position], lost = repair(line)
            report.repaired_lines += bool(lines[position] != line and not lost)
            if lost:
                report.garbled_bytes += len(line.encode()) - len(lines[position].encode())
                report.first_garbled = report.first_garbled or f"{name}, line {first_number + position:,}"
    return "\n".join(lines)


def _read_blocks(probe: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a stream from its beginning, BLOCK_BYTES at a time; `probe` holds those already read."""
    already_read = io.BytesIO(probe)
    while block := already_read.read(BLOCK_BYTES):
        yield block + stream.read(BLOCK_BYTES - len(block))
    while block := stream.read(BLOCK_BYTES):
        yield block


def _decode(blocks: Iterable[bytes], encoding: str, name: str, report: ReadingReport) -> Iterator[str]:
    """Decode a text block by block; each block of the result ends at a line end, or inside an overlong line."""
    decoder = codecs.getincrementaldecoder(encoding)(errors_of(encoding))
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    pending = ""
    for data in blocks:
        report.read_bytes += len(data)
        pending += line_ends.decode(decoder.decode(data))
        whole = pending.rfind("\n") + 1
        yield from _cut_overlong_lines(_readable(pending[:whole], pending[whole:], encoding, name, report))
        pending = pending[whole:]
        while len(pending) > MAX_LINE_CHARACTERS:
            cut = _best_cut(pending)
            yield _readable(pending[:cut], pending[cut:], encoding, name, report)
            pending = pending[cut:]
    cut_off = len(decoder.getstate()[0])  # bytes of a character that the end of the text cut
    text = decoder.decode(b"", final=True)
    if encoding.startswith("utf-16"):
        text = text.replace("\ufffd", "")
        report.unreadable_bytes += cut_off
        if cut_off and not report.first_unreadable:
            report.first_unreadable = f"{name}, about byte {report.read_bytes - cut_off:,}"
    text = pending + line_ends.decode(text, final=True)
    yield from _cut_overlong_lines(_readable(text, "", encoding, name, report))


def _readable(text: str, following: str, encoding: str, name: str, report: ReadingReport) -> str:
    """The text with lines in another encoding decoded, and without undecodable bytes, which are counted.

    `following` is what comes after it and was decoded too.
    """
    text, decoded_again = in_right_encoding(text, encoding)
    report.repaired_lines += decoded_again
    cleaned, lost, first = without_undecoded(text, encoding)
    if lost:
        report.unreadable_bytes += lost
        if not report.first_unreadable:
            after = len((text[first:] + following).encode(encoding.removesuffix("-sig"), errors_of(encoding)))
            report.first_unreadable = f"{name}, about byte {max(0, report.read_bytes - after):,}"
    report.text_bytes += len(cleaned.encode())
    return cleaned


def _cut_overlong_lines(text: str) -> Iterator[str]:
    """Yield whole lines together, and a line of more than MAX_LINE_CHARACTERS characters piece by piece."""
    start = 0
    while start < len(text):
        # Only text without a line end in reach needs a closer look.
        line_end = text.rfind("\n", start, start + MAX_LINE_CHARACTERS) + 1
        if not line_end:
            line_end = text.find("\n", start) + 1 or len(text)
            while line_end - start > MAX_LINE_CHARACTERS:
                cut = start + _best_cut(text[start : start + MAX_LINE_CHARACTERS])
                yield text[start:cut]
                start = cut
        yield text[start:line_end]
        start = line_end


def _best_cut(text: str) -> int:
    """Where to cut a line that is too long: after its last sentence, else after its last space, else anywhere."""
    head = text[:MAX_LINE_CHARACTERS]
    sentence_end = max(head.rfind(". "), head.rfind("? "), head.rfind("! "))
    return (sentence_end + 2 if sentence_end > 0 else head.rfind(" ") + 1) or MAX_LINE_CHARACTERS
