"""A file of questions: what a line may be, and the JSON that comes out."""

import json
import re

from answering.prompt import SUMMARIZE
from corpus.template import Template
from pipeline import StepError
from tests.answering.texts import DOCUMENT, WEAKLY_MATCHED

import pytest

HEADINGS = Template().headings


def test_a_file_of_questions_becomes_a_line_of_json_each_in_its_order(raw_house, tmp_path, capsys):
    lines = [
        "여권을 잃어버렸어요. 무엇부터 하나요?",
        "",
        json.dumps({"question": "어디로 전화하나요?", "document": DOCUMENT.replace("안내", '<br> &quot;안내&quot; "')}),
        json.dumps({"question": None, "document": "태풍이 오면 창문에서 떨어져 있으세요. " * 4000}, ensure_ascii=False),
        WEAKLY_MATCHED[0],
        "[공지] 여권은 어디서 만드나요?",
    ]
    (tmp_path / "questions.txt").write_text("\n".join(lines), encoding="utf-8")
    raw_house.run("05", question="", questions=tmp_path / "questions.txt", max_new_tokens=150, rows=2)
    output = capsys.readouterr()
    answers = [json.loads(line) for line in output.out.strip().split("\n")]
    assert [answer["question"] for answer in answers] == [lines[0], "어디로 전화하나요?", SUMMARIZE, *lines[4:]]
    assert all(list(answer) == ["question", "answer", "sources", "offer", "notes", "ended"] for answer in answers)
    assert all(answer["ended"] for answer in answers)
    with_sources = [answer for answer in answers if answer["sources"]]
    # How many parts of its post fit beside the answer depends on the learned vocabulary.
    assert answers[0]["sources"][0] == {"title": "마닐라에서 여권을 잃어버렸을 때", "file": "raw.txt", "line": 1}
    assert {(each["file"], each["line"]) for each in answers[0]["sources"]} == {("raw.txt", 1)}
    assert answers[1]["sources"] == [{"title": "한국대사관 영사과", "file": "", "line": 1}]
    assert answers[1]["notes"] == [] and "weak match" not in str(answers[0]["notes"])
    assert "first part" in answers[2]["notes"][0] and "weak match" in answers[3]["notes"][0]
    assert "weak match" not in output.err
    offered = [each["title"] for each in answers[3]["offer"]]
    assert answers[3]["sources"] == [] and 1 <= len(offered) <= 3
    assert all(f"{number}. {title}" in answers[3]["answer"] for number, title in enumerate(offered, start=1))
    assert "(02) 0000-1234" in answers[1]["answer"]
    assert all(tuple(Template().split_sections(f"{answer['answer']}\n")) == HEADINGS for answer in with_sources)


@pytest.mark.parametrize(
    "line",
    [
        '{"question": }',
        '{"question": 5}',
        '{"question": ""}',
        '{"document": ""}',
        "{",
        '{"question": "가", "document": ["나"]}',
        '["여권?"]',
        "[" * 100_000,
        r'{"question": "여권\ud83d"}',
        r'{"question": "여권?", "document": "\udeb6"}',
    ],
)
def test_a_line_that_is_no_question_is_named(raw_house, tmp_path, line):
    questions = tmp_path / "questions.jsonl"
    questions.write_text(f"여권은 어디서 만드나요?\n\n{line}\n", encoding="utf-8")
    with pytest.raises(StepError) as refusal:
        raw_house.run("05", question="", questions=questions)
    assert str(refusal.value).startswith(f"{questions}, line 3: ") and "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [None, b"", b"\n \n", bytes(range(256)) * 20])
def test_a_file_without_questions_is_named(raw_house, tmp_path, content):
    questions = tmp_path / "questions.txt"
    if content is not None:
        questions.write_bytes(content)
    with pytest.raises(StepError, match=re.escape(str(questions))):
        raw_house.run("05", question="", questions=questions)


def test_questions_in_cp949_are_read(raw_house, tmp_path, capsys):
    (tmp_path / "questions.txt").write_bytes("여권을 잃어버렸어요\r\n".encode("cp949"))
    raw_house.run("05", question="", questions=tmp_path / "questions.txt")
    assert json.loads(capsys.readouterr().out)["question"] == "여권을 잃어버렸어요"
