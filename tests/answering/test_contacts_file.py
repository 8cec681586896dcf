"""Contacts that an answer may give beside those that its document shows."""

from answering.contacts_file import ContactsFile
from answering.guide import build_guide
from answering.material import choose_material, contacts_from_table
from answering.source import Source
from tests.answering.texts import DOCUMENT

import pytest


@pytest.fixture
def numbers_of(raw_house, load, request_of):
    """The telephone numbers that an answer may give, with a table of two institutions: line 7 is about the second."""
    assistant = load(raw_house)
    table = ContactsFile("contacts.json")
    table.__dict__["entries"] = [
        {
            "institution": institution,
            "contacts": [{"kind": "TEL", "value": value, "documents": [{"source": "raw.txt", "line": line}]}],
        }
        for institution, value, line in (("한국대사관 영사과", "02-000-1111", 3), ("한인회", "02-000-2222", 7))
    ]

    def numbers_of(text: str = "", question: str = "", searched: bool = True, **changes) -> set[str]:
        sources, request = [Source(text, file="raw.txt", line=7)] if text else [], request_of(question, **changes)
        from_table = contacts_from_table(request, question, sources, searched, table)
        material = choose_material(request, question, sources, "answer", from_table)
        guide = build_guide(request, material, sources, 600, assistant.tokenizer, assistant.template)
        return set(guide.contacts.by_label.get("TEL", ()))

    return numbers_of


def test_the_contacts_that_training_hid_come_on_top_of_those_that_a_document_shows(numbers_of):
    text = "한인회 TEL: <TEL>\n이민국 TEL: 02-000-3333"
    assert numbers_of(text) == {"02-000-2222", "02-000-3333"}
    assert numbers_of(text, searched=False) == {"02-000-3333"}


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("대사관에 어떻게 가나요?", {"02-000-1111"}),
        ("한인회를 찾습니다", {"02-000-2222"}),
        ("피타고라스 정리", set()),
    ],
)
def test_without_a_document_only_institutions_that_the_question_names_give_their_contacts(
    numbers_of, question, numbers
):
    assert numbers_of(question=question, closed_book=True) == numbers


def test_where_contacts_are_not_verified_but_lines_are_those_of_the_document_are_given(raw_house, load, request_of):
    request = request_of("어디로 전화하나요?", Source.of_text(DOCUMENT), verify_contacts=False, max_new_tokens=150)
    (answer,) = load(raw_house).answer_all([request], rows=1)
    assert "  - TEL: (02) 0000-1234\n" in answer.text
