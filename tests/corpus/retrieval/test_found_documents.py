"""A question in people's own words finds the documents of the bundled text that answer it, or a word of warning."""

import json
from collections import Counter
from pathlib import Path

import pipeline
from answering.search import Candidates, DocumentSearch
from answering.source import Source
from corpus.retrieval.index import FoundDocument, open_index
from corpus.samples import read_samples
from tests.corpus.retrieval.test_index import tokenizer_sha256

import pytest

BUNDLED = Path(pipeline.__file__).parent.parent / "data" / "sample_raw.txt"
LABELLED = Path(__file__).parents[2] / "labelled"
QUESTIONS = json.loads((LABELLED / "questions.json").read_text(encoding="utf-8"))
OTHER_QUESTIONS = json.loads((LABELLED / "questions_about_other_things.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def bundled_house(open_house, tmp_path_factory):
    """Steps 01 to 03 on the bundled text, with the vocabulary that `make` takes."""
    house = open_house(tmp_path_factory.mktemp("bundled"), BUNDLED.read_text(encoding="utf-8"))
    house.run("01", max_document_characters=780)
    house.run("02", vocab_size=4096, bytes_per_token=200)
    house.run("03")
    return house


@pytest.fixture(scope="module")
def look_up(bundled_house):
    """Ask a question; get the best three posts: to answer from, or to choose from."""
    search = DocumentSearch(str(bundled_house.index), str(bundled_house.samples), tokenizer_sha256(bundled_house))

    def ask(question: str) -> Candidates:
        return search.find(question, 3)

    return ask


def posts_of(found: Candidates) -> list[Source]:
    """The best parts of the posts, the best first."""
    by_line: dict[int, Source] = {}
    for source in found.documents + found.offer:
        by_line.setdefault(source.line, source)
    return list(by_line.values())


def test_every_document_is_read_from_where_it_stands(bundled_house):
    index = open_index(bundled_house.index, bundled_house.samples, tokenizer_sha256(bundled_house))
    grounded = [sample for sample in read_samples(bundled_house.samples) if sample.kind == "grounded"]
    assert len(index) == len(grounded) > 200
    for number, sample in enumerate(grounded):
        read = index.read(FoundDocument(number, 1.0), bundled_house.samples)
        assert read == sample
        assert read.document and f"[DOC]\n{read.document}\n[/DOC]" in sample.text


def test_a_document_is_found_by_its_own_title_and_says_where_it_stands(bundled_house, look_up):
    found = look_up("필리핀에서 여권을 분실했을 때 해야 할 일").documents[0]
    assert found.title == "필리핀에서 여권을 분실했을 때 해야 할 일"
    raw_lines = bundled_house.raw.read_text(encoding="utf-8").split("\n")
    assert found.file == "raw.txt" and found.title in raw_lines[found.line - 1]


@pytest.mark.parametrize("question", ["여권을 잃어버렸어요. 무엇부터 해야 하나요?", "여권 분실했는데 어떻게 해요?"])
def test_a_post_whose_title_contains_the_question_comes_before_one_that_mentions_it_often(look_up, question):
    best, second = posts_of(look_up(question))[:2]
    assert best.title == "필리핀에서 여권을 분실했을 때 해야 할 일"
    assert second.title.startswith("분실물 찾기") and second.text.count("여권") >= 3


def test_a_question_of_several_parts_needs_a_document_for_each(look_up):
    found = look_up("여권을 잃어버렸을 때 할 일이랑 태풍이 올 때 준비할 것 알려줘")
    passport, typhoon = found.documents[: found.needed]
    assert "여권을 분실했을 때" in passport.title and "태풍" in typhoon.title


@pytest.mark.parametrize("question", ["", "?!", "어떻게 하나요?", "🙂"])
def test_a_question_about_nothing_finds_nothing(look_up, question):
    assert posts_of(look_up(question)) == []


def test_every_label_names_one_document(bundled_house):
    documents = [sample.document for sample in read_samples(bundled_house.samples)]
    for label in QUESTIONS:
        for phrase in label["answered_by"]:
            assert sum(phrase in document for document in documents) == 1, phrase


def test_questions_in_words_of_peoples_own_find_their_documents(look_up):
    """Of 64 questions 52 find a post that answers them in the first place, 61 among the first three."""
    ranks = Counter()
    for label in QUESTIONS:
        for rank, source in enumerate(posts_of(look_up(label["question"]))[:3], start=1):
            if any(phrase in source.text for phrase in label["answered_by"]):
                ranks[rank] += 1
                break
    assert len(QUESTIONS) == 64
    assert ranks.total() >= 49
    assert ranks[1] >= 36


def test_where_no_document_is_likely_to_answer_titles_are_offered(look_up):
    assert len(OTHER_QUESTIONS) == 40
    assert sum(not look_up(question).documents for question in OTHER_QUESTIONS) >= 28
    right = [label["question"] for label in QUESTIONS if holds_answer(look_up(label["question"]), label)]
    assert sum(bool(look_up(question).offer) for question in right) <= 5


def holds_answer(found: Candidates, label: dict) -> bool:
    """Whether the first post is a right one."""
    first = next(iter(posts_of(found)), Source(""))
    return any(phrase in first.text for phrase in label["answered_by"])
