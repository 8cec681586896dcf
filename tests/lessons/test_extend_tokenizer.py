"""Lesson 12: a longer vocabulary breaks neither the tokenizer nor the model."""

import re

from gpt.checkpoint import load_checkpoint, model_from
from lessons import extend_tokenizer

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = [" 분실신고서를", " 출생증명서", " 뎅기열"]
SENTENCE = "여권을 잃어버리면 출생증명서 원본과 분실신고서를 가져가세요."


@pytest.fixture(scope="module")
def extended(tokenizer):
    return extend_tokenizer.extend(tokenizer, WORDS)


def test_each_word_is_one_token(tokenizer, extended):
    assert all(len(tokenizer.encode(word).ids) > 1 for word in WORDS)
    assert all(len(extended.encode(word).ids) == 1 for word in WORDS)
    assert len(extended.encode(SENTENCE).ids) < len(tokenizer.encode(SENTENCE).ids)


def test_old_tokens_keep_their_numbers(tokenizer, extended):
    old, new = tokenizer.get_vocab(), extended.get_vocab()
    assert {token: new[token] for token in old} == old
    assert sorted(new.values()) == list(range(len(new)))


@settings(deadline=None)
@given(st.text("가나여권을비자 .\n0123abcé출생증명서뎅기열", max_size=40))
def test_every_text_still_decodes_to_itself_and_is_cut_as_before_without_the_new_words(tokenizer, extended, text):
    found = extended.encode(text).ids
    assert extended.decode(found) == text
    if not any(token >= tokenizer.get_vocab_size() for token in found):
        assert found == tokenizer.encode(text).ids


@pytest.mark.parametrize("start", extend_tokenizer.STARTS)
def test_the_logits_of_old_tokens_stay(built_house, tokenizer, extended, start):
    model = model_from(load_checkpoint(built_house.checkpoint))
    larger = extend_tokenizer.widen(model, start, tokenizer, extended, seed=1)
    tokens = torch.tensor([tokenizer.encode(SENTENCE).ids])
    with torch.no_grad():
        found, wanted = larger(tokens), model(tokens)
    assert found.size(-1) == extended.get_vocab_size()
    torch.testing.assert_close(found[..., : wanted.size(-1)], wanted)


def test_the_words_that_save_most_tokens_are_chosen(tokenizer):
    text = "분실신고서를 내고 분실신고서를 받고 뎅기열 뎅기열 뎅기열 뎅기열 한번"
    chosen = extend_tokenizer.choose_words(text, tokenizer, 5)
    saved = [text.count(word.strip()) * (len(tokenizer.encode(word).ids) - 1) for word in chosen]
    assert set(chosen) <= {" 분실신고서를", " 뎅기열"} and saved == sorted(saved, reverse=True)


def test_the_lesson_compares_three_starts_with_the_old_tokenizer(built_house, capsys):
    paths = {"train-bin": built_house.train_bin, "val-bin": built_house.val_bin}
    paths["checkpoint-path"] = built_house.checkpoint
    flags = [text for name, path in paths.items() for text in (f"--{name}", str(path))]
    extend_tokenizer.main([*flags, "--words", "5", "--steps", "2"])
    rows = re.findall(r"^\| ([\w() ]+) \| [\d,]+ \| \d\.\d{3} \| \d\.\d{3} \|$", capsys.readouterr().out, re.MULTILINE)
    assert rows == ["(old tokenizer)", *extend_tokenizer.STARTS]
