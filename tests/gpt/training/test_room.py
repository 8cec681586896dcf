"""A model or a batch that cannot fit into memory is refused, with the sum, before anything is built."""

from gpt.model import GPTConfig
from gpt.training.room import memory_of, require_room
from pipeline import StepError

import pytest
import torch

CPU = torch.device("cpu")


def test_the_default_shapes_fit():
    require_room(GPTConfig(24_000), rows=8, device=CPU)
    assert 1 << 30 < memory_of(CPU) < 1 << 50


@pytest.mark.parametrize(
    ("shape", "rows", "lower"),
    [({"n_layer": 10**9}, 1, "N_LAYER"), ({"n_embd": 10**7}, 1, "N_EMBD"), ({}, 10**12, "BATCH_SIZE")],
)
def test_what_cannot_fit_is_refused_with_the_sum(shape, rows, lower):
    with pytest.raises(StepError) as refusal:
        require_room(GPTConfig(24_000, **shape), rows, CPU)
    assert lower in str(refusal.value) and " GB" in str(refusal.value)


def test_a_step_with_such_a_model_ends_at_once(house):
    assert "parameters need" in house.complaint("04", n_layer=10**9, restart=True)
    assert "a batch of" in house.complaint("04", batch_size=10**12)
