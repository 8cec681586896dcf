"""A model that is pushed towards contacts of every shape writes none that its sources do not hold."""

import random
import re

from answering.form import free_form
from answering.guide import AnswerGuide
from answering.verification import KnownContacts
from corpus.template import Template
from tests.answering.shapes import Invented, invent, squeeze

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TEMPLATE = Template()
SOURCE = """\
서울 본사 TEL: 02-0000-1234, 신고 112
마닐라 대사관 TEL: (02) 0000-5678, 12 Halimbawa Street, Taguig
홈페이지 www.embahada.example/visa, 카톡 simhelp_01, 한남동 1-2"""
KNOWN = KnownContacts(text=SOURCE)
COUNT = 3000


@pytest.fixture(scope="module")
def push(tokenizer):
    """Write these words as far as the guide lets a model, first by its tokens, and what is refused by its letters."""

    def push(line: str, contacts: KnownContacts | None) -> str:
        guide, written = AnswerGuide(free_form(TEMPLATE), contacts, tokenizer, TEMPLATE), []

        def write(tokens: list[int]) -> list[int]:
            """Returns those that were refused."""
            refused = []
            for token in tokens:
                allowed = guide.allowed()
                while allowed is not None:  # the rest of a contact that the sources hold
                    written.append(allowed[0])
                    guide.take(allowed[0])
                    allowed = guide.allowed()
                if guide.accepts(token):
                    written.append(token)
                    guide.take(token)
                else:
                    refused.append(token)
            return refused

        refused = write(tokenizer.encode(line).ids)
        for letter in tokenizer.decode(refused):
            write(tokenizer.encode(letter).ids)
        if write(tokenizer.encode("\n").ids):
            write(tokenizer.encode("명\n").ids)
        return tokenizer.decode(written).split("\n")[0]  # after the contact of a label comes another line

    return push


def holds(answer: str, invented: Invented) -> bool:
    # "상담 167명" is no number to call, and neither is "167세": the guide lets a unit follow.
    return re.search(re.escape(invented.core) + "(?![명세])", squeeze(answer, invented.is_number)) is not None


def test_of_three_thousand_answers_none_holds_the_invented_contact(push):
    chance = random.Random(0)
    invented = [invent(chance) for _ in range(COUNT)]
    answers = [push(each.line, KNOWN) for each in invented]
    assert [(each.line, answer) for each, answer in zip(invented, answers, strict=True) if holds(answer, each)] == []


def test_the_same_words_unverified_hold_it(push):
    chance = random.Random(0)
    invented = [invent(chance) for _ in range(200)]
    assert sum(holds(push(each.line, None), each) for each in invented) > 190


@given(st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_what_a_source_holds_may_be_written_letter_by_letter(seed):
    line = invent(random.Random(seed)).line
    known = KnownContacts(text=f"서울 본사에서 묻습니다.\n{line}")
    assert known.allow(line)
    for end in range(len(line)):
        assert known.allow(line[:end], finished=False), line[:end]
