"""Offer: instead of an answer, the titles of some posts of which one may hold it."""

from collections.abc import Sequence

from answering.form import Choice, Form
from answering.source import Source
from corpus.template import Template

LONGEST_CHOICE = 50  # characters

NOT_FOUND = "질문에 꼭 맞는 글을 찾지 못했습니다. 가까운 글은 다음과 같습니다."
HOW_TO_CHOOSE = "이 가운데 하나를 보려면 번호를 고르거나 그 제목으로 다시 물어보세요."


def offer_form(sources: Sequence[Source], template: Template) -> Form:
    """The form of a text that is an offer, whatever the model would say."""
    yield Choice([f"{NOT_FOUND}\n"])
    for number, source in enumerate(sources, start=1):
        yield Choice([f"{number}. {source.name[:LONGEST_CHOICE].strip()}\n"])
    yield Choice([f"{HOW_TO_CHOOSE}\n{template.answer_end.strip()}"])
