"""What a text tells its reader to do, to bring and to beware of."""

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


def test_what_follows_a_heading_of_things_to_bring_is_brought(passport):
    assert passport.to_bring == ["여권용 사진 2장", "분실 신고서", "신분증 사본", "수수료 1,500페소"]


@pytest.mark.parametrize(
    "heading", ["준비물:", "구비서류:", "구비 서류", "[준비물]", "필요 서류 :", "제출서류는 다음과 같습니다:"]
)
def test_the_items_of_a_list_below_such_a_heading_are_brought(heading):
    text = f"은행 계좌를 만들려고 세 번 다녀왔습니다.\n{heading}\n- 여권 원본\n- 주소 증명서\n- ACR 카드"
    assert extract_answer(document(text)).to_bring == ["여권 원본", "주소 증명서", "ACR 카드"]


def test_the_items_below_a_heading_of_warnings_are_warnings():
    text = "택시를 탈 때 알아 둘 것이 있습니다.\n주의사항:\n- 미터기를 켜는지 보기\n- 큰돈은 나누어 넣기"
    answer = extract_answer(document(text))
    assert answer.to_beware == ["미터기를 켜는지 보기", "큰돈은 나누어 넣기"]
    assert answer.to_bring == []


def test_the_items_below_a_heading_of_steps_are_done():
    text = "면허증을 바꾸러 교통국에 다녀왔습니다.\n신청 절차:\n1. 접수 창구에서 번호표 뽑기\n2. 건강 검진 받기\n3. 사진 찍고 기다리기"
    assert extract_answer(document(text)).to_do == ["접수 창구에서 번호표 뽑기", "건강 검진 받기", "사진 찍고 기다리기"]


def test_a_heading_ends_at_a_blank_line():
    text = "준비물:\n- 여권 원본\n\n- 창문에서 떨어져 있기"
    assert "창문에서 떨어져 있기" not in extract_answer(document(text)).to_bring


@pytest.mark.parametrize(
    "sentence",
    [
        "돈을 먼저 보내 달라는 사람을 조심하세요.",
        "하루라도 넘기면 벌금이 붙습니다.",
        "현장에서 합의금을 주지 마세요.",
        "경찰관이 올 때까지 현장을 떠나면 안 됩니다.",
        "입금부터 요구하면 사기입니다.",
    ],
)
def test_a_warning_is_something_to_beware_of(sentence):
    assert extract_answer(document(f"어제 시장에 다녀왔습니다. {sentence}")).to_beware == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "먼저 가까운 이민국 지점으로 가세요.",
        "보험사에 하루 안에 연락하십시오.",
        "아침 일찍 줄을 서야 합니다.",
        "예약은 전화로 하시면 됩니다.",
    ],
)
def test_an_instruction_is_something_to_do(sentence):
    assert extract_answer(document(f"어제 시장에 다녀왔습니다. {sentence}")).to_do == [sentence]


@pytest.mark.parametrize(
    "sentence",
    ["여권 사본을 두 장 준비하세요.", "진단서와 영수증 원본을 꼭 챙겨 가세요.", "신분증 사본 2부가 필요합니다."],
)
def test_a_thing_that_somebody_must_have_is_something_to_bring(sentence):
    assert extract_answer(document(f"어제 시장에 다녀왔습니다. {sentence}")).to_bring == [sentence]


def test_a_story_gives_no_checklist():
    answer = extract_answer(document("바기오는 서늘했습니다. 시장에서 딸기를 샀습니다. 저녁에는 비가 왔습니다."))
    assert (answer.to_do, answer.to_bring, answer.to_beware) == ([], [], [])


def test_the_number_of_an_item_within_a_line_is_no_part_of_what_it_counts():
    text = "여권을 잃어버리면 이렇게 하세요. 1. 경찰서에 가서 분실 신고를 하세요. 2. 대사관에 가서 여권을 신청하세요."
    answer = extract_answer(document(text))
    assert answer.to_do[-2:] == ["경찰서에 가서 분실 신고를 하세요.", "대사관에 가서 여권을 신청하세요."]
    assert "대사관에 가서 여권을 신청하세요." in answer.summary
