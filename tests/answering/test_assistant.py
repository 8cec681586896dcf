"""A request and its answer: how it ends, many at once, what is printed, artifacts that do not fit."""

import threading
from dataclasses import replace

from answering.assistant import Assistant
from answering.contacts_file import ContactsFile
from answering.source import Source
from corpus.template import END_ANSWER, Template
from tests.answering.texts import DOCUMENT, WEAKLY_MATCHED

import pytest
import torch

HEADINGS = Template().headings


# --- An end ---


def never_end(assistant: Assistant) -> Assistant:
    """Make the marker that ends an answer the last thing that a model would write."""
    less = torch.zeros(assistant.model.config.vocab_size)
    less[assistant.tokenizer.token_to_id(END_ANSWER)] = -1e9
    assistant.model.head.register_forward_hook(lambda module, arguments, logits: logits + less)
    return assistant


@pytest.mark.parametrize("changes", [{}, {"verify_lines": False}, {"closed_book": True}])
def test_a_guided_answer_ends_even_if_the_model_never_does(raw_house, load, request_of, changes):
    request = request_of("여권을 잃어버렸어요", temperature=0, max_new_tokens=200, **changes)
    (answer,) = never_end(load(raw_house)).answer_all([request], rows=1)
    assert answer.ended and tuple(Template().split_sections(f"{answer.text}\n")) == HEADINGS


def test_a_free_answer_of_such_a_model_is_cut_off_and_says_so(raw_house, load, request_of):
    assistant = never_end(load(raw_house))
    request = request_of("여권을 잃어버렸어요", form="free", temperature=0, max_new_tokens=30)
    (answer,) = assistant.answer_all([request], rows=1)
    assert not answer.ended and answer.token_count == 30


def test_the_pieces_of_an_answer_are_its_text_and_the_last_brings_the_answer(raw_house, load, request_of):
    assistant = load(raw_house)
    request = request_of("여권을 잃어버렸어요", temperature=1.0, max_new_tokens=150)
    *pieces, last = assistant.write(assistant.prepare(request))
    (answer,) = assistant.answer_all([request], rows=1)
    assert last.answer == answer and last.text == ""
    assert "".join(piece.text for piece in pieces) == answer.text and len(pieces) > 10
    assert not any(piece.answer for piece in pieces)
    assert answer.token_count == len(assistant.tokenizer.encode(f"{answer.text}\n").ids)


def test_an_answer_that_is_cancelled_ends_at_once_and_the_others_go_on(raw_house, load, request_of):
    assistant, stop = load(raw_house), threading.Event()
    request = request_of("여권을 잃어버렸어요", temperature=0, max_new_tokens=150)
    stopped = replace(request, cancelled=stop.is_set)
    texts, answers = ["", ""], {}
    for piece in assistant.write_all(map(assistant.prepare, [stopped, request]), rows=2):
        texts[piece.number] += piece.text
        if len(texts[0]) > 20:
            stop.set()
        if piece.answer:
            answers[piece.number] = piece.answer
    assert list(answers) == [0, 1]
    assert not answers[0].ended and answers[1].ended
    assert answers[1].text == texts[1] and texts[1].startswith(texts[0]) and 20 < len(texts[0]) < len(texts[1])


def test_an_answer_that_is_cancelled_before_it_begins_is_never_begun(raw_house, load, request_of):
    stopped = request_of("여권을 잃어버렸어요", max_new_tokens=150)
    (answer,) = load(raw_house).answer_all([replace(stopped, cancelled=lambda: True)], rows=1)
    assert answer.text == "" and answer.token_count == 0 and not answer.ended


def test_requests_with_different_settings_share_a_batch(raw_house, load, request_of):
    assistant = load(raw_house)
    requests = [
        request_of("여권을 잃어버렸어요", temperature=0, max_new_tokens=150),
        request_of("태풍이 오면?", form="free", temperature=1.5, seed=5, max_new_tokens=40),
        request_of("여권을 잃어버렸어요", closed_book=True, temperature=1.0, seed=2, max_new_tokens=200),
        request_of("", Source.of_text(DOCUMENT), verify_lines=False, repetition_penalty=1.3, max_new_tokens=180),
        request_of("태풍이 오면?", form="free", temperature=1.5, seed=6, max_new_tokens=40),
    ]
    together = sorted(assistant.answer_all(requests, rows=3), key=lambda answer: answer.number)
    alone = [answer for request in requests for answer in assistant.answer_all([request], rows=1)]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert together[1].text != together[4].text


def test_answering_prints_nothing(raw_house, load, request_of, capsys, tmp_path):
    assistant = replace(load(raw_house), contacts_file=ContactsFile(str(tmp_path / "contacts.json")))
    requests = [
        request_of("여권을 잃어버렸어요", max_new_tokens=150, closed_book=True),
        request_of(WEAKLY_MATCHED[0], max_new_tokens=150),
        request_of("여권을 잃어버렸어요", form="free", max_new_tokens=3),
    ]
    answers = sorted(assistant.answer_all(requests, rows=1), key=lambda answer: answer.number)
    assert [len(answer.notes) for answer in answers] == [1, 1, 0]
    assert answers[0].notes[0].startswith(f"({tmp_path / 'contacts.json'}: file not found")
    assert capsys.readouterr() == ("", "")


def test_free_words_avoid_what_their_section_says_already(raw_house, load, request_of):
    assistant = load(raw_house)

    def lines(**changes) -> list[str]:
        request = request_of("여권을 잃어버렸어요", form="free", temperature=0, max_new_tokens=60, **changes)
        (answer,) = assistant.answer_all([request], rows=1)
        return [line for line in answer.text.split("\n") if line.strip()]

    looping, avoiding = lines(no_repeat_ngram=0), lines(no_repeat_ngram=3)
    assert len(set(looping)) < len(looping) / 2
    sections: list[list[str]] = [[]]
    for line in avoiding:
        if line in ("- 해야 할 일:", "- 준비물:", "- 주의사항:"):
            sections.append([])
        sections[-1].append(line)
    assert all(len(set(section)) == len(section) for section in sections)


# --- Many at once ---


def test_many_at_once_are_answered_as_one_by_one(raw_house, load, request_of):
    questions = [
        ("여권을 잃어버렸어요", None),
        ("태풍이 오면?", None),
        ("안내를 정리해줘", Source.of_text(DOCUMENT)),
    ] * 2
    assistant = load(raw_house)
    for changes in ({}, {"form": "free"}):
        requests = [request_of(*each, temperature=0, max_new_tokens=120, **changes) for each in questions]
        together = sorted(assistant.answer_all(requests, rows=4), key=lambda answer: answer.number)
        alone = ["".join(piece.text for piece in assistant.write(assistant.prepare(each))) for each in requests]
        assert [answer.text for answer in together] == alone


# --- Files that do not fit ---


@pytest.mark.parametrize(
    ("missing", "step"), [("index", "03_build_bin_dataset.py"), ("samples", "01_prepare_samples.py")]
)
def test_what_finds_documents_is_named_where_it_is_missing(house, missing, step):
    getattr(house, missing).unlink()
    message = house.complaint("05")
    assert str(getattr(house, missing)) in message and f"python {step}" in message
    house.run("05", closed_book=True)


def test_an_index_of_other_samples_is_refused(house):
    house.run("01", max_document_characters=300)
    message = house.complaint("05")
    assert str(house.index) in message and "python 03_build_bin_dataset.py" in message


def test_an_answer_without_a_table_of_contacts_says_that_it_can_give_none(house, capsys):
    house.contacts.unlink()
    house.run("05", closed_book=True, max_new_tokens=150)
    answer = capsys.readouterr()
    assert str(house.contacts) in answer.err
    assert "연락처(공공정보):\n- 자료에 없음\n" in answer.out


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("template"),
        lambda content: content.pop("inputs"),
        lambda content: content["template"].update(colour="blue"),
        lambda content: content["config"].update(experts=8),
        lambda content: content["config"].pop("vocab_size"),
    ],
    ids=["no template", "no inputs", "another word", "another model", "no vocabulary"],
)
def test_a_checkpoint_of_another_version_is_refused(house, change):
    content = torch.load(house.checkpoint, weights_only=True)
    change(content)
    torch.save(content, house.checkpoint)
    house.checkpoint.with_name("ckpt.previous.pt").unlink()  # another version has not written the save before it either
    message = house.complaint("05")
    assert str(house.checkpoint) in message and "python 04_train_gpt_from_scratch.py" in message
