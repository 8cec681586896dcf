"""Contacts that an answer may give beside those that its document shows."""

import json

import pipeline
from answering.contacts_file import ContactsFile
from answering.guide import build_guide
from answering.material import choose_material, contacts_from_table
from answering.source import Source
from tests.answering.texts import DOCUMENT

import pytest

STEP_01 = "01_prepare_samples.py"
FORGERIES = [
    "02-000-9999\n- 가짜 은행\n  - TEL: 02-000-8888",
    "02-000-9999\r",
    "02-000-9999\x1b[2K",
    "02-000-9999\u2028",
    "02-\u202e9999-000",
    "02-\x00000-9999",
]


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


def ask_without_document(house) -> str:
    """The line with which step 05 refuses, before the model writes a token."""
    return house.complaint("05", question="대사관 전화번호", closed_book=True, max_new_tokens=150)


def change(house, old: str, new: str) -> None:
    """Edit the table as somebody would, to the same size."""
    text = house.contacts.read_text(encoding="utf-8")
    assert old in text and len(old) == len(new)
    house.contacts.write_text(text.replace(old, new), encoding="utf-8")


def forge(house, change) -> None:
    """Write a changed table, and an entry in the manifest that fits it."""
    table = json.loads(house.contacts.read_text(encoding="utf-8"))
    change(table[0])
    house.contacts.write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    pipeline.record_artifacts([house.contacts], STEP_01, {}, {})


def test_a_table_that_somebody_has_edited_is_not_printed(house):
    change(house, "(02) 0000-1234", "(02) 0000-9999")
    message = ask_without_document(house)
    assert str(house.contacts) in message and f"python {STEP_01}" in message


def test_a_table_that_step_01_has_not_made_is_not_printed(house):
    entries = json.loads(house.manifest.read_text(encoding="utf-8"))
    del entries[house.contacts.name]
    house.manifest.write_text(json.dumps(entries), encoding="utf-8")
    message = ask_without_document(house)
    assert str(house.contacts) in message and f"python {STEP_01}" in message


def test_neither_is_it_where_a_document_holds_placeholders(new_house):
    new_house.run("01", contacts="placeholder")
    for step in ("02", "03", "04"):
        new_house.run(step)
    change(new_house, "(02) 0000-1234", "(02) 0000-9999")
    message = new_house.complaint("05", question="한국대사관 영사과 홈페이지와 주소", max_new_tokens=150)
    assert str(new_house.contacts) in message


@pytest.mark.parametrize("forged", FORGERIES)
@pytest.mark.parametrize("part", ["value", "kind", "institution"])
def test_line_ends_and_control_characters_forge_no_institution(house, part, forged):
    def change(entry):
        (entry if part == "institution" else entry["contacts"][0])[part] = forged

    forge(house, change)
    message = ask_without_document(house)
    assert str(house.contacts) in message and f"python {STEP_01}" in message


@pytest.mark.parametrize("table", ["", "[", "[1]", '[{"institution": "가"}]', '{"institution": 1, "contacts": 2}'])
def test_what_is_no_table_is_refused_though_the_manifest_names_it(house, table):
    house.contacts.write_text(table, encoding="utf-8")
    pipeline.record_artifacts([house.contacts], STEP_01, {}, {})
    assert str(house.contacts) in ask_without_document(house)


def test_the_table_that_step_01_made_is_read_whole_also_after_the_raw_text_has_changed(house):
    table = json.loads(house.contacts.read_text(encoding="utf-8"))
    house.raw.write_text("다른 글입니다.\n", encoding="utf-8")
    assert ContactsFile(str(house.contacts)).entries == table and len(table) > 5
