"""Muon is the library's method, with products in the type that suits the hardware."""

from gpt.training.muon import Muon, orthogonalize

import pytest
import torch

SHAPES = [(24, 24), (24, 24), (64, 24), (24, 64), (64, 24)]
SETTINGS = {"lr": 0.02, "momentum": 0.95, "weight_decay": 0.1}


def new_matrices() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def new_muon(matrices: list[torch.nn.Parameter], dtype: torch.dtype = torch.float32) -> Muon:
    return Muon(matrices, **SETTINGS, newton_schulz_steps=5, dtype=dtype)


def train(matrices: list[torch.nn.Parameter], optimizer: torch.optim.Optimizer, steps: int) -> None:
    """Steps with the same gradients for every optimizer."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        for matrix in matrices:
            matrix.grad = torch.randn(matrix.shape, generator=generator)
        optimizer.step()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_trains_as_the_muon_of_the_library(dtype):
    ours, theirs = new_matrices(), new_matrices()
    train(ours, new_muon(ours, dtype), steps=4)
    train(theirs, torch.optim.Muon(theirs, **SETTINGS, ns_steps=5), steps=4)
    for before, mine, other in zip(new_matrices(), ours, theirs, strict=True):
        way = (other - before).norm()
        assert (mine - other).norm() < 0.02 * way  # the library's products are in bf16, to three digits


@pytest.mark.parametrize("shape", SHAPES)
def test_the_singular_values_of_an_update_are_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    (result,) = orthogonalize([matrix], 5, torch.float32)
    values = torch.linalg.svdvals(result)
    assert values.min() > 0.6
    assert values.max() < 1.3
    assert torch.linalg.svdvals(matrix).max() > 5


def test_matrices_that_share_products_get_what_each_would_get_alone():
    together = orthogonalize(new_matrices(), 3, torch.float32)
    for matrix, result in zip(new_matrices(), together, strict=True):
        torch.testing.assert_close(result, orthogonalize([matrix], 3, torch.float32)[0])


def test_a_matrix_without_a_gradient_stays_and_a_gradient_of_zeros_is_no_division_by_zero():
    first, second = new_matrices()[:2]
    kept = first.detach().clone()
    second.grad = torch.zeros_like(second)
    new_muon([first, second]).step()
    assert torch.equal(first, kept)
    assert second.isfinite().all()


def test_a_state_continues_to_the_bit():
    whole, parted = new_matrices(), new_matrices()
    optimizer = new_muon(whole)
    train(whole, optimizer, steps=2)
    first = new_muon(parted)
    train(parted, first, steps=2)
    second = new_muon(parted)
    second.load_state_dict(first.state_dict())
    for matrices, used in ((whole, optimizer), (parted, second)):
        train(matrices, used, steps=2)
    assert all(torch.equal(one, other) for one, other in zip(whole, parted, strict=True))
