"""Lesson 2: n-grams that are counted."""

import re

from lessons import count_model
from lessons.count_model import CountModel
from lessons.shared import read_text

import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def text(built_house):
    return read_text(str(built_house.train_bin), str(built_house.val_bin), str(built_house.tokenizer))


@pytest.fixture(scope="module")
def model(text):
    return CountModel(np.asarray(text.train, dtype=np.int64), text.vocab_size, 5, 0.75)


def test_the_probabilities_after_1000_contexts_sum_to_one(text, model):
    random = np.random.default_rng(0)
    tokens = np.concatenate([text.train, text.validation]).astype(np.int64)
    for number in range(1000):
        end = int(random.integers(1, len(tokens)))
        history = tokens[max(0, end - int(random.integers(0, 9))) : end].copy()
        if number % 4 == 0 and len(history):  # a context that occurs nowhere
            history[random.integers(len(history))] = random.integers(text.vocab_size)
        p = model.distribution(history) if len(history) else model.distribution([0])
        assert p.sum() == pytest.approx(1, abs=1e-9) and p.min() > 0


def test_the_figures_of_a_text_of_two_words_are_those_of_the_formula():
    # The pairs 01 01 10 10 00 and, of the first token, 00: its invented context has the number of the token 0.
    model = CountModel(np.array([0, 1, 0, 1, 0, 0]), 3, 2, 0.5)
    # 0 comes after two different tokens, 1 after one.
    saved = 0.5 * 2 / 3 / 3
    unigram = [1.5 / 3 + saved, 0.5 / 3 + saved, saved]
    # In the text 0 comes twice after 0 (once invented) and 1 twice; both words have followed it.
    after_0 = [1.5 / 4 + 0.25 * unigram[0], 1.5 / 4 + 0.25 * unigram[1], 0.25 * unigram[2]]
    assert model.distribution([0]) == pytest.approx(after_0)
    assert model.distribution([2]) == pytest.approx(unigram)  # never seen: the shorter context decides alone


def test_the_loss_of_a_row_is_that_of_each_token_after_its_history(text, model):
    tokens = np.asarray(text.validation[:30], dtype=np.int64)
    row = torch.from_numpy(tokens)
    losses = model.score(row[None, :-1], row[None, 1:])[0]
    wanted = [-np.log(model.distribution(tokens[: at + 1])[tokens[at + 1]]) for at in range(29)]
    assert losses.numpy() == pytest.approx(wanted)


def test_longer_contexts_predict_better_and_the_measure_counts_the_bytes_of_step_04(house, tmp_path, capsys):
    paths = {
        "train-bin": house.train_bin,
        "val-bin": house.val_bin,
        "tokenizer-path": house.tokenizer,
        "picture-path": tmp_path / "pictures" / "count_model.svg",
        "block-size": 384,
    }
    count_model.main([text for name, value in paths.items() for text in (f"--{name}", str(value))])
    bits = [float(each) for each in re.findall(r"^\| \d \|.*?\| (\d\.\d{3}) \|", capsys.readouterr().out, re.MULTILINE)]
    assert len(bits) == 5 and bits[0] > bits[1] > bits[2]
    assert (tmp_path / "pictures" / "count_model.svg").read_text(encoding="utf-8").count("<circle") == 5
