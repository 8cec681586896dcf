"""The office whose number a contact is, where the words before the number only say which of its numbers it is.

"북부출장소 연락처" above "야간: 0900-000-3907" makes 북부출장소 the owner and 야간 a note.
"""

import re
from collections.abc import Sequence

from corpus.extraction.contact_values import CONTACT_LABEL, FoundValue
from corpus.extraction.institutions import (
    INSTITUTION_ENDINGS,
    NO_NAME_ALONE,
    SENTENCE_SIGN,
    clean_name,
    find_institutions,
    find_names,
)
from corpus.extraction.marks import mark_of, strip_mark
from corpus.raw.layout import BULLET

LONGEST_ROLE = 20  # characters
LINES_BELOW_OFFICE = 12  # with text, between a contact and the heading that names its office
# Words that say which of the numbers of an office this is.
ROLE = (
    r"공식|대표|야간|주간|심야|휴일|공휴일|평일|주말|근무|업무|시간|외|내|긴급|응급|비상|당직|사건|사고|사건사고|사건·사고|영사콜|콜|핫라인|24|365|국내|해외|외국|한국|현지|에서"
    r"|민원|민원실|교무실|행정실|상담|상담실|예약|예약실|문의|신청|접수|신고|안내|데스크|프런트|로비|lobby|front|desk|office|팩스|fax|직통|휴대폰|핸드폰|모바일|mobile|일반|전용|통역|번호|전화|연락처|담당|담당자"
    r"|카톡|카카오톡|바이버|viber|whatsapp|와츠앱|왓츠앱|문자|sms|본사|지점|1층|2층|globe|smart|글로브|스마트|숙소|매장|주차|배달|정전|누수|고장|분실|여권|비자|일반전화|인터넷전화"
)
ONLY_ROLE = re.compile(
    rf"^(?:(?:{ROLE})(?:용|시|및|과|와|의|또는|중)?[\s&+/·,.()~\-:]*(?:및\s|또는\s)?)+$", re.IGNORECASE
)
# Rooms and desks that every office has: alone, they name nobody.
PART_OF_OFFICE = re.compile(
    r"^(?:민원실|교무실|행정실|상담실|관리실|사무실|사무국|접수처|창구|안내소|당직실|상황실|원무과|콜센터|고객센터|센터|본부|지점|본점|응급실|예약실|고객부)$"
)
# Words of a label that say what a number of an office is for: "주차 단속", "소음·먼지".
NEEDS_OFFICE = re.compile(
    r"단속|접수|고장|당직|신청|등록|상담|민원|담당|교통|쓰레기|소음|수당|연금|보육|위생|간호사|billing|관리비|수리|총괄|허가|복지|재난|환경"
)
# Words behind the name of an office in a heading or a title.
BEHIND_OFFICE = re.compile(
    r"\s*(?:의\s)?(?:(?:비상|긴급|주요|각종|대표|공식)?\s?(?:연락처|연락망|전화번호|전화|번호|이용|운영|업무|위치|오시는\s?길|안내|공지|알림|정보|목록|모음|명단|현황|소개|문의|및|와|과))+\s*(?:\(.*\))?$"
)
ENDS_AS_OFFICE = re.compile(rf"(?:{INSTITUTION_ENDINGS}|[가-힣]{{2,6}}(?:과|국|청|처|팀))(?:\([^()]*\))?$")

LIST_TITLE = re.compile(r"(?:명단|목록|모음|리스트|연락처)$")
LONGEST_NAME_ON_CARD = 20  # characters
LINES_OF_GREETING = 5  # at the beginning of a text
GREETING = re.compile(
    r"\W*안녕하(?:세요|십니까)[\s,.!?~^]*"
    rf"([가-힣A-Za-z][가-힣A-Za-z0-9&· ]{{0,18}}(?:{INSTITUTION_ENDINGS}|레지던스|아파트|게스트하우스|펜션|민박))"
    r"\s?(?:입니다|이에요|예요)"
)
ROOM = re.compile(r"[가-힣]실$")  # of an office: "예방접종실"

OFFICE_WITH_PARTS = re.compile(
    r"(?:[가-힣]{2,6}(?:과|팀|국|청|처)|대사관|영사관|분관|출장소|사무소|공단|공사|은행|의료원|병원|대학교|학교|센터|관리단)(?:\([^()]*\))?$"
)


def find_office(
    lines: Sequence[str], found: Sequence[Sequence[FoundValue]], line: int, index: int, title: str, owner: str
) -> tuple[str, str]:
    """The owner of the value `found[line][index]` and a note, "" for none; `owner` is the name chosen by its position.

    An owner that is the name of somebody stays.
    """
    label = _label(lines[line], found[line], index)
    note = _note(label, lines[line][found[line][index].end :])
    if LIST_TITLE.search(title) and (name := _name_on_card(lines, found, line, owner)):
        return name, note
    if owner == clean_name(label) and ROOM.search(label) and (office := _office_of_list(lines, found, line)):
        return office, label
    if owner and owner != title and not ONLY_ROLE.match(owner) and not PART_OF_OFFICE.match(owner):
        if owner != clean_name(label) or not NEEDS_OFFICE.search(label) or find_names(label):
            return owner, "" if note in owner else note
        office = _heading_right_above(lines, found, line, title)
        return (office, owner) if office else (owner, "")
    if len(owner) < len(label) <= LONGEST_ROLE and label.endswith(f" {owner}") and not ONLY_ROLE.match(label):
        return label, ""  # "하얀이 치과", not "치과"
    if owner == title and not note:
        return owner, ""
    office = _office_above(lines, found, line) or _office_in(title) or _writer(lines)
    return (office, note if note not in office else "") if office else (owner, "")


def _label(line: str, found: Sequence[FoundValue], index: int) -> str:
    """The words directly before a value."""
    before = line[found[index - 1].end if index else 0 : found[index].start]
    before = strip_mark(CONTACT_LABEL.sub("", before))
    return re.split(r"[,/|]|\s-\s", before.rstrip(" :：-–(=·,/|"))[-1].strip()


def _note(label: str, after: str) -> str:
    """The role of a value: the words before it, or in brackets behind it."""
    behind = re.match(r"\s?\(([^()]{2,20})\)", after)
    for words in (label, behind[1] if behind else ""):
        if words and len(words) <= LONGEST_ROLE and (ONLY_ROLE.match(words) or PART_OF_OFFICE.match(words)):
            return "" if re.fullmatch(r"(?:전화|연락처|문의|번호|전화번호|문의처)\s?", words) else words.strip(" .&")
    return ""


def _heading_right_above(lines: Sequence[str], found: Sequence[Sequence[FoundValue]], line: int, title: str) -> str:
    """The office named by the heading above the contacts of this line; "" if that is the title, or names no office."""
    for number in range(line - 1, max(-1, line - LINES_BELOW_OFFICE), -1):
        if not lines[number].strip():
            return ""
        if not found[number]:
            heading = clean_name(strip_mark(lines[number]))
            is_office = OFFICE_WITH_PARTS.search(heading) and heading not in title
            return heading if is_office and _office_in(heading) else ""
    return ""


def _name_on_card(lines: Sequence[str], found: Sequence[Sequence[FoundValue]], line: int, owner: str) -> str:
    """The name that begins the paragraph of a contact, if it does not hold `owner`: "김하늘 통역사"; "" for none."""
    first = line
    while first > max(0, line - LINES_BELOW_OFFICE) and lines[first - 1].strip():
        first -= 1
    name = clean_name(strip_mark(lines[first]))
    is_name = 2 <= len(name) <= LONGEST_NAME_ON_CARD and not SENTENCE_SIGN.search(name) and not re.search(r"\d", name)
    begins = first > 0 and not lines[first - 1].strip()
    if found[first] or not begins or not is_name or ONLY_ROLE.match(name) or PART_OF_OFFICE.match(name):
        return ""
    return "" if owner and any(owner in each for each in lines[first : line + 1]) else name


def _office_above(lines: Sequence[str], found: Sequence[Sequence[FoundValue]], line: int) -> str:
    """The office that the nearest heading above a line names; "" for none."""
    left = LINES_BELOW_OFFICE
    for number in range(line - 1, -1, -1):
        if not lines[number].strip():
            continue
        left -= 1
        if left == 0:
            return ""
        if not found[number] and (office := _bare_office(lines[number]) or _office_in(lines[number])):
            return office
    return ""


def _office_of_list(lines: Sequence[str], found: Sequence[Sequence[FoundValue]], line: int) -> str:
    """The office above a list item whose own number is on that line: "본소 051-000-4000" above "- 예방접종실 …"."""
    mark = mark_of(lines[line])
    for number in range(line - 1, max(-1, line - LINES_BELOW_OFFICE) if mark else line, -1):
        if mark_of(lines[number]) != mark:
            return clean_name(_label(lines[number], found[number], 0)) if found[number] else ""
    return ""


def _bare_office(heading: str) -> str:
    """The mission that a heading consists of, also where its kind is all of its name: "■ 대사관"; "" for none."""
    name = clean_name(strip_mark(heading))
    return name if re.fullmatch("(?:대사관|총?영사관|분관|출장소)", name) else ""


def _writer(lines: Sequence[str]) -> str:
    """The office that greets the reader by its name: "안녕하세요. 하늘 레지던스입니다."; "" for none."""
    for line in lines[:LINES_OF_GREETING]:
        if greeting := GREETING.match(line):
            name = clean_name(greeting[1])
            return "" if SENTENCE_SIGN.search(name) else name
    return ""


def _office_in(heading: str) -> str:
    """The name of an office that a heading or a title consists of, or else an institution in it; "" for none."""
    text = strip_mark(heading)
    bare = clean_name(BEHIND_OFFICE.sub("", clean_name(BULLET.sub("", text))))
    if len(text) > 40 or SENTENCE_SIGN.search(bare) or re.search(r"\d{3}|:\s*\S", text):
        return ""
    if (
        2 <= len(bare) <= 20
        and ENDS_AS_OFFICE.search(bare)
        and not NO_NAME_ALONE.match(bare)
        and not ONLY_ROLE.match(bare)
    ):
        return bare
    names = [name for name in find_institutions(text) if not NO_NAME_ALONE.match(name) and not ONLY_ROLE.match(name)]
    return names[0] if names else ""
