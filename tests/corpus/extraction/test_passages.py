"""The details of an answer are a passage of its document that says more than the summary."""

from corpus.extraction.answers import extract_answer
from corpus.extraction.passages import candidate_passages
from corpus.raw.documents import Document
from corpus.raw.normalization import normalize, standardize_labels

import pytest


def document(text: str, title: str = "") -> Document:
    return Document("raw.txt", 1, 0, 0, title, standardize_labels(normalize(text)).strip())


LONGEST_LINE = 120  # characters that a line of an answer may have
CUT = "…"  # the end of a line that goes on in the document


def test_the_details_say_something_that_the_summary_leaves_out():
    text = " ".join(f"{number}번째 집은 방이 {number}개이고 월세가 {number}만 페소였습니다." for number in range(1, 15))
    answer = extract_answer(document(text))
    sentences = [
        sentence for sentence in answer.details.split(". ") if sentence.rstrip(".") + "." not in answer.summary
    ]
    assert sentences and answer.details in text


def test_what_a_line_says_besides_its_contact_stands_in_the_details():
    text = (
        "세부 병원 ☎ 032-000-1234. 주말에는 응급실만 엽니다. 접수할 때 여권 사본을 냅니다.\n"
        "바기오 병원 ☎ 074-000-1234. 한국어 통역이 있습니다."
    )
    assert extract_answer(document(text)).details == (
        "주말에는 응급실만 엽니다. 접수할 때 여권 사본을 냅니다.\n한국어 통역이 있습니다."
    )


def test_sentences_on_both_sides_of_a_contact_stand_below_each_other():
    text = "접수는 창구에서 합니다. 문의는 02-000-1234로 하세요. 점심에는 닫습니다."
    assert extract_answer(document(text)).details == "접수는 창구에서 합니다.\n점심에는 닫습니다."


def test_a_text_of_nothing_but_contacts_is_told_with_them():
    lines = ["세부 병원 TEL: 032-000-1234", "바기오 병원 TEL: 074-000-1234 (내선 12)"]
    post = document("\n".join(lines))
    assert extract_answer(post).details == "\n".join(lines)
    assert extract_answer(post).details in [passage for each in candidate_passages(post.text) for passage in each]


def test_a_sentence_longer_than_the_details_is_cut_as_a_line_is():
    post = document("이민국에 들러 신청하고 " * 40 + "왔습니다.")
    details = extract_answer(post).details
    assert 200 < len(details) <= 300 and details.endswith("신청하고…") and details.removesuffix(CUT) in post.text


def test_the_details_begin_where_a_line_does():
    """What stands within a line leans on what was said before: "신청서는 거기 있고…"."""
    text = (
        "이민국은 오전 8시에 엽니다. 줄은 7시부터 섭니다.\n"
        "접수는 2층에서 합니다. 카드는 안 받는다. 신청서는 거기 있고 사진은 옆 가게에서 찍습니다.\n"
        "영수증은 꼭 챙기세요. 출국할 때 다시 봅니다."
    )
    passages = [passage for each in candidate_passages(text) for passage in each]
    beginnings = ("이민국은", "접수는", "영수증은")
    assert len(passages) == 7 + 5 + 2 and all(passage.startswith(beginnings) for passage in passages)
    assert extract_answer(document(text)).details.startswith(beginnings)


@pytest.mark.parametrize(
    ("heading", "below"),
    [
        ("자주 틀리는 거", "- 성과 이름을 바꿔 씁니다."),
        ("1. 증상", "- 갑자기 열이 납니다."),
        ("1. 증상", "갑자기 열이 나고 온몸이 쑤십니다."),
        ("▶ 꼭 알아둘 것", "1. 여권은 두고 다니세요."),
        ("비상연락", "TEL: 02-0000-1234"),
        ("흔히 다음과 같은 순서로 진행됩니다.", "① 경찰서에 갑니다."),
        ("그 뒤로 한 일은 이렇습니다.", "공증을 받았습니다."),
        ("연락할 곳", ""),
    ],
)
def test_the_details_do_not_end_on_what_announces_a_list(heading, below):
    text = f"뎅기열은 모기가 옮깁니다. 우기에 많습니다.\n{heading}\n{below}"
    passages = [passage for each in candidate_passages(text) for passage in each]
    assert "뎅기열은 모기가 옮깁니다. 우기에 많습니다." in passages
    assert not any(passage.endswith(heading) for passage in passages)


@pytest.mark.parametrize("item", ["- 사진 두 장", "2. 사진 두 장"])
def test_the_details_may_end_on_an_item_of_a_list(item):
    text = f"이민국에 낸 것입니다.\n{item[:2]} 여권 원본\n{item}\n{item[:2]} 수수료"
    assert any(passage.endswith(item) for each in candidate_passages(text) for passage in each)


def test_a_line_of_marks_only_is_not_in_the_details():
    passages = candidate_passages("여권 | 원본\n|---|---|\n사진 | 두 장\n모두 창구에 냅니다.")
    assert passages and not any("---" in passage for each in passages for passage in each)
