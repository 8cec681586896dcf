"""The questions of samples are Korean: particles after nouns, no stems without endings, no sentences as nouns."""

import re

from corpus.extraction.grammar import add_particles, has_final_consonant, is_natural, is_noun_phrase
from corpus.extraction.questions import all_patterns, ask
from corpus.raw.documents import Document

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "text",
    [
        "여권 재발급",
        "방 잘 구하는 요령",
        "섬 여행 갈 때 챙길 것",
        "전입신고",
        "할림바와 동네",
        "관광비자",
        "세부 바다",
        "필리핀 콘도 계약서",
        "겨울철 주의",
        "단수 공지",
        "해외에서 주민등록등본 떼기",
        "ACR I-Card",
    ],
)
def test_a_particle_may_follow_a_noun(text):
    assert is_noun_phrase(text)


@pytest.mark.parametrize(
    "text",
    [
        "유심 등록을 안 하면 번호가 끊깁니다",
        "버스 학교가 궁금해요",
        "강아지 산책시키다 물렸어요",
        "환전 어디가 제일 나아요",
        "여권을 잃어버려서",
        "앙헬레스 한 달 살아 보니",
        "백내장 수술 마치고",
        "세부 다이빙 자격증 3일 만에 딴",
        "서류는 어디로 보내나요",
        "가족을 찾으시는 분께",
        "세 정거장을 더 간 사람이 바로 나다",
        "우리 집은",
        "여권을",
    ],
)
def test_no_particle_follows_a_sentence_or_a_part_of_one(text):
    assert not is_noun_phrase(text)


def questions(title: str, text: str) -> list[str]:
    return [ask(Document("raw.txt", 1, 0, 0, title, text), variant) for variant in range(9)]


def test_a_title_that_asks_is_asked_as_it_is():
    assert all(
        question.startswith("보험 서류는 어디로 보내나요?") or "보험" in question or "서류" in question
        for question in questions(
            "보험 서류는 어디로 보내나요", "보험 서류를 보냅니다. 지사에 팩스로 보험 서류를 보내도 됩니다."
        )
    )


def test_a_stem_never_stands_without_its_ending():
    asked = questions("방 잘 구하는 요령", "방을 잘 구하려면 물이 나오는지 보세요. 방을 구하는 데 한 달이 걸립니다.")
    assert not any(re.search(r"방 잘 구[,에 을]|구하에|구하 요령", question) for question in asked)


def test_people_ask_in_their_own_words_too():
    text = "여권을 다시 만들었습니다.\n수수료 2,650페소를 냈습니다.\n준비물: 사진 2장, 신분증"
    asked = questions("여권 재발급 안내", text)
    assert "여권을 다시 만들려면 어떻게 해야 하나요?" in asked
    assert any("수수료가 얼마인지" in question or "뭘 챙겨" in question for question in asked)
    assert len(set(asked)) > 5


TITLES = st.sampled_from(
    [
        "주차 위반 과태료 안내",
        "[공지] 납치 빙자 전화 주의",
        "사칭 전화를 받았을 때",
        "콘도 렌트 사기 체크 // 집 안까지 보고도 당합니다",
        "여자친구가 공항에서 막혔다!!",
        "면접비자 관련 질문드립니다",
        "보이스피싱 신종 수법 주의하세요",
        "Q. 해외에 있는데 주민등록 말소되나요?",
        "마닐라 한식당 '솔잎' 다녀왔어요",
        "",
    ]
)


@given(
    title=TITLES,
    words=st.lists(
        st.sampled_from(
            ["여권을", "여권이", "은행에서", "전화를", "구하는", "챙길", "것을", "받았을", "때", "수수료", "500원"]
        ),
        max_size=12,
    ),
)
def test_whatever_the_document_its_questions_have_no_fault_of_grammar(title, words):
    for question in questions(title, " ".join(["글입니다.", *words])):
        assert is_natural(question)
        assert not re.search(r"[{}]|  |에에|을을|니다[을를이가은는]\s|[요다]에 대해", question)


@pytest.mark.parametrize("pattern", all_patterns())
def test_every_pattern_takes_a_noun_with_and_without_a_final_consonant(pattern):
    for topic in ("여권", "비자"):
        question = add_particles(pattern.replace("{title}", "수첩"), topic=topic)
        assert "{" not in question and is_natural(question)
        particle = re.search(rf"{topic}(을|를|이|가|은|는|과|와)(?=\s)", question)
        if particle:
            assert (particle[1] in "을이은과") == has_final_consonant(topic)
