r"""Who gets further in the same time? nanoGPT's recipe and ours, on the same tokens, taking turns.

    python -m benchmarks.race raw.txt                      # 120 seconds each, 4 layers of width 256
    python -m benchmarks.race raw.txt --seconds 1800 --n-layer 6 --n-head 6 --n-embd 384 --vocab-size 24000 \
        --block-size 512                                   # the default size

nanoGPT's recipe is transformers' GPT2LMHeadModel of the same layers and width with a tied head, AdamW from 1e-3
to 1e-4 along a cosine, betas 0.9 and 0.95, decay 0.1, clip 1.0, batch 12, dropout 0: in fp32, as nanoGPT runs
on a CPU, and with bf16 autocast; its warm-up is as short as ours. Ours is the Trainer of step 04 with the settings
in that script. Whoever has trained least is next, for a few seconds, so that whatever else the machine does
slows all alike. The clock counts what the counts of our start take, and stops during evaluations.
Needs: pip install transformers matplotlib
"""

import argparse
import importlib
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pipeline
from gpt.device import autocast, choose_dtype
from gpt.model import GPT
from gpt.training.batches import count_tokens
from gpt.training.loss import next_token_loss
from gpt.training.plan import SIZES, choose_config
from gpt.training.start import initialize
from gpt.training.trainer import Trainer

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

step_02 = importlib.import_module("02_train_tokenizer")
step_04 = importlib.import_module("04_train_gpt_from_scratch")

VALIDATION_SHARE = 0.05
EVALUATIONS = 20
TURN_SECONDS = 5.0
BATCH_OF_STEP_04 = 8
BATCH_OF_NANOGPT = 12
CPU = torch.device("cpu")


@dataclass
class Text:
    """A text as tokens: the stream to train on, the stream to validate with, and the bytes of the latter."""

    train: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]
    validation_bytes: int


@dataclass
class Contestant:
    """How one recipe makes a step and measures its loss, and how far it got."""

    name: str
    step: Callable[[int, float], None]  # (number of the step, share of the time that is over)
    loss: Callable[[Tensor, Tensor], float]  # nats of a batch
    tokens_per_step: int
    curve: list[tuple[float, float]] = field(default_factory=list)  # (seconds, bits per byte)
    steps: int = 0
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    add_model_flags(parser)
    parser.add_argument("--seeds", type=int, default=1, help="races, each with other random numbers")
    parser.add_argument("--evaluations", type=int, default=EVALUATIONS, help="of each")
    parser.add_argument("--only", help="nanogpt-fp32, nanogpt-bf16 or ours")
    parser.add_argument("--plot", type=Path, default=Path("race.png"))
    options = parser.parse_args()
    require_packages()
    text = encode_text(options.raw, options.vocab_size)
    print(
        f"{len(text.train):,} tokens to train on, {len(text.validation):,} to validate with, {options.seconds:g} s each"
    )
    builders: dict[str, Callable[[], Contestant]] = {
        "nanogpt-fp32": lambda: build_nanogpt(text, options, torch.float32),
        "nanogpt-bf16": lambda: build_nanogpt(text, options, torch.bfloat16),
        "ours": lambda: build_ours(text, options),
    }
    chosen = [build for name, build in builders.items() if options.only in (None, name)]
    finals: dict[str, list[float]] = {}
    for seed in range(options.seeds):
        options.seed = seed
        contestants = []
        for build in chosen:
            torch.manual_seed(seed)
            contestants.append(build())
        race(contestants, text, options)
        for contestant in contestants:
            print_result(contestant)
            finals.setdefault(contestant.name, []).append(contestant.curve[-1][1])
        print_comparison(contestants)
    print_means(finals)
    draw(contestants, options.plot)


def print_means(finals: dict[str, list[float]]) -> None:
    """The mean of the final losses of each contestant, its standard error, and its ratio to the first one's."""
    first = statistics.fmean(next(iter(finals.values())))
    for name, losses in finals.items():
        mean = statistics.fmean(losses)
        error = statistics.stdev(losses) / math.sqrt(len(losses)) if len(losses) > 1 else math.nan
        print(f"{name:26} {mean:.4f} bits per byte, standard error {error:.4f}, {mean / first:.3f} of the first")


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that this benchmark and repeats.py have in common."""
    parser.add_argument("--vocab-size", type=int, default=8192)
    parser.add_argument("--n-layer", type=int, default=4)
    parser.add_argument("--n-head", type=int, default=4)
    parser.add_argument("--n-embd", type=int, default=256)
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--precision", default="auto", help="of ours: auto, bf16 or fp32")


def require_packages() -> None:
    """Stop unless the packages that only this benchmark needs are installed."""
    try:
        import matplotlib  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        sys.exit(f"{error.name} is missing; run: pip install transformers matplotlib")


def encode_text(path: Path, vocab_size: int) -> Text:
    """The text in tokens of a vocabulary that is learned from its training part."""
    documents = [document + "\n\n" for document in path.read_text(encoding="utf-8").split("\n\n")]
    cut = round(len(documents) * (1 - VALIDATION_SHARE))
    tokenizer = step_02.train_tokenizer(iter(documents[:cut]), vocab_size, min_frequency=2)

    def encode(some: list[str]) -> npt.NDArray[np.int64]:
        batches = (tokenizer.encode_batch_fast(some[start : start + 500]) for start in range(0, len(some), 500))
        return np.array([token for batch in batches for encoding in batch for token in encoding.ids], dtype=np.int64)

    validation_bytes = sum(len(document.encode()) for document in documents[cut:])
    return Text(encode(documents[:cut]), encode(documents[cut:]), validation_bytes)


def windows(tokens: npt.NDArray[np.int64], rows: int, block_size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of inputs and targets, (rows, block_size) each: every window once, then all in a new order."""
    random = np.random.default_rng(seed)
    count = (len(tokens) - 1) // block_size
    while True:
        order = random.permutation(count)
        for start in range(0, count - rows + 1, rows):
            positions = order[start : start + rows, None] * block_size + np.arange(block_size)
            yield torch.from_numpy(tokens[positions]), torch.from_numpy(tokens[positions + 1])


def build_nanogpt(text: Text, options: argparse.Namespace, dtype: torch.dtype) -> Contestant:
    """The recipe of nanoGPT, as the beginning of this file describes it."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=options.vocab_size,
        n_positions=options.block_size,
        n_embd=options.n_embd,
        n_layer=options.n_layer,
        n_head=options.n_head,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    model = GPT2LMHeadModel(config)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups: list[dict[str, Any]] = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), fused=True)
    batches = windows(text.train, BATCH_OF_NANOGPT, options.block_size, options.seed)

    def nats(inputs: Tensor, targets: Tensor) -> Tensor:
        with autocast(CPU, dtype):
            logits = model(inputs, use_cache=False).logits
        return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="sum")

    def step(number: int, progress: float) -> None:
        rate = 1e-4 + 0.5 * (1 + math.cos(math.pi * progress)) * (1e-3 - 1e-4)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (number + 1) / (step_04.WARMUP_STEPS + 1))  # as short a warm-up as ours
        inputs, targets = next(batches)
        loss = nats(inputs, targets) / targets.numel()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    name = f"nanoGPT's recipe, {'bf16' if dtype == torch.bfloat16 else 'fp32'}"
    return Contestant(
        name, step, lambda inputs, targets: nats(inputs, targets).item(), BATCH_OF_NANOGPT * options.block_size
    )


def build_ours(text: Text, options: argparse.Namespace) -> Contestant:
    """Step 04's own Trainer with step 04's own settings, except for those in `options`."""
    defaults = pipeline.read_settings(step_04.Settings, vars(step_04))
    chosen = {name: value for name, value in vars(options).items() if hasattr(defaults, name)}
    settings = replace(defaults, batch_size=defaults.batch_size or BATCH_OF_STEP_04, **chosen)
    model = GPT(choose_config(step_04.model_settings(settings), options.vocab_size, {}, SIZES[-1]))
    started = time.monotonic()
    counts = torch.from_numpy(count_tokens(text.train, options.vocab_size))
    initialize(model, text.train, counts, int(counts.argmax()), settings.start_from_pairs, settings.start_with_copying)
    seconds = time.monotonic() - started
    dtype = choose_dtype(settings.precision, CPU)
    rates, max_norm = step_04.learning_rates(settings), settings.max_gradient_norm
    trainer = Trainer(model, rates, dtype, settings.batch_size, max_norm, settings.average_span)
    schedule = step_04.schedule(settings)
    batches = windows(text.train, settings.batch_size, options.block_size, options.seed)

    def step(number: int, progress: float) -> None:
        inputs, targets = next(batches)
        trainer.step(inputs, targets, schedule.factor(number, progress))

    def loss(inputs: Tensor, targets: Tensor) -> float:
        with autocast(CPU, dtype):
            hidden = trainer.average.model.hidden_states(inputs)
        return next_token_loss(hidden, trainer.average.model.head.weight, targets, dtype).item()

    return Contestant("ours", step, loss, settings.batch_size * options.block_size, seconds=seconds)


def race(contestants: list[Contestant], text: Text, options: argparse.Namespace) -> None:
    """Let each contestant train for so many seconds, evaluations not counted."""
    seconds = options.seconds
    while True:
        contestant = min(contestants, key=lambda each: each.seconds)
        if contestant.seconds >= seconds:
            return
        turn_ends = min(seconds, contestant.seconds + TURN_SECONDS)
        while contestant.seconds < turn_ends:
            started = time.monotonic()
            contestant.step(contestant.steps, contestant.seconds / seconds)
            contestant.seconds += time.monotonic() - started
            contestant.steps += 1
            # Close together at the start, where the curves are steep.
            if contestant.seconds >= seconds * ((len(contestant.curve) + 1) / options.evaluations) ** 2:
                contestant.curve.append((contestant.seconds, bits_per_byte(contestant, text, options.block_size)))
                reached = f"{contestant.seconds:6.1f} s  {contestant.curve[-1][1]:.4f}"
                print(f"  {contestant.name}: {reached}", file=sys.stderr)


@torch.no_grad()
def bits_per_byte(contestant: Contestant, text: Text, block_size: int) -> float:
    """The validation loss of a contestant."""
    tokens = torch.from_numpy(text.validation)
    rows = (len(tokens) - 1) // block_size
    inputs, targets = tokens[: rows * block_size].view(rows, -1), tokens[1 : rows * block_size + 1].view(rows, -1)
    nats = sum(contestant.loss(inputs[at : at + 8], targets[at : at + 8]) for at in range(0, rows, 8))
    return nats / math.log(2) / text.validation_bytes * len(tokens) / targets.numel()


def print_result(contestant: Contestant) -> None:
    """How far a contestant got, and how fast."""
    speed = contestant.steps * contestant.tokens_per_step / contestant.seconds
    final = contestant.curve[-1][1]
    print(f"{contestant.name:26} {contestant.steps:6,} steps {speed:8,.0f} tokens/s   {final:.4f} bits per byte")


def print_comparison(contestants: list[Contestant]) -> None:
    """When the last contestant passed the final value of each of the others."""
    *others, ours = contestants
    for other in others:
        final = other.curve[-1][1]
        passed = seconds_to_reach(final, ours.curve)
        words = f"after {passed:.1f} s, 1/{other.seconds / passed:.1f} of the time" if passed else "not"
        print(f"{ours.name} passed {final:.4f} ({other.name}) {words}")


def seconds_to_reach(bits: float, curve: list[tuple[float, float]]) -> float | None:
    """When a curve falls to a value, on the straight line between its points; None where it does not."""
    for (start, high), (end, low) in pairwise(curve):
        if low <= bits:
            return start + (end - start) * max(0.0, high - bits) / max(1e-9, high - low)
    return None


def draw(contestants: list[Contestant], path: Path) -> None:
    """Draw the curves of all into a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    for contestant in contestants:
        axes.plot(*zip(*contestant.curve, strict=True), marker=".", label=contestant.name)
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("validation loss (bits per byte)")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")
    print(f"curves in {path}")


if __name__ == "__main__":
    main()
