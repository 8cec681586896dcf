"""Telephone numbers, addresses, sites, KakaoTalk ids and e-mail addresses in a text, and whose they are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from corpus.extraction.owners import choose_owner, owner_of_last_resort
from corpus.raw.normalization import EMAIL, KAKAO_ID, STREET_KIND, WEB

# The shapes in which people write numbers of the Philippines (+63, 02, 0xx, 09xx) and Korea (+82, 02, 010, 15xx).
GAP = r"[ \-.–]"
FULL_NUMBER = (
    rf"\+\s?\d{{1,3}}{GAP}?(?:\(0\))?\(?\d{{1,3}}\)?{GAP}?\d{{3,4}}{GAP}?\d{{4}}"  # +63 2 8000 1234, +82-10-0000-1234
    rf"|\(0\d{{1,3}}\){GAP}?\d{{3,4}}{GAP}?\d{{4}}"  # (02) 8000-1234
    rf"|0\d{{1,3}}{GAP}\d{{3,4}}{GAP}?\d{{4}}"  # 032-000-1234, 0917 000 1234
    r"|0(?:9\d{9}|10\d{8}|\d{8,9})"  # 09170001234
    rf"|1{GAP}?800{GAP}\d{{2,4}}{GAP}\d{{3,4}}(?:{GAP}\d{{3,4}})?"  # 1-800-10-000-1234
    r"|1[5-9]\d\d-\d{4}"  # 1588-0000
)
LOCAL_NUMBER = rf"\d{{3,4}}{GAP}\d{{4}}"  # 8000-1234: a telephone number only where something says so
RANGE = r"(?:\s?[~∼]\s?\d{1,4}(?!\d))?"
EXTENSION_WORDS = r"(?:내선|교환|ext\.?|loc\.?|local)(?:\s?번호)?\s?[:.]?\s?\d{1,5}(?:[~∼]\d{1,5})?번?"
DEPARTMENT = r"(?:[가-힣]{1,8}\s)?"
EXTENSION = rf"(?:\s?\(\s?{DEPARTMENT}{EXTENSION_WORDS}\s?\)|,\s?{DEPARTMENT}{EXTENSION_WORDS}|\s?{EXTENSION_WORDS})?"
NOT_WITHIN = r"(?<![\w.\-/₱$#+])"
NOT_BEFORE = r"(?![\d\w]*\d|-\d|\s?(?:페소|원|불|달러|만|천|PHP|php))"
PHONE_NUMBER = re.compile(rf"{NOT_WITHIN}(?:{FULL_NUMBER}){RANGE}{EXTENSION}{NOT_BEFORE}", re.IGNORECASE)
LABELLED_NUMBER = re.compile(
    rf"{NOT_WITHIN}(?:{FULL_NUMBER}|{LOCAL_NUMBER}){RANGE}{EXTENSION}{NOT_BEFORE}", re.IGNORECASE
)
# Most lines hold no contact; this finds those worth the searches below.
MAY_HOLD_VALUE = re.compile(
    r"[0-9@_:a-zA-Z로길](?:(?<=\d)\d\d|(?<=[@_:])|(?<=[a-zA-Z])\.[a-z]|(?<=[A-Z])[a-z]+,?\s|(?<=[로길])\s?\d)"
)
NEXT_NUMBER = re.compile(rf"(?:{FULL_NUMBER})\s?[/,·]\s?{LOCAL_NUMBER}(?!\d)")  # 02-0000-3672 / 0000-3673
WEB_ADDRESS = re.compile(rf"(?<![\w@./\-])(?:{WEB})", re.IGNORECASE)
EMAIL_ADDRESS = re.compile(rf"(?<![a-z0-9.+\-])(?:{EMAIL})", re.IGNORECASE)
# An id with an underscore that no label announces, unless another messenger is named before it.
KAKAO_VALUE = re.compile(rf"KAKAO: ({KAKAO_ID}|[^\s,/()|]{{2,30}})")
BARE_ID = re.compile(r"(?<![\w.@/?&=%#\-])[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?![\w.@/=&])")
OTHER_MESSENGER = re.compile(
    r"(?:텔레그램|telegram|인스타(?:그램)?|insta(?:gram)?|라인|line|왓츠앱|whatsapp|바이버|viber|페이스북|facebook|트위터)[^,/|]{0,12}$",
    re.IGNORECASE,
)
ADDRESS_VALUE = re.compile(
    r"ADDR: (.+?)(?=\s*(?:[/|;·,]?\s*(?:TEL|WEB|EMAIL|KAKAO): |$| / | \| | \(|[.,]?\s(?:평일|매주|월|오전|점심)))"
)
# Addresses that no label announces: "Unit 5B, … Tower, BGC, Taguig", "1208 … St., Makati City", "세부시 …로 12, 2층".
PLACE_NAME = r"(?!(?:TEL|WEB|EMAIL|KAKAO|ADDR)\b)[A-ZÑ][A-Za-z0-9.'ñÑ-]*"
CITIES = (
    r"마닐라|마카티|타기그|파사이|파라냐케|올티가스|오르티가스|알라방|케손|퀘존|만달루용|안티폴로|카비테|라구나|다스마리냐스|클락|앙헬레스|수빅|바기오"
    r"|세부|막탄|만다웨|두마게티|일로일로|바콜로드|다바오|보라카이|보홀|팔라완"
)
FLOOR = r"(?:,?\s?\d{1,3}(?:층|호|/?F\b))"
STREET_ADDRESS = re.compile(
    rf"(?<![\w.])(?:(?:{CITIES})\s)?"
    r"(?:(?:Unit|Rm\.?|Room|Suite|Lot|Blk\.?|Block|Km\.?|No\.?|\d{1,2}(?:/?F|층)|[GB]/?F)\s?[\w-]{0,6},?\s+)*(?:\d{1,5}[A-Z]?(?:-\d+)?\s+)?"
    rf"(?:{PLACE_NAME}\s){{1,4}}{STREET_KIND}\b\.?(?:\s(?:Ext|Extension)\.?)?(?:\scor(?:\.|ner)\s\w+\s{STREET_KIND}\.?)?(?:{FLOOR}|\s\d{{1,4}}(?=$|,))?"
    rf"(?:,\s(?:(?:\d{{1,5}}\s)?{PLACE_NAME}(?:\s{PLACE_NAME}){{0,3}}|(?:{CITIES})(?![가-힣])))*{FLOOR}?"
)
LATIN_STREET = re.compile(rf"\b{STREET_KIND}\b")
KOREAN_STREET = re.compile(r"[로길]\s?\d")
PROVINCES = r"경기|강원|충청[남북]|전라[남북]|경상[남북]|제주|충[남북]|전[남북]|경[남북]"
KOREAN_ADDRESS = re.compile(
    rf"(?:(?:[가-힣]{{2,5}}(?:특별시|광역시|시|구|군|읍|면|동)|(?:{PROVINCES})(?:특별자치)?도|(?:{CITIES}))\s)+"
    r"[가-힣A-Za-z0-9]+(?:대로|로|길|번길)\s?\d{1,4}(?:-\d+)?(?:번지)?(?:,?\s\d{1,3}(?:층|호))*"
)
OTHER_NUMBER_BEFORE = re.compile(
    r"(?:계좌(?:\s?번호)?|여권|(?:여권|예약|접수|송장|운송장|주문|회원|등록)\s?번호|account(?:\s?no\.?)?|passport\s?no\.?)\s?[:：(]?\s*$",
    re.IGNORECASE,
)
DATE_SHAPE = re.compile(r"^(?:19|20)\d\d[ \-.]")
HIDDEN = re.compile(r"<(?:TEL|ADDR|WEB|KAKAO|EMAIL)>")
TRAILING_MARKS = ".,;:!?…)]}>'\"”’」』"


@dataclass(frozen=True)
class Contact:
    """One way to reach somebody."""

    institution: str
    label: str  # TEL, ADDR, WEB, KAKAO or EMAIL
    value: str  # as written
    normalized: str  # equal for two spellings of the same


def find_contacts(text: str, title: str = "") -> list[Contact]:
    """The contacts in a text whose labels are standardised, in its order.

    The owner is somebody named near the value; `title` owns what nobody else does, if it may be a name.
    """
    contacts: list[Contact] = []
    lines = text.split("\n")
    found = [find_values(line) for line in lines]
    previous = ""
    for number, values in enumerate(found):
        for place, (_, _, label, value) in enumerate(values):
            owner = choose_owner(lines, found, number, place, title, previous)
            previous = owner or previous
            named = owner if owner != title else ""
            contact = Contact(named or owner_of_last_resort(title), label, value, normalize_value(label, value))
            if contact not in contacts:
                contacts.append(contact)
    return contacts


def find_values(line: str) -> list[tuple[int, int, str, str]]:
    """(start, end, label, value) of each contact in a line, none inside another."""
    if not MAY_HOLD_VALUE.search(line):
        return []
    number = LABELLED_NUMBER if "TEL: " in line or "☎" in line else PHONE_NUMBER
    found: list[tuple[int, int, str, str]] = []
    taken = [False] * len(line)

    def take(start: int, end: int, label: str) -> None:
        value = line[start:end].rstrip(TRAILING_MARKS if label != "TEL" else ".,;:…").strip()
        if value.count("(") > value.count(")"):
            value += ")" if line[start + len(value) :].startswith(")") else ""
        if value and not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append((start, start + len(value), label, value))

    for match in EMAIL_ADDRESS.finditer(line) if "@" in line else ():
        take(match.start(), match.end(), "EMAIL")
    for match in KAKAO_VALUE.finditer(line) if "KAKAO: " in line else ():
        take(*match.span(1), "KAKAO")
    for match in BARE_ID.finditer(line) if "_" in line else ():
        if not OTHER_MESSENGER.search(line[: match.start()]):
            take(match.start(), match.end(), "KAKAO")
    for match in ADDRESS_VALUE.finditer(line) if "ADDR: " in line else ():
        take(*_address_span(line, *match.span(1)), "ADDR")
    for match in WEB_ADDRESS.finditer(line) if "." in line else ():
        take(*match.span(), "WEB")
    if LATIN_STREET.search(line):
        for match in STREET_ADDRESS.finditer(line):
            # "Halimbawa Mall" alone is a name; a number or a town makes it an address.
            if re.search(r",|\b\d+(?!\d*H)", match[0]):
                take(*match.span(), "ADDR")
    for match in KOREAN_ADDRESS.finditer(line) if KOREAN_STREET.search(line) else ():
        take(*match.span(), "ADDR")
    if NEXT_NUMBER.search(line):
        number = LABELLED_NUMBER
    for match in number.finditer(line):
        if not DATE_SHAPE.match(match[0]) and not OTHER_NUMBER_BEFORE.search(line[: match.start()]):
            take(*match.span(), "TEL")
    return sorted(found)


def _address_span(line: str, start: int, end: int) -> tuple[int, int]:
    """Where the address is in what an ADDR label announces: up to the end of its street and town.

    What stands before the street ("본관 옆 별동 2층, 14 … St.") is part of the way, but a name before a dash is not.
    """
    for pattern in (STREET_ADDRESS, KOREAN_ADDRESS):
        if street := pattern.search(line, start, end):
            name = re.search(r"\s[-–—:]\s", line[start : street.start()])
            return (street.start() if name else start), street.end()
    return start, end


def hide_contacts(text: str, contacts: Iterable[Contact]) -> str:
    """The text with `<TEL>`, `<ADDR>`, … in place of the values of these contacts.

    >>> hide_contacts("TEL: 02-0000-1234", [Contact("은행", "TEL", "02-0000-1234", "+63200001234")])
    'TEL: <TEL>'
    """
    # The longest first: an address may hold what is also a value by itself.
    for contact in sorted(contacts, key=lambda contact: -len(contact.value)):
        text = text.replace(contact.value, f"<{contact.label}>")
    return text


def has_hidden_contacts(text: str) -> bool:
    """Whether `hide_contacts` has been at work in a text."""
    return bool(HIDDEN.search(text))


def normalize_value(label: str, value: str) -> str:
    """One spelling for values that reach the same place: digits with the country's code, lower case, no marks."""
    if label != "TEL":
        return (
            re.sub(r"^https?://(www\.)?|^www\.|/$", "", value.lower())
            if label == "WEB"
            else " ".join(value.lower().split())
        )
    number, *extension = re.split(r"내선|교환|ext|loc", value, maxsplit=1, flags=re.IGNORECASE)
    number, *last = re.split("[~∼]", number, maxsplit=1)
    digits = re.sub(r"\D", "", number.replace("(0)", ""))
    if not number.lstrip().startswith("+"):
        korean = re.match(r"01[016789]|070|0502", digits) or re.match(r"02\d{7}$", digits)
        digits = ("82" if korean else "63") + digits[1:] if digits.startswith("0") else digits
    normalized = ("+" if len(digits) > 9 and digits[:2] in ("63", "82") else "") + digits
    for mark, part in (("~", last), ("x", extension)):
        if part and re.search(r"\d", part[0]):
            normalized += mark + re.sub(r"\D", "", part[0])
    return normalized
