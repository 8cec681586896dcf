"""Encodings: which one a text has, and lines of a text that have another one than the rest."""

import codecs
import re
from pathlib import Path
from typing import BinaryIO

from pipeline import StepError

PROBE_BYTES = 4 << 20  # read to detect the encoding
LONGEST_REST = 1 << 16  # bytes of the rest of a line that are read with the probe
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# "surrogateescape" decodes each undecodable byte to one of these, so they can be counted.
UNDECODED = re.compile("[\ud800-\udfff]")
DIGITS = r"[0-9()+\-.]{1,20}"  # of a number, between two spaces
PART_OF_CONTACT = re.compile(r"[0-9@_]|[A-Za-z0-9]\.[A-Za-z0-9]|://")
LONGEST_DAMAGED_WORD = 200  # characters, so that the time for a line grows with its length alone
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HANGUL_LETTER = re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ\u1100-\u11ff]")  # whole syllables, and the letters they consist of
# About half of the syllables of any Korean text.
COMMON_SYLLABLE = re.compile("[이다는을가에하고지의한사리로은도나기서자어시들라대를아니인보해일그수있게면정장없요]")
LEAST_COMMON = 0.25
BEYOND_ASCII = re.compile("[^\x00-\x7f]")
# UTF-8 that was decoded as CP949 holds undecoded bytes, Chinese characters or the syllables of `mojibake`.
MAY_BE_UTF_8 = re.compile("[\ud800-\udfff\u4e00-\u9fff\uf900-\ufaff媛嫄寃怨愿洹湲]")
MOST_UNKNOWN = 0.1  # of the lines of a text in two encodings
LEAST_HANGUL = 0.7  # of the characters beyond ASCII of a line that is decoded again


def detect_encoding(path: Path) -> str:
    """Name the encoding of a text file: utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be, cp949 or johab.

    Raises StepError for an empty file and for one that is not text in any of these.
    """
    with open(path, "rb") as file:
        return encoding_of(read_probe(file), str(path))


def read_probe(stream: BinaryIO) -> bytes:
    """The beginning of a stream, from which its encoding is detected; at most PROBE_BYTES and the rest of a line."""
    probe = stream.read(PROBE_BYTES)
    # A character cut by the end of the probe must not count as damage.
    return probe + stream.readline(LONGEST_REST) if len(probe) == PROBE_BYTES else probe


def encoding_of(probe: bytes, name: str) -> str:
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
            # Johab, an older Korean encoding, decodes as CP949 too, but to rare syllables.
            is_johab = encoding == "cp949" and _share_of_common(probe, "johab") > 2 * _share_of_common(probe, encoding)
            return "johab" if is_johab else encoding
    if _reads_as_text(probe, "johab") and _share_of_common(probe, "johab") > LEAST_COMMON:
        return "johab"
    if mixed := _mixed_encoding(probe):
        return mixed
    raise StepError(
        f"{name}: this is not text in UTF-8, UTF-16, CP949 or Johab (a binary file, or another encoding); "
        "save it as UTF-8 text and run this step again"
    )


def _reads_as_text(probe: bytes, encoding: str) -> bool:
    """Whether few bytes fail to decode, few characters are control characters and enough are letters."""
    text = probe.decode(encoding, errors_of(encoding))
    damaged = len(UNDECODED.findall(text)) + text.count("\ufffd")
    beyond_ascii = sum(map(len, re.findall("[^\x00-\x7f]+", text)))
    if damaged > 0.1 * beyond_ascii and damaged > 0.001 * len(text):
        return False
    if len(CONTROL.findall(text)) > 0.05 * len(text):
        return False
    # Random pairs of bytes often decode as CP949 or UTF-16, but then as rare Chinese characters, not Hangul.
    return encoding == "utf-8" or len(HANGUL_LETTER.findall(text)) > 0.3 * (beyond_ascii - damaged)


def _mixed_encoding(probe: bytes) -> str:
    """The more frequent encoding of a text whose lines are partly UTF-8 and partly CP949; "" for anything else."""
    counts = {"utf-8": 0, "cp949": 0, "": 0}
    for line in probe.split(b"\n"):
        if not line.isascii():
            counts[next((encoding for encoding in ("utf-8", "cp949") if _is_korean(line, encoding)), "")] += 1
    if not sum(counts.values()) or counts[""] > MOST_UNKNOWN * sum(counts.values()):
        return ""
    return "utf-8" if counts["utf-8"] >= counts["cp949"] else "cp949"


def _is_korean(line: bytes, encoding: str) -> bool:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return len(HANGUL_LETTER.findall(text)) >= LEAST_HANGUL * len(BEYOND_ASCII.findall(text))


def _share_of_common(probe: bytes, encoding: str) -> float:
    """The share of the most frequent syllables of Korean among all characters beyond ASCII."""
    return _share_of_common_in(probe.decode(encoding, errors_of(encoding)))


def _share_of_common_in(text: str) -> float:
    return len(COMMON_SYLLABLE.findall(text)) / max(1, len(BEYOND_ASCII.findall(text)))


def errors_of(encoding: str) -> str:
    """The error handler for decoding: UTF-16 does not support surrogateescape."""
    return "replace" if encoding.startswith("utf-16") else "surrogateescape"


def in_right_encoding(text: str, encoding: str) -> tuple[str, int]:
    """Decode lines again that have another encoding than the rest of their text, and count them.

    Text of files that were joined byte by byte may be partly UTF-8 and partly CP949.
    """
    suspicious = {"utf-8": UNDECODED, "utf-8-sig": UNDECODED, "cp949": MAY_BE_UTF_8}.get(encoding)
    if suspicious is None or not suspicious.search(text):
        return text, 0
    lines = text.split("\n")
    decoded_again = 0
    for number, line in enumerate(lines):
        if suspicious.search(line):
            lines[number] = _decode_again(line, encoding)
            decoded_again += lines[number] != line and not UNDECODED.search(lines[number])
    return "\n".join(lines), decoded_again


def _decode_again(line: str, encoding: str) -> str:
    """The line in the other encoding, if that makes it Korean; the line itself if not."""
    try:
        data = line.encode("cp949" if encoding == "cp949" else "utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return line
    decoded = data.decode("utf-8" if encoding == "cp949" else "cp949", "surrogateescape")
    hangul = len(HANGUL_LETTER.findall(decoded))
    is_korean = hangul > 0 and hangul >= LEAST_HANGUL * len(BEYOND_ASCII.findall(decoded))
    is_better = not UNDECODED.search(decoded) or _share_of_common_in(decoded) > _share_of_common_in(line)
    return decoded if is_korean and is_better else line


def without_undecoded(text: str, encoding: str) -> tuple[str, int, int]:
    """The text without the characters that represent undecodable bytes, how many bytes it has lost, and the first.

    A number that has lost a byte is left out whole.
    """
    is_utf_16 = encoding.startswith("utf-16")
    undecoded = "\ufffd" if is_utf_16 else UNDECODED.pattern
    first = re.search(undecoded, text)
    if not first:
        return text, 0, 0
    cleaned = without_lost_characters(text, undecoded)
    return cleaned, (len(text) - len(cleaned)) * (2 if is_utf_16 else 1), first.start()


def without_lost_characters(text: str, lost: str) -> str:
    """The text without what matches `lost`, and without the numbers, sites and e-mail addresses in which that was.

    A telephone number without one of its digits would be another one.

    >>> without_lost_characters("문의� 02-1�34-5678", "�")
    '문의 '
    """
    word = rf"[!-~]{{0,{LONGEST_DAMAGED_WORD}}}(?:{lost})(?:{lost}|[!-~]){{0,{LONGEST_DAMAGED_WORD}}}"
    damaged = re.compile(rf"((?:{DIGITS} ){{0,5}})({word})((?:(?<![,;]) {DIGITS}){{0,5}})")

    def repaired(found: re.Match[str]) -> str:
        before, word, after = found.groups()
        left = "" if PART_OF_CONTACT.search(word) else re.sub(lost, "", word)
        return left if re.search("[0-9]", word) else before + left + after

    lines = text.split("\n")
    return "\n".join(damaged.sub(repaired, line) if re.search(lost, line) else line for line in lines)
