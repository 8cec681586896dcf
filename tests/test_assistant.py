"""Answers and what they are made from: contacts of the sources alone, the best documents, whole letters, an end."""

import importlib

import pipeline
from assistant import Assistant, Document
from corpus.contacts import find_values
from corpus.template import Template
from corpus.verification import find_runs

import pytest
import torch

HEADINGS = Template().headings
DOCUMENT = """\
한국대사관 영사과 안내
여권을 잃어버리면 먼저 경찰서에서 분실 신고서를 받으세요. 접수 번호는 2026-03-15 이후에 나옵니다.
TEL: (02) 0000-1234
ADDR: 12 Halimbawa Street, Taguig
WEB: www.embahada.example
회비는 계좌 000-0000-9876-01로 보내세요."""


@pytest.fixture(scope="module")
def raw_house(open_house, raw_text, built_house, tmp_path_factory):
    """The built house's data, and a model of two layers that has seen next to nothing."""
    house = open_house(tmp_path_factory.mktemp("raw"), raw_text)
    for step in ("01", "02", "03"):
        house.run(step)
    house.run("04", n_layer=2, max_steps=6, eval_interval=6, sample_tokens=0)
    return house


@pytest.fixture(scope="module")
def load():
    """The assistant of a house, with `changes` to the settings of step 05."""

    def load(house, **changes) -> Assistant:
        script = importlib.import_module("05_generate")
        return Assistant.load(pipeline.read_settings(vars(script), house.flags("05", **changes)))

    return load


# --- No invented contacts ---


def love_numbers(assistant: Assistant) -> Assistant:
    """Make a model write mostly digits, labels and what stands between, each time otherwise: the worst it could do."""
    model, chance = assistant.model, torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight", "head.weight")):  # which hardly anything has moved yet
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
    found = [value for line in lines for *_, value in find_values(line)] + [run[0] for run in map(find_runs, lines) for run in run]
    return [value for value in found if value.lower() not in source]


WAYS = {
    "guided, from a document's sentences": {"form": "guided"},
    "guided, in its own words on a document": {"form": "guided", "verify_lines": False},
    "free, on a document": {"form": "free", "max_new_tokens": 60},
    "guided, closed book": {"form": "guided", "closed_book": True},
    "free, closed book": {"form": "free", "max_new_tokens": 60, "closed_book": True},
}
WILD = {"temperature": 1.5, "top_k": 0, "top_p": 1.0, "rows": 16, "max_new_tokens": 150}


def answer_questions(assistant: Assistant, count: int) -> list[str]:
    document = None if assistant.settings.closed_book else Document.of_text(DOCUMENT)
    answers = []
    for number in range(0, count, 16):
        assistant.settings.seed = number
        questions = [(f"{each}번 창구 전화번호가 무엇인가요?", document) for each in range(number, number + 16)]
        answers += [answer.text for answer in assistant.answer_all(questions)]
    return answers


@pytest.mark.parametrize("way", WAYS)
def test_of_a_thousand_wild_answers_none_holds_a_contact_that_its_sources_do_not(raw_house, load, way):
    assistant = love_numbers(load(raw_house, **{**WILD, **WAYS[way]}))
    source = raw_house.contacts.read_text(encoding="utf-8") if assistant.settings.closed_book else DOCUMENT
    answers = answer_questions(assistant, 1000 // len(WAYS))
    assert len(answers) >= 200 and len(set(answers)) > 10
    assert [invented for answer in answers for invented in find_invented(answer, source)] == []


@pytest.mark.parametrize("way", [way for way in WAYS if "sentences" not in way])
def test_the_same_answers_unverified_hold_invented_contacts(raw_house, load, way):
    assistant = love_numbers(load(raw_house, **{**WILD, **WAYS[way]}, verify_contacts=False))
    source = raw_house.contacts.read_text(encoding="utf-8") if assistant.settings.closed_book else DOCUMENT
    answers = answer_questions(assistant, 16)
    assert sum(bool(find_invented(answer, source)) for answer in answers) > 8
