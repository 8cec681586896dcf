"""One spelling for what looks the same, and contact labels that become standard where they are labels."""

import unicodedata

from corpus.raw.normalization import normalize, standardize_labels

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

# --- Characters ---


def test_hangul_in_single_jamo_becomes_syllables():
    text = "여권을 잃어버리면 먼저 경찰서로 가세요."
    jamo = unicodedata.normalize("NFD", text)
    assert len(jamo) > len(text)
    assert normalize(jamo) == text


@pytest.mark.parametrize(
    "invisible",
    ["\x00", "\x07", "\x1b", "\x7f", "\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\ufe0f", "\u202e"],
)
def test_characters_that_no_one_can_see_are_removed(invisible):
    assert normalize(f"비{invisible}자 연장{invisible}") == "비자 연장"


def test_a_syllable_torn_apart_by_an_invisible_character_becomes_whole():
    assert normalize("여\u1100\u200b\u116f\u11ab") == "여권"


@pytest.mark.parametrize("space", ["  ", "\t", "\u00a0", "\u3000", " \u2009 ", "\u202f"])
def test_white_space_of_every_kind_becomes_one_space(space):
    assert normalize(f"관광비자{space}연장") == "관광비자 연장"


def test_spaces_before_a_line_end_go_and_blank_lines_stay():
    assert normalize("첫 문단입니다. \t\n\u3000\n둘째 문단입니다.  ") == "첫 문단입니다.\n\n둘째 문단입니다."


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_every_line_end_is_one_line_feed(line_end):
    assert normalize(f"주소{line_end}{line_end}전화") == "주소\n\n전화"


def test_pictures_and_other_scripts_stay():
    text = "🇵🇭 Ñoño 식당 😀 ビザ 漢字 ₱500 ½ ㅋㅋ"
    assert normalize(text) == text


# --- HTML ---


def test_tags_go_and_their_text_stays():
    assert (
        normalize('<p class="글">이민국은 <b>인트라무로스</b>에 있습니다.</p>') == "이민국은 인트라무로스에 있습니다.\n"
    )


def test_a_tag_that_ends_a_line_becomes_a_line_end():
    assert normalize("여권<br>사진 2장<BR/>수수료<br />신청서") == "여권\n사진 2장\n수수료\n신청서"


def test_the_cells_of_a_row_stay_apart_and_rows_below_each_other():
    table = (
        "<table><tr><th>서류</th><th>비용</th></tr><tr><td>여권 사본 </td> <TD align=right>200페소</TD></tr></table>"
    )
    assert normalize(table) == "서류 | 비용\n여권 사본 | 200페소\n"


def test_angle_brackets_that_are_no_tag_stay():
    text = "<마닐라 생활 안내> 체류 30일 < 59일 > 29일 <끝>"
    assert normalize(text) == text


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("A&amp;B 마트", "A&B 마트"),
        ("A&amp;amp;B 마트", "A&B 마트"),
        ("비자&nbsp;연장", "비자 연장"),
        ("&#50668;&#xAD8C; 분실", "여권 분실"),
        ("&lt;b&gt;여권&lt;/b&gt;", "여권"),
        ("&amp;lt;b&amp;gt;여권&amp;lt;/b&amp;gt;", "여권"),
        ("여&#8203;권", "여권"),
        ("R&D 센터; Q&A", "R&D 센터; Q&A"),
    ],
)
def test_html_entities_are_resolved_however_often_they_were_escaped(escaped, plain):
    assert normalize(escaped) == plain


# --- Normalising twice ---

TRICKY = ["&", "amp;", "&amp;", "&lt;", "&#60;", "lt;", "<b>", "<", ">", "b>", "<br>", "</p", "\r", "\n", " ", "\u3000"]
TRICKY += [
    "\u200b",
    "\u1100",
    "\u1161",
    "\u11a8",
    "\u0301",
    "e",
    "가",
    "\u00ad",
    "\x85",
    "&#13;",
    "<!--",
    "-->",
    "</td>",
    "<td>",
    "\u037e",
]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(TRICKY), max_size=12).map("".join)))
@example("R&<b>amp;</b>D")
@example("</p \u2028시작>")
@example("&amp\u037e")
@settings(max_examples=600, deadline=None)
def test_normalising_twice_changes_nothing_more(text):
    once = normalize(text)
    assert normalize(once) == once


@given(st.text(st.sampled_from("가나여권비자 ab12.,!?\n"), max_size=80))
@settings(max_examples=200, deadline=None)
def test_normalising_keeps_every_letter_of_plain_text(text):
    assert normalize(text).split() == text.split()
    assert normalize(text).count("\n") == text.count("\n")


# --- Labels ---

NUMBER = "(02) 0000-1234"


@pytest.mark.parametrize(
    "spelling",
    [
        "전화",
        "전화번호",
        "전화 번호",
        "대표전화",
        "연락처",
        "핸드폰",
        "휴대폰",
        "휴대전화",
        "모바일",
        "Tel",
        "TEL",
        "tel",
        "TEL.",
        "T.",
        "Phone",
        "Mobile",
        "mobile",
        "Hotline",
    ],
)
@pytest.mark.parametrize("join", [": ", ":", " : ", "：", " "])
def test_every_spelling_of_telephone_becomes_tel(spelling, join):
    assert standardize_labels(f"이민국 {spelling}{join}{NUMBER}") == f"이민국 TEL: {NUMBER}"


@pytest.mark.parametrize("picture", ["☎", "☎️", "☏", "📞", "📱"])
@pytest.mark.parametrize("words", ["", " 전화번호:", " Tel", " 전화 :", " TEL.", ":"])
def test_a_picture_of_a_telephone_is_a_label_with_words_or_without(picture, words):
    assert standardize_labels(normalize(f"{picture}{words} {NUMBER}")) == f"TEL: {NUMBER}"


@pytest.mark.parametrize(
    ("line", "standard"),
    [
        ("카톡: manila_help", "KAKAO: manila_help"),
        ("카카오톡 : manila_help", "KAKAO: manila_help"),
        ("카톡 아이디: manila_help", "KAKAO: manila_help"),
        ("카카오톡 아이디 manila_help", "KAKAO: manila_help"),
        ("KAKAO ID: manila_help", "KAKAO: manila_help"),
        ("Kakao manila_help", "KAKAO: manila_help"),
        ("KakaoTalk ID manila_help", "KAKAO: manila_help"),
        ("💬 manila_help", "KAKAO: manila_help"),
        ("홈페이지: www.embahada.example", "WEB: www.embahada.example"),
        ("홈페이지 www.embahada.example", "WEB: www.embahada.example"),
        ("웹사이트 https://embahada.example/kr", "WEB: https://embahada.example/kr"),
        ("웹 사이트: embahada.example", "WEB: embahada.example"),
        ("Web: embahada.example", "WEB: embahada.example"),
        ("Website embahada.example", "WEB: embahada.example"),
        ("Homepage: www.embahada.example", "WEB: www.embahada.example"),
        ("🌐 www.embahada.example", "WEB: www.embahada.example"),
        ("주소: 12 Halimbawa Street, Taguig", "ADDR: 12 Halimbawa Street, Taguig"),
        ("주소 : 12 Halimbawa Street, Taguig", "ADDR: 12 Halimbawa Street, Taguig"),
        ("Addr: 12 Halimbawa Street, Taguig", "ADDR: 12 Halimbawa Street, Taguig"),
        ("Address: 12 Halimbawa Street, Taguig", "ADDR: 12 Halimbawa Street, Taguig"),
        ("📍 12 Halimbawa Street, Taguig", "ADDR: 12 Halimbawa Street, Taguig"),
        ("이메일: tulong@embahada.example", "EMAIL: tulong@embahada.example"),
        ("이메일 tulong@embahada.example", "EMAIL: tulong@embahada.example"),
        ("E-mail: tulong@embahada.example", "EMAIL: tulong@embahada.example"),
        ("e-mail tulong@embahada.example", "EMAIL: tulong@embahada.example"),
        ("Email: tulong@embahada.example", "EMAIL: tulong@embahada.example"),
        ("✉ tulong@embahada.example", "EMAIL: tulong@embahada.example"),
    ],
)
def test_the_other_labels_have_one_spelling_each(line, standard):
    assert standardize_labels(line) == standard


def test_several_labels_on_one_line_are_each_standardised():
    line = "영사과 ☎ 02-000-1234 / 카톡: manila_help / 홈피: www.embahada.example / 메일: tulong@embahada.example"
    standard = (
        "영사과 TEL: 02-000-1234 / KAKAO: manila_help / WEB: www.embahada.example / EMAIL: tulong@embahada.example"
    )
    assert standardize_labels(line) == standard


@pytest.mark.parametrize(
    "sentence",
    [
        "공항 근처 hotel 02층에 묵었습니다.",
        "hotel: 할림바와 호텔에 묵었습니다.",
        "이민국 website에서 예약하고 오세요.",
        "telegram: 단체방에서 물어보세요.",
        "telegram 0900-000-1234",
        "motel 0900-000-1234",
        "internet: 집마다 속도가 다릅니다.",
        "전화번호를 알아두세요.",
        "전화번호는 꼭 두 군데에 적어 두세요.",
        "전화 02-0000-1234로 물어보니 문을 닫았다고 합니다.",
        "전화 02-0000-1234 로 물어보니 문을 닫았다고 합니다.",
        "홈페이지 www.embahada.example에서 신청서를 받으세요.",
        "홈페이지에 들어가면 예약 버튼이 있습니다.",
        "카톡으로 물어보면 대답이 빠릅니다.",
        "카카오 계정으로 로그인하세요.",
        "주소 이전 신고는 두 달 안에 하세요.",
        "위치 확인은 Ayala Mall 3층에서 하세요.",
        "이메일을 보내도 답이 없었습니다.",
        "전화 한 통이면 10:30 예약이 됩니다.",
        "web3: 새로운 기술",
        "T 셔츠를 하나 샀습니다.",
    ],
)
def test_words_inside_a_sentence_are_no_labels(sentence):
    assert standardize_labels(sentence) == sentence


@pytest.mark.parametrize(
    ("line", "standard"),
    [
        ("📞대표 02-000-1234", "TEL: 대표 02-000-1234"),
        ("☎️ 대사관 영사과 야간 당직 +63 2 0000 8810", "TEL: 대사관 영사과 야간 당직 +63 2 0000 8810"),
        ("☎ ☎: 02-000-1234", "TEL: 02-000-1234"),
        ("📧 접수는 tulong@embahada.example", "EMAIL: 접수는 tulong@embahada.example"),
        ("📍마카티 Ayala Ave. 12", "ADDR: 마카티 Ayala Ave. 12"),
        ("📍 들마루마켓 — 19 Halimbawa St., Makati", "ADDR: 들마루마켓 — 19 Halimbawa St., Makati"),
        ("🏠 Unit 2, Halimbawa Arcade, Cebu", "ADDR: Unit 2, Halimbawa Arcade, Cebu"),
        ("📍 세부시 할림바와로 12, 2층", "ADDR: 세부시 할림바와로 12, 2층"),
        ("📍: 시청 맞은편", "ADDR: 시청 맞은편"),
    ],
)
def test_a_picture_is_a_label_before_a_colon_or_some_words_before_a_value_of_its_kind(line, standard):
    assert standardize_labels(normalize(line)) == standard


@pytest.mark.parametrize(
    "line",
    [
        "📱유심 등록은 공항에서 하세요",
        "📱유심 등록 다시 안내드려요📱",
        "📱 유심은 공항에서 삽니다. 문의 02-000-1234",
        "📞확인하실 번호",
        "📍여기가 핵심입니다",
        "📍 일로일로 / 한국인 정비사 / 예약제",
        "## 좋았던 가게 📍",
        "🏠 대피소 열렸습니다",
        "💬 세무새",
        "🌐 인터넷이 느립니다",
    ],
)
def test_a_picture_that_only_decorates_is_no_label(line):
    assert standardize_labels(line) == line


def test_lines_stay_lines():
    text = "영사과\n\n전화: 02-000-1234\n주소:\n12 Halimbawa Street"
    assert standardize_labels(text) == "영사과\n\nTEL: 02-000-1234\n주소:\n12 Halimbawa Street"


PARTS = [
    "전화",
    "번호",
    "Tel",
    "TEL",
    "tel",
    "T",
    ".",
    ":",
    "：",
    "☎",
    "📞",
    "카톡",
    "아이디",
    "KAKAO",
    "ID",
    "TEL:",
    "홈페이지",
]
PARTS += [
    "Web",
    "site",
    "주소",
    "Addr",
    "이메일",
    "E-mail",
    "02-000-1234",
    "a_1",
    "b@c.example",
    "www.d.example",
    "로",
    "=",
    "\n",
    "📍",
    "💬",
    "유심 등록",
    "12 Halimbawa St.",
    "할림바와로 12",
]


@given(st.lists(st.sampled_from(PARTS), max_size=9).map(" ".join))
@settings(max_examples=600, deadline=None)
def test_standardising_twice_changes_nothing_more(text):
    once = standardize_labels(normalize(text))
    assert standardize_labels(once) == once
