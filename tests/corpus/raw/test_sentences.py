"""A line becomes its sentences: they end where a reader would stop, and every word is in one."""

import re

from corpus.raw.documents import cut_text
from corpus.raw.sentences import split_sentences

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def test_a_line_is_taken_apart_into_its_sentences():
    line = "먼저 신고하세요. 그다음 예약합니다! 얼마나 걸릴까요? 사흘 걸렸습니다 영수증도 받으세요"
    assert split_sentences(line) == [
        "먼저 신고하세요.",
        "그다음 예약합니다!",
        "얼마나 걸릴까요?",
        "사흘 걸렸습니다",
        "영수증도 받으세요",
    ]


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("4. 한국대사관에 신고합니다. 사진도 챙기세요.", ["4. 한국대사관에 신고합니다.", "사진도 챙기세요."]),
        ("가. 신청합니다. 나. 기다립니다.", ["가. 신청합니다.", "나. 기다립니다."]),
        ("a. 신청합니다. (3). 갑니다. 2). 옵니다.", ["a. 신청합니다.", "(3). 갑니다.", "2). 옵니다."]),
        ("먼저 신고합니다. 2. 사진을 찍으세요.", ["먼저 신고합니다.", "2. 사진을 찍으세요."]),
        ("준비물 1. 여권 2. 사진 12. 도장", ["준비물", "1. 여권", "2. 사진", "12. 도장"]),
        ("Q. 언제 만료되나요? A. 내일입니다.", ["Q. 언제 만료되나요?", "A. 내일입니다."]),
    ],
)
def test_the_number_of_an_item_belongs_to_the_sentence_after_it(line, sentences):
    assert split_sentences(line) == sentences


@pytest.mark.parametrize(
    "line",
    [
        "2024. 6. 2. 앙헬레스에서 썼습니다.",
        "사고는 2019.06.15. 새벽에 났습니다.",
        "사무실은 No. 5 Ayala Ave. 근처입니다.",
        "주소는 12 Halimbawa St. Brgy. San Roque, Cebu City입니다.",
        "U.N. Ave. 12 Halimbawa Bldg. 3층으로 오세요.",
        "내과는 Dr. Kim이 봅니다.",
        "담당은 Ms. 조이이고 loc. 105로 돌려 줍니다.",
        "T. (02) 0000-1234, Tel. (02) 0000-1235",
        "Doc. No./Page No./Book No.가 비어 있으면 무효이고 Doc. No.는 꼭 보세요",
    ],
)
def test_a_date_an_initial_or_an_abbreviation_ends_no_sentence(line):
    assert split_sentences(line) == [line]


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        (
            "마카티 한빛의원 (2층. 카드는 안 받아요. 현금만)에 갔습니다",
            ["마카티 한빛의원 (2층. 카드는 안 받아요. 현금만)에 갔습니다"],
        ),
        (
            "장소는 체육관 (Gate 3로 들어오십시오. 주차 됩니다)이니 늦지 마세요.",
            ["장소는 체육관 (Gate 3로 들어오십시오. 주차 됩니다)이니 늦지 마세요."],
        ),
        (
            "여권용 사진 [흰 배경입니다. 두 장] 가져오세요. 끝났습니다.",
            ["여권용 사진 [흰 배경입니다. 두 장] 가져오세요.", "끝났습니다."],
        ),
        ("서류 (1. 여권 2. 사진)를 냅니다. 기다립니다.", ["서류 (1. 여권 2. 사진)를 냅니다.", "기다립니다."]),
        (
            "체육관에서 합니다. (Gate 3로 오세요.) 늦지 마세요.",
            ["체육관에서 합니다.", "(Gate 3로 오세요.)", "늦지 마세요."],
        ),
        ("아픕니다 :( 병원에 갔습니다. 약을 샀습니다.", ["아픕니다", ":( 병원에 갔습니다.", "약을 샀습니다."]),
        ("갔습니다. 1) 여권 냈습니다. 2) 사진 냈습니다.", ["갔습니다.", "1) 여권 냈습니다.", "2) 사진 냈습니다."]),
    ],
)
def test_no_sentence_ends_within_brackets(line, sentences):
    assert split_sentences(line) == sentences


def test_a_bracket_that_closes_far_away_holds_no_sentence_together():
    line = "(여기부터 적습니다. " + "창구에서 번호표를 뽑고 기다립니다. " * 9 + "끝났습니다.)"
    assert len(split_sentences(line)) == 11


def test_a_text_is_not_cut_within_brackets():
    text = " ".join(["창구에서 (번호표를 뽑습니다. 앉습니다. 기다립니다) 불러 줍니다."] * 6)
    pieces = [piece for limit in range(60, 200) for piece in cut_text(text, limit)]
    assert all(piece.endswith("불러 줍니다.") for piece in pieces)


def test_a_number_of_more_digits_ends_a_sentence():
    assert split_sentences("보증금은 1,500. 돌려줍니다.") == ["보증금은 1,500.", "돌려줍니다."]


def test_a_text_is_not_cut_after_the_number_of_an_item():
    text = " ".join(f"{number}. 창구에서 번호표를 뽑고 기다립니다." for number in range(1, 10))
    pieces = [piece for limit in range(60, 200) for piece in cut_text(text, limit)]
    assert all(piece.endswith("기다립니다.") for piece in pieces)


@pytest.mark.parametrize(
    "line", ["수수료는 1.5퍼센트입니다.", "www.embahada.example 에 있습니다.", "여권 원본과 사본 두 장"]
)
def test_a_full_stop_inside_a_word_ends_no_sentence(line):
    assert split_sentences(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "수수료가 은행마다 다르고 전보다 올랐습니다.",
        "캐나다 대사관 옆에 있습니다.",
        "날마다 바다 냄새가 나는 동네입니다.",
    ],
)
def test_a_word_that_happens_to_end_like_a_verb_ends_no_sentence(line):
    assert split_sentences(line) == [line]


PARTS = [
    "1.",
    "2. ",
    "12.",
    "(3).",
    "가.",
    "No.",
    "St. ",
    "2024.",
    "Ms.",
    "A.",
    "여권",
    "갑니다.",
    "하세요",
    " ",
    " ",
    "?",
    "…",
]


@given(
    st.one_of(
        st.lists(st.sampled_from(PARTS), max_size=14).map("".join),
        st.text(st.sampled_from("가나다요죠.!? 습니세a\"'~"), max_size=60),
        st.text(max_size=60),
    )
)
@settings(max_examples=500, deadline=None)
def test_sentences_together_hold_every_word(line):
    sentences = split_sentences(line)
    assert [word for sentence in sentences for word in sentence.split()] == line.split()
    assert all(sentence == sentence.strip() != "" for sentence in sentences)
    assert not any(re.fullmatch(r"\(?\d{1,2}\)?\.", sentence) for sentence in sentences[:-1])
