"""Lesson 4: the ladder."""

import re

from gpt.checkpoint import load_checkpoint
from lessons import ladder

import pytest


def test_every_rung_is_measured_on_the_bytes_of_step_04(built_house, tmp_path, capsys):
    values = {
        "train-bin": built_house.train_bin,
        "val-bin": built_house.val_bin,
        "tokenizer-path": built_house.tokenizer,
        "checkpoint-path": built_house.checkpoint,
        "picture-path": tmp_path / "ladder.svg",
        "seconds": 1,
        "gru-width": 32,
    }
    ladder.main([text for name, value in values.items() for text in (f"--{name}", str(value))])
    printed = capsys.readouterr().out
    row = r"^\| ([^|]+) \| [\d,]+ (?:counts|parameters) \| [\d.]+ \| [\d,]+ \| ([\d.]+) \| [\d.]+ \| [\d.]+ \|$"
    bits = {name: float(each) for name, each in re.findall(row, printed, re.MULTILINE)}
    assert len(bits) == 6
    measured_by_step_04 = load_checkpoint(built_house.checkpoint)["run"]["history"][-1]["bits_per_byte"]
    assert bits["your GPT"] == pytest.approx(measured_by_step_04, abs=2e-3)
    picture = (tmp_path / "ladder.svg").read_text(encoding="utf-8")
    assert all(name in picture for name in bits)
