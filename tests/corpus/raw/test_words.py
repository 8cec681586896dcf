"""The words of a text without their particles."""

from corpus.raw.words import content_words


def test_the_words_that_carry_the_subject_come_without_particles():
    assert content_words("대사관에서 여권을 Police 신고서로 받습니다.")[:4] == ["대사관", "여권", "police", "신고서"]
