"""A document becomes the answer that its sample teaches, and every line of it comes from the document."""

import re

from corpus.extraction.answers import extract_answer
from corpus.extraction.telephone import FULL_NUMBER
from corpus.raw.documents import Document
from corpus.raw.normalization import normalize, standardize_labels
from corpus.template import Answer, Template

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LONGEST_LINE = 120  # characters that a line of an answer may have
CUT = "…"  # the end of a line that goes on in the document


def document(text: str, title: str = "") -> Document:
    return Document("raw.txt", 1, 0, 0, title, standardize_labels(normalize(text)).strip())


def items_of(answer: Answer) -> list[str]:
    return [*answer.to_do, *answer.to_bring, *answer.to_beware]


def lines_of(answer: Answer) -> list[str]:
    return [*answer.summary, *items_of(answer)]


def one_line(text: str) -> str:
    return " ".join(text.split())


PASSPORT = """\
마닐라에서 여권을 잃어버렸을 때
지난달 말라테에서 지갑과 여권을 한꺼번에 잃어버렸습니다. 먼저 가까운 경찰서에 가서 분실 신고서를 받으세요.
그다음 대사관에 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 분실 신고서, 신분증 사본, 수수료 1,500페소
주의사항: 신고한 여권은 다시 찾아도 쓸 수 없습니다.
한국대사관 영사과
☎ 전화: (02) 0000-1234
주소: 12 Halimbawa Street, Taguig
홈페이지: www.embahada.example"""


@pytest.fixture(scope="module")
def posts(raw_text) -> list[Document]:
    return [document(post, post.split("\n")[0]) for post in raw_text.split("\n\n\n")]


@pytest.fixture(scope="module")
def passport() -> Answer:
    return extract_answer(document(PASSPORT, "마닐라에서 여권을 잃어버렸을 때"))


def test_every_line_of_an_answer_is_taken_from_its_document(posts):
    for post in posts:
        answer = extract_answer(post)
        assert answer.summary
        assert all(one_line(line.removesuffix(CUT)) in one_line(post.text) for line in lines_of(answer))
        assert all(each.value in post.text for contacts in answer.contacts.values() for each in contacts)
        assert all(line in one_line(post.text) for line in answer.details.split("\n"))


def test_no_line_is_too_long_or_cut_inside_a_word(posts):
    marks = " ,;():-.…"  # what the end of a line may have lost, besides whole words
    for post in posts:
        words = {word.strip(marks) for word in post.text.split()}
        for line in lines_of(extract_answer(post)):
            assert 0 < len(line) <= LONGEST_LINE
            assert {word.strip(marks) for word in line.split()} <= words | {""}


def test_a_statement_stands_in_one_place_of_the_checklist_only(posts):
    for post in posts:
        items = items_of(extract_answer(post))
        assert len(items) == len(set(items))


def test_an_item_that_is_listed_twice_is_told_once():
    text = "준비물: 여권 원본, 사진 2장\n\n어제 다시 가 보니 하나 더 내라고 했습니다.\n\n구비서류: 여권 원본, 사진 2장, 주소 증명서"
    assert extract_answer(document(text)).to_bring == ["여권 원본", "사진 2장", "주소 증명서"]


def test_the_summary_holds_no_contacts(posts):
    for post in posts:
        assert not any(re.search(FULL_NUMBER, line) or "TEL:" in line for line in extract_answer(post).summary)


def test_the_same_document_always_gets_the_same_answer(passport):
    assert extract_answer(document(PASSPORT, "마닐라에서 여권을 잃어버렸을 때")) == passport


def test_contacts_stand_below_their_institution(passport):
    (contacts,) = passport.contacts.values()
    assert set(passport.contacts) == {each.institution for each in contacts} == {"한국대사관 영사과"}
    assert [(each.label, each.value) for each in contacts] == [
        ("TEL", "(02) 0000-1234"),
        ("ADDR", "12 Halimbawa Street, Taguig"),
        ("WEB", "www.embahada.example"),
    ]


def test_where_there_is_nothing_to_say_the_answer_says_so():
    template = Template()
    sections = template.split_sections(template.write_answer(extract_answer(document("바기오는 서늘했습니다."))))
    assert sections[template.contacts] == f"- {template.nothing}\n"
    assert sections[template.checklist].count(template.nothing) == 3
    assert "바기오는 서늘했습니다." in sections[template.details]


SENTENCES = [
    "여권을 준비하세요.",
    "준비물: 여권, 사진",
    "주의사항:",
    "- 여권 사본",
    "1. 신청하세요",
    "☎ 02-000-1234",
    "세부 병원",
    "",
    "2024-03-15",
]
SENTENCES += [
    "절대로 돈을 먼저 보내지 마세요.",
    "가" * 90,
    "이민국에 가서 신청서를 쓰고 " * 8,
    "[EOS]",
    "😀",
    "준비물:",
    "해야 할 일: 신고",
    "주소: 12 Halimbawa St., Brgy. San Roque, Makati City. 문의는 02-000-1234로 하세요.",
    "3. 신청하고 4. 기다립니다. " * 12,
]


@given(
    st.one_of(
        st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12).map("\n".join), st.text(min_size=1, max_size=100)
    )
)
@settings(max_examples=400, deadline=None)
def test_whatever_the_document_says_the_answer_adds_nothing(text):
    post = document(text)
    answer = extract_answer(post)
    assert all(0 < len(line) <= LONGEST_LINE and line.removesuffix(CUT) in post.text for line in lines_of(answer))
    assert all(line.removesuffix(CUT) in one_line(post.text) for line in answer.details.split("\n"))
