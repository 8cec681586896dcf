"""Answers for clients that show Markdown: a heading is no part of the list above it."""

from answering.serving.markdown import BlankLines
from corpus.template import Template

from hypothesis import given
from hypothesis import strategies as st

HEADINGS = Template().headings
ANSWER = """요약:
- 경찰서에 신고하세요.
체크리스트:
- 해야 할 일:
  - 신고서를 받으세요.
연락처(공공정보):
- 자료에 없음
상세 설명:
상세 설명: 신고하세요."""


def spaced(*pieces: str) -> str:
    blank_lines = BlankLines(HEADINGS)
    return "".join(map(blank_lines.add, pieces)) + blank_lines.finish()


def test_an_empty_line_stands_before_each_heading_but_the_first_and_nowhere_else():
    paragraphs = spaced(ANSWER).split("\n\n")
    assert [paragraph.split("\n")[0] for paragraph in paragraphs] == list(HEADINGS)
    assert "\n".join(paragraphs) == ANSWER


@given(st.lists(st.sampled_from(["\n", "요약:", "체크", "리스트:", "- 신고", "상세 설명:\n"]), max_size=12))
def test_the_pieces_in_which_an_answer_comes_do_not_matter(pieces):
    assert spaced(*pieces) == spaced("".join(pieces)) == spaced(*"".join(pieces))


def test_only_what_may_become_a_heading_waits():
    blank_lines = BlankLines(HEADINGS)
    assert blank_lines.add("- 신고하세요.\n체크") == "- 신고하세요."
    assert blank_lines.add("카드\n") == "\n체크카드"


def test_a_chat_has_them_and_a_completion_has_the_text_as_it_is(served):
    chat = served.ask().json()["choices"][0]["message"]["content"]
    text = served.http.post("/v1/completions", json={"prompt": "여권을 잃어버렸어요"}).json()["choices"][0]["text"]
    assert chat.count("\n\n") == len(HEADINGS) - 1 and chat.replace("\n\n", "\n") == text.replace("\n\n", "\n")
