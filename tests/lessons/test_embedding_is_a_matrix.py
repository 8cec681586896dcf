"""Lesson 6: the embedding."""

import re

from lessons import embedding_is_a_matrix
from lessons.embedding_is_a_matrix import look_up_by_product, nearest
from pipeline import StepError

import pytest
import torch
import torch.nn.functional as F


def test_a_lookup_is_a_product_and_so_is_its_gradient():
    torch.manual_seed(1)
    tokens, gradients = torch.tensor([3, 1, 3, 8]), []
    matrix = torch.randn(9, 5)
    for look_up in (F.embedding, look_up_by_product):
        weights = matrix.clone().requires_grad_()
        rows = look_up(tokens, weights)
        assert torch.equal(rows, matrix[tokens])
        (rows * torch.arange(20.0).view(4, 5)).sum().backward()
        gradients.append(weights.grad)
    assert torch.allclose(*gradients)
    assert gradients[0].any(1).nonzero()[:, 0].tolist() == [1, 3, 8]


def test_the_nearest_rows_have_the_smallest_angles_whatever_all_rows_share():
    rows = torch.tensor([[1.0, 0.0], [5.0, 0.5], [0.1, 1.0], [-1.0, 0.0], [-0.1, -1.0], [-5.0, -0.5]])
    assert [at for at, _ in nearest(rows + 100, 0, 2)] == [1, 2]


def flags_of(house, tmp_path, **changes):
    values = {
        "train-bin": house.train_bin,
        "checkpoint-path": house.checkpoint,
        "picture-path": tmp_path / "words.svg",
        "rare": 3,
    }
    return [text for name, value in (values | changes).items() for text in (f"--{name}", str(value))]


def test_the_lesson_names_words_of_the_text_and_draws_them(built_house, tmp_path, capsys):
    embedding_is_a_matrix.main(flags_of(built_house, tmp_path))
    printed = capsys.readouterr().out
    words = re.findall(r"^\| ([가-힣]+) \| [가-힣\w]+ -?\d\.\d\d,", printed, re.MULTILINE)
    text = built_house.raw.read_text(encoding="utf-8") + built_house.samples.read_text(encoding="utf-8")
    assert len(words) > 3 and all(word in text for word in words)
    assert f">{words[0]}<" in (tmp_path / "words.svg").read_text(encoding="utf-8")


def test_a_word_of_several_tokens_is_refused(built_house, tmp_path):
    with pytest.raises(StepError, match="뷁 is not one frequent token"):
        embedding_is_a_matrix.main(flags_of(built_house, tmp_path, words="뷁"))
