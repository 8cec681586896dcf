"""Bytes of any encoding and any size become a stream of clean lines, with an account of every byte."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from corpus.raw.mojibake import MAY_BE_GARBLED, repair
from corpus.raw.normalization import normalize
from pipeline import StepError

BLOCK_BYTES = 1 << 20
PROBE_BYTES = 4 << 20  # read to detect the encoding
# A longer "line" (in characters) is cut at the end of a sentence or at a space, so that a line of 50 MB remains
# a stream.
MAX_LINE_CHARACTERS = 1 << 16

BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# "surrogateescape" decodes each undecodable byte to one of these, so they can be counted.
UNDECODED = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HANGUL_LETTER = re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ\u1100-\u11ff]")  # whole syllables, and the letters they consist of


@dataclass
class ReadingReport:
    """What became of the bytes of the raw text while they were read."""

    read_bytes: int = 0
    unreadable_bytes: int = 0
    first_unreadable: str = ""  # "raw.txt, byte 1234"
    encodings: dict[str, str] = field(default_factory=dict)  # file name -> encoding
    garbled_bytes: int = 0  # of text that was damaged before it was saved
    first_garbled: str = ""  # "raw.txt, line 12"
    repaired_lines: int = 0


@dataclass(frozen=True)
class Line:
    """One line of clean text and its position."""

    source: str  # file name
    number: int  # counted from 1, as in an editor
    text: str
    begins_post: bool | None = None  # whether a post begins here; None where the format does not say so


def list_sources(raw_path: Path) -> list[Path]:
    """The raw file itself, or the .txt files below a folder in the order of their names.

    Raises StepError when there is nothing to read.
    """
    if raw_path.is_dir():
        sources = sorted(path for path in raw_path.rglob("*.txt") if path.is_file())
        if not sources:
            raise StepError(f"{raw_path}: the folder holds no .txt file; put your text there or change RAW_PATH")
        return sources
    if not raw_path.is_file():
        raise StepError(f"{raw_path}: there is no such file; put your text there or change RAW_PATH")
    return [raw_path]


def detect_encoding(path: Path) -> str:
    """Name the encoding of a text file: utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be or cp949.

    Raises StepError for an empty file and for one that is not text in any of these.
    """
    with open(path, "rb") as file:
        return _encoding_of(_read_probe(file), str(path))


def _read_probe(stream: BinaryIO) -> bytes:
    """The beginning of a stream, from which its encoding is detected; at most PROBE_BYTES and the rest of a line."""
    probe = stream.read(PROBE_BYTES)
    # A character cut by the end of the probe must not count as damage.
    return probe + stream.readline(MAX_LINE_CHARACTERS) if len(probe) == PROBE_BYTES else probe


def _encoding_of(probe: bytes, name: str) -> str:
    """The encoding of a text that begins with `probe`; StepErrors call the text `name`."""
    if not probe.strip():
        raise StepError(f"{name}: the file is empty; put a text into it")
    for mark, encoding in BYTE_ORDER_MARKS:
        if probe.startswith(mark):
            return encoding
    candidates = ["utf-8", "cp949"]
    if probe.count(0) > len(probe) // 100:
        # Korean UTF-16 has a zero byte in every space and line end: in odd places when little-endian.
        candidates = ["utf-16-le" if probe[1::2].count(0) > probe[0::2].count(0) else "utf-16-be", *candidates]
    for encoding in candidates:
        if _reads_as_text(probe, encoding):
            return encoding
    raise StepError(
        f"{name}: this is not text in UTF-8, UTF-16 or CP949 (a binary file, or another encoding); "
        "save it as UTF-8 text and run this step again"
    )


def _reads_as_text(probe: bytes, encoding: str) -> bool:
    """Whether few bytes fail to decode, few characters are control characters and enough are letters."""
    text = probe.decode(encoding, _errors(encoding))
    damaged = len(UNDECODED.findall(text)) + text.count("\ufffd")
    beyond_ascii = sum(map(len, re.findall("[^\x00-\x7f]+", text)))
    if damaged > 0.1 * beyond_ascii and damaged > 0.001 * len(text):
        return False
    if len(CONTROL.findall(text)) > 0.05 * len(text):
        return False
    # Random pairs of bytes often decode as CP949 or UTF-16, but then as rare Chinese characters, not Hangul.
    return encoding == "utf-8" or len(HANGUL_LETTER.findall(text)) > 0.3 * (beyond_ascii - damaged)


def _errors(encoding: str) -> str:
    """The error handler for decoding: UTF-16 does not support surrogateescape."""
    return "replace" if encoding.startswith("utf-16") else "surrogateescape"


def read_lines(source: Path | BinaryIO, report: ReadingReport, name: str = "") -> Iterator[Line]:
    """Yield the lines of a file or of an open, buffered binary stream, normalised and without their line ends.

    Lines, `report` and errors call the text `name`; without one, a file has its own name. Memory does not grow with
    the text: a line of more than MAX_LINE_CHARACTERS comes in pieces with the same number. Undecodable bytes are
    left out and counted in `report`. Raises StepError as `detect_encoding` does. A stream is not closed.
    """
    name_in_errors = name or str(source if isinstance(source, Path) else getattr(source, "name", "the stream"))
    name = name or (source.name if isinstance(source, Path) else name_in_errors)
    with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as stream:
        probe = _read_probe(stream)
        encoding = report.encodings[name] = _encoding_of(probe, name_in_errors)
        number = 1
        for block in _decode(_read_blocks(probe, stream), encoding, name, report):
            yield from _lines_of_block(block, name, number, report)
            number += block.count("\n")


def _lines_of_block(block: str, name: str, number: int, report: ReadingReport) -> Iterator[Line]:
    """The normalised lines of a block whose first line has this number."""
    if MAY_BE_GARBLED.search(block):
        block = _repair_lines(block, name, number, report)
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
            yield Line(name, number + position, text)


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
    decoder = codecs.getincrementaldecoder(encoding)(_errors(encoding))
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    pending = ""
    for data in blocks:
        offset = report.read_bytes
        report.read_bytes += len(data)
        pending += line_ends.decode(_without_undecoded(decoder.decode(data), encoding, name, offset, report))
        whole = pending.rfind("\n") + 1
        yield from _cut_overlong_lines(pending[:whole])
        pending = pending[whole:]
        while len(pending) > MAX_LINE_CHARACTERS:
            cut = _best_cut(pending)
            yield pending[:cut]
            pending = pending[cut:]
    cut_off = len(decoder.getstate()[0])  # bytes of a character that the end of the text cut
    text = decoder.decode(b"", final=True)
    if encoding.startswith("utf-16"):
        text = text.replace("\ufffd", "")
        report.unreadable_bytes += cut_off
        if cut_off and not report.first_unreadable:
            report.first_unreadable = f"{name}, about byte {report.read_bytes - cut_off:,}"
    text = _without_undecoded(text, encoding, name, report.read_bytes - cut_off, report)
    yield from _cut_overlong_lines(pending + line_ends.decode(text, final=True))


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


def _without_undecoded(text: str, encoding: str, name: str, offset: int, report: ReadingReport) -> str:
    """Remove the characters that represent undecodable bytes, and count those bytes."""
    undecoded, bytes_each = ("\ufffd", 2) if encoding.startswith("utf-16") else (UNDECODED, 1)
    first = re.search(undecoded, text)
    if not first:
        return text
    if not report.first_unreadable:
        position = offset + len(text[: first.start()].encode(encoding, "surrogateescape"))
        report.first_unreadable = f"{name}, about byte {position:,}"
    text, count = re.subn(undecoded, "", text)
    report.unreadable_bytes += count * bytes_each
    return text
