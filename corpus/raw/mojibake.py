"""Text that another program once read in the wrong encoding: put right where no byte was lost, else left out."""

import re

# What UTF-8 and CP949 look like when they were read as a Western encoding: two marks and letters with accents.
WESTERN = "\u0080-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
WESTERN_RUN = re.compile(f"[{WESTERN}]{{2,}}")
# UTF-8 that was read as CP949 comes out as these, between rare syllables; a third of its bytes became "?".
SPOILT = "媛嫄寃怨愿援洹湲源媛곌꾨닿뺣蹂踰臾吏留遺諛濡釉釉뚯뺤떎뜻띠쨌씠븳"
SPOILT_WORD = re.compile(f"[?\ufffd]?[{SPOILT}][가-힣]?[?\ufffd]|[?\ufffd][{SPOILT}]|[媛嫄寃怨愿洹湲][가-힣]")
MAY_BE_GARBLED = re.compile("[\u00c0-\u00ff\ufffd媛嫄寃怨愿洹湲쨌씠븳]")
HANGUL = re.compile("[가-힣]")


def repair(line: str) -> tuple[str, int]:
    """A line in its right encoding, and how many of its characters were beyond repair and are left out.

    >>> repair("ì\\x95\\x88ë\\x85\\x95")
    ('안녕', 0)
    """
    repaired = line
    for encoding in ("utf-8", "cp949"):
        repaired = WESTERN_RUN.sub(lambda run, encoding=encoding: _read_again(run[0], encoding), repaired)
    lost = 0
    if len(SPOILT_WORD.findall(repaired)) >= 3:
        # With a third of the bytes gone nothing of such a line can be read.
        return "", len(repaired)
    if "\ufffd" in repaired:
        lost = repaired.count("\ufffd")
        repaired = repaired.replace("\ufffd", "")
    for run in WESTERN_RUN.findall(repaired):
        if len(run) >= 6 and _is_garbled(run):
            repaired = repaired.replace(run, "", 1)
            lost += len(run)
    return repaired, lost


def _read_again(run: str, encoding: str) -> str:
    """The run as it was written, or the run itself where that makes no Korean."""
    if not _is_garbled(run):
        return run
    try:
        text = b"".join(map(_western_byte, run)).decode(encoding)
    except (UnicodeDecodeError, UnicodeEncodeError):
        return run
    return text if len(HANGUL.findall(text)) >= 0.7 * len(text) else run


def _western_byte(character: str) -> bytes:
    """The byte that a Western code page shows as this character."""
    return bytes([ord(character)]) if ord(character) < 256 else character.encode("cp1252")


def _is_garbled(run: str) -> bool:
    """Whether a run is no row of dots or degrees, and no word of another language: those have ASCII letters too."""
    return len(set(run)) >= min(3, len(run)) and any("\u00a1" <= character <= "\u00ff" for character in run)
