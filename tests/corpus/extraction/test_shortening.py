"""A long line becomes one that fits into an answer."""

from corpus.extraction.contact_values import find_values
from corpus.extraction.shortening import shorten

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LONGEST_LINE = 120  # characters that a line of an answer may have
CUT = "…"  # the end of a line that goes on in the document


def test_a_sentence_of_usual_length_stays_whole():
    line = "구비서류: 여권 사본, 비자면 사본 또는 ACR I-Card 앞뒤, 재직증명서(회사 계약이면 Secretary's Certificate), 2x2 사진 2장."
    assert 80 < len(line) <= LONGEST_LINE and shorten(line) == line


def test_a_long_line_is_cut_after_a_clause_and_shows_it():
    line = (
        "이민국은 아침 여덟 시에 문을 여는데 사람이 많아서 일찍 줄을 서야 하고, 점심시간에는 창구 하나만 열려 있어서 "
        "오래 기다릴 수 있으니 간식을 챙기는 편이 낫고 화장실은 밖에 있으며 가까운 은행은 길 건너에 있습니다."
    )
    assert len(line) > LONGEST_LINE
    assert line.startswith(shorten(line).removesuffix(CUT)) and shorten(line).endswith("있으며…")


@pytest.mark.parametrize(
    "value",
    [
        "12 Halimbawa Street, Poblacion, Makati City",
        "Unit 12F, Halimbawa Residences, Mandaluyong",
        "0917 000 1234",
        "https://embahada.example/visa/annual-report/2024?kind=9a&lang=ko",
    ],
)
@pytest.mark.parametrize("before", range(60, 118, 4))
def test_a_line_is_never_cut_inside_a_contact(value, before):
    words = "신청서와 여권 사본을 들고 아침 일찍 이민국에 가서 번호표를 뽑고 기다렸다가 창구에서 접수한 다음 영수증을 꼭 받아 두셨다가 "
    line = f"{(words * 2)[:before].strip()} {value} 근처 은행에서 수수료를 내고 돌아와서 다시 기다리세요."
    found = find_values(line)[0]
    short = shorten(line)
    assert found.value == value and len(short) <= LONGEST_LINE
    assert short == line or len(short.removesuffix(CUT)) <= found.start or found.end <= len(short.removesuffix(CUT))
    assert {each.value for each in find_values(short)} <= {value}


def test_a_contact_longer_than_a_line_is_kept_whole_where_the_line_begins_with_it():
    address = "https://embahada.example/visa?" + "&".join(f"item{number}=value{number}" for number in range(12))
    assert shorten(f"{address} 에서 신청서를 받으세요.") == address + CUT
    assert shorten(f"신청서: {address} 에서 받으세요.") == "신청서:" + CUT
    assert shorten(address) == address


WORDS = st.lists(
    st.text(st.sampled_from("가나다라마바사아자차카타파하고지만,.;()a1"), min_size=1, max_size=12),
    min_size=1,
    max_size=40,
)


@given(WORDS)
@settings(max_examples=400, deadline=None)
def test_any_line_is_shortened_to_its_beginning_without_cutting_a_word(words):
    line = " ".join(words)
    short = shorten(line)
    kept = short.removesuffix(CUT)
    assert len(short) <= LONGEST_LINE and line.startswith(kept)
    assert short == line or (short.endswith(CUT) and line[len(kept)] in " ,;()")
    assert len(line) > LONGEST_LINE or short == line
