"""Contacts as a model may invent them: every spelling of digits, separators, labels, sites, accounts and addresses."""

import random
import re
from dataclasses import dataclass

SEPARATORS = ["-", "/", "·", ",", ":", "~", "_", "—", "\u2011", "*", "=", "|", " / ", ", ", " - ", ". ", "…", "’", ""]
NUMBERS = ["0917-{}-{}", "02-{}-{}", "032-{}-{}", "010-{}-{}", "+63-917-{}-{}", "8{}-{}", "1588-{}{}"]
FULL_WIDTH = dict(zip("0123456789", "０１２３４５６７８９", strict=True))
CIRCLED = dict(zip("0123456789", "⓪①②③④⑤⑥⑦⑧⑨", strict=True))
SPELLED = dict(zip("0123456789", "공일이삼사오육칠팔구", strict=True))
PLAIN = {other: digit for digits in (FULL_WIDTH, CIRCLED, SPELLED) for digit, other in digits.items()}
CALLING = ["전화 ", "전화번호는 ", "상담은 ", "문의: ", "신고 ", "콜센터 ", "핫라인(", "국번 없이 ", "TEL: "]
ENDINGS = ["com", "net", "co.kr", "com.ph", "shop", "xyz", "site", "online", "dev", "link", "ai", "travel", "church"]
SHORT_SITES = ["bit.ly", "t.me", "naver.me", "wa.me", "vo.la", "han.gl", "me2.do", "youtu.be"]
MESSENGERS = [
    "카톡",
    "카카오톡",
    "카카오",
    "KAKAO",
    "KakaoTalk",
    "텔레그램",
    "라인",
    "인스타",
    "왓츠앱",
    "Telegram",
    "Viber",
]
OF_ACCOUNT = ["", " 아이디", " ID", " 상담", "은", " 아이디는", "으로"]
TOWNS = ["역삼동", "말라테동", "한남동", "남구리", "신천면", "할림바읍"]
STREETS = ["테헤란로", "할림바와로", "강남대로", "올림픽길", "마비니로"]
LATIN_STREETS = ["mabini street", "Roxas Blvd", "del pilar st.", "F. Ramos Street", "quirino avenue", "gil puyat ave"]


@dataclass(frozen=True)
class Invented:
    """A line with an invented contact, and what must not stand in an answer, spelled as `squeeze` spells it."""

    line: str
    core: str
    is_number: bool = False


def squeeze(text: str, is_number: bool) -> str:
    """The text in small letters, without spaces; digits of a number in one spelling, whatever stands between them."""
    text = re.sub(r"\s", "", text.lower())
    if is_number:
        text = "".join(PLAIN.get(letter, letter) for letter in text)
        text = re.sub(r"(?<=\d)[\W_]{1,3}(?=\d)", "", text)
    return text


def invent(chance: random.Random) -> Invented:
    """One invented contact, of any kind."""
    kind = chance.choice(
        [invent_number, invent_number, invent_short_number, invent_site, invent_account, invent_address]
    )
    before = chance.choice(["문의는 ", "- ", "먼저 대사관에 물어보세요 ", ""])
    line, core = kind(chance)
    is_number = kind is invent_number
    line = before + line + chance.choice([" 로 하세요", ".", "", "입니다"])
    return Invented(line, squeeze(core, is_number), is_number)


def invent_number(chance: random.Random) -> tuple[str, str]:
    number = chance.choice(NUMBERS).format(chance.randint(200, 999), chance.randint(1000, 9999))
    digits = re.sub(r"\D", "", number)
    number = number.replace("-", chance.choice(SEPARATORS))
    kind = chance.choice([{}, {}, {}, FULL_WIDTH, CIRCLED, SPELLED])
    return "".join(kind.get(letter, letter) for letter in number), digits


def invent_short_number(chance: random.Random) -> tuple[str, str]:
    before, number = (
        chance.choice(CALLING),
        str(chance.choice([chance.randint(113, 199), chance.randint(1300, 1399), 8888])),
    )
    return before + number, before + number


def invent_site(chance: random.Random) -> tuple[str, str]:
    name = f"{chance.choice(['visa', 'manila', 'help', 'phil-life'])}{chance.randint(10, 99)}"
    site = chance.choice([f"{name}.{chance.choice(ENDINGS)}", f"{chance.choice(SHORT_SITES)}/{name}"])
    return chance.choice(["", "", "http://", "https://www.", "홈페이지 "]) + site, site


def invent_account(chance: random.Random) -> tuple[str, str]:
    account = f"{chance.choice(['kim', 'manila', 'visa_help', 'cebu.life'])}{chance.randint(10, 99)}"
    label = chance.choice(MESSENGERS) + chance.choice(OF_ACCOUNT)
    line = chance.choice(
        [f"{label}:{account}", f"{label}: {account}", f"{label} @{account}", f"{label} {account}", f"@{account}"]
    )
    return line, account


def invent_address(chance: random.Random) -> tuple[str, str]:
    number, second = chance.randint(10, 999), chance.randint(1, 99)
    address = chance.choice(
        [
            f"{chance.choice(TOWNS)} {number}-{second}",
            f"{chance.choice(STREETS)} {number}",
            f"{chance.choice(STREETS)} {number}-{second}",
            f"{number} {chance.choice(LATIN_STREETS)}",
        ]
    )
    return address, address
