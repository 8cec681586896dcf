"""What a run starts from: its own checkpoint, weights of another model, or neither."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gpt.checkpoint import Checkpoint, load_checkpoint
from gpt.model import GPT, GPTConfig
from gpt.training import copying, pair_counts, processes
from gpt.training.initial_weights import InitialWeights, read_initial_weights
from pipeline import StepError

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer


@dataclass(frozen=True)
class Start:
    """What a run starts from: a checkpoint or weights of another model; with neither, random numbers."""

    checkpoint: Checkpoint | None = None
    initial: InitialWeights | None = None

    @property
    def shape(self) -> Mapping[str, Any]:
        """The fields of GPTConfig of the model that it has; empty when there is none."""
        if self.checkpoint:
            shape: Mapping[str, Any] = self.checkpoint["config"]
            return shape
        return self.initial.shape if self.initial else {}

    @property
    def plan(self) -> Mapping[str, Any]:
        """The fields of the Plan that an earlier start of this run has chosen; empty when there was none."""
        plan: Mapping[str, Any] = self.checkpoint.get("plan", {}) if self.checkpoint else {}
        return plan


def find_start(checkpoint_path: str, restart: bool, init_from: str, tokenizer: Tokenizer) -> Start:
    """The checkpoint if there is one; with `restart`, or without a checkpoint, the weights of `init_from`, if any.

    Raises StepError for files that cannot be read.
    """
    if not restart and processes.from_first(Path(checkpoint_path).exists):
        return Start(checkpoint=processes.from_first(lambda: load_checkpoint(checkpoint_path, repair=True)))
    return Start(initial=read_initial_weights(init_from, tokenizer) if init_from else None)


def require_same_model(
    start: Start,
    config: GPTConfig,
    inputs: Mapping[str, str],
    checkpoint_path: str,
    tokenizer_path: str,
    rerun: Callable[..., str],
) -> None:
    """Raise StepError unless a model of this shape, for this tokenizer, can go on from `start`.

    `inputs` are the SHA-256 of the inputs; `rerun(name=value)` is the command of this run with a changed setting.
    """
    if start.initial:
        start.initial.require_shape(config)
    if not start.checkpoint:
        return
    anew = f"to start anew, run: {rerun(restart=True)}"
    if start.checkpoint["inputs"]["tokenizer"] != inputs["tokenizer"]:
        raise StepError(
            f"{checkpoint_path}: it was trained with another tokenizer than {tokenizer_path} is now; {anew}"
        )
    saved, wanted = start.checkpoint["config"], asdict(config)
    del wanted["dropout"]  # a resumed run may change it
    differing = [name for name, value in wanted.items() if saved.get(name) != value]
    if differing:
        values = ", ".join(f"{name.upper()} is {saved.get(name)} there and {wanted[name]} here" for name in differing)
        go_on = f"to go on, run: {rerun(**{name: saved[name] for name in wanted if name in saved})}"
        raise StepError(f"{checkpoint_path}: {values}; {go_on}; {anew}")


def initialize(
    model: GPT,
    tokens: npt.NDArray[np.integer],
    counts: torch.Tensor,
    first_token: int,
    from_pairs: bool,
    with_copying: bool,
) -> None:
    """Give a new model what it can know before it learns: counts, pair counts, and how to copy.

    `tokens` are the training text, counts (V,) say how often each occurs, and `first_token` begins every sample.
    """
    if from_pairs:
        pair_counts.start_from_pairs(model, pair_counts.PairCounts.of(tokens, model.config.vocab_size))
    else:
        pair_counts.start_from_counts(model, counts)
    if not with_copying:
        return
    if reason := copying.why_not(model.config):
        print(f"The model starts without heads that copy: {reason}.")
        return
    copying.start_with_copying(model, counts, first_token)
