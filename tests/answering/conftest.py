"""Answers written by chance within a form, for tests of the form."""

from answering.form import GuidedForm
from answering.guide import AnswerGuide
from tests.answering.forms import TEMPLATE

import pytest


@pytest.fixture(scope="module")
def count_tokens(tokenizer):
    return lambda text: len(tokenizer.encode(text).ids)


@pytest.fixture(scope="module")
def write(tokenizer, wander, count_tokens):
    """Write an answer by chance, as far as a guided form allows; return its text and its tokens."""

    def write(material, room, seed, template=TEMPLATE, known=None):
        form = GuidedForm(template, material, room, count_tokens).write()
        tokens = wander(AnswerGuide(form, known, tokenizer, template), seed)
        return tokenizer.decode(tokens), tokens

    return write


@pytest.fixture(scope="module")
def shortest(tokenizer):
    """Tokens of the answer that says in each of its parts that there is nothing."""

    def shortest(template=TEMPLATE):
        parts = "".join(f"{part.heading}\n{part.bullet}{template.nothing}\n" for part in template.parts)
        return len(tokenizer.encode(parts + template.answer_end.strip()).ids)

    return shortest
