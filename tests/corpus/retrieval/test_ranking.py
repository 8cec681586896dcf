"""A question finds what is written in other words, and of a text the passage that says most about it."""

from corpus.retrieval.facts import asked_facts
from corpus.retrieval.index import DocumentIndex, IndexedDocument
from corpus.retrieval.pieces import document_terms, question_words
from corpus.retrieval.ranking import score_passages, search
from tests.corpus.retrieval.indexes import find_among

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("여권을 잃어버렸어요", "여권이 잃어버렸습니다"),
        ("비자를 연장하려면", "비자 연장했습니다"),
        ("병원에서는", "병원까지"),
        ("ACR 카드", "acr 카드를"),
        ("9(g)", "9 G"),
    ],
)
def test_endings_and_capitals_make_no_difference(one, other):
    assert find_among(one, other) == [0]
    assert set(document_terms("", one)) & set(document_terms("", other))


def test_how_something_is_asked_is_not_searched():
    assert [word.text for word in question_words("여권은 어떻게 해야 하나요? 알려주세요.")] == ["여권은"]
    assert question_words("어떻게 해야 되나요?!") == []


def test_that_a_number_is_wanted_is_not_searched_but_what_became_of_one_is():
    assert question_words("연락처 알려줘") == []
    assert [word.text for word in question_words("연락이 끊겼어요, 번호가 바뀌어서")][:1] == ["연락이"]


@pytest.mark.parametrize(
    ("question", "right", "other"),
    [
        ("긴급여권은 얼마인가요", "여권을 급하게 만드는 긴급 창구", "긴급 전화는 24시간 받습니다"),
        ("아이카드 갱신", "ACR I-Card를 연장했습니다", "아이가 먹는 과자 값"),
        ("과태료가 나왔어요", "이민국에서 벌금을 냈습니다", "날씨가 좋습니다"),
        ("통장 만들기", "계좌를 여는 데 필요한 것", "산에 오르는 길"),
        ("여권재발급접수시간알려주세요", "여권 재발급은 오전에 접수합니다", "시간이 없습니다"),
    ],
)
def test_a_question_finds_what_is_written_in_other_words(question, right, other):
    assert find_among(question, other, right)[0] == 1


def test_the_pieces_of_a_word_are_not_the_word():
    assert find_among("강아지는요?", "총 든 강도, 강남 아파트 아래", "강아지를 진찰했습니다") == [1]


def test_parts_of_a_post_that_say_something_together_come_before_a_document_that_says_as_much_alone():
    texts = ["여권 사진을 찍는 곳", "여권 창구의 위치", "여권 사진을 찍는 날"]
    posts = [0, 1, 1]
    documents = (
        IndexedDocument(document_terms("", text), number, post)
        for number, (text, post) in enumerate(zip(texts, posts, strict=True))
    )
    assert [found.number for found in search(DocumentIndex.build(documents), "여권 사진", 3)] == [2, 0, 1]


@given(st.lists(st.text(max_size=40), max_size=6), st.text(max_size=40))
@settings(deadline=None)
def test_any_text_can_be_searched(texts, question):
    assert set(find_among(question, *texts)) <= set(range(len(texts)))


def test_a_passage_with_the_amount_that_is_asked_for_comes_first():
    scores = score_passages("여권 만드는 데 얼마예요?", ["여권은 창구에서 만듭니다.", "여권 수수료는 53달러입니다."])
    assert scores[1] > scores[0] > 0 and not asked_facts("여권을 잃어버렸어요")
