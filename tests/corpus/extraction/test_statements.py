"""Lines become statements: which are headings, which items, and whose reply."""

from corpus.extraction.checklists import find_checklist
from corpus.extraction.statements import read_statements
from corpus.extraction.tables import name_columns

import pytest


@pytest.mark.parametrize("mark", ["1. ", "■ ", "▶ ", "□ ", "가. ", "① ", "2) ", "- ", "* ", "## ", "◆ ", "ㅇ "])
def test_a_heading_is_no_item_whatever_its_mark_and_its_items_are_kept(mark):
    statements = read_statements(f"재발급 안내\n{mark}준비물\n - 여권 사본\n - 사진 2장", "재발급 안내")
    assert [each.text for each in statements if each.is_heading] == ["준비물"]
    assert [(each.text, each.heading) for each in statements if not each.is_heading] == [
        ("여권 사본", "준비물"),
        ("사진 2장", "준비물"),
    ]
    assert find_checklist(f"재발급 안내\n{mark}준비물\n - 여권 사본\n - 사진 2장", "재발급 안내")[1] == [
        "여권 사본",
        "사진 2장",
    ]


def test_steps_below_a_heading_of_their_own_are_nothing_to_bring():
    text = "1. 준비물\n- 여권 사본\n- 사진 2장\n2. 절차\n- 창구에서 번호표를 뽑으세요.\n- 신청서를 내세요."
    to_do, to_bring, _ = find_checklist(text, "재발급 안내")
    assert to_bring == ["여권 사본", "사진 2장"]
    assert to_do == ["창구에서 번호표를 뽑으세요.", "신청서를 내세요."]


@pytest.mark.parametrize(
    "line",
    [
        "1. 예약한다. 2. 공증을 받는다. 3. 창구에 낸다.",
        "받는 순서 ① 예약한다. ② 공증을 받는다. ③ 창구에 낸다.",
        "순서: 1) 예약한다. 2) 공증을 받는다. 3) 창구에 낸다.",
    ],
)
def test_the_items_of_a_list_on_one_line_are_items(line):
    assert [each.text for each in read_statements(line)] == ["예약한다.", "공증을 받는다.", "창구에 낸다."]


@pytest.mark.parametrize("mark", ["1️⃣ ", "👉🏻 ", "➡️ "])
def test_the_whole_picture_before_an_item_is_its_mark(mark):
    assert [each.text for each in read_statements(f"{mark}접수는 1층에서 하세요.")] == ["접수는 1층에서 하세요."]


def test_a_line_of_hashtags_is_no_statement():
    text = "표는 현장에서 사세요.\n#바기오 #필리핀여행 #버스\n# 바기오 가는 버스"
    assert [each.text for each in read_statements(text)] == ["표는 현장에서 사세요.", "바기오 가는 버스"]


def test_a_heading_above_a_step_is_no_step():
    text = (
        "1. 출국 직후 신청\n보험공단에 전화하여 신청을 합니다.\n2. 출국하기 전에 신청\n여권을 사진 찍어 보내면 됩니다."
    )
    assert find_checklist(text, "보험료 납부 중지하는 방법")[0] == [
        "보험공단에 전화하여 신청을 합니다.",
        "여권을 사진 찍어 보내면 됩니다.",
    ]


def test_what_goes_on_and_a_pointer_to_more_text_are_no_steps():
    text = "무장단체는 외국인을 납치해 몸값을 요구하고 있습니다.\n창구에서 신청하세요.\n자세한 것은 여기를 보세요."
    assert find_checklist(text, "여행 안내")[0] == ["창구에서 신청하세요."]


def test_a_sentence_keeps_its_telephone_number():
    text = "출국 직후 보험공단(1500-0000)에 전화하여 납부 중지를 신청하세요.\n보험공단 1500-0000"
    assert [each.text for each in read_statements(text)] == [
        "출국 직후 보험공단(1500-0000)에 전화하여 납부 중지를 신청하세요."
    ]


def test_the_time_of_day_and_an_address_are_no_headings():
    texts = [
        each.text
        for each in read_statements("문은 09:00에 엽니다.\n자세한 것은 https://embahada.example/a 에 있습니다.")
    ]
    assert texts == ["문은 09:00에 엽니다.", "자세한 것은 https://embahada.example/a 에 있습니다."]


@pytest.mark.parametrize(
    "reply",
    ["ㄴ 팩스로 보내도 됩니다.", "└ 팩스로 보내도 됩니다.", "RE: 팩스로 보내도 됩니다.", "팩스로 보내도 됩니다."],
)
def test_a_reply_is_known_with_a_mark_and_below_a_title_that_asks(reply):
    title = "서류는 어디로 보내나요"
    statements = read_statements(f"{title}\n보낼 곳이 안 보이네요. 어디로 보내야 하나요?\n{reply}", title)
    assert [each.text for each in statements if each.is_reply] == ["팩스로 보내도 됩니다."]


def test_what_criminals_do_is_to_beware_of_and_what_offices_do_is_nothing_to_do():
    text = "범인들은 부모에게 전화를 걸어 돈을 보내라고 합니다.\n대사관은 피해자에게 통역을 지원합니다."
    to_do, _, to_beware = find_checklist(text, "납치 빙자 전화 주의")
    assert to_do == []
    assert "범인들은 부모에게 전화를 걸어 돈을 보내라고 합니다." in to_beware


def test_a_row_names_its_columns_and_the_head_is_left_out():
    table = (
        "학비 안내\n구분 초등학교 중학교\n등록비 100,000원 120,000원\n학비 2,000,000원 2,400,000원\n형제는 3만원 할인"
    )
    assert name_columns(table.split("\n")) == [
        "학비 안내",
        "",
        "등록비: 초등학교 100,000원, 중학교 120,000원",
        "학비: 초등학교 2,000,000원, 중학교 2,400,000원",
        "형제는 3만원 할인",
    ]


def test_sentences_in_a_row_are_no_table():
    lines = ["의심되면 아래로 확인하세요.", "경찰 상담: 112", "금융감독원 상담: 1332"]
    assert name_columns(lines) == lines
