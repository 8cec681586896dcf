"""Lesson 3: recurrent networks."""

import re

from lessons import rnn_model
from lessons.rnn_model import RecurrentModel, distances_of, step_by_hand
from lessons.shared import read_text

import pytest
import torch


@pytest.mark.parametrize("kind", ["Elman", "GRU"])
def test_the_formulas_give_the_states_of_the_library(kind):
    torch.manual_seed(1)
    model = RecurrentModel(kind, 700, 32)
    tokens = torch.randint(700, (2, 20))
    states, _ = model(tokens)
    h = torch.zeros(2, 32)
    for at in range(20):
        h = step_by_hand(model.cells, model.embedding(tokens[:, at]), h)
        assert torch.allclose(h, states[:, at], atol=1e-5)


def test_a_distance_is_that_of_the_same_pair_in_the_same_row():
    inputs = torch.tensor([[1, 2, 1, 2, 9, 1], [1, 2, 3, 4, 5, 6]])
    targets = torch.tensor([[2, 1, 2, 9, 1, 2], [2, 3, 4, 5, 6, 7]])
    assert distances_of(inputs, targets).tolist() == [[0, 0, 2, 0, 0, 3], [0] * 6]


def test_the_state_goes_on_where_a_piece_ends():
    model = RecurrentModel("GRU", 700, 32)
    tokens = torch.randint(700, (1, 20))
    whole, _ = model(tokens)
    first, state = model(tokens[:, :9])
    second, _ = model(tokens[:, 9:], state)
    assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-6)


def flags_of(house, tmp_path, **changes):
    values = {
        "train-bin": house.train_bin,
        "val-bin": house.val_bin,
        "tokenizer-path": house.tokenizer,
        "checkpoint-path": house.checkpoint,
        "picture-path": tmp_path / "rnn_model.svg",
        "block-size": 384,
        "width": 32,
        "rows": 2,
        "piece": 64,
        "seconds": 1,
    }
    return [text for name, value in (values | changes).items() for text in (f"--{name}", str(value))]


def test_a_network_learns_and_is_measured_as_in_step_04(built_house, tmp_path, capsys):
    rnn_model.main(flags_of(built_house, tmp_path))
    printed = capsys.readouterr().out
    bits = dict(re.findall(r"^\| ([\w\- ]+) \|.*\| (\d\.\d{3}) \|$", printed, re.MULTILINE))
    assert list(bits) == ["5-gram", "Elman", "GRU", "your GPT"]
    text = read_text(*map(str, (built_house.train_bin, built_house.val_bin, built_house.tokenizer)))
    untrained = text.measure(RecurrentModel("GRU", 700, 32).score, 384).bits_per_byte
    assert float(bits["GRU"]) < untrained - 0.01 and float(bits["Elman"]) < untrained - 0.01
    counts = [
        int(each.replace(",", ""))
        for each in re.findall(r"^\| (?:never|\d+–\d+) \| ([\d,]+) \|", printed, re.MULTILINE)
    ]
    assert sum(counts) == text.measure(RecurrentModel("GRU", 700, 32).score, 384).tokens
    assert (tmp_path / "rnn_model.svg").is_file()
