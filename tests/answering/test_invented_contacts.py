"""No answer holds a contact that its sources do not, however wildly the model writes."""

import re
from dataclasses import replace

from answering.assistant import Assistant, WrittenAnswer
from answering.number_shapes import find_runs, plain_digits
from answering.request import Request
from answering.source import Source
from corpus.extraction.contact_values import find_values
from tests.answering.texts import DOCUMENT

import pytest
import torch


def love_numbers(assistant: Assistant) -> Assistant:
    """Make a model write mostly digits, labels and what stands between, each time otherwise: the worst it could do."""
    model, chance = assistant.model, torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(
                ("o_proj.weight", "down_proj.weight", "head.weight")
            ):  # which hardly anything has moved yet
                weight += 0.2 * torch.randn(weight.shape, generator=chance)
    more = torch.zeros(model.config.vocab_size)
    for text, much in (("TEL: ADDR: KAKAO: WEB: www.", 7.0), ("0123456789- ", 9.0)):
        more[assistant.tokenizer.encode(text).ids] = much
    model.head.register_forward_hook(lambda module, arguments, logits: logits + more)
    return assistant


def find_invented(text: str, source: str) -> list[str]:
    """The contact values, and the runs of 7 or more digits that are no dates, that do not stand in the source."""
    source = source.lower()
    lines = text.split("\n")
    found = [each.value for line in lines for each in find_values(line)]
    found += [line[run.start : run.end] for line in lines for run in find_runs(plain_digits(line))]
    return [value for value in found if value.lower() not in source]


WAYS = {
    "guided, from a document's sentences": {"form": "guided"},
    "guided, in its own words on a document": {"form": "guided", "verify_lines": False, "max_new_tokens": 220},
    "free, on a document": {"form": "free", "max_new_tokens": 60},
    "guided, closed book": {"form": "guided", "closed_book": True},
    "free, closed book": {"form": "free", "max_new_tokens": 60, "closed_book": True},
}
WILD = {"temperature": 1.5, "top_k": 0, "top_p": 1.0, "max_new_tokens": 150}
ROWS = 16


def answer_questions(assistant: Assistant, request: Request, count: int) -> list[WrittenAnswer]:
    document = None if request.closed_book else Source.of_text(DOCUMENT)
    requests = [
        replace(
            request, question=f"{number}번 창구 전화번호가 무엇인가요?", document=document, seed=number // ROWS * ROWS
        )
        for number in range(-(-count // ROWS) * ROWS)
    ]
    return list(assistant.answer_all(requests, ROWS))


@pytest.mark.parametrize("way", WAYS)
def test_of_a_thousand_wild_answers_none_holds_a_contact_that_its_sources_do_not(raw_house, load, request_of, way):
    assistant, request = love_numbers(load(raw_house)), request_of(**{**WILD, **WAYS[way]})
    source = raw_house.contacts.read_text(encoding="utf-8") if request.closed_book else DOCUMENT
    answers = [answer.text for answer in answer_questions(assistant, request, 1000 // len(WAYS))]
    assert len(answers) >= 200 and len(set(answers)) > 1
    assert [invented for answer in answers for invented in find_invented(answer, source)] == []


@pytest.mark.parametrize("way", [way for way in WAYS if "sentences" not in way])
def test_the_same_answers_unverified_hold_invented_contacts(raw_house, load, request_of, way):
    assistant, request = love_numbers(load(raw_house)), request_of(**{**WILD, **WAYS[way], "verify_contacts": False})
    source = raw_house.contacts.read_text(encoding="utf-8") if request.closed_book else DOCUMENT
    answers = answer_questions(assistant, request, 16)
    assert sum(bool(find_invented(answer.text, source)) for answer in answers) > 5


@pytest.mark.parametrize("verify", [True, False])
def test_no_answer_that_is_cut_off_ends_within_a_number(raw_house, load, request_of, verify):
    assistant = love_numbers(load(raw_house))
    for room in (20, 40, 60):
        request = request_of(**{**WILD, "form": "free", "verify_contacts": verify, "max_new_tokens": room})
        longer = answer_questions(assistant, replace(request, max_new_tokens=room + 30), 40)
        pairs = zip(answer_questions(assistant, request, 40), longer, strict=True)
        cut = [(short.text, long.text) for short, long in pairs if not short.ended]
        same = [(short, long) for short, long in cut if long.startswith(short)]  # rounding may change a wild text
        assert len(same) > 10
        for short, long in same:
            assert not re.match(r"[0-9A-Za-z](?:[^\w\n]|_){0,3}[0-9]|[A-Za-z]{2}", long[len(short) - 1 :])
