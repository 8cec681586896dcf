"""A document in which characters are lost: nothing of its damaged lines is offered, and what is printed was verified."""

from answering.decoding import TextDecoder
from answering.given_document import document_of_bytes
from answering.guide import build_guide
from answering.material import choose_material, material_of
from answering.source import Source

import pytest

NOTICE = """\
한국대사관 영사과 안내
여권을 잃어버리면 먼저 경찰서에서 분실 신고서를 받으세요.
준비물: 여권용 사진 2장, 분실 신고서
문의는 02-1�34-5678로 하시고, 여권용 사진을 꼭 챙기세요.
TEL: 02-�1234-5678
WEB: www.emb�hada.example
TEL: (02) 0000-1234"""
JOINED = ("02-134-5678", "02-1234-5678", "1234-5678", "34-5678", "hada")
WAYS = {
    "guided": {},
    "guided, in its own words": {"verify_lines": False},
    "free": {"form": "free", "max_new_tokens": 60},
}


@pytest.mark.parametrize("way", WAYS)
def test_no_answer_holds_a_number_of_which_a_character_is_lost(raw_house, load, request_of, way):
    assistant = load(raw_house)
    for document in (Source.of_text(NOTICE), document_of_bytes(NOTICE.encode()), damaged_bytes()):
        requests = [
            request_of(
                "전화번호가 무엇인가요?", document, temperature=1.5, seed=seed, **{"max_new_tokens": 200, **WAYS[way]}
            )
            for seed in range(4)
        ]
        for answer in assistant.answer_all(requests, rows=4):
            assert "\ufffd" not in answer.text
            assert [number for number in JOINED if number in answer.text] == []


def damaged_bytes() -> Source:
    """The notice from a file in which bytes are no characters at all."""
    return document_of_bytes(NOTICE.encode().replace("\ufffd".encode(), b"\xff"))


def test_the_other_lines_of_a_damaged_document_are_offered_as_before(raw_house, load, request_of):
    (answer,) = load(raw_house).answer_all([request_of("여권", Source.of_text(NOTICE), max_new_tokens=300)], rows=1)
    assert "  - 여권용 사진 2장" in answer.text and "  - TEL: (02) 0000-1234" in answer.text


@pytest.mark.parametrize("style", ["answer", "summary"])
def test_nothing_of_a_damaged_line_is_offered(style):
    material = material_of([(NOTICE, "대사�관"), ("이민국 TEL: 02-000-3333", "")], style=style)
    lines = [line for lines in material.lists.values() for line in lines]
    passages = [passage for group in material.passages for passage in group]
    names = [*material.contacts, *(value for _, value in material.values())]
    assert not any("\ufffd" in text or joined in text for text in [*lines, *passages, *names] for joined in JOINED)
    assert ("TEL", "(02) 0000-1234") in material.values() and ("TEL", "02-000-3333") in material.values()


def test_digits_around_a_lost_one_are_no_known_contact(raw_house, load, request_of):
    assistant, document = load(raw_house), Source.of_text(NOTICE)
    request = request_of("여권", document, form="free")
    material = choose_material(request, "여권", [document], "answer", None)
    known = build_guide(request, material, [document], 300, assistant.tokenizer, assistant.template).contacts
    assert known.allow("문의는 (02) 0000-1234")
    assert not known.allow("문의는 1234-5678") and not known.allow("문의는 02-134-5678")


def test_a_title_that_is_offered_shows_what_is_lost(tokenizer):
    decoder = TextDecoder(tokenizer)
    for token in tokenizer.encode("1. 여권 02-1�34-5678 창구\n").ids:
        decoder.add(token)
    decoder.finish()
    assert decoder.text == "1. 여권 02-1�34-5678 창구"
