"""Which contacts may be written: those that the sources hold, in any spelling, from their first letter to their last."""

import re

from answering.contact_shapes import find_shapes
from answering.number_shapes import FEWEST_DIGITS, digits_of, find_runs
from answering.verification import KnownContacts
from corpus.extraction.contact_values import find_values

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

NOTICE = """\
한국대사관 영사과
TEL: (02) 0000-1234
TEL: +63 917 000 5678 (내선 5)
ADDR: 12 Halimbawa Street, Taguig
WEB: www.embahada.example/visa
EMAIL: tulong@embahada.example
KAKAO: simhelp_01
회비는 계좌 000-0000-9876-01로 보내세요. 2026-03-15까지 1,500,000원입니다.
보험사 사고 접수: 1500-0012"""
KNOWN = KnownContacts(text=NOTICE)
SPELLINGS = [
    "(02) 0000-1234",
    "+63 917 000 5678 (내선 5)",
    "12 Halimbawa Street, Taguig",
    "www.embahada.example/visa",
    "tulong@embahada.example",
    "simhelp_01",
    "1500-0012",
    "000-0000-9876-01",
]
BEFORE = ["", "- ", "문의는 ", "대사관(", "먼저 대사관에 전화하세요. "]


@pytest.mark.parametrize("contact", SPELLINGS)
@pytest.mark.parametrize("before", BEFORE)
def test_a_contact_of_the_source_may_be_written_from_its_first_letter_to_its_last(before, contact):
    for end in range(len(contact) + 1):
        assert KNOWN.allow(before + contact[:end], finished=False), contact[:end]
    assert KNOWN.allow(before + contact)


@pytest.mark.parametrize("contact", SPELLINGS)
@pytest.mark.parametrize("after", ["로 문의하세요.", " 입니다", ", 평일 오전", ") 참고", "."])
def test_text_may_follow_a_contact_that_is_complete(contact, after):
    assert KNOWN.allow(f"문의는 {contact}{after}")
    assert KNOWN.allow(f"문의는 {contact}{after}", finished=False)


@pytest.mark.parametrize(
    "spelling",
    [
        "02-0000-1234",
        "020000-1234",
        "(02)0000-1234",
        "0200001234",
        "+63-917-000-5678 내선 5",
        "0917 000 5678 (ext. 5)",
        "https://www.embahada.example/visa",
        "embahada.example/visa/",
        "TULONG@embahada.example",
        "12  halimbawa street, taguig".upper().title(),
        "1500 0012",
        "000-0000-987601",
    ],
)
def test_a_known_contact_is_known_in_any_spelling(spelling):
    assert KNOWN.allow(f"문의: {' '.join(spelling.split())}")


@pytest.mark.parametrize(
    ("place", "known"), [("마닐라 대사관", ["+63 2 0000 1234"]), ("서울 본사", ["+82 2 0000 1234"]), ("상담실", [])]
)
def test_a_number_gets_a_country_code_only_where_the_source_tells_its_country(place, known):
    contacts = KnownContacts(text=f"{place} TEL: 02-0000-1234")
    spellings = ["+63 2 0000 1234", "+82 2 0000 1234"]
    assert [each for each in spellings if contacts.allow(f"문의 {each}")] == known
    assert contacts.allow("문의 02-0000-1234")


def test_a_number_with_a_country_code_may_be_written_without():
    known = KnownContacts(text="TEL: +63 2 0000 1234 / +82-10-0000-5678")
    assert known.allow("문의 02-0000-1234") and known.allow("문의 010-0000-5678")
    assert not known.allow("문의 +82 2 0000 1234") and not known.allow("문의 +63 10 0000 5678")


INVENTED = [
    "(02) 0000-1235",
    "02-1234-5678",
    "+63 917 000 5678 (내선 6)",
    "0918-000-5678",
    "1500-0013",
    "010-0000-1234",
    "14 Halimbawa Street, Taguig",
    "12 Halimbawa Street, Makati",
    "서울특별시 종로구 사직로 8",
    "www.embahada.example/visas",
    "www.embassy.example",
    "https://embahada.example/visa?x",
    "kim@embahada.example",
    "simhelp_02",
    "other_id7",
    "000-0000-9876-02",
    "1234567",
    "00 00 12 34 56",
    "20260315",
]


@pytest.mark.parametrize("contact", INVENTED)
@pytest.mark.parametrize("before", BEFORE)
def test_an_invented_contact_is_refused_before_it_is_whole(before, contact):
    assert not KNOWN.allow(before + contact)
    assert not all(KNOWN.allow(before + contact[:end], finished=False) for end in range(len(contact) + 1))


@pytest.mark.parametrize("contact", INVENTED)
def test_no_contact_at_all_is_known_where_the_sources_hold_none(contact):
    assert not KnownContacts().allow(f"문의는 {contact}")


def test_digits_that_stand_apart_in_an_address_make_no_number():
    known = KnownContacts(text="ADDR: 1208 Halimbawa St., 345 Makati 67890")
    assert known.allow("- 1208 Halimbawa St., 345 Makati 67890")
    assert not known.allow("TEL: 120834567890") and not known.allow("문의 1208-345-67890")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-15까지 신청하세요.",
        "2026.3.15 접수",
        "2026. 12. 5 마감",
        "1999-01까지",
        "보증금 1,500,000원",
        "2만 5천 페소, 30,000페소",
        "100000원",
        "90일 동안 12시 30분부터 3호선 1번 출구",
        "2026.3.15~2026.4.20 09:00~18:00, 26.03.15~26.04.20",
        "2024~2025년에 12,500,000원이나 500~800페소",
        "제2026-15호",
    ],
)
def test_dates_times_and_amounts_are_no_contacts(text):
    for end in range(len(text) + 1):
        assert KnownContacts().allow(text[:end], finished=False)
    assert KnownContacts().allow(text)


def test_the_beginning_of_a_contact_is_none_when_the_line_ends_there():
    assert not KNOWN.allow("문의는 (02) 0000-123")
    assert not KNOWN.allow("- 12 Halimbawa Street")
    assert not KNOWN.allow("www.embahada")


def test_a_beginning_must_be_gone_on_with_in_one_of_the_ways_of_the_source():
    assert KNOWN.complete("문의는 (02) 0000-1") == ["234"]
    assert KNOWN.complete("WEB www.emb") == ["ahada.example/visa"]
    assert KNOWN.complete("- 12 Halimbawa Street,") == [" Taguig"]
    assert KNOWN.complete("TEL 문의 (Www.eMB") == ["ahada.example/visa"]
    two = KnownContacts([("TEL", "02-0000-1234"), ("TEL", "02-0000-1299"), ("TEL", "02-0000-1234 (내선 7)")])
    assert two.complete("문의 02-0000-12") == ["34", "34 (내선 7)", "99"]


@pytest.mark.parametrize(
    "line", ["", "문의는 ", "문의는 (02", "문의는 (02) 0000-1234", "문의는 (02) 0000-1234로", "2026-03-15"]
)
def test_nothing_must_follow_where_no_contact_is_begun(line):
    assert KNOWN.complete(line) == []


def test_after_a_label_come_the_values_of_that_label():
    assert KNOWN.values_after_label("  - ADDR:") == ["12 Halimbawa Street, Taguig"]
    assert KNOWN.values_after_label("문의 TEL:")[0] == "(02) 0000-1234"
    assert KnownContacts().values_after_label("  - KAKAO:") == []


@pytest.mark.parametrize("line", ["TEL", "TEL: ", "TEL: (02)", "HOTEL:", "주소:", "TELX:", ""])
def test_a_line_that_does_not_end_in_a_label_has_no_such_values(line):
    assert KNOWN.values_after_label(line) is None


def test_spellings_that_may_not_begin_are_not_led_to_but_known():
    long = "https://embahada.example/" + "visa/" * 20
    known = KnownContacts([("WEB", long), ("TEL", "02-0000-1234")], may_begin=lambda spelling: len(spelling) < 40)
    assert known.allow(f"- {long}")
    assert not known.allow("- https://embahada.ex", finished=False)
    assert known.values_after_label("WEB:") == []
    assert known.values_after_label("TEL:") == ["02-0000-1234"]


WORDS = st.sampled_from(
    [*SPELLINGS, *INVENTED, "문의는", "대사관", "TEL:", "ADDR:", "2026-03-15", "12", "로", "www.", "(02)"]
)
SENTENCES = st.lists(WORDS, max_size=4).map(" ".join)


@given(SENTENCES, SENTENCES)
@settings(max_examples=150, deadline=None)
@example("ADDR: 12 Halimbawa Street, Taguig TEL: (02) 0000-1234", "- 12 Halimbawa Street,")
def test_what_is_allowed_can_be_ended_at_once_or_gone_on_with(source, line):
    known = KnownContacts(text=source)
    for end in range(len(line) + 1):
        begun = line[:end]
        if known.allow(begun, finished=False) and not known.allow(begun):
            rests = known.complete(begun)
            assert all(known.allow(begun + rest) for rest in rests)
            # "상담 150" and "큰길로 15" may still become an amount.
            assert rests or known.allow(f"{begun}명")


@given(SENTENCES, SENTENCES)
@settings(max_examples=150, deadline=None)
def test_a_line_is_allowed_only_when_all_its_contacts_and_runs_are_in_the_source(source, line):
    known = KnownContacts(text=source)
    in_source = {run.joined(0, len(run.pieces)) for run in find_runs(source)} | {
        found.value.lower() for found in find_values(source)
    }
    if known.allow(line):
        for found in find_values(line):
            is_number = found.label == "TEL" and digits_of(found.value) in in_source
            assert found.value.lower() in in_source or is_number
    else:
        assert find_values(line) or list(find_runs(line)) or list(find_shapes(line))


@given(st.from_regex(r"[0-9]{2,4}(?:[ \-.][0-9]{3,4}){1,3}", fullmatch=True))
@settings(max_examples=150, deadline=None)
def test_no_number_is_allowed_where_the_source_has_none(number):
    assume(len(digits_of(number)) >= FEWEST_DIGITS and not re.match(r"(?:19|20)\d\d[-. ]{1,2}\d{1,2}$", number))
    assume(list(find_runs(number)))
    assert not KnownContacts(text="여권은 대사관에서 만듭니다.").allow(f"문의는 {number}번")
    assert KnownContacts(text=f"문의는 {number}번").allow(f"전화 {number}")
