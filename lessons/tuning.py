"""What the lessons on fine-tuning share: examples, how probable a model finds an answer, one way to train, one measure.

An example is a prompt with an answer; the loss counts the tokens of the answer and not those of the prompt, because
the model shall learn to answer and not to ask.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import pipeline
from corpus.template import ANSWER, BOS, PAD, marker_id
from gpt.checkpoint import Checkpoint, save_checkpoint
from gpt.device import autocast, choose_dtype
from gpt.model import GPT
from gpt.token_file import read_token_file
from gpt.training.batches import IGNORED, Array, Batch, find_samples, validation_batches
from gpt.training.loss import next_token_loss
from lessons.shared import print_table
from pipeline.progress import progress_bar

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

MAX_GRADIENT_NORM = 1.0

Item = TypeVar("Item")


@dataclass(frozen=True)
class Example:
    """The tokens of a prompt and those of an answer to it, with the markers that end it."""

    prompt: Sequence[int]
    answer: Sequence[int]

    @property
    def length(self) -> int:
        """The tokens of both."""
        return len(self.prompt) + len(self.answer)


def read_samples(path: str, tokenizer: Tokenizer, block_size: int) -> list[Example]:
    """The samples of a token file that fit into the context; a prompt ends with the line of its answer marker."""
    _, tokens = read_token_file(path)
    examples = []
    for start, end in pairwise(find_samples(tokens, marker_id(tokenizer, BOS)).tolist()):
        sample = tokens[start:end].tolist()
        answer_start = sample.index(marker_id(tokenizer, ANSWER)) + 2  # the marker and the end of its line
        examples.append(Example(sample[:answer_start], sample[answer_start:]))
    return [example for example in examples if example.length <= block_size]


def make_batch(examples: Sequence[Example], pad: int) -> Batch:
    """Inputs and targets, (examples, longest - 1) each; the targets of prompts and padding are IGNORED."""
    longest = max(example.length for example in examples) - 1
    inputs = torch.full((len(examples), longest), pad)
    targets = torch.full((len(examples), longest), IGNORED)
    for row, example in enumerate(examples):
        tokens = torch.tensor([*example.prompt, *example.answer])
        inputs[row, : len(tokens) - 1] = tokens[:-1]
        targets[row, len(example.prompt) - 1 : len(tokens) - 1] = tokens[len(example.prompt) :]
    return inputs, targets


def log_probabilities(model: GPT, inputs: Tensor, targets: Tensor, temperature: float = 1.0) -> Tensor:
    """The logarithm of the probability of each target, (B, T), on the model's device; 0 for IGNORED ones."""
    device = model.embedding.weight.device
    inputs, targets = inputs.to(device), targets.to(device)
    counted = targets != IGNORED
    with autocast(device, choose_dtype("auto", device)):
        logits = model.head(model.hidden_states(inputs)[counted]).float() / temperature  # (answer tokens, V)
    of_targets = -F.cross_entropy(logits, targets[counted], reduction="none")
    return torch.zeros(targets.shape, device=device).masked_scatter(counted, of_targets)


def answer_loss(model: GPT, examples: Sequence[Example], pad: int) -> Tensor:
    """The mean loss of the tokens of the answers, in nats."""
    inputs, targets = make_batch(examples, pad)
    return -log_probabilities(model, inputs, targets).sum() / (targets != IGNORED).sum()


def random_batches(items: Sequence[Item], size: int, epochs: int, seed: int) -> list[list[Item]]:
    """The items `epochs` times, each time in another order, in batches."""
    chance = np.random.default_rng(seed)
    orders = [chance.permutation(len(items)).tolist() for _ in range(epochs)]
    return [[items[index] for index in batch] for order in orders for batch in pipeline.batched(order, size)]


def minimize(
    name: str, parameters: Iterable[nn.Parameter], rate: float, steps: int, loss_of: Callable[[int], Tensor]
) -> None:
    """Move the parameters against the gradient of the loss of each step; the rate falls linearly to zero."""
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=rate, weight_decay=0.0)
    with progress_bar(name, steps, unit="step") as bar:
        for step in range(steps):
            loss_of(step).backward()
            nn.utils.clip_grad_norm_(learning, MAX_GRADIENT_NORM)
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
            optimizer.step()
            optimizer.zero_grad()
            bar.update()


@torch.no_grad()
def bits_per_byte(model: GPT, tokens: Array, tokenizer: Tokenizer) -> float:
    """The loss of all tokens in the unit of step 04, which does not depend on the tokenizer."""
    bos, pad = marker_id(tokenizer, BOS), marker_id(tokenizer, PAD)
    nats = 0.0
    for inputs, targets in validation_batches(tokens, find_samples(tokens, bos), model.config.block_size, pad, 4):
        nats += next_token_loss(model.hidden_states(inputs), model.head.weight, targets, torch.float32).item()
    return nats / math.log(2) / len(tokenizer.decode(tokens.tolist(), skip_special_tokens=True).encode())


def save_model(path: str, checkpoint: Checkpoint, model: GPT) -> None:
    """Write a checkpoint with this model in the place of its own: step 05 asks it, export.py exports it."""
    weights = model.state_dict()
    save_checkpoint(path, checkpoint | {"model": weights, "weights": weights})


def print_comparison(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> None:
    """Print the measures of a model before and after a lesson; – where there was nothing to measure."""

    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    print_table(("measure", "before", "after"), [(name, shown(before[name]), shown(after[name])) for name in before])
