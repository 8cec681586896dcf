"""Lesson 4: the ladder from counting to your GPT. Is mine any good?

A loss alone says little: is 1.4 bits per byte good? It depends on the text. So the same bytes of the same text are
predicted by simpler models, each of which lacks one thing:

    5-gram          counts (lesson 2); no token beyond the four before it
    GRU             one vector for all that it has read (lesson 3)
    one layer       attention looks back at every token, but only once: it cannot look for what followed something
    your layers     the second layer reads what the first has found, and so learns to copy; from the counts of single
                    tokens alone
    one step        with the start of step 04: pair counts, and heads that copy (gpt/training/copying.py)
    your GPT        the same, trained by step 04

The networks in between train for the same short time. A column by kind of text says where a model wins: documents are
new text; the answer to a document repeats its sentences, so that whoever copies predicts it.

Measured with the bundled text (0.3 million tokens), in bits per byte: 5-gram 1.93, one layer 1.95, GRU 2.06, four
layers 2.08. Counting has learned all that it can after one pass over a small text; a network needs many, and the more
it computes for a token, the fewer it reads in the same time. Your GPT has 1.42, because it copies: 0.46 in answers,
where the 5-gram has 1.85. On documents the 5-gram is still ahead, 2.11 against 2.46.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pipeline
from gpt.checkpoint import load_checkpoint, model_from
from gpt.device import choose_dtype
from gpt.model import GPT, GPTConfig
from gpt.training.batches import IGNORED, TrainingRows
from gpt.training.optimizer import Schedule
from lessons import rnn_model
from lessons.count_model import CountModel
from lessons.shared import (
    Score,
    Text,
    as_array,
    draw_curves,
    new_trainer,
    print_table,
    read_text,
    save_picture,
    score_of,
    start_as_step_04,
)
from pipeline import setting
from pipeline.progress import progress_bar

import torch

TRAIN_BIN = "data/train.bin"  # made by step 03
VAL_BIN = "data/val.bin"  # made by step 03
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
SECONDS = 22.0  # of training for each network in between, on the CPU
BATCH_SIZE = 2  # rows of a step of the transformers, as in step 04 for small texts
GRU_WIDTH = 256
COUNTED_TOKENS = 5_000_000  # of the training text, for the n-grams; 0 = all
SEED = 1337
PICTURE_PATH = "lessons/pictures/ladder.svg"

SHOWN_KINDS = ("document", "grounded")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str
    val_bin: str
    tokenizer_path: str
    checkpoint_path: str
    seconds: float = setting(above=0)
    batch_size: int = setting(least=1)
    gru_width: int = setting(least=1)
    counted_tokens: int = setting(least=0)
    seed: int = setting(least=0)
    picture_path: str


@dataclass(frozen=True)
class Rung:
    """One model of the ladder."""

    name: str
    size: str
    seconds: float  # of training
    tokens: int  # read in training
    bits: float  # per byte, of all of val.bin
    by_kind: Sequence[float]  # of SHOWN_KINDS


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    text = read_text(settings.train_bin, settings.val_bin, settings.tokenizer_path)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    config = GPTConfig(**checkpoint["config"])
    rungs = [
        count(text, config.block_size, settings),
        train_gru(text, config.block_size, settings),
        train_gpt("one layer", text, replace(config, n_layer=1), settings),
        train_gpt(f"your {config.n_layer} layers", text, config, settings),
        take_one_step(text, config, settings),
        measure_own(text, model_from(checkpoint), checkpoint["run"]),
    ]
    print(f"Bits per byte of `{settings.val_bin}`, the same bytes for every model; the lower the better.")
    header = ("model", "size", "training (s)", "tokens read", "bits per byte", "of documents", "of their answers")
    rows = []
    for rung in rungs:
        bits = [f"{each:.3f}" for each in (rung.bits, *rung.by_kind)]
        rows.append((rung.name, rung.size, f"{rung.seconds:.1f}", f"{rung.tokens:,}", *bits))
    print_table(header, rows)
    title = "Bits per byte by seconds of training"
    curves = {f"{rung.name} ({rung.size}): {rung.bits:.2f}": [(rung.seconds, rung.bits)] for rung in rungs}
    save_picture(settings.picture_path, title, draw_curves(title, "seconds of training, on the CPU", curves))


# --- The rungs ---


def count(text: Text, block_size: int, settings: Settings) -> Rung:
    """The 5-gram."""
    tokens, started = as_array(text.train, settings.counted_tokens), time.perf_counter()
    model = CountModel(tokens, text.vocab_size, 5, 0.75)
    seconds = time.perf_counter() - started
    size = f"{sum(len(table.keys) for table in model.tables):,} counts"
    return Rung("5-gram", size, seconds, len(tokens), *measure(text, model.score, block_size))


def train_gru(text: Text, block_size: int, settings: Settings) -> Rung:
    """The recurrent network."""
    torch.manual_seed(settings.seed)
    model = rnn_model.RecurrentModel("GRU", text.vocab_size, settings.gru_width)
    rows = text.training_rows(block_size, settings.seed)
    read = rnn_model.train(model, rows, settings.seconds, rate=0.003, batch_size=8, piece=128)
    size = f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters"
    return Rung("GRU", size, settings.seconds, read, *measure(text, model.score, block_size))


def train_gpt(name: str, text: Text, config: GPTConfig, settings: Settings) -> Rung:
    """A transformer that starts from the counts of single tokens."""
    torch.manual_seed(settings.seed)
    model, dtype = GPT(config), choose_dtype("auto", torch.device("cpu"))
    start_as_step_04(model, text, with_pairs=False, with_copying=False)
    rows = text.training_rows(config.block_size, settings.seed)
    mean, read = train_for(model, rows, dtype, settings)
    size = f"{config.parameter_count():,} parameters"
    return Rung(name, size, settings.seconds, read, *measure(text, score_of(mean, dtype), config.block_size))


def train_for(model: GPT, rows: TrainingRows, dtype: torch.dtype, settings: Settings) -> tuple[GPT, int]:
    """Train for the time of the settings; return the mean of the weights, and the number of tokens that were read."""
    trainer, schedule = new_trainer(model, dtype), Schedule(warmup_steps=10, decay_share=0.5, final_rate=0.15)
    started, read, step = time.perf_counter(), 0, 0
    with progress_bar("train", unit="tokens") as bar:
        while (spent := time.perf_counter() - started) < settings.seconds:
            inputs, targets = rows.next_batch(settings.batch_size)
            trainer.step(inputs, targets, schedule.factor(step, spent / settings.seconds))
            count = int((targets != IGNORED).sum())
            read, step = read + count, step + 1
            bar.update(count)
    return trainer.average.model.eval(), read


def take_one_step(text: Text, config: GPTConfig, settings: Settings) -> Rung:
    """A transformer that starts as in step 04, after a single step."""
    torch.manual_seed(settings.seed)
    started = time.perf_counter()
    model, dtype = GPT(config), choose_dtype("auto", torch.device("cpu"))
    start_as_step_04(model, text)
    inputs, targets = text.training_rows(config.block_size, settings.seed).next_batch(settings.batch_size)
    new_trainer(model, dtype).step(inputs, targets, 1 / 11)  # the first of ten steps of warm-up
    seconds, read = time.perf_counter() - started, int((targets != IGNORED).sum())
    size = f"{config.parameter_count():,} parameters"
    figures = measure(text, score_of(model.eval(), dtype), config.block_size)
    return Rung("the start of step 04, after one step", size, seconds, read, *figures)


def measure_own(text: Text, model: GPT, run: dict[str, float]) -> Rung:
    """The user's GPT."""
    size = f"{model.config.parameter_count():,} parameters"
    figures = measure(text, score_of(model, torch.float32), model.config.block_size)
    return Rung("your GPT", size, run["seconds"], int(run["tokens"]), *figures)


def measure(text: Text, score: Score, block_size: int) -> tuple[float, list[float]]:
    """The bits per byte of all of val.bin, and of the kinds that are shown."""
    losses = text.measure_by_kind(score, block_size)
    return losses["all"].bits_per_byte, [losses[kind].bits_per_byte for kind in SHOWN_KINDS]


if __name__ == "__main__":
    pipeline.run(main)
