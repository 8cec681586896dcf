"""Lines become posts, posts become documents, and nothing that somebody wrote is lost on the way."""

import re

from corpus import documents
from corpus.documents import Post, cut_documents, cut_text, find_title, split_posts, split_sentences
from corpus.normalization import normalize
from corpus.reading import Line

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st


def lines_of(text: str, source: str = "raw.txt") -> list[Line]:
    return [Line(source, number, line) for number, line in enumerate(text.split("\n"), start=1)]


def posts_of(text: str) -> list[str]:
    """The posts of a text, each as the text that it holds."""
    return ["\n".join(post.lines) for post in split_posts(lines_of(text))]


PASSPORT = "말라테에서 지갑과 여권을 잃어버렸습니다.\n먼저 경찰서에서 분실 신고서를 받으세요."
VISA = "무비자로 들어오면 30일 동안 머물 수 있습니다.\n그 뒤에는 이민국에서 연장하세요."
LONG_POST = "\n".join(
    f"{number}번째로 다녀온 이민국 이야기입니다. 창구가 바뀌었으니 확인하세요." for number in range(9)
)

# --- Posts ---


@pytest.mark.parametrize(
    "separator",
    [
        "-----",
        "=====",
        "* * *",
        "***",
        "~~~~",
        "____",
        "#####",
        "※※※",
        "━━━━━━",
        "───",
        "<끝>",
        "(끝)",
        "--- 12 ---",
        "...",
    ],
)
@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_separator_line_parts_two_posts_and_belongs_to_neither(separator, blank):
    assert posts_of(f"{PASSPORT}\n{blank}{separator}\n{blank}{VISA}") == [PASSPORT, VISA]


def test_two_blank_lines_part_two_posts():
    assert posts_of(f"{PASSPORT}\n\n\n{VISA}") == [PASSPORT, VISA]


@pytest.mark.parametrize(
    "head",
    [
        "[비자] 관광비자 연장하는 방법",
        "【비자 연장】",
        "<관광비자 연장>",
        "제목: 관광비자 연장하는 방법",
        "2024-03-15 14:20",
        "2024년 3월 15일",
        "작성자: 할림바와",
        "No. 128 비자 연장",
    ],
)
def test_a_head_after_a_blank_line_begins_a_post(head):
    assert posts_of(f"{PASSPORT}\n\n{head}\n{VISA}") == [PASSPORT, f"{head}\n{VISA}"]


def test_a_bracketed_title_begins_a_post_without_a_blank_line():
    assert posts_of(f"{PASSPORT}\n[비자] 연장하는 방법\n{VISA}") == [PASSPORT, f"[비자] 연장하는 방법\n{VISA}"]


def test_title_date_and_byline_of_one_post_stay_with_their_body():
    post = f"[비자] 관광비자 연장하는 방법\n\n2024-03-15 14:20\n\n작성자: 할림바와\n\n{VISA}"
    assert posts_of(f"{PASSPORT}\n\n\n{post}") == [PASSPORT, post]


def test_single_blank_lines_part_paragraphs_of_one_post():
    post = f"{PASSPORT}\n\n{VISA}\n\n{LONG_POST}"
    assert posts_of(post) == [post]


def test_single_blank_lines_part_posts_in_a_long_stretch_without_other_breaks():
    posts = [LONG_POST.replace("이민국", f"{place} 이민국") for place in ("세부", "바기오", "다바오", "앙헬레스") * 8]
    text = "\n\n".join(posts)
    assert len(text) > 2 * documents.LONGEST_POST
    assert posts_of(text) == posts


def test_a_list_stays_with_the_line_that_announces_it_in_a_long_stretch_too():
    post = f"{LONG_POST}\n준비물은 다음과 같습니다:\n\n- 여권\n- 사진 2장"
    assert posts_of("\n\n".join([post] * 30)) == [post] * 30


def test_a_new_file_begins_a_new_post():
    lines = lines_of(PASSPORT, "가.txt") + lines_of(VISA, "나.txt")
    assert [(post.source, post.line) for post in split_posts(lines)] == [("가.txt", 1), ("나.txt", 1)]


def test_a_post_knows_where_its_first_line_stood():
    posts = list(split_posts(lines_of(f"\n{PASSPORT}\n\n\n{VISA}\n=====\n\n{PASSPORT}")))
    assert [post.line for post in posts] == [2, 6, 10]


def test_posts_come_while_the_lines_are_still_being_read():
    read = []

    def endless_text():
        for number in range(100_000):
            read.append(number)
            yield Line("raw.txt", number + 1, "비자를 연장하려면 이민국 지점에 가서 신청서를 쓰고 수수료를 내세요.")

    next(iter(split_posts(endless_text())))
    assert len(read) < 10_000


WRITTEN = [
    "여권을 잃어버렸습니다.",
    "[비자] 연장 방법",
    "2024-03-15",
    "제목: 비자",
    "- 여권",
    "준비물:",
    "작성자: 홍길동",
    "짧은 제목",
]
BETWEEN = ["", "", "", " ", "=====", "* * *", "<끝>"]


@given(
    st.lists(st.sampled_from([*WRITTEN, *BETWEEN, LONG_POST.replace("\n", " ")]), max_size=40),
    st.sampled_from([(20, 10, 60), (60, 20, 200), (6_000, 200, 65_536)]),
)
@settings(max_examples=400, deadline=None)
def test_every_line_with_something_on_it_is_in_one_post_in_its_order(texts, limits):
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in zip(("LONGEST_POST", "SHORTEST_POST", "LARGEST_POST"), limits, strict=True):
            patch.setattr(documents, name, limit)
        posts = list(split_posts(lines_of("\n".join(texts))))
    written = [text for text in texts if text not in BETWEEN]
    assert [line for post in posts for line in post.lines if line] == written
    assert all(post.lines[0] and post.lines[-1] for post in posts)
    assert all(texts[post.line - 1] == post.lines[0] for post in posts)


# --- Titles ---


@pytest.mark.parametrize(
    ("first_lines", "title"),
    [
        (("[여권] 마닐라에서 여권을 잃어버렸을 때", PASSPORT), "마닐라에서 여권을 잃어버렸을 때"),
        (("【관광비자 연장하는 방법】", VISA), "관광비자 연장하는 방법"),
        (("<관광비자 연장하는 방법>", VISA), "관광비자 연장하는 방법"),
        (("★ 세부 병원 안내 ★", VISA), "세부 병원 안내"),
        (("【앙헬레스 한인회】 연례신고 접수합니다", VISA), "【앙헬레스 한인회】 연례신고 접수합니다"),
        (("【아이 예방접종 정리】 by 두리맘", VISA), "아이 예방접종 정리"),
        (("<대학 입학 후기> 2022.11.30 / by 우베라떼", VISA), "대학 입학 후기"),
        (("■ 은행 계좌 만들기 ■", VISA), "은행 계좌 만들기"),
        (("제목: 운전면허 바꾸기", VISA), "운전면허 바꾸기"),
        (("No. 12 운전면허 바꾸기", VISA), "운전면허 바꾸기"),
        (("2024-03-15 14:20", "작성자: 할림바와", "운전면허 바꾸기", VISA), "운전면허 바꾸기"),
        (("(단톡방에서 퍼옴)", "여권을 잃어버렸을 때", VISA), "여권을 잃어버렸을 때"),
        (
            ("[리아맘] [오후 3:12] 여권 잃어버리면 어디로 가나요", "[망고] [오후 3:13] 대사관요"),
            "여권 잃어버리면 어디로 가나요",
        ),
        (("2024년 3월 1일 오후 3:12, 리아맘 : 여권 잃어버림", VISA), "여권 잃어버림"),
        (("유심 등록을 안 하면 번호가 끊깁니다", VISA), "유심 등록을 안 하면 번호가 끊깁니다"),
    ],
)
def test_a_title_is_found_and_cleaned_of_its_marks(first_lines, title):
    assert find_title(first_lines) == title


@pytest.mark.parametrize(
    "first_lines",
    [
        (
            "아이가 밤에 열이 나서 세부의 큰 병원 응급실로 갔습니다. 보증금을 먼저 내야 하고 현금만 받는 곳이 많으니 챙겨 가세요.",
            VISA,
        ),
        ("혼자 있는 한 줄",),
        ("- 여권 원본과 사본", "- 사진 2장"),
        ("2024-03-15 14:20",),
        ("(단톡방에서 퍼옴)", "(허락받고 올림)"),
    ],
)
def test_a_post_without_a_title_has_none(first_lines):
    assert find_title(first_lines) == ""


# --- Documents ---


def test_a_short_post_is_one_document():
    post = Post("raw.txt", 7, ("[여권] 여권을 잃어버렸을 때", *PASSPORT.split("\n")))
    (document,) = cut_documents(post, 3, 800)
    assert (document.source, document.line, document.post, document.part) == ("raw.txt", 7, 3, 0)
    assert document.title == "여권을 잃어버렸을 때"
    assert document.text == "\n".join(post.lines)


def test_the_parts_of_a_long_post_are_numbered_and_share_its_title():
    post = Post("raw.txt", 1, ("이민국 이야기", *LONG_POST.split("\n")))
    parts = cut_documents(post, 0, 120)
    assert [document.part for document in parts] == list(range(len(parts))) and len(parts) > 2
    assert {document.title for document in parts} == {"이민국 이야기"}
    assert all(len(document.text) <= 120 for document in parts)


def test_text_is_cut_between_paragraphs_where_it_can_be():
    paragraph = "이민국은 아침 여덟 시에 문을 엽니다. 번호표를 뽑고 기다리세요."
    assert cut_text("\n\n".join([paragraph] * 4), 90) == [f"{paragraph}\n\n{paragraph}"] * 2


def test_text_without_paragraphs_is_cut_between_sentences():
    sentences = [f"{number}번 창구에 신청서를 내고 영수증을 받으세요." for number in range(30)]
    pieces = cut_text(" ".join(sentences), 150)
    assert [sentence for piece in pieces for sentence in split_sentences(piece)] == sentences
    assert all(piece.endswith("받으세요.") for piece in pieces)


def test_a_heading_is_not_cut_off_from_what_it_announces():
    text = f"{PASSPORT} {VISA}\n준비물:\n여권 원본과 사본 두 장, 사진 두 장을 흰 종이에 붙여서 내야 합니다."
    for limit in range(40, len(text)):
        assert not any(piece.endswith("준비물:") for piece in cut_text(text, limit)[:-1])


def test_the_last_piece_is_no_scrap():
    sentences = " ".join("비자는 이민국에서 연장하세요." for _ in range(100))
    for limit in range(100, 400, 7):
        pieces = cut_text(sentences, limit)
        assert min(map(len, pieces)) > limit // 4


WORDS = st.text(st.sampled_from("가나다라마 바사.,다:\n a1😀"), max_size=200)


@given(st.one_of(WORDS, st.text(max_size=200).map(normalize)), st.integers(20, 120))
@example("가" * 19 + " 나", 20)
@settings(max_examples=500, deadline=None)
def test_pieces_are_short_enough_and_hold_every_word(text, limit):
    pieces = cut_text(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    if all(len(word) <= limit for word in text.split()):
        assert [word for piece in pieces for word in piece.split()] == text.split()
    else:
        assert "".join("".join(pieces).split()) == "".join(text.split())


def test_only_a_word_longer_than_a_piece_is_cut():
    word = "https://embahada.example/" + "a" * 130
    pieces = cut_text(f"여권 안내는 {word} 에 있습니다", 50)
    assert "".join(pieces).replace(" ", "") == f"여권안내는{word}에있습니다"
    assert all(len(piece) <= 50 for piece in pieces)
    assert pieces[-1].split()[1:] == ["에", "있습니다"]


# --- Sentences ---


def test_a_line_is_taken_apart_into_its_sentences():
    line = "먼저 신고하세요. 그다음 예약합니다! 얼마나 걸릴까요? 사흘 걸렸습니다 영수증도 받으세요"
    assert split_sentences(line) == [
        "먼저 신고하세요.",
        "그다음 예약합니다!",
        "얼마나 걸릴까요?",
        "사흘 걸렸습니다",
        "영수증도 받으세요",
    ]


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("4. 한국대사관에 신고합니다. 사진도 챙기세요.", ["4. 한국대사관에 신고합니다.", "사진도 챙기세요."]),
        ("가. 신청합니다. 나. 기다립니다.", ["가. 신청합니다.", "나. 기다립니다."]),
        ("a. 신청합니다. (3). 갑니다. 2). 옵니다.", ["a. 신청합니다.", "(3). 갑니다.", "2). 옵니다."]),
        ("먼저 신고합니다. 2. 사진을 찍으세요.", ["먼저 신고합니다.", "2. 사진을 찍으세요."]),
        ("준비물 1. 여권 2. 사진 12. 도장", ["준비물", "1. 여권", "2. 사진", "12. 도장"]),
        ("Q. 언제 만료되나요? A. 내일입니다.", ["Q. 언제 만료되나요?", "A. 내일입니다."]),
    ],
)
def test_the_number_of_an_item_belongs_to_the_sentence_after_it(line, sentences):
    assert split_sentences(line) == sentences


@pytest.mark.parametrize(
    "line",
    [
        "2024. 6. 2. 앙헬레스에서 썼습니다.",
        "사고는 2019.06.15. 새벽에 났습니다.",
        "사무실은 No. 5 Ayala Ave. 근처입니다.",
        "주소는 12 Halimbawa St. Brgy. San Roque, Cebu City입니다.",
        "U.N. Ave. 12 Halimbawa Bldg. 3층으로 오세요.",
        "내과는 Dr. Kim이 봅니다.",
        "담당은 Ms. 조이이고 loc. 105로 돌려 줍니다.",
        "T. (02) 0000-1234, Tel. (02) 0000-1235",
        "Doc. No./Page No./Book No.가 비어 있으면 무효이고 Doc. No.는 꼭 보세요",
    ],
)
def test_a_date_an_initial_or_an_abbreviation_ends_no_sentence(line):
    assert split_sentences(line) == [line]


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        (
            "마카티 한빛의원 (2층. 카드는 안 받아요. 현금만)에 갔습니다",
            ["마카티 한빛의원 (2층. 카드는 안 받아요. 현금만)에 갔습니다"],
        ),
        (
            "장소는 체육관 (Gate 3로 들어오십시오. 주차 됩니다)이니 늦지 마세요.",
            ["장소는 체육관 (Gate 3로 들어오십시오. 주차 됩니다)이니 늦지 마세요."],
        ),
        (
            "여권용 사진 [흰 배경입니다. 두 장] 가져오세요. 끝났습니다.",
            ["여권용 사진 [흰 배경입니다. 두 장] 가져오세요.", "끝났습니다."],
        ),
        ("서류 (1. 여권 2. 사진)를 냅니다. 기다립니다.", ["서류 (1. 여권 2. 사진)를 냅니다.", "기다립니다."]),
        (
            "체육관에서 합니다. (Gate 3로 오세요.) 늦지 마세요.",
            ["체육관에서 합니다.", "(Gate 3로 오세요.)", "늦지 마세요."],
        ),
        ("아픕니다 :( 병원에 갔습니다. 약을 샀습니다.", ["아픕니다", ":( 병원에 갔습니다.", "약을 샀습니다."]),
        ("갔습니다. 1) 여권 냈습니다. 2) 사진 냈습니다.", ["갔습니다.", "1) 여권 냈습니다.", "2) 사진 냈습니다."]),
    ],
)
def test_no_sentence_ends_within_brackets(line, sentences):
    assert split_sentences(line) == sentences


def test_a_bracket_that_closes_far_away_holds_no_sentence_together():
    line = "(여기부터 적습니다. " + "창구에서 번호표를 뽑고 기다립니다. " * 9 + "끝났습니다.)"
    assert len(split_sentences(line)) == 11


def test_a_text_is_not_cut_within_brackets():
    text = " ".join(["창구에서 (번호표를 뽑습니다. 앉습니다. 기다립니다) 불러 줍니다."] * 6)
    pieces = [piece for limit in range(60, 200) for piece in cut_text(text, limit)]
    assert all(piece.endswith("불러 줍니다.") for piece in pieces)


def test_a_number_of_more_digits_ends_a_sentence():
    assert split_sentences("보증금은 1,500. 돌려줍니다.") == ["보증금은 1,500.", "돌려줍니다."]


def test_a_text_is_not_cut_after_the_number_of_an_item():
    text = " ".join(f"{number}. 창구에서 번호표를 뽑고 기다립니다." for number in range(1, 10))
    pieces = [piece for limit in range(60, 200) for piece in cut_text(text, limit)]
    assert all(piece.endswith("기다립니다.") for piece in pieces)


@pytest.mark.parametrize(
    "line", ["수수료는 1.5퍼센트입니다.", "www.embahada.example 에 있습니다.", "여권 원본과 사본 두 장"]
)
def test_a_full_stop_inside_a_word_ends_no_sentence(line):
    assert split_sentences(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "수수료가 은행마다 다르고 전보다 올랐습니다.",
        "캐나다 대사관 옆에 있습니다.",
        "날마다 바다 냄새가 나는 동네입니다.",
    ],
)
def test_a_word_that_happens_to_end_like_a_verb_ends_no_sentence(line):
    assert split_sentences(line) == [line]


PARTS = [
    "1.",
    "2. ",
    "12.",
    "(3).",
    "가.",
    "No.",
    "St. ",
    "2024.",
    "Ms.",
    "A.",
    "여권",
    "갑니다.",
    "하세요",
    " ",
    " ",
    "?",
    "…",
]


@given(
    st.one_of(
        st.lists(st.sampled_from(PARTS), max_size=14).map("".join),
        st.text(st.sampled_from("가나다요죠.!? 습니세a\"'~"), max_size=60),
        st.text(max_size=60),
    )
)
@settings(max_examples=500, deadline=None)
def test_sentences_together_hold_every_word(line):
    sentences = split_sentences(line)
    assert [word for sentence in sentences for word in sentence.split()] == line.split()
    assert all(sentence == sentence.strip() != "" for sentence in sentences)
    assert not any(re.fullmatch(r"\(?\d{1,2}\)?\.", sentence) for sentence in sentences[:-1])
