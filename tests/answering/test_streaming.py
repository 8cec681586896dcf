"""An answer comes in pieces of whole letters while it is written, however its tokens cut them."""

import random
import re

from answering.decoding import TextDecoder
from answering.guide import BYTE_OF_CHARACTER
from answering.verification import KnownContacts
from corpus.template import MARKERS

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers


@pytest.fixture(scope="module")
def single_bytes() -> Tokenizer:
    """A tokenizer that knows the 256 bytes and the markers, and not one whole letter of Hangul."""
    characters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({character: number for number, character in enumerate(characters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(marker, special=True, normalized=False) for marker in MARKERS])
    return tokenizer


def decode(tokenizer: Tokenizer, tokens: list[int]) -> list[str]:
    """The pieces of a text."""
    decoder = TextDecoder(tokenizer)
    pieces = [piece for piece in [*map(decoder.add, tokens), decoder.finish()] if piece]
    assert "".join(pieces) == decoder.text and decoder.token_count == len(tokens)
    return pieces


def test_all_syllables_come_out_whole_though_each_is_spread_over_three_tokens(single_bytes):
    text = "".join(map(chr, range(ord("가"), ord("힣") + 1)))
    pieces = decode(single_bytes, single_bytes.encode(text).ids)
    assert "".join(pieces) == text and len(pieces) == 11_172


@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("가각힣👨‍👩‍👧👍🏽 \n"), max_size=40),
    st.randoms(),
)
@example("태풍 👨‍👩‍👧 👍🏽 e\u0301 ﬀ 한글\n\n끝", random.Random(0))
@settings(max_examples=100, deadline=None)
def test_any_text_comes_out_as_it_is_at_any_split_into_tokens(tokenizer, single_bytes, text, chance):
    letters = [tokenizer.token_to_id(single_bytes.id_to_token(token)) for token in range(256)]
    tokens = []
    for piece in re.findall(r"(?s).{1,3}", text):
        if chance.random() < 0.5:
            tokens += [letters[token] for token in single_bytes.encode(piece).ids]
        else:
            tokens += tokenizer.encode(piece).ids
    markers = {tokenizer.token_to_id(marker) for marker in MARKERS}
    if markers & set(tokens):
        return
    assert "".join(decode(tokenizer, tokens)) == text.rstrip("\ufffd").rstrip("\n")


@given(st.binary(max_size=60))
@example(b"\xea\xb0\xffa\xec")
@example(b"02-1\xff34-5678")
@settings(max_examples=150, deadline=None)
def test_bytes_that_make_no_letter_leave_a_mark_between_those_that_do(single_bytes, content):
    alphabet = {byte: character for character, byte in BYTE_OF_CHARACTER.items()}
    text = "".join(decode(single_bytes, [single_bytes.token_to_id(alphabet[byte]) for byte in content]))
    wanted = content.decode(errors="replace").rstrip("\ufffd")
    assert re.sub("\ufffd+", "\ufffd", text) == re.sub("\ufffd+", "\ufffd", wanted).rstrip("\n")


def test_a_text_that_is_cut_off_inside_a_character_has_all_whole_characters_before_it(single_bytes):
    letters = "".join(map(single_bytes.id_to_token, single_bytes.encode("가 나").ids))
    tokenizer = Tokenizer(models.WordLevel({letters[:-2]: 0, letters[-2]: 1, letters[-1]: 2}, unk_token=letters[:-2]))
    tokenizer.decoder = decoders.ByteLevel()
    assert decode(tokenizer, [0, 1, 2]) == ["가 나"]
    assert decode(tokenizer, [0, 1]) == decode(tokenizer, [0]) == ["가 "]


KNOWN = KnownContacts(
    text="대사관 TEL: (02) 0000-1234, 서울특별시 종로구 할림바로 8, www.embahada.example, 할림바 street 없음"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("문의는 (02) 0000-12", "문의는 "),
        ("문의는 (02", "문의는 "),
        ("문의는 (02) 0000-1234", "문의는 "),  # "(내선 5)" or another digit might have followed
        ("문의는 (02) 0000-1234로", "문의는 (02) 0000-1234로"),
        ("수수료는 15", "수수료는 "),
        ("수수료는 1,500원", "수수료는 1,500원"),
        ("홈페이지 www.embah", "홈페이지 "),
        ("주소는 서울특별시 종로", "주소는 "),
        ("주소는 서울특별시 종로구 할림바로 8이고", "주소는 서울특별시 종로구 할림바로 8이고"),
        ("여권을\n- 10", "여권을"),
        ("여권을 챙기세", "여권을 챙기세"),
    ],
)
def test_a_text_that_is_cut_off_ends_with_no_part_of_a_contact(single_bytes, text, shown):
    decoder = TextDecoder(single_bytes, KNOWN)
    pieces = [decoder.add(token) for token in single_bytes.encode(text).ids]
    assert "".join([*pieces, decoder.finish(cut=True)]) == decoder.text
    assert decoder.text == shown


def test_what_is_held_back_of_a_number_comes_when_it_is_whole(single_bytes):
    decoder = TextDecoder(single_bytes, KNOWN)
    pieces = [decoder.add(token) for token in single_bytes.encode("문의 (02) 0000-1234로 하세요").ids]
    assert [piece for piece in pieces if piece][:5] == ["문", "의", " ", "(02) 0000-1234로", " "]
