"""The form of an answer that is made of a document: whole and in order in any room, with the document's contacts."""

from answering.contacts_file import contacts_of
from answering.form import MIN_SUMMARY_LINES, GuidedForm
from answering.guide import AnswerGuide
from answering.material import material_of
from answering.number_shapes import find_runs
from answering.verification import KnownContacts
from corpus.extraction.answers import extract_answer, extract_review
from corpus.extraction.contacts import find_contacts
from corpus.extraction.passages import candidate_passages
from corpus.raw.documents import Document
from corpus.raw.titles import find_title
from corpus.template import count_markers
from tests.answering.forms import (
    DOCUMENT,
    DOCUMENTS,
    ROOMS,
    SEEDS,
    TEMPLATE,
    TEMPLATES,
    clean,
    material_of_text,
    parts_of,
)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@given(document=DOCUMENTS, room=ROOMS, seed=SEEDS, template=st.sampled_from(TEMPLATES))
@settings(max_examples=120, deadline=None)
def test_an_answer_has_its_whole_form_within_any_room_that_holds_the_shortest(
    write, shortest, count_tokens, document, room, seed, template
):
    material = material_of_text(document, template.style)
    if room < shortest(template):
        with pytest.raises(ValueError, match=f"needs {shortest(template) - room} more tokens"):
            GuidedForm(template, material, room, count_tokens)
        return
    text, tokens = write(material, room, seed, template)
    parts_of(text, template)
    assert len(tokens) < room  # the marker that ends it has its place too
    assert count_markers(text) == 0


@given(document=DOCUMENTS, seed=SEEDS)
@settings(max_examples=80, deadline=None)
def test_every_line_is_one_of_the_document(write, document, seed):
    document = clean(document)
    title = find_title(tuple(document.split("\n")))
    parts = parts_of(write(material_of_text(document), 1500, seed)[0])
    answer = extract_answer(Document("", 0, 0, 0, title, document))
    for name in ("summary", "to_do", "to_bring", "to_beware"):
        lines = getattr(answer, name)
        said = [line.strip().removeprefix("- ") for line in parts[name]]
        assert said == [TEMPLATE.nothing] or (set(said) <= set(lines) and said == sorted(set(said), key=lines.index))
        assert all(line in document for line in said if line != TEMPLATE.nothing)
    passages = [passage for of_start in candidate_passages(document) for passage in of_start]
    assert "\n".join(parts["details"]) in [TEMPLATE.nothing, *passages]


@given(document=DOCUMENTS, seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_every_contact_of_the_document_is_listed_below_its_owner_where_there_is_room(write, document, seed):
    document = clean(document)
    contacts = find_contacts(document, find_title(tuple(document.split("\n"))))
    owners = {f"- {contact.institution}" for contact in contacts}
    listed: set[tuple[str, str]] = set()
    owner = ""
    for line in parts_of(write(material_of_text(document), 3000, seed)[0])["contacts"]:
        if line in owners:
            owner = line
        elif contacts:
            listed.add((owner, line))
    assert listed == {(f"- {each.institution}", f"  - {each.label}: {each.value}") for each in contacts}


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_other_lines_leave_the_contacts_their_room(write, seed):
    """Room for half of what the document offers: the contacts are all listed nevertheless."""
    document = clean(DOCUMENT) + "\n1. 이민국 지점에서 신청서를 쓰세요.\n2. 수수료를 내고 영수증을 받으세요." * 3
    contacts = find_contacts(document, "마닐라에서 여권을 잃어버렸을 때")
    assert len(contacts) == 3
    parts = parts_of(write(material_of_text(document), 250, seed)[0])
    assert {f"  - {each.label}: {each.value}" for each in contacts} < set(parts["contacts"])
    assert parts["summary"] != ["- 자료에 없음"]


@given(seed=SEEDS, room=st.integers(500, 900))
@settings(max_examples=30, deadline=None)
def test_a_long_list_leaves_the_other_parts_their_share(write, seed, room):
    """Room for less than half of what the document offers: every part that could say something does."""
    steps = "\n".join(
        f"{number}. 이민국 {number}번 창구에 가서 신청서를 쓰고 도장을 받으세요." for number in range(1, 11)
    )
    material = material_of_text(f"{clean(DOCUMENT)}\n{steps}")
    parts = parts_of(write(material, room, seed)[0])
    said = {name: [line.strip(" -") for line in lines] != [TEMPLATE.nothing] for name, lines in parts.items()}
    assert said == {name: bool(material.lists.get(name, True)) for name in parts}


@given(seed=SEEDS, room=st.integers(50, 2000))
@settings(max_examples=20, deadline=None)
def test_a_document_without_contacts_has_the_fixed_phrase_in_their_place(write, seed, room):
    document = "태풍 신호가 3호 이상이면 학교와 관공서가 쉽니다. 물과 통조림과 손전등을 사흘 치 준비하세요."
    assert parts_of(write(material_of_text(document), room, seed)[0])["contacts"] == ["- 자료에 없음"]


@given(seed=SEEDS, room=st.integers(50, 200))
@settings(max_examples=20, deadline=None)
def test_no_document_at_all_gives_the_shortest_answer(write, seed, room):
    parts = parts_of(write(material_of([]), room, seed)[0])
    assert all(line.strip(" -") == TEMPLATE.nothing for lines in parts.values() for line in lines)


def test_a_summary_has_some_lines_of_the_document(write):
    more = "\n".join(
        f"재발급 {number}단계에서는 영사과 {number}번 창구에 여권 서류를 냅니다." for number in range(1, 10)
    )
    material = material_of_text(f"{DOCUMENT}\n{more}")
    summaries = [parts_of(write(material, 1000, seed)[0])["summary"] for seed in range(20)]
    assert not any("- 마닐라에서 여권을 잃어버렸을 때" in summary for summary in summaries)
    assert min(map(len, summaries)) == MIN_SUMMARY_LINES
    assert len({tuple(summary) for summary in summaries}) > 3  # which of the lines is the model's choice


def test_a_summary_is_about_the_question():
    statements = [
        "은행 계좌를 열려면 외국인 등록증과 주소 증명이 필요합니다.",
        "재래시장은 새벽에 가야 생선이 싱싱하고 값도 쌉니다.",
        "학교 입학 상담은 삼월에 시작해서 오월에 끝납니다.",
        "태풍이 오면 전기가 끊기니 손전등과 물을 사 두세요.",
        "소포를 보낼 때는 상자를 봉하지 말고 창구로 가져가세요.",
        "수영장은 월요일마다 청소하느라 문을 닫습니다.",
    ]
    document = [("\n".join(["세부 생활 안내", *statements]), "세부 생활 안내")]
    for question, told in (("은행 계좌 열기", 0), ("태풍에 손전등과 물", 3), ("소포 상자와 창구", 4)):
        assert statements[told] in material_of(document, question).lists["summary"]
    lists = [material_of(document, question).lists["summary"] for question in ("학교 입학 상담", "수영장 월요일 청소")]
    assert lists[0] != lists[1]


def test_a_list_leaves_nothing_out(write):
    lists = material_of_text(DOCUMENT).lists
    for seed in range(20):
        parts = parts_of(write(material_of_text(DOCUMENT), 600, seed)[0])
        for name in ("to_do", "to_bring", "to_beware"):
            assert parts[name] == [f"  - {line}" for line in lists[name] or [TEMPLATE.nothing]]


def test_a_document_without_a_title_has_a_summary_of_its_sentences(write):
    document = "태풍 신호가 3호 이상이면 학교와 관공서가 쉽니다. 물과 통조림과 손전등을 사흘 치 준비하세요."
    summary = parts_of(write(material_of([(document, "")]), 400, 0)[0])["summary"]
    assert summary and all(line.removeprefix("- ") in document for line in summary)


def test_a_summing_document_gives_the_lists_of_its_style():
    document = clean(DOCUMENT)
    review = extract_review(Document("", 0, 0, 0, "", document))
    lists = material_of([(document, "")], style="summary").lists
    assert lists["to_beware"] == review.to_beware and set(lists) >= {"merits", "drawbacks", "audience"}


def test_of_a_table_only_the_contacts_of_some_places_can_be_taken():
    table = [
        {
            "institution": "대사관",
            "contacts": [{"kind": "TEL", "value": "02-000-1234", "documents": [{"source": "a.txt", "line": 3}]}],
        },
        {
            "institution": "은행",
            "contacts": [{"kind": "TEL", "value": "02-000-5678", "documents": [{"source": "a.txt", "line": 9}]}],
        },
    ]
    assert contacts_of(table, {("a.txt", 9)}) == {"은행": [("TEL", "02-000-5678")]}
    assert set(contacts_of(table)) == {"대사관", "은행"}


@given(document=DOCUMENTS, seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_tokens_line_by_line_are_those_of_the_whole_answer(write, tokenizer, document, seed):
    text, tokens = write(material_of_text(document), 800, seed)
    assert tokens == tokenizer.encode(text).ids


def test_a_line_cut_inside_a_number_is_not_offered():
    number = "마카티와 보니파시오는 월세가 비싼 편이고 파라냐케는 조금 쌉니다 그러니 먼저 꼭 전화로 물어보고 가세요 번호는 0917-000-5678입니다"
    document = f"월세 이야기\n{number}"
    cut = extract_answer(Document("", 0, 0, 0, "월세 이야기", document)).summary[1]
    assert len(cut) < len(number)
    half = document.replace(number, "가" * 60 + " 연락 0917 000 5678 로 하세요")
    assert any(list(find_runs(line)) for line in half.split("\n"))
    for text in (document, half):
        material = material_of([(text, "월세 이야기")])
        known = KnownContacts(text=text)
        lines = [line for lines in (*material.lists.values(), *material.passages) for line in lines]
        assert all(map(known.allow_all, lines))


def test_two_documents_that_say_the_same_say_it_once():
    assert material_of([(DOCUMENT, "여권")] * 2) == material_of([(DOCUMENT, "여권")])


@given(document=DOCUMENTS, seed=SEEDS, room=st.integers(150, 500))
@settings(max_examples=20, deadline=None)
def test_a_form_can_be_written_more_than_once(tokenizer, wander, count_tokens, document, seed, room):
    form = GuidedForm(TEMPLATE, material_of_text(document), room, count_tokens)
    first, again = (wander(AnswerGuide(form.write(), None, tokenizer, TEMPLATE), seed) for _ in range(2))
    assert first == again
