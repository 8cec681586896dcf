"""What surrounds a post on its page goes, and nothing of the post does."""

from corpus.raw.furniture import without_furniture
from corpus.raw.reading import Line

import pytest


def cleaned(text: str) -> list[Line]:
    return without_furniture([Line("raw.txt", number, line) for number, line in enumerate(text.split("\n"), start=1)])


def texts(text: str) -> list[str]:
    return [line.text for line in cleaned(text) if line.text]


BLOG = """\
본문 바로가기

블로그
카테고리 이동
하늘이네 일기
검색
MY메뉴 열기
세부 생활
막탄에서 시내 가는 법
프로필
하늘이
2024. 3. 1. 15:12

이웃추가
본문 기타 기능
택시를 타면 250페소쯤 나옵니다.

#세부 #막탄

8
4
공유하기
하늘이
여행을 좋아합니다.
이웃추가"""


def test_a_copied_blog_is_its_post():
    assert texts(BLOG) == [
        "막탄에서 시내 가는 법",
        "2024. 3. 1. 15:12",
        "택시를 타면 250페소쯤 나옵니다.",
        "#세부 #막탄",
    ]


def test_a_post_on_a_page_begins_where_its_page_does():
    first = next(line for line in cleaned(BLOG) if line.text)
    assert (first.text, first.number, first.begins_post) == ("막탄에서 시내 가는 법", 1, True)


def test_the_title_is_above_the_byline_and_the_name_of_the_site_is_none():
    page = (
        "본문 바로가기\n\n동네 소식\n\n집을 빌릴 때 볼 것\n\nby 하늘이 2024. 3. 2.\n반응형\n\n등기부등본을 떼어 보세요."
    )
    assert texts(page) == ["집을 빌릴 때 볼 것", "by 하늘이 2024. 3. 2.", "등기부등본을 떼어 보세요."]


@pytest.mark.parametrize(
    "line",
    [
        "좋아요 12",
        "공감 3 댓글 5",
        "조회수 : 1,234",
        "첨부파일",
        "- 동의서.pdf (28.5K) 5회 다운로드 DATE : 2022-01-24 16:03:48",
        "작성자 관리자 작성일22-01-24 16:03조회1,595회 댓글0건",
        "URL 복사",
        "기사제보 및 보도자료 news@something.example",
        "무단 전재 및 재배포 금지",
        ".post-title { color: red; margin: 0 }",
        "font-size: 12px;",
        "var id = document.title;",
    ],
)
def test_a_line_of_a_page_goes(line):
    assert texts(f"비자 연장 안내\n{line}\n만료 전에 신청하세요.") == ["비자 연장 안내", "만료 전에 신청하세요."]


@pytest.mark.parametrize(
    "line",
    [
        "검색",
        "3/13",
        "12",
        "댓글로 물어봐 주세요.",
        "좋아요 버튼은 누르지 마세요.",
        "tel: 02-0000-1234;",
        "첨부파일을 꼭 확인하세요.",
        "목록",
        "작성자가 조회한 서류 3장을 냅니다.",
    ],
)
def test_a_line_of_a_post_stays(line):
    assert line in texts(f"비자 연장 안내\n{line}\n만료 전에 신청하세요.")


def test_numbers_of_pages_with_their_count_go_and_dates_and_shares_stay():
    pages = "쓰레기는 지하에 내놓고\n2 / 12\n가전제품은 먼저 신고하\n3 / 12\n세요."
    assert texts(pages) == ["쓰레기는 지하에 내놓고", "가전제품은 먼저 신고하", "세요."]
    diary = ["3/12", "마닐라에 왔다.", "3/13", "비자를 신청했다.", "4/12", "비자를 받았다."]
    assert texts("\n".join(diary)) == diary
    assert texts("완성도\n3 / 12\n나머지는 내년에 한다.") == ["완성도", "3 / 12", "나머지는 내년에 한다."]


def test_page_numbers_and_running_heads_go():
    pages = "\n".join(
        f"쓰레기는 {page}층에 내놓고\n입주민 안내서\n- {page} -\n문은 {page}시에 닫으세요." for page in (1, 2, 3)
    )
    assert texts(pages) == [
        text for page in (1, 2, 3) for text in (f"쓰레기는 {page}층에 내놓고", f"문은 {page}시에 닫으세요.")
    ]


def test_the_line_above_the_byline_of_a_board_begins_a_post():
    lines = cleaned("비가 왔습니다.\n신분증 재발급 안내\n작성자 관리자 작성일 22-01-24 조회 15\n본인이 오세요.")
    assert [line.begins_post for line in lines] == [None, True, None]
