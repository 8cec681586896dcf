"""Lines that a fixed width has broken become whole, and lines that somebody wrote stay."""

import textwrap

from corpus.raw.reading import Line
from corpus.raw.wrapping import join_wrapped, width_of

import pytest
from hypothesis import given
from hypothesis import strategies as st


def joined(text: str) -> list[str]:
    return [line.text for line in join_wrapped([Line("raw.txt", 1, line) for line in text.split("\n")])]


PARAGRAPH = (
    "필리핀에 사는 외국인이 등록증을 잃어버렸을 때에는 먼저 가까운 경찰서에서 분실 신고서를 받고 공증 사무소에서 진술서를 만든 다음 "
    "이민국 본청에 가서 재발급을 신청해야 합니다. 처리에는 보통 3주가 걸리므로 출국 계획이 있는 분은 미리 신청하시기 바랍니다."
)


@pytest.mark.parametrize("width", [24, 30, 38])
def test_a_wrapped_paragraph_is_whole(width):
    assert "\n".join(textwrap.wrap(PARAGRAPH, width)) != PARAGRAPH
    assert joined("\n".join(textwrap.wrap(PARAGRAPH, width))) == [PARAGRAPH]


def test_a_word_that_the_width_cut_is_whole_again():
    lines = [
        "외국인 등록증 재발급은 집에서 가까운 이민",
        "국 본청에서 신청하며 모든 수수료는 언제나",
        "현금이나 수표로만 창구에서 낼 수 있습니",
        "다. 사진도 가져가세요.",
    ]
    assert joined("\n".join(lines)) == [
        "외국인 등록증 재발급은 집에서 가까운 이민국 본청에서 신청하며 모든 수수료는 언제나 현금이나 수표로만 창구에서 낼 수 있습니다. 사진도 가져가세요."
    ]


def test_a_number_that_the_width_cut_is_whole_again():
    assert joined("문의는 민원실(전화 02-0000-\n3317, 내선 118)로 하세요.") == [
        "문의는 민원실(전화 02-0000-3317, 내선 118)로 하세요."
    ]


def test_an_item_goes_on_until_its_sentence_ends():
    items = "주의할 점\n1. 번호판이 없는 차는 피한다.\n2. 환전소나 편의점, 현금\n지급기 앞에 세워 둔\n오토바이는 타지 않는다.\n3. 차량번호를 알린다."
    assert joined(items) == [
        "주의할 점",
        "1. 번호판이 없는 차는 피한다.",
        "2. 환전소나 편의점, 현금 지급기 앞에 세워 둔 오토바이는 타지 않는다.",
        "3. 차량번호를 알린다.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "여권 재발급 안내\n대사관에 신청하세요.\n사진 2장을 가져오세요.",
        "보험료 납부 중지\n1. 출국 직후 신청\n보험공단에 전화하여 신청합니다.\n2. 출국 전에 신청\n여권을 찍어 보냅니다.",
        "구분 초등학교 중학교\n등록비 100,000원 120,000원\n학비 2,000,000원 2,400,000원",
        "하늘내과 02-0000-1234\n바른치과 02-0000-1235\n초록약국 02-0000-1236",
        "준비물:\n여권\n사진 2장\n수수료",
    ],
)
def test_lines_that_somebody_wrote_stay(text):
    assert joined(text) == text.split("\n")


def test_letters_of_a_scan_are_a_text():
    assert joined("\n".join("여권을잃어버리면대사관에신고하고사진두장을가져가세요")) == [
        "여권을잃어버리면대사관에신고하고사진두장을가져가세요"
    ]


@given(
    st.lists(
        st.sampled_from(
            ["", "여권을 잃어버린", "분은 신고하세요.", "- 사진", "02-0000-", "3317", "-----", "가", PARAGRAPH]
        )
    )
)
def test_no_word_is_lost(lines):
    text = "\n".join(lines)
    assert "".join("".join(joined(text)).split()) == "".join(text.split())


def test_a_korean_letter_is_two_columns_wide():
    assert width_of("가나ab") == 6
