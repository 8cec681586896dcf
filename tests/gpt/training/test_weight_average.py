"""The mean of the weights covers the same last share of every run, and can be resumed."""

from gpt.model import GPT, GPTConfig
from gpt.training.weight_average import WeightAverage

import pytest
import torch


def new_model() -> GPT:
    return GPT(GPTConfig(32, block_size=8, n_layer=1, n_head=1, n_kv_head=1, n_embd=8, head_dim=8, n_hidden=8))


def set_weights(model: GPT, value: float) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)


def mean_after(average: WeightAverage, values: list[float]) -> float:
    """Any number of the mean, after steps that leave these weights; all are equal."""
    for value in values:
        set_weights(average.source, value)
        average.update()
    return next(average.model.parameters()).flatten()[0].item()


def test_constant_weights_are_their_own_mean():
    assert mean_after(WeightAverage(new_model(), 0.25), [3.0] * 50) == pytest.approx(3.0)


def test_a_span_of_1_is_the_mean_of_all_steps():
    assert mean_after(WeightAverage(new_model(), 1.0), [1.0, 2.0, 3.0, 6.0]) == pytest.approx(3.0)


@pytest.mark.parametrize("steps", [100, 1000])
def test_the_mean_is_as_old_as_the_same_share_of_a_short_and_of_a_long_run(steps):
    # Weights that equal the number of their step: the mean lags behind by span / (1 + span) of the run.
    mean = mean_after(WeightAverage(new_model(), 0.25), [float(step) for step in range(1, steps + 1)])
    assert (steps - mean) / steps == pytest.approx(0.2, abs=0.01)


def test_a_span_of_0_is_the_model_itself():
    average = WeightAverage(new_model(), 0.0)
    assert average.model is average.source and mean_after(average, [1.0, 5.0]) == 5.0


def test_the_start_of_a_run_leaves_nothing_in_the_mean():
    average = WeightAverage(new_model(), 0.25)
    set_weights(average.model, 1e6)
    assert mean_after(average, [1.0]) == 1.0


def test_a_resumed_mean_goes_on_as_if_it_had_not_stopped():
    whole, first, second = (WeightAverage(new_model(), 0.25) for _ in range(3))
    values = [float(number % 7) for number in range(40)]
    mean_after(first, values[:17])
    second.load_state_dict(first.state_dict())
    assert mean_after(second, values[17:]) == mean_after(whole, values)


def test_a_save_without_a_mean_begins_one():
    average, older = WeightAverage(new_model(), 0.25), new_model()
    average.load_state_dict({"model": older.state_dict()})
    assert torch.equal(average.model.embedding.weight, older.embedding.weight)
    assert mean_after(average, [2.0]) == 2.0
