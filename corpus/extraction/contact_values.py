"""Telephone numbers, addresses, sites, KakaoTalk ids and e-mail addresses in a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.extraction.telephone import FULL_NUMBER, find_numbers, normalize_number
from corpus.raw.normalization import EMAIL, KAKAO_ID, STREET_WORD, WEB

# The labels as `standardize_labels` writes them.
CONTACT_LABEL = re.compile(r"\b(?:TEL|WEB|EMAIL|KAKAO|ADDR): ?")

CONTACT = re.compile(rf"{CONTACT_LABEL.pattern}|{FULL_NUMBER}")

# --- Sites, e-mail addresses and KakaoTalk ids ---
WEB_ADDRESS = re.compile(rf"(?<![\w@./\-])(?:{WEB})", re.IGNORECASE)
EMAIL_ADDRESS = re.compile(rf"(?<![a-z0-9.+\-])(?:{EMAIL})", re.IGNORECASE)
KAKAO_VALUE = re.compile(rf"KAKAO: ({KAKAO_ID}|[^\s,/()|]{{2,30}})")
# An id with an underscore counts without a label too, unless the name of another messenger precedes it.
BARE_ID = re.compile(r"(?<![\w.@/?&=%#\-])[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?![\w.@/=&])")
OTHER_MESSENGER = re.compile(
    r"(?:텔레그램|telegram|인스타(?:그램)?|insta(?:gram)?|라인|line|왓츠앱|whatsapp|바이버|viber|페이스북|facebook|트위터)[^,/|]{0,12}$",
    re.IGNORECASE,
)
LONGEST_MESSENGER = 40  # characters: more than OTHER_MESSENGER matches

# --- Addresses ---
ADDRESS_VALUE = re.compile(
    r"ADDR: (.+?)(?=\s*(?:[/|;·,]?\s*(?:TEL|WEB|EMAIL|KAKAO): |$| / | \| | \(|[.,]?\s(?:평일|매주|월|오전|점심)))"
)
# Addresses without a label: "Unit 5B, … Tower, BGC, Taguig", "1208 … St., Makati City", "세부시 …로 12, 2층".
PLACE_NAME = r"(?!(?:TEL|WEB|EMAIL|KAKAO|ADDR)\b)[A-ZÑ][A-Za-z0-9.'ñÑ-]*"
CITIES = (
    r"마닐라|마카티|타기그|파사이|파라냐케|올티가스|오르티가스|알라방|케손|퀘존|만달루용|안티폴로|카비테|라구나|다스마리냐스|클락|앙헬레스|수빅|바기오"
    r"|세부|막탄|만다웨|두마게티|일로일로|바콜로드|다바오|보라카이|보홀|팔라완"
)
FLOOR = r"(?:,?\s?\d{1,3}(?:층|호|/?F\b))"
STREET_ADDRESS = re.compile(
    rf"(?<![\w.])(?:(?:{CITIES})\s)?"
    r"(?:(?:Unit|Rm\.?|Room|Suite|Lot|Blk\.?|Block|Km\.?|No\.?|\d{1,2}(?:/?F|층)|[GB]/?F)\s?[\w-]{0,6},?\s+)*(?:\d{1,5}[A-Z]?(?:-\d+)?\s+)?"
    rf"(?:{PLACE_NAME}\s){{1,4}}{STREET_WORD}(?![A-Za-z0-9])\.?(?:\s(?:Ext|Extension)\.?)?(?:\scor(?:\.|ner)\s\w+\s{STREET_WORD}\.?)?(?:{FLOOR}|\s\d{{1,4}}(?=$|,))?"
    rf"(?:,\s(?:(?:\d{{1,5}}\s)?{PLACE_NAME}(?:\s{PLACE_NAME}){{0,3}}|(?:{CITIES})(?![가-힣])))*{FLOOR}?"
)
LATIN_STREET = re.compile(rf"\b{STREET_WORD}(?![A-Za-z0-9])")  # a Korean particle may follow
KOREAN_STREET = re.compile(r"[로길]\s?\d")
PROVINCES = r"경기|강원|충청[남북]|전라[남북]|경상[남북]|제주|충[남북]|전[남북]|경[남북]"
KOREAN_ADDRESS = re.compile(
    rf"(?:(?:[가-힣]{{2,5}}(?:특별시|광역시|시|구|군|읍|면|동)|(?:{PROVINCES})(?:특별자치)?도|(?:{CITIES}))\s)+"
    r"[가-힣A-Za-z0-9]+(?:대로|로|길|번길)\s?\d{1,4}(?:-\d+)?(?:번지)?(?:,?\s\d{1,3}(?:층|호))*"
)

# Most lines contain no contact; the searches below are only for lines that match this.
MAY_HOLD_VALUE = re.compile(
    r"[\d@_:a-zA-Z로길](?:(?<=\d)\d\d|(?<=[@_:])|(?<=[a-zA-Z])\.[a-z]|(?<=[A-Z])[a-z]+,?\s|(?<=[로길])\s?\d)"
)
MARKS_AFTER_VALUE = ".,;:!?…)]}>'\"”’」』"


@dataclass(frozen=True, slots=True)
class FoundValue:
    """A telephone number, address, site or id in a line."""

    start: int  # characters before it in the line
    end: int
    label: str  # TEL, ADDR, WEB, KAKAO or EMAIL
    value: str  # as written


def find_values(line: str) -> list[FoundValue]:
    """The contact values in a line whose labels are standardised, in its order, none inside another."""
    if not MAY_HOLD_VALUE.search(line):
        return []
    found: list[FoundValue] = []
    taken = [False] * len(line)
    for start, end, label in _possible_spans(line):
        value = line[start:end].rstrip(MARKS_AFTER_VALUE if label != "TEL" else ".,;:…").strip()
        if value.count("(") > value.count(")") and line[start + len(value) :].startswith(")"):
            value += ")"
        if value and not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(FoundValue(start, start + len(value), label, value))
    return sorted(found, key=lambda each: each.start)


def _possible_spans(line: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, label) of all that may be a value; of two that overlap, the first one counts."""
    for match in EMAIL_ADDRESS.finditer(line) if "@" in line else ():
        yield *match.span(), "EMAIL"
    for match in KAKAO_VALUE.finditer(line) if "KAKAO: " in line else ():
        yield *match.span(1), "KAKAO"
    for match in BARE_ID.finditer(line) if "_" in line else ():
        before = line[max(0, match.start() - LONGEST_MESSENGER) : match.start()]
        if not match[0].isupper() and not OTHER_MESSENGER.search(before):
            yield *match.span(), "KAKAO"
    for match in ADDRESS_VALUE.finditer(line) if "ADDR: " in line else ():
        yield *_address_span(line, *match.span(1)), "ADDR"
    for match in WEB_ADDRESS.finditer(line) if "." in line else ():
        yield *match.span(), "WEB"
    for match in STREET_ADDRESS.finditer(line) if LATIN_STREET.search(line) else ():
        # "Halimbawa Mall" alone is a name; a number or a town makes it an address.
        if re.search(r",|\b\d+(?!\d*H)", match[0]):
            yield *match.span(), "ADDR"
    for match in KOREAN_ADDRESS.finditer(line) if KOREAN_STREET.search(line) else ():
        yield *match.span(), "ADDR"
    for start, end in find_numbers(line):
        yield start, end, "TEL"


def _address_span(line: str, start: int, end: int) -> tuple[int, int]:
    """The address within the text after an ADDR label, which is `line[start:end]`: it ends with its street and town.

    Words before the street ("본관 옆 별동 2층, 14 … St.") belong to the address, but a name before a dash does not.
    """
    for pattern in (STREET_ADDRESS, KOREAN_ADDRESS):
        if street := pattern.search(line, start, end):
            name = re.search(r"\s[-–—:]\s", line[start : street.start()])
            return (street.start() if name else start), street.end()
    return start, end


def holds_contact(text: str) -> bool:
    """Whether a text contains a contact label or a telephone number."""
    return bool(CONTACT.search(text))


def normalize_value(label: str, value: str, country: str | None = None) -> str:
    """One spelling for all values that mean the same: digits with a country code, lower case, no protocol.

    Without the `country` of a telephone number, as `country_of` tells it, its length decides.
    """
    if label == "WEB":
        return re.sub(r"^https?://(www\.)?|^www\.|/$", "", value.lower())
    if label != "TEL":
        return " ".join(value.lower().split())
    if country is None:
        country = "82" if re.match(r"\D*02\D*\d{3}\D?\d{4}(?!\d)", value) else "63"
    return normalize_number(value, country)
