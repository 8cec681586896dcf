"""Lines become posts, and nothing that somebody wrote is lost on the way."""

from corpus.raw import posts as posts_module
from corpus.raw.posts import LONGEST_POST, split_posts
from corpus.raw.reading import Line

import pytest
from hypothesis import given, settings
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
    assert len(text) > 2 * LONGEST_POST
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
            patch.setattr(posts_module, name, limit)
        posts = list(split_posts(lines_of("\n".join(texts))))
    written = [text for text in texts if text not in BETWEEN]
    assert [line for post in posts for line in post.lines if line] == written
    assert all(post.lines[0] and post.lines[-1] for post in posts)
    assert all(texts[post.line - 1] == post.lines[0] for post in posts)
