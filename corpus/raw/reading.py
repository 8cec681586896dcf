"""Files of unknown encoding and any size become a stream of clean lines, with an account of the bytes."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus.raw.mojibake import MAY_BE_GARBLED, repair
from corpus.raw.normalization import normalize
from pipeline import StepError

BLOCK_BYTES = 1 << 20
PROBE_BYTES = 4 << 20
# A "line" longer than this is cut at a sentence end or a space, so that one 50 MB line stays a stream.
LONGEST_LINE = 1 << 16

BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Bytes that do not decode come out of "surrogateescape" as one of these each, so they can be counted.
UNDECODED = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HANGUL = re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ\u1100-\u11ff]")


@dataclass
class ReadingReport:
    """Where the bytes of the raw text went while they were read."""

    read_bytes: int = 0
    unreadable_bytes: int = 0
    first_unreadable: str = ""  # "raw.txt, byte 1234"
    encodings: dict[str, str] = field(default_factory=dict)  # file name -> encoding
    garbled_bytes: int = 0  # of text that was spoilt before it was saved
    first_garbled: str = ""  # "raw.txt, line 12"
    repaired_lines: int = 0


@dataclass(frozen=True)
class Line:
    """One line of clean text and where it stood."""

    source: str  # file name
    number: int  # counted from 1, as an editor does
    text: str


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
        probe = file.read(PROBE_BYTES)
        # A character cut by the end of the probe must not count as damage.
        probe += file.readline(LONGEST_LINE) if len(probe) == PROBE_BYTES else b""
    if not probe.strip():
        raise StepError(f"{path}: the file is empty; put a text into it")
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
        f"{path}: this is not text in UTF-8, UTF-16 or CP949 (a binary file, or another encoding); "
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
    return encoding == "utf-8" or len(HANGUL.findall(text)) > 0.3 * (beyond_ascii - damaged)


def _errors(encoding: str) -> str:
    """How to decode what is damaged: UTF-16 knows no surrogateescape."""
    return "replace" if encoding.startswith("utf-16") else "surrogateescape"


def read_lines(path: Path, report: ReadingReport) -> Iterator[Line]:
    """Yield the lines of a file, normalised, without their line ends; memory does not grow with the file.

    A line of more than LONGEST_LINE characters comes in pieces with the same number. Bytes that do not
    decode are left out and counted in `report`.
    """
    encoding = detect_encoding(path)
    report.encodings[path.name] = encoding
    number = 1
    for block in _blocks(path, encoding, report):
        if MAY_BE_GARBLED.search(block):
            block = _repair_lines(block, path, number, report)
        raw_lines = block.split("\n")
        lines = normalize(block).split("\n")
        if len(lines) == len(raw_lines):
            normalized = ([line] for line in lines)
        else:  # a tag or a rare line end broke a line in two: each part keeps the number of the whole
            normalized = (normalize(line).split("\n") for line in raw_lines)
        last = len(raw_lines) - 1
        for position, parts in enumerate(normalized):
            if position == last and not raw_lines[last]:
                break  # what follows the line end that closes the block
            for text in parts:
                yield Line(path.name, number, text)
            number += position < last


def _repair_lines(block: str, path: Path, number: int, report: ReadingReport) -> str:
    """Put lines right that another program spoilt, leave out what is beyond repair, and count both."""
    lines = block.split("\n")
    for position, line in enumerate(lines):
        if MAY_BE_GARBLED.search(line):
            lines[position], lost = repair(line)
            report.repaired_lines += bool(lines[position] != line and not lost)
            if lost:
                report.garbled_bytes += len(line.encode()) - len(lines[position].encode())
                report.first_garbled = report.first_garbled or f"{path.name}, line {number + position:,}"
    return "\n".join(lines)


def _blocks(path: Path, encoding: str, report: ReadingReport) -> Iterator[str]:
    """Decode a file block by block; each block given out ends at a line end, or inside an overlong line."""
    decoder = codecs.getincrementaldecoder(encoding)(_errors(encoding))
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    pending = ""
    with open(path, "rb") as file:
        while data := file.read(BLOCK_BYTES):
            offset = report.read_bytes
            report.read_bytes += len(data)
            pending += line_ends.decode(_without_undecoded(decoder.decode(data), encoding, path, offset, report))
            whole = pending.rfind("\n") + 1
            yield from _cut_overlong_lines(pending[:whole])
            pending = pending[whole:]
            while len(pending) > LONGEST_LINE:
                cut = _place_to_cut(pending)
                yield pending[:cut]
                pending = pending[cut:]
    cut_off = len(decoder.getstate()[0])  # bytes of a character that the end of the file cut
    text = decoder.decode(b"", final=True)
    if encoding.startswith("utf-16"):
        text = text.replace("\ufffd", "")
        report.unreadable_bytes += cut_off
        if cut_off and not report.first_unreadable:
            report.first_unreadable = f"{path.name}, about byte {report.read_bytes - cut_off:,}"
    text = _without_undecoded(text, encoding, path, report.read_bytes - cut_off, report)
    yield from _cut_overlong_lines(pending + line_ends.decode(text, final=True))


def _cut_overlong_lines(text: str) -> Iterator[str]:
    """Give out whole lines together, and a line of more than LONGEST_LINE characters piece by piece."""
    start = 0
    while start < len(text):
        # Only a stretch without a line end in sight needs a closer look.
        line_end = text.rfind("\n", start, start + LONGEST_LINE) + 1
        if not line_end:
            line_end = text.find("\n", start) + 1 or len(text)
            while line_end - start > LONGEST_LINE:
                cut = start + _place_to_cut(text[start : start + LONGEST_LINE])
                yield text[start:cut]
                start = cut
        yield text[start:line_end]
        start = line_end


def _place_to_cut(text: str) -> int:
    """Where to cut a line that is too long: after its last sentence, else after its last space, else anywhere."""
    head = text[:LONGEST_LINE]
    sentence_end = max(head.rfind(". "), head.rfind("? "), head.rfind("! "))
    return (sentence_end + 2 if sentence_end > 0 else head.rfind(" ") + 1) or LONGEST_LINE


def _without_undecoded(text: str, encoding: str, path: Path, offset: int, report: ReadingReport) -> str:
    """Take out what stands for bytes that did not decode, and count those bytes."""
    undecoded, bytes_each = ("\ufffd", 2) if encoding.startswith("utf-16") else (UNDECODED, 1)
    first = re.search(undecoded, text)
    if not first:
        return text
    if not report.first_unreadable:
        position = offset + len(text[: first.start()].encode(encoding, "surrogateescape"))
        report.first_unreadable = f"{path.name}, about byte {position:,}"
    text, count = re.subn(undecoded, "", text)
    report.unreadable_bytes += count * bytes_each
    return text
