"""Telephone numbers in the shapes in which people write them, and the country of each."""

from corpus.extraction.contacts import find_contacts
from corpus.extraction.telephone import country_of, find_numbers
from corpus.raw.normalization import normalize, standardize_labels

import pytest
from hypothesis import given
from hypothesis import strategies as st


def numbers_in(line: str) -> list[str]:
    text = standardize_labels(normalize(line))
    return [text[start:end] for start, end in find_numbers(text)]


def normalized(line: str, title: str = "") -> list[str]:
    return [contact.normalized for contact in find_contacts(standardize_labels(normalize(line)), title)]


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("전화 0917-000-1234/0918-000-5678", ["0917-000-1234", "0918-000-5678"]),
        ("02‑0000‑1234 로 전화하세요", ["02‑0000‑1234"]),
        ("전화: 02−0000−1234", ["02−0000−1234"]),
        ("０２－００００－１２３４", ["０２－００００－１２３４"]),
        ("전화 (02) 8-000-1234", ["(02) 8-000-1234"]),
        ("0082-2-0000-1234", ["0082-2-0000-1234"]),
        ("63-917-000-1234", ["63-917-000-1234"]),
        ("전화 02)0000-1234", ["02)0000-1234"]),
        ("전화 02 - 0000 - 1234", ["02 - 0000 - 1234"]),
        ("전화 8123-4567/68", ["8123-4567/68"]),
        ("1588 0000", ["1588 0000"]),
        ("전화 0 9 1 7 0 0 0 1 2 3 4", ["0 9 1 7 0 0 0 1 2 3 4"]),
        ("09170001234,09180001234", ["09170001234", "09180001234"]),
        ("1-800-1-000-1234", ["1-800-1-000-1234"]),
        ("햇살의 집 034-000-2727 원장 수녀님이 받으세요.", ["034-000-2727"]),
    ],
)
def test_every_shape_is_found_whole_and_as_written(line, numbers):
    assert numbers_in(line) == numbers


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("긴급전화 911, 117", ["911", "117"]),
        ("경찰 상담: 112", ["112"]),
        ("금융감독원 상담 1332", ["1332"]),
        ("화물공제조합 577-0000", ["577-0000"]),
        ("상담 112명, 신고 119건", []),
        ("112동 119호", []),
        ("전화 요금 120원", []),
        ("신고 1332만 원", []),
    ],
)
def test_a_short_number_counts_after_a_word_that_says_whom_to_call(line, numbers):
    assert numbers_in(line) == numbers


@pytest.mark.parametrize(
    "line",
    ["은행 계좌: 110-123-456789", "주민번호: 900101-1234567", "사업자등록번호: 123-45-67890", "통장 123456-01-234567"],
)
def test_numbers_of_accounts_and_people_are_none(line):
    assert numbers_in(line) == []


@pytest.mark.parametrize(
    ("line", "spelling"),
    [
        ("마닐라 대사관 02-0000-1234", "+63200001234"),
        ("서울 본사 02-0000-1234", "+82200001234"),
        ("상담실 02-0000-1234", "0200001234"),  # nothing says where it is
        ("인천시청 032-000-1234, 수수료 500원", "+82320001234"),
        ("세부 병원 032-000-1234", "+63320001234"),
        ("안심번호 가게 0507-0000-1234", "+8250700001234"),
        ("수신자 부담 080-000-1234", "+82800001234"),
        ("바기오 074-000-1234", "+63740001234"),
    ],
)
def test_the_country_of_a_number_is_told_by_its_prefix_or_its_text(line, spelling):
    assert normalized(line) == [spelling]


def test_the_nearest_context_tells_first():
    assert country_of("02-0000-1234", "서울 지점", "필리핀 마닐라 마카티") == "82"
    assert country_of("02-0000-1234", "지점", "필리핀 마닐라 마카티") == "63"
    assert country_of("02-0000-1234", "지점") == ""


@given(st.text(alphabet="0123456789-()+./~, 전화원명", max_size=60))
def test_numbers_lie_within_the_line(line):
    assert all(0 <= start < end <= len(line) for start, end in find_numbers(line))
