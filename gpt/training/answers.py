"""Learning from answers alone: the loss counts the tokens of an answer and not those of its prompt.

Fine-tuning on instructions, preferences and rewards all need the same figure: how likely the model finds an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gpt.model import GPT
from gpt.training.batches import IGNORED, Array, Batch, find_samples

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Example:
    """The tokens of a prompt and those of an answer to it, with the markers that end it."""

    prompt: Sequence[int]
    answer: Sequence[int]

    @property
    def length(self) -> int:
        """The tokens of both."""
        return len(self.prompt) + len(self.answer)


def split_samples(tokens: Array, bos: int, answer_marker: int) -> list[Example]:
    """The samples of a token file, which begin with `bos`; a prompt ends with the line of its answer marker."""
    samples = find_samples(tokens, bos)
    examples = []
    for start, end in pairwise(samples.tolist()):
        sample = tokens[start:end].tolist()
        answer_start = sample.index(answer_marker) + 2  # the marker and the end of its line
        examples.append(Example(sample[:answer_start], sample[answer_start:]))
    return examples


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
    """The logarithm of the probability of each target, (B, T), with gradients; 0 for IGNORED ones."""
    counted = targets != IGNORED
    logits = model.head(model.hidden_states(inputs)[counted]).float() / temperature  # (answer tokens, V)
    of_targets = -F.cross_entropy(logits, targets[counted], reduction="none")
    return torch.zeros(targets.shape, device=targets.device).masked_scatter(counted, of_targets)
