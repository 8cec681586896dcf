"""Answers are the same with guesses and without: guesses only save passes through the model."""

from functools import partial

from answering.assistant import Assistant
from answering.source import Source
from gpt.generation import generate_all
from tests.answering.texts import DOCUMENT

import pytest

QUESTIONS = ("여권을 잃어버렸어요", "비자 연장은 어떻게 하나요?", "응급실 연락처 알려줘", "운전면허를 바꾸고 싶어요")


def requests_of(request_of, count: int):
    """Requests, each another way of asking."""
    for number in range(count):
        yield request_of(
            QUESTIONS[number % len(QUESTIONS)],
            document=Source.of_text(DOCUMENT) if number % 3 == 0 else None,
            form="free" if number % 2 else "guided",
            verify_lines=number % 4 == 0,
            verify_contacts=number % 5 != 0,
            no_repeat_ngram=(0, 4, 8)[number % 3],
            temperature=(0.0, 0.3, 1.0)[number % 3],
            max_new_tokens=60,
            seed=number,
        )


def write(assistant: Assistant, requests, rows: int) -> list[str]:
    answers = {answer.number: answer for answer in assistant.answer_all(list(requests), rows)}
    return [answers[number].text for number in range(len(answers))]


@pytest.mark.parametrize(("rows", "count"), [(4, 200), (1, 60)])
def test_answers_are_the_same_with_guesses_and_without(raw_house, load, request_of, monkeypatch, rows, count):
    assistant = load(raw_house)
    with_guesses = write(assistant, requests_of(request_of, count), rows)
    monkeypatch.setattr("answering.assistant.generate_all", partial(generate_all, read_ahead=0))
    assert with_guesses == write(assistant, requests_of(request_of, count), rows)
    assert len(set(with_guesses)) > count / 4
