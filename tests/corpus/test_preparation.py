"""A post becomes samples, and what one sample says does not change another."""

import dataclasses
import io
import tempfile

from corpus.contact_table import ContactTable
from corpus.preparation import PreparedPost, SelectedPost, Tally, prepare_post, select_posts
from corpus.raw.duplicates import DuplicateFinder
from corpus.raw.posts import Post
from corpus.template import Answer, Contact, Template

import pytest

PASSPORT = """\
여권을 잃어버렸을 때
먼저 가까운 경찰서에 가서 분실 신고서를 받으세요.
그다음 대사관에 전화로 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 신분증 사본
한국대사관 영사과 전화: (02) 0000-1234"""
VISA = "관광비자 연장하는 방법\n만료일 일주일 전에 이민국에서 신청하세요.\n여권 원본과 사본을 창구에 내면 됩니다."
ADVERTISING = "무직자 당일 대출, 신용불량도 무심사로 해 드립니다. 카톡 주세요."


def post_of(text: str, line: int = 1) -> Post:
    return Post("raw.txt", line, tuple(text.split("\n")))


def prepare(text: str, style: str = "answer", questions: int = 2, keep_contacts: bool = True) -> PreparedPost:
    selected = SelectedPost(3, 1, post_of(text, line=7))
    return prepare_post(selected, Template.of_style(style), 800, questions, keep_contacts)


def test_a_document_has_one_grounded_sample_and_as_many_closed_book_ones_as_asked_for():
    prepared = prepare(PASSPORT, questions=2)
    assert [sample.kind for sample in prepared.samples] == ["grounded", "closed-book", "closed-book"]
    assert {(sample.post, sample.family, sample.line) for sample in prepared.samples} == {(3, 1, 7)}
    assert [sample.kind for sample in prepare(PASSPORT, style="summary").samples] == ["summary"]


def test_only_closed_book_answers_carry_the_whole_document_in_their_details():
    template = Template()
    grounded, *closed_book = (sample.text for sample in prepare(PASSPORT).samples)
    details = {
        text: text.partition(f"\n{template.details}\n")[2].removesuffix(template.answer_end) for text in closed_book
    }
    lines = [line for line in PASSPORT.split("\n") if "전화" not in line or "예약" in line]
    assert closed_book and all(all(line in text for line in lines) for text in details.values())
    assert not all(line in grounded.partition(f"\n{template.details}\n")[2] for line in lines)


def test_an_answer_cannot_be_changed_after_it_was_extracted():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Answer().details = PASSPORT


def test_placeholders_hide_the_values_in_samples_but_not_in_the_contacts():
    prepared = prepare(PASSPORT, keep_contacts=False)
    assert all("0000-1234" not in sample.text and "<TEL>" in sample.text for sample in prepared.samples)
    assert [contact.value for contact in prepared.contacts] == ["(02) 0000-1234"]


def test_copies_and_advertising_are_left_out_listed_and_counted():
    tally, dropped = Tally(), io.StringIO()
    posts = [post_of(text, line) for line, text in enumerate((PASSPORT, VISA, PASSPORT, ADVERTISING), start=1)]
    with tempfile.TemporaryFile() as file:
        selected = list(select_posts(posts, DuplicateFinder(file), tally, dropped))
    assert [(each.number, each.post.line) for each in selected] == [(0, 1), (1, 2)]
    assert (tally.duplicate_posts, tally.advertising_posts, tally.dropped_posts) == (1, 1, 2)
    assert tally.duplicate_bytes == len(PASSPORT.encode()) and tally.advertising_bytes == len(ADVERTISING.encode())
    assert "raw.txt, line 3:" in dropped.getvalue() and "raw.txt, line 4:" in dropped.getvalue()


# --- The table of contacts ---


def test_spellings_of_one_number_are_one_contact_with_all_its_documents():
    table = ContactTable()
    table.add([Contact("대사관", "TEL", "(02) 0000-1234", "+63200001234")], "raw.txt", 7)
    table.add([Contact("대사관", "TEL", "02-0000-1234", "+63200001234")], "raw.txt", 40)
    (entry,) = table.to_list()
    (contact,) = entry["contacts"]
    assert (entry["institution"], contact["kind"], contact["value"]) == ("대사관", "TEL", "(02) 0000-1234")
    assert contact["documents"] == [{"source": "raw.txt", "line": 7}, {"source": "raw.txt", "line": 40}]
    assert len(table) == 1


def test_a_document_that_gives_a_contact_twice_is_listed_once():
    table = ContactTable()
    contact = Contact("대사관", "WEB", "www.embahada.example", "embahada.example")
    table.add([contact, contact], "raw.txt", 7)
    assert table.to_list()[0]["contacts"][0]["documents"] == [{"source": "raw.txt", "line": 7}]


def test_different_values_of_an_institution_are_next_to_each_other_by_their_label():
    table = ContactTable()
    contacts = [("TEL", "02-2"), ("WEB", "www.a.example"), ("TEL", "02-1")]
    table.add([Contact("이민국", label, value, value) for label, value in contacts], "raw.txt", 1)
    assert [each["value"] for each in table.to_list()[0]["contacts"]] == ["02-1", "02-2", "www.a.example"]
