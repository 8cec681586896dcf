"""Tables become rows with their column names, or posts."""

from corpus.raw.reading import Line
from corpus.raw.tables import read_table

import pytest


def read(text: str) -> list[Line]:
    return list(read_table(Line("raw.csv", number, line) for number, line in enumerate(text.split("\n"), start=1)))


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_row_keeps_the_names_of_its_columns(mark):
    table = "구분,등록비,학비\n초등학교,100000원,200만원\n중학교,120000원,240만원".replace(",", mark)
    assert [line.text for line in read(table)] == [
        "구분: 초등학교, 등록비: 100000원, 학비: 200만원",
        "구분: 중학교, 등록비: 120000원, 학비: 240만원",
    ]


def test_a_row_with_a_text_is_a_post():
    table = '번호,제목,내용,연락처\n1,여권 재발급,"대사관에 신청하세요.\n""신고서""도 내세요.",02-0000-4100\n2,비자 연장,7일 전까지 하세요.,02-0000-3317'
    lines = read(table)
    assert [line.text for line in lines] == [
        "여권 재발급",
        "대사관에 신청하세요.",
        '"신고서"도 내세요.',
        "연락처: 02-0000-4100",
        "비자 연장",
        "7일 전까지 하세요.",
        "연락처: 02-0000-3317",
    ]
    assert [line.number for line in lines if line.begins_post] == [2, 4]


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요, 반갑습니다.\n오늘은, 비가 옵니다.\n내일은, 맑습니다.",
        "여권, 사진\n경찰서에 가서 신고서를 받으세요.\n그리고 대사관에 가세요.\n끝으로 이민국에 가세요.",
        "",
    ],
)
def test_prose_with_commas_is_no_table(text):
    assert [line.text for line in read(text)] == text.split("\n")


def test_an_open_quotation_mark_loses_no_row():
    rows = "".join(f'\n{number},"여권,재발급 {number}' for number in range(5))
    written = " ".join(line.text for line in read("번호,이름,비고" + "\n1,가,나" * 50 + rows))
    assert all(f"재발급 {number}" in written for number in range(5))
