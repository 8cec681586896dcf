"""How well a model predicts text that it has not learned from."""

import math
from collections.abc import Callable

from gpt.device import autocast, empty_cache
from gpt.model import GPT
from gpt.training.batches import IGNORED
from gpt.training.loss import next_token_loss
from gpt.training.memory import MicroBatch
from gpt.training.processes import total
from gpt.training.run import LossIsNoNumberError

import torch


def evaluate(
    model: GPT,
    validation,
    token_bytes: torch.Tensor,
    micro_batch: MicroBatch,
    dtype,
    show: Callable[[int], None],
) -> float:
    """Bits per byte over the whole validation set; unlike the loss, comparable between vocabularies.

    The bits are those of every token, markers included; the bytes are those of the text alone. `show` is
    called after each micro-batch with the number of tokens that this process has measured so far.
    """
    model.eval()
    nats, text_bytes = micro_batch.fit(
        lambda rows: measure_loss(model, validation(rows), token_bytes, dtype, show), clear=lambda: None
    )
    model.train()
    empty_cache(micro_batch.device)
    nats, text_bytes = total(nats), total(text_bytes)  # of all processes: each measured its share
    if not math.isfinite(nats):
        raise LossIsNoNumberError
    return nats / math.log(2) / max(1.0, text_bytes)


@torch.no_grad()
def measure_loss(
    model: GPT, batches, token_bytes: torch.Tensor, dtype, show: Callable[[int], None]
) -> tuple[float, float]:
    """The loss of all batches in nats, and the bytes of text that they hold; `show` is told the tokens so far."""
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
