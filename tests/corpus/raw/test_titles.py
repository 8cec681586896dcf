"""The title of a post is found among its first lines."""

from corpus.raw.titles import find_title

import pytest

PASSPORT = "말라테에서 지갑과 여권을 잃어버렸습니다.\n먼저 경찰서에서 분실 신고서를 받으세요."
VISA = "무비자로 들어오면 30일 동안 머물 수 있습니다.\n그 뒤에는 이민국에서 연장하세요."


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
