"""Text that another program read in the wrong encoding: repaired if no byte is lost, otherwise left out."""

import re
from functools import partial

from corpus.raw.encodings import without_lost_characters

# UTF-8 and CP949 that were read as a Western encoding: runs of letters with accents and of marks.
WESTERN = "\u0080-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
WESTERN_RUN = re.compile(f"[{WESTERN}]{{2,}}")
# UTF-8 that was read as CP949: these syllables among rare ones, and "?" instead of a third of the bytes.
DAMAGED_SYLLABLES = "媛嫄寃怨愿援洹湲源媛곌꾨닿뺣蹂踰臾吏留遺諛濡釉釉뚯뺤떎뜻띠쨌씠븳"
DAMAGED_WORD = re.compile(
    f"[?\ufffd]?[{DAMAGED_SYLLABLES}][가-힣]?[?\ufffd]|[?\ufffd][{DAMAGED_SYLLABLES}]|[媛嫄寃怨愿洹湲][가-힣]"
)
MAY_BE_GARBLED = re.compile("[\u00c0-\u00ff\ufffd媛嫄寃怨愿洹湲쨌씠븳]")
HANGUL = re.compile("[가-힣]")


def repair(line: str) -> tuple[str, int]:
    r"""A line in its right encoding, and how many characters were left out because they cannot be repaired.

    >>> repair("ì\x95\x88ë\x85\x95")
    ('안녕', 0)
    """
    repaired = line
    for encoding in ("utf-8", "cp949"):
        repaired = WESTERN_RUN.sub(partial(_read_again, encoding=encoding), repaired)
    lost = 0
    if len(DAMAGED_WORD.findall(repaired)) >= 3:
        # A third of the bytes is lost: nothing of such a line can be read.
        return "", len(repaired)
    if "\ufffd" in repaired:
        readable = without_lost_characters(repaired, "\ufffd")
        lost = len(repaired) - len(readable)
        repaired = readable
    for run in WESTERN_RUN.findall(repaired):
        if len(run) >= 6 and _is_garbled(run):
            repaired = repaired.replace(run, "", 1)
            lost += len(run)
    return repaired, lost


def _read_again(match: re.Match[str], encoding: str) -> str:
    """The run as it was before the damage; the run itself if the result is not Korean."""
    run = match[0]
    if not _is_garbled(run):
        return run
    try:
        text = b"".join(map(_western_byte, run)).decode(encoding)
    except (UnicodeDecodeError, UnicodeEncodeError):
        return run
    return text if len(HANGUL.findall(text)) >= 0.7 * len(text) else run


def _western_byte(character: str) -> bytes:
    """The byte of this character in a Western code page."""
    return bytes([ord(character)]) if ord(character) < 256 else character.encode("cp1252")


def _is_garbled(run: str) -> bool:
    """Whether a run is damaged text: not a row of dots or degrees, and no word of a language with ASCII letters."""
    return len(set(run)) >= min(3, len(run)) and any("\u00a1" <= character <= "\u00ff" for character in run)
