"""From logits to tokens: which may be chosen, and when writing stops."""

import math

from gpt.model import GPT, GPTConfig
from gpt.sampling import SamplingSettings, choose_token, generate

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

GREEDY = SamplingSettings(temperature=0.0)
PROMPT = [5, 60, 3, 41]
LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=12).map(torch.tensor)
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def model() -> GPT:
    """Random throughout, and certain enough that greedy answers differ from place to place."""
    config = GPTConfig(80, block_size=32, n_layer=2, n_head=4, n_kv_head=2, n_embd=32, head_dim=8, n_hidden=48)
    model = GPT(config).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter.size(1)))
    return model


def draw(logits: torch.Tensor, settings: SamplingSettings, seed: int, written=()) -> int:
    return choose_token(logits, settings, written, torch.Generator().manual_seed(seed))


def drawn_in_300(logits: torch.Tensor, settings: SamplingSettings) -> set[int]:
    generator = torch.Generator().manual_seed(0)
    return {choose_token(logits, settings, (), generator) for _ in range(300)}


def logits_of(*probabilities: float) -> torch.Tensor:
    return torch.tensor(probabilities).log()


def write(model, prompt=PROMPT, count=20, stops=(), how=GREEDY, seed=0, use_cache=True) -> list[int]:
    return list(generate(model, prompt, count, stops, how, seed, use_cache))


# --- One token ---


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


# --- Token after token ---


def test_greedy_tokens_are_the_likeliest_ones_given_all_before_them(model):
    text = PROMPT + write(model, count=12)
    with torch.no_grad():
        likeliest = model(torch.tensor([text])).argmax(-1)[0].tolist()
    assert text[len(PROMPT) :] == likeliest[len(PROMPT) - 1 : -1]
    assert len(set(text)) > 6  # no short loop, in which a wrong position could hide


@given(seed=SEEDS, prompt=st.lists(st.integers(0, 79), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_the_cache_changes_no_token(model, seed, prompt):
    for how in (GREEDY, SamplingSettings(0.8, top_k=20, top_p=0.95, repetition_penalty=1.2)):
        assert write(model, prompt, 10, how=how, seed=seed) == write(
            model, prompt, 10, how=how, seed=seed, use_cache=False
        )


def test_the_same_seed_writes_the_same_tokens(model):
    how = SamplingSettings(1.0)
    first = write(model, how=how, seed=1)
    torch.rand(3)  # other random numbers of the program play no part
    assert write(model, how=how, seed=1) == first
    assert write(model, how=how, seed=2) != first


def test_writing_draws_nothing_from_the_random_numbers_of_training(model):
    before = torch.get_rng_state()
    write(model, how=SamplingSettings(1.0))
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_are_off_for_each_token_and_on_again_between_two(model):
    inside = []
    hook = model.head.register_forward_hook(lambda *_: inside.append(torch.is_grad_enabled()))
    outside = [torch.is_grad_enabled() for _ in generate(model, PROMPT, 3, (), GREEDY, seed=0)]
    hook.remove()
    assert (inside, outside) == ([False] * 3, [True] * 3)


def test_a_stop_token_ends_the_text_and_is_not_given_out(model):
    text = write(model)
    stop = text[5]
    end = text.index(stop)
    assert write(model, stops={stop}) == text[:end]
    assert write(model, stops={79, stop, text[0]}) == []


def test_a_stop_token_in_the_prompt_stops_nothing(model):
    text = write(model, count=5)
    assert not set(PROMPT) & set(text)
    assert write(model, count=5, stops=PROMPT) == text


@pytest.mark.parametrize("count", [0, 1, 7])
def test_no_more_tokens_are_written_than_asked_for(model, count):
    assert len(write(model, count=count)) == count


@pytest.mark.parametrize("use_cache", [True, False])
def test_the_context_ends_the_text(model, use_cache):
    assert len(write(model, [7] * 30, count=100, use_cache=use_cache)) == 2
    assert len(write(model, [7] * 31, count=100, use_cache=use_cache)) == 1


@pytest.mark.parametrize("length", [0, 32, 33])
def test_a_prompt_that_leaves_no_room_is_refused(model, length):
    with pytest.raises(ValueError, match=str(length)):
        write(model, [7] * length)


def test_the_repetition_penalty_reaches_every_written_token(model):
    text = write(model, count=25, how=SamplingSettings(0.0, repetition_penalty=1e6))
    assert len(set(text)) == 25


def test_the_repetition_penalty_spares_the_prompt_so_that_an_answer_can_quote_it(model):
    prompts = torch.randint(80, (30, 20), generator=torch.Generator().manual_seed(0)).tolist()
    likeliest = [write(model, prompt, count=1)[0] for prompt in prompts]
    assert any(token in prompt for token, prompt in zip(likeliest, prompts, strict=True))
    penalty = SamplingSettings(0.0, repetition_penalty=1e6)
    assert [write(model, prompt, count=1, how=penalty)[0] for prompt in prompts] == likeliest
