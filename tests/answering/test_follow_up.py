"""Which questions go on from the last one."""

from answering.follow_up import join_follow_up

import pytest

PREVIOUS = "여권을 잃어버렸어요"


@pytest.mark.parametrize(
    "question", ["그럼 비용은요?", "거기 주소는요?", "거긴 몇 시까지 하나요?", "비용은요?", "얼마예요?"]
)
def test_a_question_that_points_back_or_names_no_topic_takes_the_last_one_along(question):
    assert join_follow_up(question, PREVIOUS) == f"{PREVIOUS} {question}"


@pytest.mark.parametrize(
    "question",
    ["거주증명서는 어디서 떼나요?", "거래처 계약서를 공증하려면?", "운전면허 비용은요?", "비자를 연장하고 싶어요"],
)
def test_a_question_with_a_topic_of_its_own_stands_alone(question):
    assert join_follow_up(question, PREVIOUS) == question


def test_the_first_question_stands_alone():
    assert join_follow_up("비용은요?", "") == "비용은요?"
