"""STYLE = "summary": a document is summed up in five parts, from its sample to the answer of step 05."""

import importlib

from corpus.extraction.answers import extract_review
from corpus.raw.documents import Document
from corpus.samples import read_samples
from corpus.template import END_SUMMARY, Template
from gpt.checkpoint import load_checkpoint
from gpt.token_file import read_token_file
from pipeline import StepError

import pytest

TEMPLATE = Template.of_style("summary")
REVIEW = """\
BGC 어린이 수영 교실 석 달 다닌 후기
물이 깨끗하고 선생님이 친절했어요. 집에서 걸어갈 수 있어 편했습니다.
탈의실이 좁고 수건은 안 줍니다. 주차장이 불편해요.
물을 무서워하는 아이라면 소그룹반을 추천합니다.
장점:
- 한 반에 네 명뿐
단점:
- 비 오는 날은 수업이 없음
음식은 비싸지 않아요.
귀중품을 사물함에 두지 마세요. 두 번이나 없어졌습니다."""


@pytest.fixture(scope="module")
def review():
    return extract_review(Document("raw.txt", 1, 0, 0, "BGC 어린이 수영 교실 석 달 다닌 후기", REVIEW))


@pytest.fixture(scope="module")
def summing_house(open_house, raw_text, tmp_path_factory):
    """Steps 01 to 04 in the summary style."""
    house = open_house(tmp_path_factory.mktemp("summary"), raw_text)
    house.run("01", style="summary")
    for step in ("02", "03"):
        house.run(step)
    house.run("04", max_steps=2, eval_interval=2, sample_tokens=4)
    return house


def test_merits_and_drawbacks_are_told_apart(review):
    assert "물이 깨끗하고 선생님이 친절했어요." in review.merits
    assert "탈의실이 좁고 수건은 안 줍니다." in review.drawbacks
    assert not set(review.merits) & set(review.drawbacks)


def test_what_stands_below_such_a_heading_belongs_there(review):
    assert "한 반에 네 명뿐" in review.merits
    assert "비 오는 날은 수업이 없음" in review.drawbacks


def test_what_is_denied_is_no_complaint(review):
    assert "음식은 비싸지 않아요." not in review.drawbacks


def test_the_audience_is_whom_the_text_recommends_it_to(review):
    assert review.audience == ["물을 무서워하는 아이라면 소그룹반을 추천합니다."]


def test_every_line_is_taken_from_the_document(review):
    assert all(line in REVIEW for line in [*review.merits, *review.drawbacks, *review.audience])


def test_a_sample_is_a_document_and_its_five_parts():
    answer = extract_review(Document("raw.txt", 1, 0, 0, "", "마닐라는 덥습니다."))
    assert TEMPLATE.write_sample("", "마닐라는 덥습니다.", answer) == (
        "[DOC]\n마닐라는 덥습니다.\n[/DOC]\n\n[SUMMARY]\n"
        "핵심요약:\n- 마닐라는 덥습니다.\n장점:\n- 자료에 없음\n단점:\n- 자료에 없음\n추천대상:\n- 자료에 없음\n"
        "주의사항:\n- 자료에 없음\n[/SUMMARY]"
    )


def test_the_template_comes_back_from_its_plain_strings():
    assert Template(**TEMPLATE.to_dict()) == TEMPLATE


def test_the_style_reaches_every_artifact(summing_house):
    samples = list(read_samples(summing_house.samples))
    assert samples and all(sample.kind == "summary" and sample.text.endswith(END_SUMMARY) for sample in samples)
    assert read_token_file(summing_house.train_bin)[0].style == "summary"
    assert Template(**load_checkpoint(summing_house.checkpoint)["template"]) == TEMPLATE


def test_such_a_model_sums_up_a_document_in_its_five_parts(summing_house, tmp_path, capsys):
    (tmp_path / "글.txt").write_text(REVIEW, encoding="utf-8")
    capsys.readouterr()
    summing_house.run("05", question="", doc_path=tmp_path / "글.txt", max_new_tokens=150)
    summary = capsys.readouterr().out
    assert tuple(TEMPLATE.split_sections(summary)) == TEMPLATE.headings
    said = [line.removeprefix("- ") for line in summary.splitlines() if line.startswith("- ")]
    assert all(line in REVIEW or line == TEMPLATE.nothing for line in said)
    assert said[0] in REVIEW


def test_such_a_model_sums_up_the_document_that_a_question_finds(summing_house, capsys):
    summing_house.run("05", question="태풍이 올 때 무엇을 준비하나요?", max_new_tokens=150)
    summary = capsys.readouterr()
    assert summary.err.startswith("source: 태풍이 올 때 준비할 일 (raw.txt, line ")
    assert tuple(TEMPLATE.split_sections(summary.out)) == TEMPLATE.headings


def test_another_style_is_refused_by_name(new_house):
    with pytest.raises(StepError, match="STYLE is 'poem'; it must be answer or summary"):
        importlib.import_module("01_prepare_samples").main(
            ["--raw-path", str(new_house.raw), "--samples-path", str(new_house.samples), "--style", "poem"]
        )
