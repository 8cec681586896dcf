"""One step of training, as in a textbook: forward, backward, clip, update.

What a long run needs beside that is wrapped around `accumulate_gradients` from outside (see trainer.py): a retry
with fewer rows when memory runs out, and the sum over several processes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from gpt.device import autocast
from gpt.model import GPT
from gpt.training.batches import IGNORED
from gpt.training.loss import NonFiniteLossError, next_token_loss
from gpt.training.optimizer import Optimizer
from gpt.training.processes import share

import torch
from torch import Tensor

# Leaves the gradients of inputs and targets, (rows, block_size) each, in the parameters; returns the mean loss.
ComputeGradients = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class StepResult:
    """The figures of one step."""

    loss: float  # of its batch before the update, in nats per token
    gradient_norm: float  # before clipping


def train_step(
    model: GPT,
    optimizer: Optimizer,
    inputs: Tensor,
    targets: Tensor,
    compute_gradients: ComputeGradients,
    max_gradient_norm: float,
) -> StepResult:
    """One step on a batch, (batch_size, block_size) each; `compute_gradients` is `accumulate_gradients` or wraps it.

    Raises NonFiniteLossError before the update, so that the weights stay good.
    """
    loss = compute_gradients(inputs, targets)  # forward and backward
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_gradient_norm).item()  # clip
    if not math.isfinite(loss) or not math.isfinite(norm):
        raise NonFiniteLossError
    optimizer.step()  # update
    optimizer.zero_grad()
    return StepResult(loss, norm)


def accumulate_gradients(model: GPT, inputs: Tensor, targets: Tensor, rows: int, dtype: torch.dtype) -> float:
    """Add up the gradients of a batch, `rows` of its rows at a time; return its mean loss in nats per token.

    Of several processes each takes its share of the rows, and divides by the tokens of all of them.
    """
    device = model.embedding.weight.device
    target_count = int((targets != IGNORED).sum())
    total = 0.0
    for row_indices in torch.split(share(torch.arange(len(inputs))), rows):
        micro_inputs, micro_targets = inputs[row_indices].to(device), targets[row_indices].to(device)
        with autocast(device, dtype):
            hidden = model.hidden_states(micro_inputs)  # forward
        loss = next_token_loss(hidden, model.head.weight, micro_targets, dtype) / target_count
        loss.backward()  # backward
        total += loss.item()
    return total
