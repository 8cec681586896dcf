"""The loss that never holds all its logits is the plain cross-entropy."""

from gpt.training.batches import IGNORED
from gpt.training.loss import CHUNK_POSITIONS, next_token_loss

import pytest
import torch
import torch.nn.functional as F


def loss_inputs(rows: int = 3, columns: int = CHUNK_POSITIONS // 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states, head and targets of more than one chunk, the last one partly filled; some targets are IGNORED."""
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(rows, columns, 16, generator=generator, requires_grad=True)
    head = torch.randn(50, 16, generator=generator, requires_grad=True)
    targets = torch.randint(50, (rows, columns), generator=generator)
    targets[torch.rand(rows, columns, generator=generator) < 0.2] = IGNORED
    return hidden, head, targets


def test_the_loss_and_both_its_gradients_are_those_of_cross_entropy():
    hidden, head, targets = loss_inputs()
    expected = F.cross_entropy((hidden @ head.t()).flatten(0, 1), targets.flatten(), reduction="sum")
    loss = next_token_loss(hidden, head, targets, torch.float32)
    torch.testing.assert_close(loss, expected)
    # Divided as in training: the gradient that comes back from there is not 1.
    for ours, theirs in zip(
        torch.autograd.grad(loss / 123, (hidden, head)),
        torch.autograd.grad(expected / 123, (hidden, head)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_the_loss_without_gradients_is_the_loss_with_them(dtype):
    hidden, head, targets = loss_inputs()
    with torch.no_grad():
        without = next_token_loss(hidden, head, targets, dtype)
    torch.testing.assert_close(without, next_token_loss(hidden, head, targets, dtype).detach())


def test_the_loss_in_bf16_rounds_the_factors_and_nothing_after_them():
    hidden, head, targets = loss_inputs()
    rounded = hidden.bfloat16().float() @ head.bfloat16().float().t()
    expected = F.cross_entropy(rounded.flatten(0, 1), targets.flatten(), reduction="sum")
    loss = next_token_loss(hidden, head, targets, torch.bfloat16)
    torch.testing.assert_close(loss, expected, atol=0, rtol=1e-3)
    hidden_gradient, head_gradient = torch.autograd.grad(loss, (hidden, head))
    assert hidden_gradient.dtype == head_gradient.dtype == torch.float32


def test_ignored_targets_count_nothing():
    hidden, head, targets = loss_inputs()
    loss = next_token_loss(hidden, head, targets, torch.float32)
    (gradient,) = torch.autograd.grad(loss, hidden)
    assert not gradient[targets == IGNORED].any()
    moved = hidden.detach().clone()
    moved[targets == IGNORED] += 5
    torch.testing.assert_close(next_token_loss(moved, head, targets, torch.float32), loss)


def test_a_batch_of_ignored_targets_has_no_loss_and_no_gradient():
    hidden, head, targets = loss_inputs()
    loss = next_token_loss(hidden, head, torch.full_like(targets, IGNORED), torch.float32)
    assert loss == 0
    assert not any(gradient.any() for gradient in torch.autograd.grad(loss, (hidden, head)))
