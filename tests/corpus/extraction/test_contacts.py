"""Telephone numbers, addresses, sites and ids in a text, whose they are, and what only looks like one."""

from corpus.extraction.contact_values import normalize_value
from corpus.extraction.contacts import find_contacts
from corpus.raw.normalization import normalize, standardize_labels

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def contacts_of(text: str, title: str = "") -> list[tuple[str, str, str]]:
    """(institution, label, value) of each contact in a text as people write it."""
    found = find_contacts(standardize_labels(normalize(text)), title)
    return [(contact.institution, contact.label, contact.value) for contact in found]


def values_of(text: str) -> list[tuple[str, str]]:
    return [(label, value) for _, label, value in contacts_of(text)]


# --- The shapes of telephone numbers ---


@pytest.mark.parametrize(
    "number",
    [
        "(02) 0000-1234",
        "(02)0000-1234",
        "(02) 000-1234",
        "02-0000-1234",
        "02 0000 1234",
        "02.0000.1234",
        "(032) 000-1234",
        "032-000-1234",
        "0900-000-1234",
        "0900 000 1234",
        "09000001234",
        "(0900) 000-1234",
        "+63 2 0000 1234",
        "+63-2-0000-1234",
        "+63 (2) 0000-1234",
        "+63 32 000 1234",
        "+63 900 000 1234",
        "+639000001234",
        "+63 (0)2 0000 1234",
        "1-800-10-000-1234",
        "02-000-1234",
        "031-000-1234",
        "010-0000-1234",
        "01000001234",
        "070-0000-1234",
        "+82-2-000-1234",
        "+82 10 0000 1234",
        "+82-10-0000-1234",
        "1500-0012",
        "1688-0012",
        "1800-0012",
        "02-000-1234~6",
        "(02) 0000-1234~38",
        "02-000-1234 내선 12",
        "02-000-1234 (내선 12)",
        "(02) 0000-1234 ext. 12",
        "(02) 0000-1234 loc. 305",
        "(02) 0000-1234 local 305",
    ],
)
@pytest.mark.parametrize(
    "line", ["할림바와 병원 {}", "할림바와 병원 ☎ {}", "할림바와 병원 전화: {}", "- 할림바와 병원: {}"]
)
def test_a_telephone_number_in_any_usual_shape_is_found_whole(number, line):
    assert contacts_of(line.format(number)) == [("할림바와 병원", "TEL", number)]


def test_a_local_number_is_one_only_where_something_says_so():
    assert values_of("당직실 TEL: 0000-1234") == [("TEL", "0000-1234")]
    assert values_of("당직실 ☎ 000-1234") == [("TEL", "000-1234")]
    assert values_of("신청 번호 0000-1234 번으로 접수했습니다.") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "사이버 범죄과는 (02) 0000-1234로 전화하면 받습니다.",
        "사이버 범죄과는 (02) 0000-1234번입니다.",
        "사이버 범죄과(02-0000-1234)에 신고하세요.",
        "사이버 범죄과 번호는 02-0000-1234.",
        "사이버 범죄과, 02-0000-1234, 아침 여덟 시부터 받습니다.",
    ],
)
def test_a_number_inside_a_sentence_is_found(sentence):
    ((label, value),) = values_of(sentence)
    assert label == "TEL" and value.strip("()").replace(") ", "-") == "02-0000-1234"


@pytest.mark.parametrize(
    "sentence",
    [
        "보증금은 20,000페소, 월세는 0900 000 1234 페소가 아니라 15,000페소입니다.",
        "1500-2000페소면 삽니다.",
        "등록금은 150000 원입니다.",
        "2024-03-15에 신청하고 2024.04.20에 받았습니다.",
        "2024 000 1234",
        "여권번호 M00000000을 적으세요.",
        "여권 번호 0900-000-1234 를 적으세요.",
        "여권 0100001234",
        "계좌 000-000000-00-000으로 보냈습니다.",
        "계좌번호: 000-0000-0000",
        "할림바와 은행 계좌 0000-00-0000000",
        "차 번호판은 ABC 1234이고 NAB 0123도 있었습니다.",
        "예약 번호 02-000-1234-5678을 보여 주세요.",
        "운송장 번호 0900-000-1234 를 적으세요.",
        "평일 08:00-17:00, 토요일 09:00~12:00에 엽니다.",
        "체류 기간은 30-59일, 최대 36개월입니다.",
        "우편번호 1634, 12층 1203호입니다.",
        "ACR 카드 번호는 A000000000입니다.",
        "₱0900 000 1234",
        "http://embahada.example/0900-000-1234.html",
    ],
)
def test_prices_dates_accounts_and_the_like_are_no_telephone_numbers(sentence):
    assert [value for label, value in values_of(sentence) if label == "TEL"] == []


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("보험사 사고 접수: 1500-0012", "보험사 사고 접수"),
        ("할림바와 병원 진료 예약 ☎ 1500-0012", "할림바와 병원 진료"),
        ("여권과 전화: 1500-0012", "여권과"),
        ("계좌 개설 상담 TEL 1500-0012", "계좌 개설 상담"),
    ],
)
def test_an_office_for_passports_bookings_or_accounts_has_a_telephone_too(line, owner):
    assert contacts_of(line) == [(owner, "TEL", "1500-0012")]


# --- The other kinds ---


@pytest.mark.parametrize(
    ("line", "label", "value"),
    [
        ("카톡: simhelp_01", "KAKAO", "simhelp_01"),
        ("카카오톡 아이디 : simhelp", "KAKAO", "simhelp"),
        ("Kakao ID simhelp_01", "KAKAO", "simhelp_01"),
        ("카톡 ID: halim.kr", "KAKAO", "halim.kr"),
        ("카톡: 마닐라도우미", "KAKAO", "마닐라도우미"),
        ("이메일: tulong@bangko.example", "EMAIL", "tulong@bangko.example"),
        ("서류는 tulong.kr@mail.bangko.example로 보내세요.", "EMAIL", "tulong.kr@mail.bangko.example"),
        ("홈페이지: www.embahada.example", "WEB", "www.embahada.example"),
        ("https://embahada.example/visa?kind=9a&lang=ko", "WEB", "https://embahada.example/visa?kind=9a&lang=ko"),
        ("신청서는 www.embahada.example에서 받으세요.", "WEB", "www.embahada.example"),
        ("신청서는 https://embahada.example/visa에 있습니다.", "WEB", "https://embahada.example/visa"),
        ("신청서는 embahada.example/visa 참고", "WEB", "embahada.example/visa"),
        ("예약(www.embahada.example)이 먼저입니다.", "WEB", "www.embahada.example"),
        ("예약은 www.embahada.example.", "WEB", "www.embahada.example"),
        ("주소: 12 Halimbawa Street, Taguig", "ADDR", "12 Halimbawa Street, Taguig"),
        ("📍 마닐라 타기그시 할림바와 거리 12번지 3층", "ADDR", "마닐라 타기그시 할림바와 거리 12번지 3층"),
    ],
)
def test_the_other_kinds_of_contact_are_found_without_what_follows_them(line, label, value):
    assert values_of(line) == [(label, value)]


def test_a_name_within_a_web_address_is_no_id():
    line = "신청은 http://example.com/view.do?gesipan_id=33&menu_id=mma 에서 합니다."
    assert values_of(line) == [("WEB", "http://example.com/view.do?gesipan_id=33&menu_id=mma")]


def test_a_mark_that_shows_where_a_line_was_cut_is_no_part_of_a_contact():
    assert values_of("신청서는 www.embahada.example…") == [("WEB", "www.embahada.example")]
    assert values_of("주소: 마닐라 시청 맞은편…") == [("ADDR", "마닐라 시청 맞은편")]


def test_the_number_after_a_street_belongs_to_its_address():
    assert values_of("주소: 마카티 Ayala Ave. 12, 2층") == [("ADDR", "마카티 Ayala Ave. 12, 2층")]


def test_an_email_address_is_no_web_address():
    assert values_of("문의 tulong@embahada.example") == [("EMAIL", "tulong@embahada.example")]


@pytest.mark.parametrize("separator", [" / ", ", ", " | ", " "])
def test_several_contacts_on_one_line_are_all_found_in_their_order(separator):
    parts = [
        "영사과 ☎ 02-000-1234",
        "카톡: manila_01",
        "홈페이지: www.embahada.example",
        "이메일: tulong@embahada.example",
    ]
    assert contacts_of(separator.join(parts)) == [
        ("영사과", "TEL", "02-000-1234"),
        ("영사과", "KAKAO", "manila_01"),
        ("영사과", "WEB", "www.embahada.example"),
        ("영사과", "EMAIL", "tulong@embahada.example"),
    ]


def test_an_address_ends_where_the_next_contact_begins():
    line = "영사과 주소: 12 Halimbawa Street, Taguig / 전화: (02) 0000-1234 / 홈페이지: www.embahada.example"
    assert values_of(line) == [
        ("ADDR", "12 Halimbawa Street, Taguig"),
        ("TEL", "(02) 0000-1234"),
        ("WEB", "www.embahada.example"),
    ]


def test_two_numbers_of_one_line_are_two_contacts():
    assert contacts_of("이민국 (02) 0000-1234, 0900-000-1234") == [
        ("이민국", "TEL", "(02) 0000-1234"),
        ("이민국", "TEL", "0900-000-1234"),
    ]


# --- Owners ---


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


def test_one_contact_told_twice_is_one():
    assert len(contacts_of("이민국 02-000-1234\n이민국 02-000-1234")) == 1


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


# --- Spellings of one contact ---


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "(02) 0000-1234",
            "02-0000-1234",
            "02 0000 1234",
            "+63 2 0000 1234",
            "+63 (2) 0000-1234",
            "+63 (0)2 0000 1234",
        ],
        ["0900-000-1234", "0900 000 1234", "09000001234", "+63 900 000 1234", "+639000001234", "+63-900-000-1234"],
        ["032-000-1234", "(032) 000-1234", "+63 32 000 1234"],
        ["010-0000-1234", "01000001234", "+82 10 0000 1234", "+82-10-0000-1234", "+82-(0)10-0000-1234"],
        ["02-000-1234", "02 000 1234", "+82-2-000-1234"],
        ["1500-0012", "1500 0012"],
        ["02-000-1234~6", "02-000-1234 ~ 6"],
        ["02-000-1234 내선 12", "02-000-1234 (내선 12)", "02-000-1234 ext. 12"],
    ],
    ids=lambda spellings: spellings[0],
)
def test_spellings_of_one_number_are_equal_when_normalised(spellings):
    assert len({normalize_value("TEL", spelling) for spelling in spellings}) == 1


def test_different_numbers_stay_different():
    numbers = [
        "02-0000-1234",
        "02-000-1234",
        "032-000-1234",
        "0900-000-1234",
        "02-000-1235",
        "02-000-1234~6",
        "02-000-1234 내선 6",
    ]
    assert len({normalize_value("TEL", number) for number in numbers}) == len(numbers)


@pytest.mark.parametrize(
    ("label", "spellings"),
    [
        (
            "WEB",
            ["https://www.embahada.example/", "http://embahada.example", "www.embahada.example", "Embahada.example"],
        ),
        ("EMAIL", ["Tulong@Bangko.example", "tulong@bangko.example"]),
        ("ADDR", ["12 Halimbawa  Street", "12 HALIMBAWA Street"]),
    ],
)
def test_spellings_of_one_address_are_equal_when_normalised(label, spellings):
    assert len({normalize_value(label, spelling) for spelling in spellings}) == 1


# --- Any text ---

PARTS = [
    "이민국",
    " ",
    "\n",
    "☎",
    "TEL: ",
    "02-000-1234",
    "0900",
    "-",
    "(02) 0000-1234",
    "~",
    "KAKAO: ",
    "a_1",
    "WEB: ",
    "ADDR: ",
]
PARTS += [
    "www.embahada.example",
    "에서",
    "a@b.example",
    ",",
    "/",
    "(",
    ")",
    "페소",
    "내선 3",
    "12 Halimbawa Street",
    "EMAIL: ",
    ".",
]


@given(st.one_of(st.lists(st.sampled_from(PARTS), max_size=14).map("".join), st.text(max_size=60)))
@settings(max_examples=500, deadline=None)
def test_whatever_is_found_stands_in_the_text_and_has_an_owner(text):
    for contact in find_contacts(text, "제목"):
        assert contact.value in text and contact.value == contact.value.strip()
        assert contact.institution.strip() and "\n" not in contact.institution
        assert contact.label in {"TEL", "ADDR", "WEB", "KAKAO", "EMAIL"}
