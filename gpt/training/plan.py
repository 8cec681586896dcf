"""What a training run will be: the shape of its model, its length, and whether they suit the text."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gpt.model import GPTConfig
from gpt.training.batches import TrainingRows
from gpt.training.run import Run
from pipeline import StepError

import torch

MANY_EPOCHS = 16  # beyond, repeating the data teaches next to nothing (Muennighoff et al., 2023)
# That is for a text that suits the model. Measured with 0.3 million tokens: validation was best after 1 of 2 epochs
# with 18 parameters for each token (1.990 bits per byte, 2.028 at the end), at the end with 5 (1.986).
MANY_PARAMETERS = 4  # for each token of the text
MANY_TOKENS = 200  # seen in training for each parameter, ten times what suits it best (Hoffmann et al., 2022)


@dataclass(frozen=True)
class Size:
    """The shape of a model and of its batches, for texts of at most so many tokens."""

    max_tokens: float
    n_layer: int
    n_embd: int
    batch_size: int  # rows; small batches make more steps of a small text


# The last trains well on an M4 with 16 GB; 8 layers of width 512 are the next size up, for an evening of training.
SIZES = (
    Size(3e4, n_layer=4, n_embd=256, batch_size=1),
    Size(3e6, n_layer=4, n_embd=256, batch_size=2),
    Size(math.inf, n_layer=6, n_embd=384, batch_size=8),
)
# A CPU learns less with the last one in an hour. The batch is as large: 14 million tokens (4 layers of width 256) in
# batches of 2, 4 and 8 rows end at 2.78, 2.63 and 2.55 nats per token.
CPU_SIZES = (*SIZES[:-1], replace(SIZES[-1], n_layer=4, n_embd=256))
HEAD_DIM = 64  # numbers of each attention head, unless the settings name their number

EPOCHS = 4  # times over the text: up to about four, repeating is nearly as good as new text (Muennighoff et al., 2023)
LEAST_STEPS = 100  # of the smallest text, to learn the form of an answer at all
MINUTES_PER_MILLION_TOKENS = 6.0  # at most so long, so that a slow machine ends as well …
LEAST_MINUTES, MOST_MINUTES = 1.5, 60.0  # … but within these


def choose_size(tokens: int, device: torch.device) -> Size:
    """The size that suits a text of so many tokens."""
    sizes = CPU_SIZES if device.type == "cpu" else SIZES
    return next(size for size in sizes if tokens <= size.max_tokens)


@dataclass(frozen=True)
class ModelSettings:
    """The shape that the settings of step 04 ask for; 0 = that of the checkpoint, or as suits the text."""

    block_size: int
    n_layer: int = 0
    n_head: int = 0
    n_kv_head: int = 0
    n_embd: int = 0
    dropout: float = 0.0
    tie_embeddings: bool = False


def choose_config(wanted: ModelSettings, vocab_size: int, known: Mapping[str, Any], size: Size) -> GPTConfig:
    """The wanted shape; where it says 0, that of `known` (fields of GPTConfig, or empty), else that of `size`.

    Raises StepError where width and heads do not fit together.
    """
    n_layer = wanted.n_layer or known.get("n_layer") or size.n_layer
    n_embd = wanted.n_embd or known.get("n_embd") or size.n_embd
    n_head = wanted.n_head or known.get("n_head") or max(1, n_embd // HEAD_DIM)
    n_kv_head = wanted.n_kv_head or known.get("n_kv_head") or n_head
    if n_embd % (2 * n_head):
        raise StepError(f"N_EMBD {n_embd} must be an even multiple of N_HEAD {n_head}: each head gets an equal share")
    if n_head % n_kv_head:
        raise StepError(f"N_HEAD {n_head} must be a multiple of N_KV_HEAD {n_kv_head}")
    return GPTConfig(
        vocab_size=vocab_size,
        block_size=wanted.block_size,
        n_layer=n_layer,
        n_head=n_head,
        n_kv_head=n_kv_head,
        n_embd=n_embd,
        head_dim=n_embd // n_head,
        # SwiGLU has three matrices where a plain layer has two: 8/3 of the width makes them equal in size.
        n_hidden=64 * math.ceil(n_embd * 8 / 3 / 64),
        tie_embeddings=wanted.tie_embeddings,
        dropout=wanted.dropout,
        rope_theta=known.get("rope_theta", GPTConfig.rope_theta),
    )


def choose_length(tokens: int, steps_per_epoch: float, seconds_per_step: float) -> tuple[int, float]:
    """MAX_STEPS and MAX_MINUTES, one of them 0: EPOCHS times over the text, or as many minutes as suit it."""
    steps = max(LEAST_STEPS, math.ceil(EPOCHS * steps_per_epoch))
    minutes = min(max(MINUTES_PER_MILLION_TOKENS * tokens / 1e6, LEAST_MINUTES), MOST_MINUTES)
    return (steps, 0.0) if steps * seconds_per_step <= 60 * minutes else (0, round(minutes, 1))


@dataclass(frozen=True)
class Plan:
    """The batches and the length of a run, which a rerun keeps: one of the last two is 0, or both are still open."""

    batch_size: int
    max_steps: int
    max_minutes: float

    @classmethod
    def of(cls, batch_size: int, max_steps: int, max_minutes: float, earlier: Mapping[str, Any], size: Size) -> "Plan":
        """What the settings say; where they say 0, what an earlier start of this run has chosen, else what suits."""
        if not (max_steps or max_minutes):
            max_steps, max_minutes = earlier.get("max_steps", 0), earlier.get("max_minutes", 0.0)
        return cls(batch_size or earlier.get("batch_size") or size.batch_size, max_steps, max_minutes)

    def require_row_for_each(self, processes: int) -> None:
        """Raise StepError when some of so many processes would have no row of a batch."""
        if self.batch_size < processes:
            raise StepError(f"BATCH_SIZE {self.batch_size} leaves some of {processes} processes no row; raise it")

    def has_length(self) -> bool:
        """Whether the length is chosen."""
        return bool(self.max_steps or self.max_minutes)

    def with_length(self, training: TrainingRows, seconds_per_step: float) -> "Plan":
        """The plan, with a length that suits the text if it has none yet."""
        if self.has_length():
            return self
        steps_per_epoch = len(training.rows) / self.batch_size
        return Plan(self.batch_size, *choose_length(training.token_count, steps_per_epoch, seconds_per_step))


def describe_start(config: GPTConfig, device: torch.device, dtype: torch.dtype, training: TrainingRows) -> str:
    """Which model is about to be trained on which text."""
    rows = len(training.rows)
    filled = sum(end - start for row in training.rows for start, end in row) / (rows * (config.block_size + 1))
    return (
        f"{config.n_layer} layers of width {config.n_embd}, {config.parameter_count():,} parameters, on {device} in "
        f"{str(dtype).removeprefix('torch.')}; {len(training.samples) - 1:,} samples in {rows:,} rows of "
        f"{config.block_size} tokens, {filled:.0%} filled"
    )


def describe_plan(config: GPTConfig, run: Run, training: TrainingRows, batch_size: int) -> str:
    """The plan in words, by the speed of the tried steps; with a warning where one is due."""
    steps = run.expected_steps()
    tokens = training.token_count
    epochs = steps * batch_size / len(training.rows)
    speed = batch_size * tokens / len(training.rows) / run.seconds_per_step()
    seconds_left = run.seconds_left()
    end = time.strftime(
        "%H:%M" if seconds_left < 20 * 3600 else "%d %b %H:%M", time.localtime(time.time() + seconds_left)
    )
    lines = [
        f"plan: {config.parameter_count() / 1e6:.1f} million parameters learn from {tokens / 1e6:.2g} million tokens, "
        f"{epochs:.1f} times over, from step {run.step:,} to about {steps:,}; {speed:,.0f} tokens/s, "
        f"{describe_time(seconds_left)} left, until about {end}"
    ]
    lines += advise(config.parameter_count(), tokens, epochs)
    return "\n".join(lines)


def describe_time(seconds: float) -> str:
    """90 -> "2 minutes", 9000 -> "2.5 hours"."""
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} minute{'s' if seconds >= 90 else ''}"
    return f"{seconds / 3600:.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def advise(parameters: int, tokens: int, epochs: float) -> list[str]:
    """A warning, with what to change, when model, text and length of the run do not suit each other."""
    if epochs > MANY_EPOCHS:
        return [
            f"  {epochs:.0f} times over the same text is more than helps (about {MANY_EPOCHS} at most), except to "
            "learn a small text by heart; more text makes a better model, and best.pt keeps the best one on the way"
        ]
    if parameters > MANY_PARAMETERS * tokens and epochs > 2:
        return [
            f"  {parameters / tokens:.0f} parameters for each token of text: from about the second time over it, the "
            "model rather learns the text by heart, which suits answers from that text; best.pt keeps the one that "
            "suits new text best, and more text or a smaller model (N_LAYER, N_EMBD) would help both"
        ]
    if tokens * epochs > MANY_TOKENS * parameters:
        return [
            f"  {tokens * epochs / parameters:.0f} tokens of training for each parameter: a larger model (N_LAYER, "
            "N_EMBD) would learn more in that time"
        ]
    if epochs < 0.5:
        return [
            f"  the run ends after {epochs:.0%} of the text: raise MAX_MINUTES (or MAX_STEPS), or take a "
            "smaller model, which reads more of it in the same time"
        ]
    return []
