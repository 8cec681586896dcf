"""The summary of an answer: statements that represent the document, in its order."""

from corpus.extraction.answers import extract_answer
from corpus.raw.documents import Document
from corpus.raw.normalization import normalize, standardize_labels
from corpus.template import Answer

import pytest


def document(text: str, title: str = "") -> Document:
    return Document("raw.txt", 1, 0, 0, title, standardize_labels(normalize(text)).strip())


PASSPORT = """\
마닐라에서 여권을 잃어버렸을 때
지난달 말라테에서 지갑과 여권을 한꺼번에 잃어버렸습니다. 먼저 가까운 경찰서에 가서 분실 신고서를 받으세요.
그다음 대사관에 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 분실 신고서, 신분증 사본, 수수료 1,500페소
주의사항: 신고한 여권은 다시 찾아도 쓸 수 없습니다.
한국대사관 영사과
☎ 전화: (02) 0000-1234
주소: 12 Halimbawa Street, Taguig
홈페이지: www.embahada.example"""


@pytest.fixture(scope="module")
def passport() -> Answer:
    return extract_answer(document(PASSPORT, "마닐라에서 여권을 잃어버렸을 때"))


def test_the_summary_is_in_the_order_of_the_text_and_repeats_nothing(passport):
    text = " ".join(PASSPORT.split())
    places = [text.find(line) for line in passport.summary]
    assert places == sorted(set(places)) and places[0] >= 0


def test_the_summary_begins_with_the_title_and_has_it_only_there(passport):
    first, *others = passport.summary
    assert first == "마닐라에서 여권을 잃어버렸을 때"
    assert not any(first in line for line in others)


def test_the_summary_does_not_tell_the_same_thing_twice():
    text = "관광비자는 이민국에서 연장합니다. 관광비자는 이민국에서 꼭 연장합니다. 이민국에서 관광비자를 연장합니다. 수수료는 창구에서 현금으로 냅니다. 영수증은 출국할 때까지 보관합니다."
    summary = extract_answer(document(text)).summary
    assert sum("연장합니다" in line for line in summary) == 1 and len(summary) == 3


def test_the_summary_of_a_chat_says_what_was_said_and_not_who_said_it():
    chat = (
        "[리아맘] [오후 3:12] 여권 잃어버리면 어디로 가나요\n"
        "[망고] [오후 3:13] 먼저 가까운 경찰서에서 분실 신고서를 받으세요."
    )
    assert extract_answer(document(chat, "여권 잃어버리면 어디로 가나요")).summary == [
        "여권 잃어버리면 어디로 가나요",
        "먼저 가까운 경찰서에서 분실 신고서를 받으세요.",
    ]
