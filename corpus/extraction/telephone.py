"""Telephone numbers of the Philippines and Korea in a line: their shapes, and one spelling of equal ones."""

import re
from collections.abc import Iterator
from functools import lru_cache

# People type dashes and digits of many kinds; each is replaced by one character, so that positions stay the same.
PLAIN = str.maketrans("‐‑‒–—―−﹣－０１２３４５６７８９（）＋．／", "---------0123456789()+./")
MAY_HOLD_NUMBER = re.compile(r"\d(?:\D{0,3}\d){2}")

GAP = r"(?: ?[\-.] ?| )"
LAST = rf"(?:\d{GAP})?\d{{3,4}}{GAP}?\d{{4}}"  # 000-1234, 0000-1234, 8-000-1234
FULL_NUMBER = (
    rf"\+ ?\d{{1,3}}{GAP}?(?:\(0\))?\(?\d{{1,3}}\)?{GAP}?{LAST}"  # +63 2 8000 1234, +82-10-0000-1234
    rf"|\+ ?\d{{1,3}}{GAP}?\(0\)\d{{1,2}}{GAP}?{LAST}"  # +82 (0)2-000-1234
    rf"|(?:00)?(?:63|82){GAP}\(?0?\d{{1,3}}\)?{GAP}{LAST}"  # 0082-2-0000-1234, 63-917-000-1234
    rf"|\(0\d{{1,3}}\){GAP}?{LAST}"  # (02) 8000-1234
    rf"|0\d{{1,2}}\){GAP}?{LAST}"  # 02)0000-1234
    rf"|0\d{{1,3}}{GAP}{LAST}"  # 032-000-1234, 0917 000 1234
    r"|0(?:9\d{9}|[17]0\d{8}|50\d{8,9}|\d{8,9})"  # 09170001234
    r"|0(?: \d){8,10}"  # 0 9 1 7 0 0 0 1 2 3 4
    rf"|1{GAP}?800{GAP}\d{{1,4}}{GAP}\d{{3,4}}(?:{GAP}\d{{3,4}})?"  # 1-800-10-000-1234
    r"|1[568]\d\d[\-. ]\d{4}"  # 1588-0000
)
LOCAL_NUMBER = rf"\d{{3,4}}{GAP}\d{{4}}"  # 8000-1234: a telephone number only if the line says so
RANGE = r"(?:\s?[~∼]\s?\d{1,4}(?!\d)|/\d{1,2}(?![\d/]))?"
EXTENSION_WORDS = r"(?:내선|교환|ext\.?|loc\.?|local)(?:\s?번호)?\s?[:.]?\s?\d{1,5}(?:[~∼]\d{1,5})?번?"
DEPARTMENT = r"(?:[가-힣]{1,8}\s)?"
EXTENSION = rf"(?:\s?\(\s?{DEPARTMENT}{EXTENSION_WORDS}\s?\)|,\s?{DEPARTMENT}{EXTENSION_WORDS}|\s?{EXTENSION_WORDS})?"
NOT_WITHIN = r"(?<![\w.\-₱$#+])(?<![^\d\s]/)"
UNIT = r"페소|원(?!장|무|내|격|어|래)|불(?!편|만|법)|달러|만\s?(?:원|페소|달러|명)|천\s?원|년|PHP|php"
NOT_BEFORE = rf"(?![\d\w]*\d|-\d|\s?(?:{UNIT}))"
PHONE_NUMBER = re.compile(rf"{NOT_WITHIN}(?:{FULL_NUMBER}){RANGE}{EXTENSION}{NOT_BEFORE}", re.IGNORECASE)
LABELLED_NUMBER = re.compile(
    rf"{NOT_WITHIN}(?:{FULL_NUMBER}|{LOCAL_NUMBER}){RANGE}{EXTENSION}{NOT_BEFORE}", re.IGNORECASE
)
NEXT_NUMBER = re.compile(rf"(?:{FULL_NUMBER})\s?[/,·]\s?{LOCAL_NUMBER}(?!\d)")  # 02-0000-3672 / 0000-3673
# Before a short number these words say that it is one to call: "경찰 상담: 112", "공제조합 577-0000".
CALLED = (
    r"(?:조합|공제|경찰|경찰청|경찰서|소방|소방서|해경|구조대|구급|금융감독원|감독원|소비자원|공단|공사|은행|병원|센터|상담소|상담실|사무소|사무실|지구대|본부|협회|보건소"
    r"|대사관|영사관|위원회|상담|신고|전화|콜|핫라인|긴급|응급|고객센터|콜센터|국번\s?없이|☎|TEL:|hotline|police)"
)
HOTLINE = r"(?:1[0-4]\d|163|182|188|911|8888|13\d\d)"
NOT_COUNTED = (
    r"(?![\d\w.]*\d|[-~]\d|,\d|\s?(?:명|원|만|천|억|페소|달러|불|개|번지|호|층|일|년|월|시|분|건|%|㎞|km|kg|m\b|동|회|세|대\b"
    r"|가지|쪽|조|위|점|차|통|곳|곡|편|매|평|리|전|후|이상|이하|여\s?명))"
)
CALLED_NUMBER = re.compile(
    rf"(?:{CALLED}\s?(?:번호)?\s?[:：(]?\s?)({HOTLINE}(?:\s?[,/·]\s?{HOTLINE})*|[1-9]\d{{2,3}}-\d{{4}}){NOT_COUNTED}",
    re.IGNORECASE,
)
# Before digits that look like a telephone number and are another number.
OTHER_NUMBER_BEFORE = re.compile(
    r"(?:계좌(?:\s?번호)?|통장|예금주|여권"
    r"|(?:여권|예약|접수|송장|운송장|주문|회원|등록|주민|주민등록|사업자|사업자등록|법인|카드|면허|차량|학생|고유)\s?번호"
    r"|account(?:\s?no\.?)?|passport\s?no\.?)\s?[:：(]?\s*$",
    re.IGNORECASE,
)
DATE_SHAPE = re.compile(r"^(?:19|20)\d\d[ \-.]")

# Words that say in which country a number is called.
PHILIPPINES = re.compile(
    r"필리핀|마닐라|세부|막탄|마카티|타기그|BGC|파사이|퀘존|케손|파라냐케|알라방|올티가스|앙헬레스|클락|수빅|바기오|다바오|일로일로|보라카이|보홀|팔라완|카비테|바탕가스|바콜로드|두마게티"
    r"|페소|PHP|이민국|바랑가이|그랩|말라테|에르미타"
    r"|Manila|Makati|Cebu|Taguig|Pasig|Quezon|Baguio|Davao|Philippine|Barangay|\+ ?63|\b09\d\d[-. ]?\d{3}"
)
KOREA = re.compile(
    r"한국(?!인|대사관|학교|어|분|사람|식당|영사|말|계)|국내|서울|부산|대구시|인천|대전|울산|수원|경기도|강원|충청|전라도|경상|제주|[가-힣]구청|도청|군청|주민센터|행정복지|동사무소|국번"
    r"|\d원|만 ?원|천 ?원|\b010[-. ]?\d{4}|\+ ?82|공단|정부24|홈택스|1[568]\d\d-\d{4}|주민등록|국세청|질병관리청|외교부"
)
ONLY_KOREAN = re.compile(r"01[016789]|070|050\d|080|031|041|051|061|1[568]\d\d")
ONLY_PHILIPPINE = re.compile(r"09\d|03[4568]|04[5-9]|056|065|068|07[2-8]|08[2-8]")


def find_numbers(line: str) -> Iterator[tuple[int, int]]:
    """The start and the end of each telephone number in a line whose labels are standardised."""
    if not MAY_HOLD_NUMBER.search(line):
        return
    line = line.translate(PLAIN)
    spans: list[tuple[int, int]] = []
    allows_local = "TEL: " in line or "☎" in line or NEXT_NUMBER.search(line)
    for match in (LABELLED_NUMBER if allows_local else PHONE_NUMBER).finditer(line):
        if not DATE_SHAPE.match(match[0]) and not OTHER_NUMBER_BEFORE.search(
            line[max(0, match.start() - 20) : match.start()]
        ):
            spans.append(match.span())
    yield from spans
    for match in CALLED_NUMBER.finditer(line):
        if any(start <= match.start(1) < end for start, end in spans):
            continue
        for number in re.finditer(r"[\d-]+", match[1]):
            yield match.start(1) + number.start(), match.start(1) + number.end()


def country_of(value: str, *contexts: str) -> str:
    """The country code of a number, "63" or "82", from its prefix or else from the first context that tells; or ""."""
    digits = _digits(value)
    if value.translate(PLAIN).lstrip().startswith("+") or digits[:2] == "00":
        return digits.removeprefix("00")[:2]
    if ONLY_KOREAN.match(digits):
        return "82"
    if ONLY_PHILIPPINE.match(digits):
        return "63"
    for context in contexts:
        if weight := _weigh(context):
            return "63" if weight > 0 else "82"
    return ""


@lru_cache(maxsize=64)  # the contacts of a text share their contexts
def _weigh(context: str) -> int:
    """How many words of the Philippines a context has more than words of Korea."""
    return len(PHILIPPINES.findall(context)) - len(KOREA.findall(context))


def normalize_number(value: str, country: str = "63") -> str:
    """Digits with a country code; without one, if `country` is "". A range and an extension are kept.

    The prefix of a number may tell its country, whatever `country` says.
    """
    value = value.translate(PLAIN)
    number, *extension = re.split(r"내선|교환|ext|loc", value, maxsplit=1, flags=re.IGNORECASE)
    number, *last = re.split(r"[~∼]|(?<=\d{4})/", number, maxsplit=1)
    digits = _digits(number.replace("(0)", ""))
    if digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        is_korean = ONLY_KOREAN.match(digits) and not digits.startswith(("031", "041", "051", "061"))
        country = "82" if is_korean else country
        digits = country + digits[1:] if country else digits
    normalized = ("+" if len(digits) > 9 and digits[:2] in ("63", "82") else "") + digits
    for mark, rest in (("~", last), ("x", extension)):
        if rest and re.search(r"\d", rest[0]):
            normalized += mark + _digits(rest[0])
    return normalized


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
