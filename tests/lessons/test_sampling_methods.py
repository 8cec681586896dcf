"""Lesson 10: ways to choose the next token."""

import math
import re

from gpt.checkpoint import load_checkpoint, model_from
from gpt.sampling import SamplingSettings, choose_token
from lessons import sampling_methods
from lessons.sampling_methods import (
    METHODS,
    distinct_pairs,
    log_probability,
    min_p,
    repeated,
    search_beams,
    top_p,
    write,
)

import pytest
import torch


@pytest.fixture(scope="module")
def model(built_house):
    return model_from(load_checkpoint(built_house.checkpoint))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_leaves_a_distribution_with_the_most_likely_token(name):
    torch.manual_seed(0)
    for _ in range(20):
        logits = 3 * torch.randn(700)
        p = METHODS[name](logits, []).softmax(-1)
        assert p.sum() == pytest.approx(1, abs=1e-5) and p[logits.argmax()] == p.max() > 0


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("temperature 0.6", SamplingSettings(0.6)),
        ("top-k 20", SamplingSettings(top_k=20)),
        ("top-p 0.9", SamplingSettings(top_p=0.9)),
        ("penalty 1.3", SamplingSettings(repetition_penalty=1.3)),
    ],
)
def test_the_methods_draw_what_step_05_draws(name, settings):
    """Often enough, each token comes as often as the method says."""
    logits = torch.tensor([2.0, 1.5, 1.0, 0.0, -1.0, *[-9.0] * 30])
    p = METHODS[name](logits, [0, 3]).softmax(-1)
    generator = torch.Generator().manual_seed(0)
    drawn = [choose_token(logits, settings, [0, 3], generator) for _ in range(4000)]
    found = torch.bincount(torch.tensor(drawn), minlength=len(logits)) / 4000
    assert torch.allclose(found, p, atol=0.03)


def test_top_p_and_min_p_cut_where_they_say():
    logits = torch.tensor([0.5, 0.25, 0.15, 0.1]).log()
    assert (top_p(logits, [], 0.7) > -math.inf).tolist() == [True, True, False, False]
    assert (top_p(logits, [], 0.76) > -math.inf).tolist() == [True, True, True, False]
    assert (min_p(logits, [], 0.4) > -math.inf).tolist() == [True, True, False, False]
    assert (min_p(logits, [], 0.29) > -math.inf).tolist() == [True, True, True, False]


def test_a_search_with_one_beam_is_greedy_and_more_beams_find_no_worse_first_two_tokens(model, tokenizer):
    prompt = tokenizer.encode("여권을 잃어버렸을 때").ids
    assert search_beams(model, prompt, 1, 12, set()) == write(model, prompt, METHODS["greedy"], 12, 0, set())
    scores = [2 * log_probability(model, prompt, search_beams(model, prompt, beams, 2, set())) for beams in (1, 4, 700)]
    with torch.no_grad():  # the best of all pairs
        first = model(torch.tensor([prompt]))[0, -1].log_softmax(-1)
        pairs = torch.cat([torch.tensor([prompt]).expand(700, -1), torch.arange(700)[:, None]], dim=1)
        best = float((first[:, None] + model(pairs)[:, -1].log_softmax(-1)).max())
    assert scores[0] <= scores[1] + 1e-4 and scores[1] <= scores[2] + 1e-4
    assert scores[2] == pytest.approx(best, abs=1e-3)


def test_diversity_and_repetition_are_counted():
    assert distinct_pairs([[1, 2, 3], [1, 2, 4]]) == 3 / 4
    assert repeated([1, 2, 3, 4, 1, 2, 3, 4]) == pytest.approx(1 / 5)
    assert repeated([7] * 10) == pytest.approx(6 / 7) and repeated([1, 2]) == 0


def test_the_lesson_prints_a_row_for_each_method(built_house, tmp_path, capsys):
    values = {
        "samples-path": built_house.samples,
        "checkpoint-path": built_house.checkpoint,
        "picture-path": tmp_path / "sampling_methods.svg",
        "length": 8,
        "texts": 2,
    }
    sampling_methods.main([text for name, value in values.items() for text in (f"--{name}", str(value))])
    rows = re.findall(r"^\| ([^|]+) \| \d\.\d\d \| \d\.\d\d \| -\d+\.\d\d \|", capsys.readouterr().out, re.MULTILINE)
    assert rows == [*METHODS, "beam search, 4 beams"]
    assert (tmp_path / "sampling_methods.svg").read_text(encoding="utf-8").count("<rect") == 1 + 10 * len(METHODS)
