"""Lines become posts, posts become documents, and nothing that somebody wrote is lost on the way."""

from corpus.raw import documents
from corpus.raw.documents import Post, cut_documents, cut_text, find_title, split_posts, split_sentences
from corpus.raw.normalization import normalize
from corpus.raw.reading import Line

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
