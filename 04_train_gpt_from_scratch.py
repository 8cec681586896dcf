"""Step 4 of 5: train a GPT from scratch to predict the next token of the samples.

Run it again to go on where it stopped; Ctrl-C saves first. The method is one step, made again and again: read a
batch, predict every next token, measure the error, move every parameter a little against it. That step is
`train_step` in gpt/training/step.py; gpt/training/loop.py makes the steps.
"""

import contextlib
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pipeline
from corpus.template import BOS, DOC, END_DOC, EOS, MARKERS, PAD, Template, marker_id
from corpus.tokenizer_file import read_tokenizer
from gpt.checkpoint import best_of
from gpt.checkpoint_check import TRAINED_ON
from gpt.device import choose_device
from gpt.generation import generate
from gpt.model import GPT
from gpt.sampling import SamplingSettings
from gpt.token_file import read_token_file
from gpt.training import processes
from gpt.training.batches import TrainingRows, count_tokens, find_samples, validation_batches
from gpt.training.device_check import choose_fastest_dtype, choose_sound_device
from gpt.training.evaluation import Validation
from gpt.training.kinds import SampleMarkers
from gpt.training.log import open_log
from gpt.training.loop import Intervals, TrainingLoop
from gpt.training.loss_chart import describe_size
from gpt.training.optimizer import LearningRates, Schedule
from gpt.training.plan import ModelSettings, Plan, choose_config, choose_size, describe_start
from gpt.training.room import require_room
from gpt.training.run import Run
from gpt.training.run_files import Origin, RunFiles
from gpt.training.start import find_start, initialize, require_same_model
from gpt.training.trainer import Trainer
from pipeline import StepError, file_setting, setting
from pipeline.progress import progress_bar

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

# --- Files ---
TRAIN_BIN = "data/train.bin"  # made by step 03
VAL_BIN = "data/val.bin"  # made by step 03
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # all that step 05 and a rerun need; best.pt beside it is the best so far
INIT_FROM = ""  # a folder of export.py or a checkpoint whose weights a new run starts from; empty = random ones
START_FROM_PAIRS = True  # a new model knows which token follows which (gpt/training/pair_counts.py)
START_WITH_COPYING = True  # a new model copies what followed earlier (gpt/training/copying.py)
RESTART = False  # start anew although there is a checkpoint, which is kept as ckpt.older.pt

# --- Machine ---
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu
PRECISION = "auto"  # bf16 where the hardware is fast at it (timed at the start on mps), else fp32; or bf16, fp32
DEVICE_CHECK = "cpu"  # if a GPU gives other results than the CPU: "cpu" trains there, "stop" stops, "off" = no check

# --- Model: 0 = the shape of the checkpoint; of a new run, by device and text (SIZES in gpt/training/plan.py) ---
BLOCK_SIZE = 1024  # tokens seen at once; a sample must fit whole, or no row shows a document with its answer
N_LAYER = 0  # layers: 4, 6 or 8; more combine more steps of processing
N_HEAD = 0  # attention heads of each layer; 0 = one for every 64 numbers of N_EMBD, which suits all devices
N_KV_HEAD = 0  # key-value heads; fewer than N_HEAD makes the cache smaller; 0 = N_HEAD
N_EMBD = 0  # width: numbers that stand for one token on its way through the layers: 256, 384 or 512
DROPOUT = 0.0  # share of updates left out in training; 0.1 when the validation loss rises early
TIE_EMBEDDINGS = False  # one matrix for embedding and head: fewer parameters, slower learning

# --- Batches ---
BATCH_SIZE = 0  # rows of BLOCK_SIZE tokens for each step; 0 = by device and text, like the shape
MICRO_BATCH_SIZE = 4  # rows on the device at once; the gradients of several make up a batch; lower it to save memory

# --- Length of the run: both 0 = as long as suits the text, at most an hour (choose_length in gpt/training/plan.py) ---
MAX_STEPS = 0  # steps in all, earlier runs included; raise it and rerun to train on
MAX_MINUTES = 0.0  # or: minutes of training in all, earlier runs included
EVAL_INTERVAL = 250  # steps between evaluations, each with a sample answer and a save
EVAL_MINUTES = 1.0  # … or minutes, if those are over sooner; 0 = only by steps
MAX_RISE = 0.15  # the run ends when the validation loss is so many bits per byte above its best; 0 = never
SAVE_MINUTES = 10.0  # a save at least this often: what a power cut can cost; 0 = only at evaluations
LOG_INTERVAL = 10  # steps between rows of log.csv beside the checkpoint; loss.svg draws them at each evaluation
TENSORBOARD = False  # also write TensorBoard event files to runs/ beside the checkpoint (needs the package tensorboard)
SAMPLE_TOKENS = 200  # length of the sample answer; 0 = none

# --- Learning rates (full value, after warm-up and before decay) ---
MATRIX_RATE = 0.01  # matrices of the layers, by Muon; twice as much gained nothing in a minute of benchmarks/race.py
EMBEDDING_RATE = 0.01  # token embedding, by AdamW; 0.05 forgets the start: 1.44 nats for grounded answers, not 1.28
HEAD_RATE = 0.003  # output head, by AdamW; 0.006 with 0.02 for the embedding did less well after 60 steps
NORM_RATE = 0.006  # gains of the norms, by AdamW
WEIGHT_DECAY = 0.1  # pull of the matrices towards zero, against learning by heart
WARMUP_STEPS = 10  # steps until the full rate
DECAY_SHARE = 0.5  # last share of the run, in which the rates fall linearly
FINAL_RATE = 0.15  # what is left of the rates at the end; 500 steps end at 3.08 nats, with 0.7 and 0.02 at 3.10
AVERAGE_SPAN = 0.25  # what is measured and asked is the mean of the weights over this last share of the steps; 0 = none
MAX_GRADIENT_NORM = 1.0  # longer gradients are scaled down to this length

SEED = 1337  # start of all random numbers: weights, order of the data, dropout

SCRIPT = Path(__file__).name
STEP_05 = "05_generate.py"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str = file_setting()
    val_bin: str = file_setting()
    tokenizer_path: str = file_setting()
    checkpoint_path: str = file_setting(written=True)
    init_from: str
    start_from_pairs: bool
    start_with_copying: bool
    restart: bool
    device: str
    precision: Literal["auto", "bf16", "fp32"]
    device_check: Literal["cpu", "stop", "off"]
    block_size: int = setting(least=1)
    n_layer: int = setting(least=0)
    n_head: int = setting(least=0)
    n_kv_head: int = setting(least=0)
    n_embd: int = setting(least=0)
    dropout: float = setting(least=0, below=1)
    tie_embeddings: bool
    batch_size: int = setting(least=0)
    micro_batch_size: int = setting(least=1)
    max_steps: int = setting(least=0)
    max_minutes: float = setting(least=0)
    eval_interval: int = setting(least=1)
    eval_minutes: float = setting(least=0)
    max_rise: float = setting(least=0)
    save_minutes: float = setting(least=0)
    log_interval: int = setting(least=1)
    tensorboard: bool
    sample_tokens: int = setting(least=0)
    matrix_rate: float = setting(least=0, most=1000)
    embedding_rate: float = setting(least=0, most=1000)
    head_rate: float = setting(least=0, most=1000)
    norm_rate: float = setting(least=0, most=1000)
    weight_decay: float = setting(least=0, most=1000)
    warmup_steps: int = setting(least=0)
    decay_share: float = setting(least=0, most=1)
    final_rate: float = setting(least=0, most=1000)
    average_span: float = setting(least=0, most=1)
    max_gradient_norm: float = setting(above=0)
    seed: int = setting(least=0)


def main(arguments: Sequence[str] = ()) -> None:
    settings = processes.same_everywhere(pipeline.read_settings(Settings, globals(), arguments), "the settings")
    with pipeline.locked(settings.checkpoint_path) if processes.is_first() else contextlib.nullcontext():
        train(settings)


def train(settings: Settings) -> None:
    """Train a model from its start, or its last save, to its end or a signal."""
    pipeline.require_sound_manifest(settings.checkpoint_path)
    files_read = settings.train_bin, settings.val_bin, settings.tokenizer_path
    with progress_bar("read tokens", disable=not processes.is_first()), pipeline.unchanged(*files_read):
        inputs = processes.same_everywhere(require_inputs(settings), "the tokens and the tokenizer")
        tokenizer = read_tokenizer(settings.tokenizer_path)
        device = processes.own_device(choose_device(settings.device))
        training, validation, template, prompt = read_data(settings, tokenizer)

    start = find_start(settings.checkpoint_path, settings.restart, settings.init_from, tokenizer)
    size = choose_size(training.token_count, device)
    config = choose_config(model_settings(settings), tokenizer.get_vocab_size(), start.shape, size)
    require_same_model(start, config, inputs, settings.checkpoint_path, settings.tokenizer_path, command_of(settings))
    plan = Plan.of(settings.batch_size, settings.max_steps, settings.max_minutes, start.plan, size)
    plan.require_row_for_each(processes.process_count())
    require_room(config, max(plan.batch_size, settings.micro_batch_size), device)

    torch.manual_seed(settings.seed)
    model = GPT(config)
    row = training.first_row()
    device, dtypes = choose_sound_device(model.to(device), row, settings.precision, settings.device_check)
    dtype = choose_fastest_dtype(model.to(device), row, dtypes)
    trainer = build_trainer(model, dtype, settings)
    counts = torch.from_numpy(count_tokens(training.reader.tokens, config.vocab_size))
    origin = Origin(tokenizer.to_str(), template.to_dict(), asdict(settings), inputs)
    files = open_files(settings, origin, counts, validation.token_bytes, config.parameter_count())
    write_sample = partial(write_sample_answer, trainer.average.model, tokenizer, prompt, settings)
    loop = TrainingLoop(
        trainer, training, validation, plan, schedule(settings), intervals(settings), files, write_sample
    )
    loop.begin(start, partial(initialize_model, model, training, counts, tokenizer, settings))
    del start  # the tensors that it has read
    print(describe_start(config, device, dtype, training))
    loop.plan_length()
    if signal_number := loop.train():
        print(describe_stop(loop.run, settings))
        sys.exit(128 + signal_number)
    print(describe_end(loop.run, settings, question_of(prompt)))


# --- The settings, as the functions of gpt/training take them ---


def model_settings(settings: Settings) -> ModelSettings:
    """The shape of the model."""
    return ModelSettings(
        block_size=settings.block_size,
        n_layer=settings.n_layer,
        n_head=settings.n_head,
        n_kv_head=settings.n_kv_head,
        n_embd=settings.n_embd,
        dropout=settings.dropout,
        tie_embeddings=settings.tie_embeddings,
    )


def learning_rates(settings: Settings) -> LearningRates:
    """The full learning rates."""
    return LearningRates(
        matrix=settings.matrix_rate,
        embedding=settings.embedding_rate,
        head=settings.head_rate,
        norm=settings.norm_rate,
        weight_decay=settings.weight_decay,
    )


def build_trainer(model: GPT, dtype: torch.dtype, settings: Settings) -> Trainer:
    """What trains a model that is on its device."""
    return Trainer(
        model,
        learning_rates(settings),
        dtype,
        settings.micro_batch_size,
        settings.max_gradient_norm,
        settings.average_span,
    )


def schedule(settings: Settings) -> Schedule:
    """The course of the learning rates."""
    return Schedule(settings.warmup_steps, settings.decay_share, settings.final_rate)


def intervals(settings: Settings) -> Intervals:
    """How often the model is evaluated, saved and logged."""
    return Intervals(
        settings.eval_interval, settings.eval_minutes, settings.max_rise, settings.save_minutes, settings.log_interval
    )


def command_of(settings: Settings, **changes: object) -> partial[str]:
    """The command that runs this step again, as a function of further changes to its settings."""
    return partial(pipeline.command, SCRIPT, **asdict(settings) | changes)


# --- Files ---


def require_inputs(settings: Settings) -> dict[str, str]:
    """The SHA-256 of each input, after a check that they belong together."""
    entries = {
        path: pipeline.require_artifact(path, "03_build_bin_dataset.py", settings)
        for path in (settings.train_bin, settings.val_bin)
    }
    tokenizer_entry = pipeline.require_artifact(settings.tokenizer_path, "02_train_tokenizer.py", settings)
    for path, entry in entries.items():
        pipeline.require_made_from(path, entry, settings.tokenizer_path, settings)
    return {
        "train": entries[settings.train_bin]["sha256"],
        "validation": entries[settings.val_bin]["sha256"],
        "tokenizer": tokenizer_entry["sha256"],
    }


def read_data(settings: Settings, tokenizer: Tokenizer) -> tuple[TrainingRows, Validation, Template, str]:
    """The stream of training rows, the validation set, the form of their samples, and a first prompt.

    The files stay open: a step 03 that runs again replaces them, and this run goes on with what it has opened.
    """
    header, train_tokens = read_token_file(settings.train_bin)
    val_header, val_tokens = read_token_file(settings.val_bin)
    bos, pad = marker_id(tokenizer, BOS), marker_id(tokenizer, PAD)
    for path, tokens, size in (
        (settings.train_bin, train_tokens, header.vocab_size),
        (settings.val_bin, val_tokens, val_header.vocab_size),
    ):
        if size != tokenizer.get_vocab_size() or tokens[0] != bos or marker_id(tokenizer, EOS) not in tokens:
            raise StepError(f"{path}: no samples in the tokens of {settings.tokenizer_path}; run step 03 again")
    train_samples, val_samples = find_samples(train_tokens, bos), find_samples(val_tokens, bos)
    template = Template.of_style(header.style)
    training = TrainingRows(train_tokens, train_samples, settings.block_size, pad, settings.seed)
    batches = partial(validation_batches, val_tokens, val_samples, settings.block_size, pad)
    markers = (DOC, END_DOC, template.answer_start.strip(), template.answer_end.strip())
    sample_markers = SampleMarkers(bos, *(marker_id(tokenizer, marker) for marker in markers))
    validation = Validation(batches, count_token_bytes(tokenizer), len(val_tokens), sample_markers)
    return training, validation, template, first_prompt(val_tokens, tokenizer, template)


def initialize_model(
    model: GPT, training: TrainingRows, counts: torch.Tensor, tokenizer: Tokenizer, settings: Settings
) -> None:
    """Give a new model its first weights, with what it can know before it learns."""
    with progress_bar("start of the model", disable=not processes.is_first()):
        initialize(
            model,
            training.reader.tokens,
            counts,
            marker_id(tokenizer, BOS),
            settings.start_from_pairs,
            settings.start_with_copying,
        )


def open_files(
    settings: Settings, origin: Origin, counts: torch.Tensor, token_bytes: torch.Tensor, parameters: int
) -> RunFiles:
    """The checkpoint and the files beside it; counts (vocab_size,) are of the training text."""
    bytes_per_token = int(counts @ token_bytes) / int(counts.sum())
    log = open_log(settings.checkpoint_path, bytes_per_token, settings.tensorboard)
    record = partial(record_checkpoint, settings.checkpoint_path)
    return RunFiles(settings.checkpoint_path, origin, log, describe_size(parameters, int(counts.sum())), record)


def record_checkpoint(path: str, trained_with: dict[str, Any], inputs: dict[str, str]) -> None:
    """Enter the checkpoint at `path` into the manifest, with the settings and inputs that it was trained with."""
    made_from = {trained_with[setting_name]: inputs[name] for name, setting_name in TRAINED_ON.items()}
    pipeline.record_artifacts([path], SCRIPT, trained_with, made_from)


# --- Text ---


def count_token_bytes(tokenizer: Tokenizer) -> torch.Tensor:
    """How many bytes of text each token stands for, (vocab_size,); markers are no text.

    In the alphabet of byte-level BPE one character stands for one byte.
    """
    tokens = [tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())]
    return torch.tensor([0 if token in MARKERS else len(token or "") for token in tokens])


def first_prompt(tokens: npt.NDArray[np.integer], tokenizer: Tokenizer, template: Template) -> str:
    """The prompt of the first sample of the validation set, up to the beginning of its answer."""
    end = np.flatnonzero(tokens == marker_id(tokenizer, EOS))[0]
    text: str = tokenizer.decode(tokens[1:end].tolist(), skip_special_tokens=False)
    return text[: text.index(template.answer_start) + len(template.answer_start)]


def question_of(prompt: str) -> str:
    """The question that a prompt asks."""
    return prompt.split("\n")[1]


def write_sample_answer(model: GPT, tokenizer: Tokenizer, prompt: str, settings: Settings) -> str:
    """The answer that the model writes now, with the question; empty where SAMPLE_TOKENS is 0."""
    if not settings.sample_tokens or not processes.is_first():
        return ""
    prompt_ids = [marker_id(tokenizer, BOS), *tokenizer.encode(prompt).ids]
    if len(prompt_ids) >= settings.block_size:
        return "(the first validation sample does not fit BLOCK_SIZE, so there is no sample answer)"
    stops = {marker_id(tokenizer, marker) for marker in MARKERS}
    model.eval()
    answer = list(generate(model, prompt_ids, settings.sample_tokens, stops, SamplingSettings(0.0), settings.seed))
    model.train()
    return f"  Q {question_of(prompt)}\n" + "\n".join(f"  | {line}" for line in tokenizer.decode(answer).split("\n"))


# --- The final messages ---


def describe_stop(run: Run, settings: Settings) -> str:
    """Where a signal has stopped the run, and how to continue."""
    return (
        f"stopped at step {run.step:,} and saved in {settings.checkpoint_path}; to go on, "
        f"run: {command_of(settings, restart=False)()}"
    )


def describe_end(run: Run, settings: Settings, question: str) -> str:
    """The result of a finished run, and what to do with the model."""
    last = run.history[-1]["bits_per_byte"] if run.history else math.nan
    longer: dict[str, Any] = {"max_steps": 2 * run.max_steps}
    if run.max_minutes:
        longer = {"max_minutes": 2 * run.max_minutes}
    early = ""
    if run.progress() < 1:
        early = f"Ended early: the validation loss is {run.rise():.2f} bits per byte above its best (MAX_RISE).\n"
        longer["max_rise"] = 0.0
    return (
        f"{early}{run.step:,} steps in {run.seconds / 60:.1f} minutes, validation {last:.4f} bits per byte: "
        f"{settings.checkpoint_path}\n"
        f"Ask it: {pipeline.command(STEP_05, question, checkpoint_path=settings.checkpoint_path)}\n"
        f"{run.describe_best(best_of(settings.checkpoint_path), question)}"
        f"Train on: {command_of(settings, restart=False)(**longer)}"
    )


if __name__ == "__main__":
    pipeline.run(processes.in_every_process(main))
