"""Whose a contact is."""

from corpus.extraction.contacts import find_contacts
from corpus.raw.normalization import normalize, standardize_labels

import pytest


def contacts_of(text: str, title: str = "") -> list[tuple[str, str, str]]:
    """(institution, label, value) of each contact in a text as people write it."""
    found = find_contacts(standardize_labels(normalize(text)), title)
    return [(contact.institution, contact.label, contact.value) for contact in found]


def test_two_owners_on_one_line_each_have_their_own_number():
    assert contacts_of("세부 병원 032-000-1234 / 바기오 병원 074-000-1234") == [
        ("세부 병원", "TEL", "032-000-1234"),
        ("바기오 병원", "TEL", "074-000-1234"),
    ]


@pytest.mark.parametrize(
    "heading",
    ["한국대사관 영사과", "- 한국대사관 영사과", "■ 한국대사관 영사과", "[한국대사관 영사과]", "한국대사관 영사과:"],
)
def test_the_heading_above_owns_what_stands_below(heading):
    text = f"{heading}\n☎ 전화: (02) 0000-1234\n주소: 12 Halimbawa Street\n홈페이지: www.embahada.example"
    owners = contacts_of(text)
    assert {owner for owner, _, _ in owners} == {"한국대사관 영사과"} and len(owners) == 3


def test_a_heading_owns_up_to_the_next_heading():
    text = "세부 병원\n☎ 032-000-1234\n☎ 0900-000-1234\n바기오 병원\n☎ 074-000-1234"
    assert [owner for owner, _, _ in contacts_of(text, title="병원 모음")] == ["세부 병원", "세부 병원", "바기오 병원"]


def test_a_sentence_above_is_no_owner():
    text = "아래 번호로 전화하면 한국말로 안내해 줍니다.\n☎ (02) 0000-1234"
    assert contacts_of(text, title="병원 통역 안내") == [("병원 통역 안내", "TEL", "(02) 0000-1234")]


@pytest.mark.parametrize(
    "words", ["전화", "문의", "연락처", "문의처", "대표번호", "예약", "전화번호", "Tel/Fax", "전화/팩스"]
)
def test_a_word_that_only_announces_a_number_is_no_owner(words):
    assert contacts_of(f"{words}: 02-000-1234", title="통역 안내") == [("통역 안내", "TEL", "02-000-1234")]


def test_a_particle_is_no_owner():
    assert contacts_of("이민국은 0900-000-1234와 0900-000-2345 두 개를 씁니다.")[1][0] != "와"
    assert contacts_of("메일은 tulong@bangko.example 입니다.", title="은행 안내") == [
        ("은행 안내", "EMAIL", "tulong@bangko.example")
    ]


def test_a_contact_of_nobody_stands_below_a_fixed_word():
    """A number as the name of an institution says nothing, and can be taken for a second number."""
    assert contacts_of("☎ 02-000-1234\n✉ job@saebom-food.example") == [
        ("문의처", "TEL", "02-000-1234"),
        ("문의처", "EMAIL", "job@saebom-food.example"),
    ]


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("두 번째가 한국 원장님 계신 하늘나무덴탈(☎ (02) 0000-3528)이에요.", "하늘나무덴탈"),
        ("고객센터에 걸었더니(+82-2-000-8120) 대리점에 오시래요.", "고객센터"),
        ("연락은 총무 리아에게 0900-000-1234", "총무 리아"),
    ],
)
def test_of_a_piece_of_a_sentence_only_the_name_in_it_is_the_owner(line, owner):
    assert contacts_of(f"마닐라 생활을 적어 봅니다.\n{line}", title="마닐라 생활 안내")[0][0] == owner


@pytest.mark.parametrize(
    "line",
    [
        "급하시면 0900-000-2764",
        "방학에 한국 갈 때 조심: 앱이 잠기면 074-000-5523 으로 전화하세요.",
        "낮에는 안 되고 궁금한 분은 0900-000-2764",
        "아직 따로 싸우는 분 있으면 카톡 campmom11_example",
        "시간 칼같이 지킴. 0900-000-2846",
        "현금은 가지셔도 된대요 010-0000-7742",
    ],
)
def test_a_piece_of_a_sentence_is_no_owner_and_the_title_is(line):
    assert contacts_of(f"어제 다녀왔습니다.\n{line}", title="계좌 열기 안내")[0][0] == "계좌 열기 안내"


def test_a_piece_of_a_sentence_leaves_the_contact_to_the_owner_of_the_one_before():
    text = "쉼터 들풀 045-000-1907\n밤에는 카톡 deulpul_talk_example 로 남기시면 아침에 답을 드립니다."
    assert {owner for owner, _, _ in contacts_of(text, title="도움을 청할 곳")} == {"쉼터 들풀"}


@pytest.mark.parametrize(
    "name",
    ["24시 약국", "안 원장님", "하늘소 클리닉", "피해자 모임", "떡마을", "Paws & Co.", "보람어린이집"],
)
def test_a_name_that_only_looks_like_a_piece_of_a_sentence_is_an_owner(name):
    assert contacts_of(f"{name}\n☎ 02-000-1234", title="모음") == [(name.rstrip("."), "TEL", "02-000-1234")]


@pytest.mark.parametrize(
    "title",
    [
        "Re: 학생인데 은행 계좌 열 수 있나요?",
        "Re: 계좌 열기",
        '이번 겨울 "4주 영어캠프" 보내신 분들 저만 화난 거 아니죠??',
        "결혼비자 13A 받은 후기예요 (세부, 남편 필리핀 사람)",
        "공정하게 수사해 줄 것을 요청합니다.",
    ],
)
def test_a_title_that_is_a_sentence_is_no_owner(title):
    assert contacts_of("어제 다녀왔습니다.\n급하시면 0900-000-2764", title=title)[0][0] == "문의처"


def test_of_a_title_that_is_a_sentence_the_institution_in_it_is_the_owner():
    title = "망고나무의원 다녀왔습니다!"
    assert contacts_of("친절했습니다.\n급하시면 0900-000-2764", title=title)[0][0] == "망고나무의원"


@pytest.mark.parametrize(
    "words", ["Contact:", "지점 번호:", "출력이 까맣게 나옴", "안 뜨면", "덧붙여", "예약제,", "방법:"]
)
def test_a_word_of_a_role_or_a_piece_of_a_sentence_is_no_name(words):
    assert contacts_of(f"{words} 0900-000-1234", title="통역 안내") == [("통역 안내", "TEL", "0900-000-1234")]


def test_a_word_that_only_leads_on_is_no_part_of_a_name():
    assert contacts_of("그 다음 대사관 (02) 0000-8210")[0][0] == "대사관"


@pytest.mark.parametrize("name", ["St. Luke's Medical Center", "Dr. Kim Clinic"])
@pytest.mark.parametrize("line", ["{}\n☎ (02) 0000-1234", "{} 02-0000-1234", "응급실은 {} ☎ (02) 0000-1234"])
def test_the_full_stop_of_an_abbreviation_does_not_cut_a_name(name, line):
    assert contacts_of(line.format(name), title="통역 안내")[0][0] == name
