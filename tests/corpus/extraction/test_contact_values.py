"""Telephone numbers, addresses, sites and ids in a text, and what only looks like one."""

from corpus.extraction.contact_values import normalize_value
from corpus.extraction.contacts import find_contacts
from corpus.raw.normalization import normalize, standardize_labels

import pytest


def contacts_of(text: str, title: str = "") -> list[tuple[str, str, str]]:
    """(institution, label, value) of each contact in a text as people write it."""
    found = find_contacts(standardize_labels(normalize(text)), title)
    return [(contact.institution, contact.label, contact.value) for contact in found]


def values_of(text: str) -> list[tuple[str, str]]:
    return [(label, value) for _, label, value in contacts_of(text)]


# --- Telephone numbers ---


@pytest.mark.parametrize(
    "number",
    [
        "(02) 0000-1234",
        "(02)0000-1234",
        "(02) 000-1234",
        "02-0000-1234",
        "02 0000 1234",
        "02.0000.1234",
        "(032) 000-1234",
        "032-000-1234",
        "0900-000-1234",
        "0900 000 1234",
        "09000001234",
        "(0900) 000-1234",
        "+63 2 0000 1234",
        "+63-2-0000-1234",
        "+63 (2) 0000-1234",
        "+63 32 000 1234",
        "+63 900 000 1234",
        "+639000001234",
        "+63 (0)2 0000 1234",
        "1-800-10-000-1234",
        "02-000-1234",
        "031-000-1234",
        "010-0000-1234",
        "01000001234",
        "070-0000-1234",
        "+82-2-000-1234",
        "+82 10 0000 1234",
        "+82-10-0000-1234",
        "1500-0012",
        "1688-0012",
        "1800-0012",
        "02-000-1234~6",
        "(02) 0000-1234~38",
        "02-000-1234 내선 12",
        "02-000-1234 (내선 12)",
        "(02) 0000-1234 ext. 12",
        "(02) 0000-1234 loc. 305",
        "(02) 0000-1234 local 305",
    ],
)
@pytest.mark.parametrize(
    "line", ["할림바와 병원 {}", "할림바와 병원 ☎ {}", "할림바와 병원 전화: {}", "- 할림바와 병원: {}"]
)
def test_a_telephone_number_in_any_usual_shape_is_found_whole(number, line):
    assert contacts_of(line.format(number)) == [("할림바와 병원", "TEL", number)]


def test_a_local_number_is_one_only_where_something_says_so():
    assert values_of("당직실 TEL: 0000-1234") == [("TEL", "0000-1234")]
    assert values_of("당직실 ☎ 000-1234") == [("TEL", "000-1234")]
    assert values_of("신청 번호 0000-1234 번으로 접수했습니다.") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "사이버 범죄과는 (02) 0000-1234로 전화하면 받습니다.",
        "사이버 범죄과는 (02) 0000-1234번입니다.",
        "사이버 범죄과(02-0000-1234)에 신고하세요.",
        "사이버 범죄과 번호는 02-0000-1234.",
        "사이버 범죄과, 02-0000-1234, 아침 여덟 시부터 받습니다.",
    ],
)
def test_a_number_inside_a_sentence_is_found(sentence):
    ((label, value),) = values_of(sentence)
    assert label == "TEL" and value.strip("()").replace(") ", "-") == "02-0000-1234"


@pytest.mark.parametrize(
    "sentence",
    [
        "보증금은 20,000페소, 월세는 0900 000 1234 페소가 아니라 15,000페소입니다.",
        "1500-2000페소면 삽니다.",
        "등록금은 150000 원입니다.",
        "2024-03-15에 신청하고 2024.04.20에 받았습니다.",
        "2024 000 1234",
        "여권번호 M00000000을 적으세요.",
        "여권 번호 0900-000-1234 를 적으세요.",
        "여권 0100001234",
        "계좌 000-000000-00-000으로 보냈습니다.",
        "계좌번호: 000-0000-0000",
        "할림바와 은행 계좌 0000-00-0000000",
        "차 번호판은 ABC 1234이고 NAB 0123도 있었습니다.",
        "예약 번호 02-000-1234-5678을 보여 주세요.",
        "운송장 번호 0900-000-1234 를 적으세요.",
        "평일 08:00-17:00, 토요일 09:00~12:00에 엽니다.",
        "체류 기간은 30-59일, 최대 36개월입니다.",
        "우편번호 1634, 12층 1203호입니다.",
        "ACR 카드 번호는 A000000000입니다.",
        "₱0900 000 1234",
        "http://embahada.example/0900-000-1234.html",
    ],
)
def test_prices_dates_accounts_and_the_like_are_no_telephone_numbers(sentence):
    assert [value for label, value in values_of(sentence) if label == "TEL"] == []


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("보험사 사고 접수: 1500-0012", "보험사 사고 접수"),
        ("할림바와 병원 진료 예약 ☎ 1500-0012", "할림바와 병원 진료"),
        ("여권과 전화: 1500-0012", "여권과"),
        ("계좌 개설 상담 TEL 1500-0012", "계좌 개설 상담"),
    ],
)
def test_an_office_for_passports_bookings_or_accounts_has_a_telephone_too(line, owner):
    assert contacts_of(line) == [(owner, "TEL", "1500-0012")]


# --- Sites, addresses and ids ---


@pytest.mark.parametrize(
    ("line", "label", "value"),
    [
        ("카톡: simhelp_01", "KAKAO", "simhelp_01"),
        ("카카오톡 아이디 : simhelp", "KAKAO", "simhelp"),
        ("Kakao ID simhelp_01", "KAKAO", "simhelp_01"),
        ("카톡 ID: halim.kr", "KAKAO", "halim.kr"),
        ("카톡: 마닐라도우미", "KAKAO", "마닐라도우미"),
        ("이메일: tulong@bangko.example", "EMAIL", "tulong@bangko.example"),
        ("서류는 tulong.kr@mail.bangko.example로 보내세요.", "EMAIL", "tulong.kr@mail.bangko.example"),
        ("홈페이지: www.embahada.example", "WEB", "www.embahada.example"),
        ("https://embahada.example/visa?kind=9a&lang=ko", "WEB", "https://embahada.example/visa?kind=9a&lang=ko"),
        ("신청서는 www.embahada.example에서 받으세요.", "WEB", "www.embahada.example"),
        ("신청서는 https://embahada.example/visa에 있습니다.", "WEB", "https://embahada.example/visa"),
        ("신청서는 embahada.example/visa 참고", "WEB", "embahada.example/visa"),
        ("예약(www.embahada.example)이 먼저입니다.", "WEB", "www.embahada.example"),
        ("예약은 www.embahada.example.", "WEB", "www.embahada.example"),
        ("주소: 12 Halimbawa Street, Taguig", "ADDR", "12 Halimbawa Street, Taguig"),
        ("📍 마닐라 타기그시 할림바와 거리 12번지 3층", "ADDR", "마닐라 타기그시 할림바와 거리 12번지 3층"),
    ],
)
def test_the_other_kinds_of_contact_are_found_without_what_follows_them(line, label, value):
    assert values_of(line) == [(label, value)]


def test_a_name_within_a_web_address_is_no_id():
    line = "신청은 http://example.com/view.do?gesipan_id=33&menu_id=mma 에서 합니다."
    assert values_of(line) == [("WEB", "http://example.com/view.do?gesipan_id=33&menu_id=mma")]


def test_a_mark_that_shows_where_a_line_was_cut_is_no_part_of_a_contact():
    assert values_of("신청서는 www.embahada.example…") == [("WEB", "www.embahada.example")]
    assert values_of("주소: 마닐라 시청 맞은편…") == [("ADDR", "마닐라 시청 맞은편")]


def test_the_number_after_a_street_belongs_to_its_address():
    assert values_of("주소: 마카티 Ayala Ave. 12, 2층") == [("ADDR", "마카티 Ayala Ave. 12, 2층")]


def test_an_email_address_is_no_web_address():
    assert values_of("문의 tulong@embahada.example") == [("EMAIL", "tulong@embahada.example")]


@pytest.mark.parametrize("separator", [" / ", ", ", " | ", " "])
def test_several_contacts_on_one_line_are_all_found_in_their_order(separator):
    parts = [
        "영사과 ☎ 02-000-1234",
        "카톡: manila_01",
        "홈페이지: www.embahada.example",
        "이메일: tulong@embahada.example",
    ]
    assert contacts_of(separator.join(parts)) == [
        ("영사과", "TEL", "02-000-1234"),
        ("영사과", "KAKAO", "manila_01"),
        ("영사과", "WEB", "www.embahada.example"),
        ("영사과", "EMAIL", "tulong@embahada.example"),
    ]


def test_an_address_ends_where_the_next_contact_begins():
    line = "영사과 주소: 12 Halimbawa Street, Taguig / 전화: (02) 0000-1234 / 홈페이지: www.embahada.example"
    assert values_of(line) == [
        ("ADDR", "12 Halimbawa Street, Taguig"),
        ("TEL", "(02) 0000-1234"),
        ("WEB", "www.embahada.example"),
    ]


def test_two_numbers_of_one_line_are_two_contacts():
    assert contacts_of("이민국 (02) 0000-1234, 0900-000-1234") == [
        ("이민국", "TEL", "(02) 0000-1234"),
        ("이민국", "TEL", "0900-000-1234"),
    ]


# --- Spellings of one value ---


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "(02) 0000-1234",
            "02-0000-1234",
            "02 0000 1234",
            "+63 2 0000 1234",
            "+63 (2) 0000-1234",
            "+63 (0)2 0000 1234",
        ],
        ["0900-000-1234", "0900 000 1234", "09000001234", "+63 900 000 1234", "+639000001234", "+63-900-000-1234"],
        ["032-000-1234", "(032) 000-1234", "+63 32 000 1234"],
        ["010-0000-1234", "01000001234", "+82 10 0000 1234", "+82-10-0000-1234", "+82-(0)10-0000-1234"],
        ["02-000-1234", "02 000 1234", "+82-2-000-1234"],
        ["1500-0012", "1500 0012"],
        ["02-000-1234~6", "02-000-1234 ~ 6"],
        ["02-000-1234 내선 12", "02-000-1234 (내선 12)", "02-000-1234 ext. 12"],
    ],
    ids=lambda spellings: spellings[0],
)
def test_spellings_of_one_number_are_equal_when_normalised(spellings):
    assert len({normalize_value("TEL", spelling) for spelling in spellings}) == 1


def test_different_numbers_stay_different():
    numbers = [
        "02-0000-1234",
        "02-000-1234",
        "032-000-1234",
        "0900-000-1234",
        "02-000-1235",
        "02-000-1234~6",
        "02-000-1234 내선 6",
    ]
    assert len({normalize_value("TEL", number) for number in numbers}) == len(numbers)


@pytest.mark.parametrize(
    ("label", "spellings"),
    [
        (
            "WEB",
            ["https://www.embahada.example/", "http://embahada.example", "www.embahada.example", "Embahada.example"],
        ),
        ("EMAIL", ["Tulong@Bangko.example", "tulong@bangko.example"]),
        ("ADDR", ["12 Halimbawa  Street", "12 HALIMBAWA Street"]),
    ],
)
def test_spellings_of_one_address_are_equal_when_normalised(label, spellings):
    assert len({normalize_value(label, spelling) for spelling in spellings}) == 1
