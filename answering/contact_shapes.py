"""What looks like a site, an account, an e-mail address or a postal address, with a label or without."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.extraction.telephone import NOT_COUNTED, UNIT

# An address of a site needs no label: one with Latin letters may end in any word, others in one of these.
SITE_ENDING = "com|net|org|info|biz|kr|ph|io|me|ly|to|gg|tv|app|shop|xyz|site|online|store|한국|닷컴"
SITE_PATH = r"(?:[/?#:][^\s,)가-힣]*)?"
SITE = (
    rf"(?:https?://)?(?:(?=[\d.\-]*[a-z][a-z0-9\-]*\.)(?:[a-z0-9][a-z0-9\-]*\.)+[a-z]{{2,}}(?![a-z0-9\-])"
    rf"|(?:[a-z0-9가-힣][a-z0-9가-힣\-]*\.)+(?:{SITE_ENDING})(?![a-z0-9가-힣\-]))"
)
AT = r"\s?(?:@|\(at\)|\[at\]|골뱅이)\s?"
EMAIL_SHAPE = rf"[a-z0-9][\w.+\-]*{AT}[a-z0-9\-]+(?:\.[a-z0-9\-]+)+"
ANY_MESSENGER = (
    r"(?<![가-힣a-z])(?:카카오\s?톡|카카오|카톡|오픈\s?채팅|텔레그램|라인|왓츠앱|와츠앱|바이버|위챗|인스타그램|인스타|페이스북|페북|트위터|스카이프|시그널|디스코드|틱톡|메신저"
    r"|kakao\s?talk|kakao|telegram|line|whatsapp|viber|wechat|instagram|insta|facebook|skype|signal|discord|twitter|tiktok|messenger)"
)
OF_ACCOUNT = r"(?:\s?(?:상담|문의|채널|친구|추가|계정|주소))?"
TOPIC_PARTICLE = r"(?:은|는|이|가|으?로)?"
ID = r"@?[a-z0-9][a-z0-9_.\-]{2,}"
ACCOUNT = re.compile(
    rf"(?:{ANY_MESSENGER}{OF_ACCOUNT}(?:\s?(?:아이디|id))?{TOPIC_PARTICLE}\s?[:：=(\-]\s?|(?<![a-z])(?:아이디|id){TOPIC_PARTICLE}\s?[:：=(\-]?\s?)({ID})"
    # Without a mark between them, what follows must look like an id: with a digit or mark, or in small letters.
    rf"|{ANY_MESSENGER}{OF_ACCOUNT}{TOPIC_PARTICLE}\s?((?=[a-z_.\-]*[\d_]){ID}|(?-i:@?[a-z][a-z0-9_.\-]{{3,}}))"
    r"|(?<![\w.])(@[a-z0-9_.]{3,})",
    re.IGNORECASE,
)
STREET = r"(?:st|street|ave|avenue|road|rd|drive|dr|blvd|boulevard|lane|ln|highway|hwy|circle)"
LATIN_ADDRESS = rf"(?<![\w.])\d{{1,5}}[a-z]?(?:-\d+)?(?:st|nd|rd|th)?\s(?:[a-zñ][a-zñ.'\-]*\s){{1,4}}{STREET}(?![a-z])"
KOREAN_LOT = r"[가-힣]{1,10}(?:동|리|읍|면|가)\s?\d{1,4}(?:-\d{1,4}(?!\d)|번지)"
LATIN_SHAPE = re.compile(rf"(?:{EMAIL_SHAPE})|(?<![a-z0-9@._\-])(?:{SITE}){SITE_PATH}|{LATIN_ADDRESS}", re.IGNORECASE)
LOT_NUMBER = re.compile(KOREAN_LOT)
MAY_BE_LATIN = re.compile(r"[a-zA-Z@]|\.(?:한국|닷컴)")
MAY_BE_NUMBERED = re.compile(r"[가-힣]\s?\d")
OTHER_UNIT = (
    "여|개월|주|박|마리|장|권|병|잔|그릇|호선|학년|급|배|번(?!지|길)|단계|인|톤|리터|미터|킬로|km|kg|cm|mm|mg|㎡|ml"
)
# "테헤란로 152" is an address, but "버스로 30분" says how long: what follows the number tells them apart.
STREET_NUMBER = re.compile(
    rf"[가-힣]{{1,10}}(?:대로|(?<!으)로|길)(?:\s?\d{{1,3}}번?길)?\s?\d{{1,4}}(?:-\d{{1,4}})?{NOT_COUNTED}(?!\s?(?:{UNIT}|{OTHER_UNIT})|\s?[~∼]|\s?\d)"
)
MARKS_AFTER = ".,;:!?…)]}>'\"”’」』-/"


@dataclass(frozen=True, slots=True)
class Shape:
    """A place in a line that looks like a contact without being a telephone number."""

    start: int  # characters before it in the line
    text: str  # as written
    may_be_counted: bool = False  # whether a unit that follows would make it no contact


def find_shapes(line: str) -> Iterator[Shape]:
    """All that looks like a contact in a line of plain digits, telephone numbers aside."""
    if MAY_BE_LATIN.search(line):
        for match in LATIN_SHAPE.finditer(line):
            yield Shape(match.start(), match[0].rstrip(MARKS_AFTER))
        for match in ACCOUNT.finditer(line):
            group = match.lastindex or 0
            yield Shape(match.start(group), match[group].rstrip(MARKS_AFTER))
    if MAY_BE_NUMBERED.search(line):
        for match in LOT_NUMBER.finditer(line):
            yield Shape(match.start(), match[0])
        for match in STREET_NUMBER.finditer(line):
            yield Shape(match.start(), match[0], may_be_counted=True)


def spell_alike(shape: str) -> str:
    """One spelling for all shapes that mean the same.

    >>> spell_alike("https://www.Example.com/"), spell_alike("kim (at) example.com"), spell_alike("@Kim_01")
    ('example.com', 'kim@example.com', 'kim_01')
    """
    shape = re.sub(AT, "@", shape.lower())
    shape = re.sub(r"^https?://(www\.)?|^www\.|^@|/$", "", shape)
    return re.sub(r"\s", "", shape)
