"""Cross-entropy of a large vocabulary without ever holding all its logits."""

from collections.abc import Iterator
from typing import Any

from gpt.training.batches import IGNORED

import torch
import torch.nn.functional as F
from torch import Tensor

# Positions whose logits exist at one time. Measured on a CPU with 24,000 tokens in the vocabulary: 256 is twice as
# fast as 1024, because its 25 MB of logits are memory used again rather than newly allocated.
CHUNK_POSITIONS = 256
SMALLEST = 1e-38  # probability; smaller ones are 0 in fp32, and have no logarithm


class NonFiniteLossError(Exception):
    """The loss or a gradient is infinite or NaN; the weights are still good."""


def next_token_loss(hidden: Tensor, head_weight: Tensor, targets: Tensor, dtype: torch.dtype) -> Tensor:
    """Sum, in nats, of the cross-entropy of targets (B, T), given hidden states (B, T, C) and the head (V, C).

    IGNORED targets add nothing. Matrix products run in `dtype`, the softmax in fp32. Equal to
    `F.cross_entropy(head(hidden), targets, reduction="sum")`, whose logits and their gradients would be
    the largest tensors of the whole training step.
    """
    hidden, targets = hidden.flatten(0, 1), targets.flatten()  # (N, C), (N,)
    if torch.is_grad_enabled():
        loss: Tensor = _LossWithGradients.apply(hidden, head_weight, targets, dtype)  # type: ignore[no-untyped-call]
        return loss
    return token_losses(hidden, head_weight, targets, dtype).sum()


@torch.no_grad()
def token_losses(hidden: Tensor, head_weight: Tensor, targets: Tensor, dtype: torch.dtype) -> Tensor:
    """The cross-entropy of each target, (N,), in nats, given hidden states (N, C); 0 for IGNORED ones."""
    low_hidden, low_weight = hidden.to(dtype), head_weight.to(dtype)
    losses = torch.zeros(len(targets), device=hidden.device)
    for at in _chunks(len(targets)):
        logits = (low_hidden[at] @ low_weight.t()).float()  # (chunk, V)
        losses[at] = F.cross_entropy(logits, targets[at], ignore_index=IGNORED, reduction="none")
    return losses


def _chunks(positions: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK_POSITIONS) for start in range(0, positions, CHUNK_POSITIONS))


class _LossWithGradients(torch.autograd.Function):
    """Computes the gradients in the forward pass, chunk by chunk, while the logits of the chunk exist."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, dtype: torch.dtype) -> Tensor:
        low_hidden, low_weight = hidden.to(dtype), weight.to(dtype)
        total = torch.zeros((), device=hidden.device)
        hidden_gradient = torch.empty_like(low_hidden)
        weight_gradient = torch.zeros_like(weight)
        for at in _chunks(len(targets)):
            probabilities = torch.softmax(low_hidden[at] @ low_weight.t(), -1, dtype=torch.float32)  # (chunk, V)
            counted = targets[at] != IGNORED
            wanted = targets[at].clamp(min=0)[:, None]
            of_wanted = probabilities.gather(1, wanted)
            total -= (of_wanted.clamp(min=SMALLEST).log()[:, 0] * counted).sum()
            # The gradient of the loss by the logits: the probabilities, less 1 at the right token.
            gradient = probabilities.scatter_(1, wanted, of_wanted - 1).mul_(counted[:, None]).to(dtype)
            hidden_gradient[at] = gradient @ low_weight
            weight_gradient += gradient.t() @ low_hidden[at]
        ctx.save_for_backward(hidden_gradient, weight_gradient)
        ctx.hidden_dtype = hidden.dtype
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        hidden_gradient, weight_gradient = ctx.saved_tensors
        return hidden_gradient.to(ctx.hidden_dtype) * gradient, weight_gradient * gradient, None, None
