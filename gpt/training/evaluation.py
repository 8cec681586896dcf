"""How well a model predicts text that it has not learned from, and whether it copies."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gpt.device import autocast, empty_cache
from gpt.model import GPT
from gpt.training.batches import IGNORED, Batch
from gpt.training.kinds import KINDS, SampleMarkers
from gpt.training.loss import NonFiniteLossError, token_losses
from gpt.training.memory import MicroBatch
from gpt.training.processes import total

import torch
from torch import Tensor

COPIED_ROWS, COPIED_LENGTH = 8, 128  # random sequences that are repeated once, and the tokens of each


@dataclass(frozen=True)
class Loss:
    """The loss of a number of tokens."""

    nats: float = 0.0
    tokens: int = 0
    text_bytes: int = 0  # of the text that the tokens stand for; a marker stands for none

    def plus(self, other: "Loss") -> "Loss":
        """The loss of the tokens of both."""
        return Loss(self.nats + other.nats, self.tokens + other.tokens, self.text_bytes + other.text_bytes)

    @property
    def bits_per_byte(self) -> float:
        """The loss in a unit that does not depend on the vocabulary."""
        return self.nats / math.log(2) / max(1, self.text_bytes)

    @property
    def nats_per_token(self) -> float:
        """The loss in the unit of the training loss."""
        return self.nats / max(1, self.tokens)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation has measured."""

    loss: Loss  # of every token, markers included
    by_kind: Mapping[str, Loss]  # one for each of KINDS, of the samples that fit into a row
    copying: float  # accuracy on the second half of repeated random sequences, from 0 to 1


@dataclass(frozen=True)
class Validation:
    """The validation set."""

    batches: Callable[[int], Iterable[Batch]]  # number of rows in a batch -> the whole set once
    token_bytes: Tensor  # bytes of text that each token stands for, (vocab_size,); 0 for a marker
    token_count: int
    markers: SampleMarkers


def evaluate(
    model: GPT, validation: Validation, micro_batch: MicroBatch, dtype: torch.dtype, show: Callable[[int], None]
) -> Evaluation:
    """Measure the model on the whole validation set, and on random sequences.

    `show` is called after each micro-batch with the number of tokens that this process has measured so far.
    Raises NonFiniteLossError.
    """

    def measure(rows: int) -> list[Loss]:
        return measure_losses(model, validation, rows, dtype, show)

    model.eval()
    losses = [_of_all_processes(loss) for loss in micro_batch.fit(measure, clear=lambda: None)]
    copying = measure_copying(model, validation.token_bytes, dtype)
    model.train()
    empty_cache(micro_batch.device)
    if not math.isfinite(losses[-1].nats):
        raise NonFiniteLossError
    return Evaluation(losses[-1], dict(zip(KINDS, losses[:-1], strict=True)), copying)


def _of_all_processes(loss: Loss) -> Loss:
    """The sum over all processes, each of which has measured its share of the rows."""
    return Loss(total(loss.nats), round(total(loss.tokens)), round(total(loss.text_bytes)))


@torch.no_grad()
def measure_losses(
    model: GPT, validation: Validation, rows: int, dtype: torch.dtype, show: Callable[[int], None]
) -> list[Loss]:
    """The loss of each of KINDS, and of the whole; `rows` rows at a time, of this process's share."""
    device = model.embedding.weight.device
    losses = [Loss()] * (len(KINDS) + 1)
    for inputs, targets in validation.batches(rows):
        with autocast(device, dtype):
            hidden = model.hidden_states(inputs.to(device)).flatten(0, 1)  # (N, C)
        nats = token_losses(hidden, model.head.weight, targets.flatten().to(device), dtype).cpu()  # (N,)
        kinds, wanted = validation.markers.kinds_of(inputs).flatten(), targets.flatten()
        counted = wanted != IGNORED
        chosen = [counted & (kinds == kind) for kind in range(len(KINDS))] + [counted]
        for number, those in enumerate(chosen):
            text_bytes = int(validation.token_bytes[wanted[those]].sum())
            losses[number] = losses[number].plus(Loss(nats[those].sum().item(), int(those.sum()), text_bytes))
        show(losses[-1].tokens)
    return losses


@torch.no_grad()
def measure_copying(model: GPT, token_bytes: Tensor, dtype: torch.dtype) -> float:
    """The accuracy, from 0 to 1, on the second half of random sequences that are written twice.

    Such a sequence can be predicted in one way only: by finding the current token earlier in the row, and copying
    what followed it (Olsson et al., 2022). Chance is one in the size of the vocabulary.
    """
    device = model.embedding.weight.device
    length = min(COPIED_LENGTH, model.config.block_size // 2)
    if length < 2:
        return 0.0
    words = token_bytes.nonzero()[:, 0]
    drawn = torch.randint(len(words), (COPIED_ROWS, length), generator=torch.Generator().manual_seed(0))
    rows = words[drawn].repeat(1, 2).to(device)  # (COPIED_ROWS, 2 * length)
    with autocast(device, dtype):
        hidden = model.hidden_states(rows[:, :-1])[:, length:]  # the first of the second half follows from nothing
        # Row by row: the logits of all rows at once would take a lot of memory.
        predicted = torch.stack([model.head(row).argmax(-1) for row in hidden])
    return float((predicted == rows[:, length + 1 :]).float().mean())
