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
LICENCE = "한국 면허증은 90일까지만 쓸 수 있습니다.\n그 뒤에는 현지 면허로 바꾸어야 하고 수수료는 현금으로 냅니다."
SCHOOL = "국제학교는 1월과 6월에 학생을 뽑습니다.\n성적표는 학교장이 서명한 원본을 내세요."
LONG_POST = "\n".join(
    f"{number}번째로 다녀온 이민국 이야기입니다. 창구가 바뀌었으니 확인하세요." for number in range(9)
)


@pytest.mark.parametrize(
    "separator",
    [
        "-----",
        "=====",
        "* * *",
        "~~~~",
        "____",
        "#####",
        "※※※",
        "━━━━━━",
        "───",
        "<끝>",
        "(끝)",
        "--- 12 ---",
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
    posts = [f"{head}\n{body}" for body in (PASSPORT, VISA, LICENCE, SCHOOL)]
    assert posts_of("\n\n".join(posts)) == posts


def test_a_bracketed_title_begins_a_post_without_a_blank_line():
    assert posts_of(f"{PASSPORT}\n[비자] 연장하는 방법\n{VISA}") == [PASSPORT, f"[비자] 연장하는 방법\n{VISA}"]


def test_title_date_and_byline_of_one_post_stay_with_their_body():
    post = f"[비자] 관광비자 연장하는 방법\n\n2024-03-15 14:20\n\n작성자: 할림바와\n\n{VISA}"
    assert posts_of(f"{PASSPORT}\n\n\n{post}") == [PASSPORT, post]


def test_single_blank_lines_part_paragraphs_of_one_post():
    post = (
        "여권을 잃어버린 날의 기록\n\n말라테 시장에서 지갑과 여권을 잃어버렸습니다.\n\n먼저 경찰서에 가서 신고서를 받았는데 "
        "두 시간이 걸렸습니다.\n\n그다음 날 대사관에 가서 여권을 다시 신청했습니다.\n\n사진은 미리 찍어 가는 것이 좋아요."
    )
    assert posts_of(post) == [post]


def test_single_blank_lines_part_posts_in_a_long_stretch_without_other_breaks():
    posts = [LONG_POST.replace("이민국", f"{place} 이민국") for place in ("세부", "바기오", "다바오", "앙헬레스") * 8]
    text = "\n\n".join(posts)
    assert len(text) > 2 * LONGEST_POST
    assert posts_of(text) == posts


def test_a_list_stays_with_the_line_that_announces_it_in_a_long_stretch_too():
    post = f"{LONG_POST}\n준비물은 다음과 같습니다:\n\n- 여권\n- 사진 2장"
    assert posts_of("\n\n".join([post] * 30)) == [post] * 30


# --- The layout of a text ---

TITLED = [
    "여권을 잃어버렸을 때\n경찰서에서 신고서를 받으세요. 대사관에는 사진 2장을 가져가세요. 처리에는 2주가 걸립니다.",
    "비자 연장하는 방법\n만료 일주일 전에 이민국에 가세요. 신청서를 쓰고 수수료를 냅니다. 늦으면 벌금이 있어요.",
    "면허증을 바꾸려면\n한국 면허증과 번역문을 가지고 갑니다. 신체검사를 받고 사진을 찍습니다. 반나절이면 됩니다.",
    "국제학교 입학 시기\n1월과 6월에 뽑습니다. 성적표는 원본을 내야 합니다. 시험은 영어와 수학입니다.",
    "택시 요금이 올랐어요\n기본요금이 50페소가 되었습니다. 미터기를 켜 달라고 하세요. 영수증도 꼭 받으세요.",
    "이삿짐 보내기\n배로 보내면 45일쯤 걸립니다. 상자마다 번호를 쓰세요. 목록은 영어로 두 부 만듭니다.",
]


@pytest.mark.parametrize("between", ["\n----\n", "\n\n", "\n\n\n", "\n"])
def test_titles_and_bodies_in_one_layout_are_posts(between):
    posts = [post.replace(". ", ".\n") for post in TITLED]
    assert posts_of(between.join(posts)) == posts


@pytest.mark.parametrize("mark", ["...", "○○○", "***", "─────"])
def test_marks_within_a_post_part_nothing_where_other_separators_part_the_posts(mark):
    first, *others = TITLED
    interrupted = first.replace(". ", f".\n{mark}\n", 1)
    assert posts_of("\n-----\n".join([interrupted, *others])) == [interrupted.replace(f"{mark}\n", ""), *others]


def test_two_blank_lines_within_a_numbered_notice_part_nothing():
    notice = "입주민 안내문\n\n1. 쓰레기는 저녁 8시에 내놓으세요.\n\n\n2. 주차는 정해진 자리에 하세요.\n\n\n3. 관리비는 25일까지 내세요."
    assert len(posts_of(notice)) == 1


def test_what_a_format_says_is_certain():
    lines = [Line("raw.txt", number, "네 알겠습니다.", begins_post=number == 3) for number in range(1, 6)]
    assert [post.line for post in split_posts(lines)] == [1, 3]


def test_a_text_whose_posts_may_be_mixed_is_in_doubt():
    clear = list(split_posts(lines_of("\n-----\n".join(TITLED))))
    mixed = list(split_posts(lines_of("\n".join(f"{number}번 창구에 사람이 많았다" for number in range(30)))))
    assert sum(post.doubt for post in clear) == 0 < sum(post.doubt for post in mixed)


def test_a_new_file_begins_a_new_post():
    lines = lines_of(PASSPORT, "가.txt") + lines_of(VISA, "나.txt")
    assert [(post.source, post.line) for post in split_posts(lines)] == [("가.txt", 1), ("나.txt", 1)]


def test_a_post_knows_where_its_first_line_stood():
    posts = list(split_posts(lines_of(f"\n{PASSPORT}\n\n-----\n{VISA}\n-----\n\n{PASSPORT}")))
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
