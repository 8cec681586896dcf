"""Markdown loses its marks and keeps its headings; e-mail loses its heads and signatures."""

from corpus.raw.markup import without_markup
from corpus.raw.reading import Line


def cleaned(text: str) -> list[Line]:
    return without_markup([Line("raw.md", number, line) for number, line in enumerate(text.split("\n"), start=1)])


def texts(text: str) -> list[str]:
    return [line.text for line in cleaned(text) if line.text]


def test_markdown_loses_its_marks():
    assert texts(
        "# 운전면허 전환\n\n## 1. 준비물\n- **면허증** 원본\n- `ACR` 사본\n> 주의: 관광 비자는 안 됩니다.\n"
        "[예약](https://lto.example.com/a) 하세요. ![사진](https://img.example.com/a.png)\n\n---\n\n감사합니다."
    ) == [
        "운전면허 전환",
        "준비물",
        "- 면허증 원본",
        "- ACR 사본",
        "주의: 관광 비자는 안 됩니다.",
        "예약(https://lto.example.com/a) 하세요.",
        "감사합니다.",
    ]


def test_a_row_of_a_markdown_table_keeps_the_names_of_its_columns():
    table = "## 비용\n**수수료**\n| 항목 | 금액 |\n|------|------|\n| 신청비 | 100페소 |\n| 면허증 | 585페소 |"
    assert texts(table)[2:] == ["항목: 신청비, 금액: 100페소", "항목: 면허증, 금액: 585페소"]


def test_a_text_with_a_mark_or_two_is_no_markdown():
    text = "# 1번 글\n*별표*는 중요한 것입니다.\n----\n2번 글"
    assert texts(text) == text.split("\n")


def test_the_subject_of_a_mail_is_its_title():
    mail = "From: 하늘 <sky@a.example>\nTo: 바다 <sea@b.example>\nDate: Fri, 1 Mar 2024\nSubject: Re: 여권 재발급\n\n사진 2장을 보내세요.\n\n나의 iPhone에서 보냄"
    lines = cleaned(mail)
    assert [line.text for line in lines if line.text] == ["제목: 여권 재발급", "사진 2장을 보내세요."]
    assert lines[0].begins_post


def test_quoted_heads_and_signatures_go():
    mail = "사진 2장을 보내세요.\n--\n하늘 대리\n할림바와 여행사\n\n2024년 3월 1일 (금) 오후 3:12, 바다 <sea@b.example>님이 작성:\n> 서류는 무엇인가요?"
    assert texts(mail) == ["사진 2장을 보내세요.", "> 서류는 무엇인가요?"]
