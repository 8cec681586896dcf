"""What a new model can do at the start of a run: the loss by what is predicted, in nats per token.

    python -m benchmarks.start                                   # 160 steps with the settings of step 04
    python -m benchmarks.start --no-start-with-copying           # a control: pair counts alone
    python -m benchmarks.start --steps 500 --seed 2

Trains on the samples of data/train.bin that fit into a row of --block-size tokens, with the model of step 04 (4 layers
of width 256 unless its settings say otherwise), batches of 4,096 tokens and a schedule that ends after --steps.
Takes every setting of step 04 as well.
"""

import argparse
import importlib
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pipeline
from gpt.device import choose_device, choose_dtype
from gpt.model import GPT
from gpt.token_file import read_token_file
from gpt.training.batches import TrainingRows, count_tokens, find_samples, validation_batches
from gpt.training.evaluation import Evaluation, Validation
from gpt.training.kinds import KINDS
from gpt.training.optimizer import Schedule
from gpt.training.plan import SIZES, choose_config
from gpt.training.start import initialize
from gpt.training.trainer import Trainer

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

step_04 = importlib.import_module("04_train_gpt_from_scratch")

BATCH_TOKENS = 4096
EVALUATED_STEPS = (0, 10, 30, 60, 100, 160, 250, 350)
MICRO_BATCH_SIZE = 4
Tokens = npt.NDArray[np.integer]


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--steps", type=int, default=160)
    options, others = parser.parse_known_args(["--block-size", "512", *arguments])
    settings = pipeline.read_settings(step_04.Settings, vars(step_04), others)
    tokenizer = Tokenizer.from_file(settings.tokenizer_path)
    training, validation, *_ = step_04.read_data(settings, tokenizer)
    block_size, pad, bos = settings.block_size, training.reader.pad, validation.markers.sample
    train, train_samples = keep_fitting(settings.train_bin, bos, block_size)
    held_out, held_out_samples = keep_fitting(settings.val_bin, bos, block_size)
    rows = TrainingRows(train, train_samples, block_size, pad, settings.seed)
    batches = partial(validation_batches, held_out, held_out_samples, block_size, pad)
    validation = replace(validation, batches=batches, token_count=len(held_out))
    device = choose_device(settings.device)
    torch.manual_seed(settings.seed)
    config = choose_config(step_04.model_settings(settings), tokenizer.get_vocab_size(), {}, SIZES[1])
    model = GPT(config).to(device)
    started = time.monotonic()
    counts = torch.from_numpy(count_tokens(train, config.vocab_size))
    initialize(model, train, counts, bos, settings.start_from_pairs, settings.start_with_copying)
    print(f"{len(train):,} tokens in {len(train_samples) - 1:,} samples; start {time.monotonic() - started:.1f} s")
    dtype = choose_dtype(settings.precision, device)
    rates = step_04.learning_rates(settings)
    trainer = Trainer(model, rates, dtype, MICRO_BATCH_SIZE, settings.max_gradient_norm, settings.average_span)
    train_and_report(trainer, rows, validation, step_04.schedule(settings), options.steps)


def keep_fitting(path: str, bos: int, block_size: int) -> tuple[Tokens, Tokens]:
    """The samples of a token file that fit into a row, one after another, and where each begins and the last ends."""
    tokens = read_token_file(path)[1]
    samples = find_samples(tokens, bos)
    fitting = [tokens[start:end] for start, end in pairwise(samples) if end - start <= block_size + 1]
    pipeline.require_setting(bool(fitting), f"{path}: no sample fits into --block-size {block_size}")
    kept = np.concatenate(fitting)
    return kept, find_samples(kept, bos)


def train_and_report(
    trainer: Trainer, rows: TrainingRows, validation: Validation, schedule: Schedule, end: int
) -> None:
    """Train for `end` steps, and print a row of the table at some of them."""
    print(f"{'step':>6}{'all':>9}" + "".join(f"{kind:>13}" for kind in KINDS) + f"{'copying':>9}")
    for step in range(end):
        if step in EVALUATED_STEPS:
            print_row(step, trainer.evaluate(validation))
        batch = rows.next_batch(BATCH_TOKENS // rows.block_size)
        trainer.step(*batch, schedule.factor(step, step / end))
    print_row(end, trainer.evaluate(validation))


def print_row(step: int, evaluation: Evaluation) -> None:
    """The losses in nats per token, and the accuracy of copying."""
    losses = "".join(f"{evaluation.by_kind[kind].nats_per_token:13.3f}" for kind in KINDS)
    print(f"{step:6}{evaluation.loss.nats_per_token:9.3f}{losses}{evaluation.copying:9.2f}", flush=True)


if __name__ == "__main__":
    pipeline.run(main)
