"""How sure it is that a document answers a question."""

from corpus.retrieval.confidence import likelihood
from corpus.retrieval.ranking import index_texts


def test_a_document_that_holds_more_of_the_question_is_likelier_to_answer_it():
    index = index_texts([("", "여권을 분실하면 신고합니다"), ("", "여권 사진"), ("", "바나나")])
    much, little = (
        likelihood(index, "여권 분실 신고", "", text) for text in ("여권을 분실하면 신고합니다", "여권 사진")
    )
    assert 0 < little < much < 1 and likelihood(index, "어떻게 하나요?", "", "여권") < 0.05
