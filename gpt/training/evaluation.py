"""How well a model predicts text that it has not learned from."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gpt.device import autocast, empty_cache
from gpt.model import GPT
from gpt.training.batches import IGNORED, Batch
from gpt.training.loss import NonFiniteLossError, next_token_loss
from gpt.training.memory import MicroBatch
from gpt.training.processes import total

import torch
from torch import Tensor


@dataclass(frozen=True)
class Validation:
    """The validation set."""

    batches: Callable[[int], Iterable[Batch]]  # number of rows in a batch -> the whole set once
    token_bytes: Tensor  # bytes of text that each token stands for, (vocab_size,); 0 for a marker
    token_count: int


def evaluate(
    model: GPT, validation: Validation, micro_batch: MicroBatch, dtype: torch.dtype, show: Callable[[int], None]
) -> float:
    """Bits per byte over the whole validation set; unlike the loss, comparable between vocabularies.

    The bits are those of every token, markers included; the bytes are those of the text alone. `show` is
    called after each micro-batch with the number of tokens that this process has measured so far.
    Raises NonFiniteLossError.
    """

    def measure(rows: int) -> tuple[float, float]:
        return measure_loss(model, validation.batches(rows), validation.token_bytes, dtype, show)

    model.eval()
    nats, text_bytes = micro_batch.fit(measure, clear=lambda: None)
    model.train()
    empty_cache(micro_batch.device)
    nats, text_bytes = total(nats), total(text_bytes)  # of all processes: each measured its share
    if not math.isfinite(nats):
        raise NonFiniteLossError
    return nats / math.log(2) / max(1.0, text_bytes)


@torch.no_grad()
def measure_loss(
    model: GPT, batches: Iterable[Batch], token_bytes: Tensor, dtype: torch.dtype, show: Callable[[int], None]
) -> tuple[float, float]:
    """The loss of all batches in nats, and the bytes of text in them; `show` gets the number of tokens so far."""
    device = model.embedding.weight.device
    nats = text_bytes = 0.0
    measured = 0
    for inputs, targets in batches:
        with autocast(device, dtype):
            hidden = model.hidden_states(inputs.to(device))
        nats += next_token_loss(hidden, model.head.weight, targets.to(device), dtype).item()
        counted = targets[targets != IGNORED]
        text_bytes += int(token_bytes[counted].sum())
        measured += len(counted)
        show(measured)
    return nats, text_bytes
