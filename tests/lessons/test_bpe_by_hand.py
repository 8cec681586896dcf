"""Lesson 1: byte-pair encoding."""

import re
from collections import Counter

from lessons import bpe_by_hand
from lessons.bpe_by_hand import byte_letters, count_words, encode, join, learn, library_merges, read_texts, readable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

BYTES = ByteLevel(add_prefix_space=False, use_regex=False)
MIXED = st.text(alphabet="가나다라한국비자 여권ab01-é😀\n", max_size=40)


def test_the_first_500_merges_of_the_bundled_text_equal_those_of_the_library(bundled_house):
    tokenizer = Tokenizer.from_file(str(bundled_house.tokenizer))
    texts = read_texts(str(bundled_house.samples), 500_000)
    words = count_words(texts, tokenizer.pre_tokenizer)
    merges = [pair for pair, _ in learn(words, 256 + 11 + 500)]
    assert len(merges) >= 499
    assert merges == library_merges(texts, 500)[: len(merges)]


def test_the_most_frequent_pair_is_joined_first():
    words = Counter({"aab": 3, "ab": 2, "cd": 4})
    assert [pair for pair, _ in learn(words, 700)] == [("a", "b"), ("c", "d"), ("a", "ab")]
    assert [count for _, count in learn(words, 700)] == [5, 4, 3]


def test_a_pair_is_joined_from_the_left():
    assert join(list("aaab"), ("a", "a")) == ["aa", "a", "b"]
    assert join(list("aaaab"), ("a", "a")) == ["aa", "aa", "b"]


@pytest.fixture(scope="module")
def ranks(built_house, tokenizer):
    texts = read_texts(str(built_house.samples), 10_000_000)
    words = count_words(texts, tokenizer.pre_tokenizer)
    return {pair: rank for rank, (pair, _) in enumerate(learn(words, 700))}


@settings(deadline=None)
@given(text=MIXED)
def test_a_new_text_is_cut_as_the_tokenizer_of_step_02_cuts_it(tokenizer, ranks, text):
    pieces = [piece for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text) for piece in encode(word, ranks)]
    assert pieces == tokenizer.encode(text).tokens


@settings(deadline=None)
@given(text=MIXED)
def test_the_letters_of_a_token_are_its_bytes(text):
    letters = "".join(word for word, _ in BYTES.pre_tokenize_str(text))
    assert bytes(byte_letters()[letter] for letter in letters) == text.encode()
    assert readable(letters) == text.replace(" ", "␣")


def test_the_lesson_says_what_a_larger_vocabulary_gains(built_house, tmp_path, capsys):
    values = {
        "samples-path": built_house.samples,
        "tokenizer-path": built_house.tokenizer,
        "picture-path": tmp_path / "bpe.svg",
        "largest-vocabulary": 1024,
        "compared": 200,
    }
    bpe_by_hand.main([text for name, value in values.items() for text in (f"--{name}", str(value))])
    printed = capsys.readouterr().out
    assert "The first 200 merges that are learned by hand equal those of the library." in printed
    gains = [float(each) for each in re.findall(r"^\| [\d,]+ \| (\d\.\d\d) \| \d+ \|", printed, re.MULTILINE)]
    assert len(gains) == 6 and gains[0] == 1 and gains[0] < gains[1] < gains[2]
    assert (tmp_path / "bpe.svg").is_file()
