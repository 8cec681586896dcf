"""An answer in its sections: which line of the document each line comes from, and what a contact opens."""

from answering.serving.sections import link_of, sections_of
from answering.source import Source
from corpus.template import Template

import pytest
from hypothesis import given
from hypothesis import strategies as st

TEXT = """\
필리핀에서 여권을 분실했을 때

1. 가까운 경찰서에서 분실 신고서(police report)를 받으세요. 접수비는 없습니다.
2. 한국대사관에 예약하세요.
준비물: 여권용 사진 2장, 신분증 사본
한국대사관 TEL: 02-0000-4100 (평일 오전)
ADDR: 15F Halimbawa Tower, Taguig"""
ANSWER = """\
요약:
- 필리핀에서 여권을 분실했을 때
체크리스트:
- 해야 할 일:
  - 가까운 경찰서에서 분실 신고서(police report)를 받으세요.
- 준비물:
  - 여권용 사진 2장
- 주의사항:
  - 자료에 없음
연락처(공공정보):
- 한국대사관
  - TEL: 02-0000-4100 (평일 오전)
  - ADDR: 15F Halimbawa Tower, Taguig
상세 설명:
2. 한국대사관에 예약하세요.
준비물: 여권용 사진 2장, 신분증 사본"""
DOCUMENT = Source(TEXT, "필리핀에서 여권을 분실했을 때", "raw.txt", 20, id=7)


def test_each_section_has_its_key_its_title_and_its_lines():
    sections = sections_of(ANSWER, Template(), [DOCUMENT])
    assert [(each["key"], each["title"], len(each["lines"])) for each in sections] == [
        ("summary", "요약", 1),
        ("todo", "해야 할 일", 1),
        ("prepare", "준비물", 1),
        ("caution", "주의사항", 1),
        ("contacts", "연락처(공공정보)", 3),
        ("details", "상세 설명", 2),
    ]
    texts = [line["text"] for section in sections for line in section["lines"]]
    assert texts[1] == "가까운 경찰서에서 분실 신고서(police report)를 받으세요."


def test_each_line_names_its_line_in_the_document_counted_from_0():
    lines = [line for section in sections_of(ANSWER, Template(), [DOCUMENT]) for line in section["lines"]]
    places = [line["source"] and line["source"]["line"] for line in lines]
    assert places == [0, 2, 4, None, 3, 5, 6, 3, 4]
    assert {line["source"]["document_id"].partition("-")[0] for line in lines if line["source"]} == {"7"}


def test_a_document_that_the_client_gave_is_counted_as_it_was_sent():
    given = Source.of_text("\n\n여권 안내\n\n여권은 영사과에서 받습니다.")
    (section,) = sections_of("요약:\n- 여권은 영사과에서 받습니다.", Template(), [given])
    assert section["lines"][0]["source"] == {"document_id": "given", "line": 4}


def test_a_contact_says_what_it_is_whose_it_is_and_what_it_opens():
    sections = {section["key"]: section for section in sections_of(ANSWER, Template(), [DOCUMENT])}
    owner, phone, address = (line["contact"] for line in sections["contacts"]["lines"])
    assert owner is None
    assert phone == {
        "type": "phone",
        "value": "02-0000-4100",
        "href": "tel:0200004100",
        "owner": "한국대사관",
        "note": "평일 오전",
    }
    assert address["type"] == "address" and address["href"].endswith("=15F%20Halimbawa%20Tower%2C%20Taguig")


@pytest.mark.parametrize(
    ("label", "value", "href"),
    [
        ("TEL", "+63 (2) 0000-3317 loc. 118", "tel:+63200003317"),
        ("TEL", "1500-0012", "tel:15000012"),
        ("EMAIL", "tulong@bangko.example", "mailto:tulong@bangko.example"),
        ("WEB", "www.embahada.example/비자?a=1", "https://www.embahada.example/%EB%B9%84%EC%9E%90?a=1"),
        ("WEB", "https://ulat.example/scam", "https://ulat.example/scam"),
        ("WEB", "javascript:alert(1)", "https://javascript:alert(1)"),
        ("KAKAO", "simhelp_01", ""),
    ],
)
def test_what_a_contact_opens(label, value, href):
    assert link_of(label, value) == href


@given(st.text(max_size=40))
def test_no_contact_opens_anything_but_a_call_a_letter_a_page_or_a_map(value):
    for label in ("TEL", "EMAIL", "WEB", "ADDR", "KAKAO"):
        href = link_of(label, value)
        assert not href or href.lower().startswith(("tel:", "mailto:", "http://", "https://"))
        assert not set(href) & set("\"'<> \n")


def test_an_answer_without_headings_is_one_section():
    (section,) = sections_of("여권은\n영사과에서 받습니다.", Template(), [])
    assert (section["key"], section["title"]) == ("text", "") and len(section["lines"]) == 2
    assert section["lines"][0] == {"text": "여권은", "source": None, "contact": None}


def test_a_summary_has_the_sections_of_its_style():
    text = "핵심요약:\n- 좋은 학교\n장점:\n- 가깝다\n단점:\n- 비싸다\n추천대상:\n- 초등학생\n주의사항:\n- 자료에 없음"
    keys = [section["key"] for section in sections_of(text, Template.of_style("summary"), [])]
    assert keys == ["summary", "merits", "drawbacks", "audience", "caution"]


@given(st.text(max_size=200))
def test_no_line_of_any_text_is_lost(text):
    lines = [line["text"] for section in sections_of(text, Template(), [DOCUMENT]) for line in section["lines"]]
    headings = {line for part in Template().parts for line in part.heading.split("\n")}
    assert len(lines) == sum(bool(line.strip()) for line in text.split("\n") if line not in headings)
