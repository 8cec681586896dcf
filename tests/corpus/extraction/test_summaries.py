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


def test_the_summary_leaves_the_title_to_the_question(passport):
    assert not any("마닐라에서 여권을 잃어버렸을 때" in line for line in passport.summary)


def test_the_summary_is_the_title_where_the_text_says_nothing_else():
    numbers = document("전화번호 모음\n대사관: 02-0000-4100\n이민국: 02-0000-3317", "전화번호 모음")
    assert extract_answer(numbers).summary == ["전화번호 모음"]


STEPS = "1. 가까운 경찰서에서 분실 신고서를 받으세요.\n2. 대사관에 예약하고 재발급을 신청하세요.\n3. 새 여권을 받으면 이민국에 알리세요."


@pytest.mark.parametrize(
    "empty",
    [
        "창피하지만 3년 동안 여권을 두 번 잃어버렸습니다.",
        "오늘은 마닐라에서 여권을 다시 만드는 방법을 자세히 알려드릴게요.",
        "이런 글 써도 되나 한참 고민하다가 올립니다.",
        "마닐라에서 여권을 재발급 받았습니다.",
        "자세한 것은 여기를 보세요.",
        "여러분 모두 좋은 하루 보내세요.",
    ],
)
def test_lines_that_say_nothing_are_not_in_the_summary(empty):
    text = document(f"마닐라 여권 재발급\n{empty}\n{STEPS}", "마닐라 여권 재발급")
    summary = extract_answer(text).summary
    assert empty not in summary and len(summary) == 3


def test_a_story_keeps_what_happened_in_its_summary():
    story = "말라테에서 지갑을 잃어버렸습니다. 경찰서에서 두 시간을 기다렸습니다. 결국 여권은 찾지 못했습니다."
    assert len(extract_answer(document(story)).summary) == 3


def test_the_summary_names_when_where_and_for_how_much():
    text = document(
        "체육대회 안내\n일시: 5월 25일(토) 08:00\n장소: 3층 강당\n참가비: 300페소\n개인 물통과 모자를 가져오세요.\n"
        "종이컵은 가져오지 마세요.\n신청서를 총무에게 내 주세요.\n반려동물은 데려오지 마세요.",
        "체육대회 안내",
    )
    assert {"일시: 5월 25일(토) 08:00", "참가비: 300페소"} <= set(extract_answer(text).summary)


def test_rows_of_a_price_list_do_not_repeat_each_other():
    prices = document(
        "수수료\n발급 수수료 급행 710페소\n발급 수수료 일반 310페소\n발급 수수료 재발급 1,200페소", "수수료"
    )
    assert len(extract_answer(prices).summary) == 3


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
        "먼저 가까운 경찰서에서 분실 신고서를 받으세요."
    ]


def test_a_text_of_contacts_alone_has_no_contact_for_its_summary():
    text = "TEL: 0917-000-1234\nTEL: 0918-000-1234"
    assert extract_answer(document(text, "TEL: 0917-000-1234")).summary == []
