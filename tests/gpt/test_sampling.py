"""From logits to the next token: which may be chosen, and how often."""

import math
from dataclasses import replace

from gpt.sampling import SamplingSettings, choose_token, decide
from pipeline import StepError

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

GREEDY = SamplingSettings(temperature=0.0)
LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=12).map(torch.tensor)
SEEDS = st.integers(0, 2**32)


def draw(logits: torch.Tensor, settings: SamplingSettings, seed: int, written=()) -> int:
    return choose_token(logits, settings, written, torch.Generator().manual_seed(seed))


def drawn_in_300(logits: torch.Tensor, settings: SamplingSettings) -> set[int]:
    generator = torch.Generator().manual_seed(0)
    return {choose_token(logits, settings, (), generator) for _ in range(300)}


def logits_of(*probabilities: float) -> torch.Tensor:
    return torch.tensor(probabilities).log()


@given(logits=LOGITS, seed=SEEDS)
@settings(max_examples=100, deadline=None)
def test_temperature_0_takes_the_likeliest(logits, seed):
    assert logits[draw(logits, GREEDY, seed)] == logits.max()


@given(logits=LOGITS, k=st.integers(1, 15), temperature=st.floats(0.05, 5), seed=SEEDS)
@settings(max_examples=150, deadline=None)
def test_top_k_never_leaves_the_k_likeliest(logits, k, temperature, seed):
    token = draw(logits, SamplingSettings(temperature, top_k=k), seed)
    assert (logits > logits[token]).sum() < k


@given(logits=LOGITS, top_p=st.floats(0.01, 0.999), temperature=st.floats(0.05, 5), seed=SEEDS)
@settings(max_examples=150, deadline=None)
def test_top_p_never_takes_a_token_that_likelier_ones_make_needless(logits, top_p, temperature, seed):
    token = draw(logits, SamplingSettings(temperature, top_p=top_p), seed)
    probabilities = (logits.double() / temperature).softmax(-1)
    assert probabilities[logits > logits[token]].sum() < top_p + 1e-5


def test_every_token_can_come_without_top_k_and_top_p():
    assert drawn_in_300(logits_of(0.4, 0.1, 0.3, 0.2), SamplingSettings(1.0)) == {0, 1, 2, 3}


def test_top_k_keeps_all_of_the_k_likeliest():
    assert drawn_in_300(logits_of(0.4, 0.1, 0.3, 0.2), SamplingSettings(1.0, top_k=3)) == {0, 2, 3}


def test_top_p_keeps_the_fewest_tokens_that_reach_it_together():
    logits = logits_of(0.4, 0.1, 0.3, 0.2)
    assert drawn_in_300(logits, SamplingSettings(1.0, top_p=0.35)) == {0}
    assert drawn_in_300(logits, SamplingSettings(1.0, top_p=0.45)) == {0, 2}
    assert drawn_in_300(logits, SamplingSettings(1.0, top_p=0.75)) == {0, 2, 3}


def test_top_k_and_top_p_both_hold():
    logits = logits_of(0.4, 0.1, 0.3, 0.2)
    assert drawn_in_300(logits, SamplingSettings(1.0, top_k=2, top_p=0.95)) == {0, 2}
    assert drawn_in_300(logits, SamplingSettings(1.0, top_k=3, top_p=0.35)) == {0}


def test_tokens_come_as_often_as_their_probability_at_the_temperature_says():
    generator, settings = torch.Generator().manual_seed(0), SamplingSettings(temperature=0.5)
    logits = logits_of(0.6, 0.3, 0.1)  # squared and made whole: 36, 9 and 1 of 46
    tokens = [choose_token(logits, settings, (), generator) for _ in range(4000)]
    shares = [tokens.count(token) / 4000 for token in range(3)]
    assert shares == pytest.approx([36 / 46, 9 / 46, 1 / 46], abs=0.02)


def test_the_repetition_penalty_lowers_a_written_token_with_a_positive_logit():
    logits = torch.tensor([2.0, 1.5])
    assert draw(logits, SamplingSettings(0.0, repetition_penalty=1.3), 0) == 0
    assert draw(logits, SamplingSettings(0.0, repetition_penalty=1.3), 0, written=[0]) == 0  # 2 / 1.3 is over 1.5
    assert draw(logits, SamplingSettings(0.0, repetition_penalty=1.4), 0, written=[0]) == 1  # 2 / 1.4 is not


def test_the_repetition_penalty_lowers_a_written_token_with_a_negative_logit():
    logits = torch.tensor([-1.5, -2.0])
    assert draw(logits, SamplingSettings(0.0, repetition_penalty=1.3), 0, written=[0]) == 0  # -1.5 * 1.3 is over -2
    assert draw(logits, SamplingSettings(0.0, repetition_penalty=1.4), 0, written=[0]) == 1  # -1.5 * 1.4 is not


def test_a_token_written_often_is_lowered_only_once():
    logits = torch.tensor([2.0, 1.5])
    assert draw(logits, SamplingSettings(0.0, repetition_penalty=1.3), 0, written=[0, 0, 0, 0]) == 0


def test_choosing_leaves_the_logits_as_they_were():
    logits = torch.tensor([2.0, 1.5, -1.0])
    draw(logits, SamplingSettings(0.8, top_k=2, top_p=0.9, repetition_penalty=1.5), 0, written=[0, 2])
    assert torch.equal(logits, torch.tensor([2.0, 1.5, -1.0]))


@given(logits=LOGITS, seed=SEEDS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_only_allowed_tokens_come_whatever_else_is_asked(logits, seed, data):
    allowed = data.draw(st.lists(st.integers(0, len(logits) - 1), min_size=1, unique=True))
    how = SamplingSettings(1.5, top_k=2, top_p=0.8, repetition_penalty=3.0)
    token = choose_token(logits, how, list(range(len(logits))), torch.Generator().manual_seed(seed), allowed)
    assert token in allowed


def test_the_likeliest_of_the_allowed_tokens_is_taken_at_temperature_0():
    assert choose_token(torch.tensor([5.0, 1.0, 2.0, 4.0]), GREEDY, (), torch.Generator(), [2, 1]) == 2


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 0.3), (0.5, 9 / 58), (2.0, 0.396)])
def test_a_decision_falls_as_often_as_its_probability_at_the_temperature_says(temperature, share):
    generator = torch.Generator().manual_seed(0)
    decisions = [decide(0.3, temperature, generator) for _ in range(4000)]
    assert sum(decisions) / 4000 == pytest.approx(share, abs=0.025)


def test_a_decision_at_temperature_0_is_for_the_likelier_answer():
    assert decide(0.51, 0.0, torch.Generator()) and not decide(0.5, 0.0, torch.Generator())


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_certain_decision_is_no_accident(probability):
    assert decide(probability, 1.0, torch.Generator().manual_seed(1)) == bool(probability)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", 1e-40),
        ("temperature", math.nan),
        ("temperature", 101.0),
        ("top_k", -1),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("repetition_penalty", 0.0),
        ("repetition_penalty", math.inf),
    ],
)
def test_settings_out_of_range_are_refused_by_name_wherever_they_come_from(name, value):
    with pytest.raises(StepError, match=f"^{name.upper()} is .+; it must be "):
        SamplingSettings(**{name: value})
    with pytest.raises(StepError, match=f"^{name.upper()} is .+; it must be "):
        replace(SamplingSettings(0.3, 50, 0.9), **{name: value})
