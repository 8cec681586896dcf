"""Step 4 of 5: train a GPT from scratch to predict the next token of the samples.

Run it again to go on where it stopped; Ctrl-C saves first. The loop is the whole method: read a batch,
predict every next token, measure the error, move every parameter a little against it.
"""

import contextlib
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import pipeline
from corpus.template import BOS, EOS, MARKERS, PAD, Template
from gpt.checkpoint import beside, best_of, load_checkpoint, put_aside, save_checkpoint
from gpt.device import autocast, choose_device, choose_dtype, random_state, restore_random_state
from gpt.generation import generate
from gpt.model import GPT, GPTConfig
from gpt.sampling import SamplingSettings
from gpt.token_file import read_token_file
from gpt.training import processes
from gpt.training.batches import IGNORED, TrainingRows, count_tokens, find_samples, validation_batches
from gpt.training.device_check import compare_with_cpu
from gpt.training.evaluation import evaluate
from gpt.training.initial_weights import read_initial_weights
from gpt.training.log import open_log
from gpt.training.loss import next_token_loss
from gpt.training.loss_chart import describe_size, write_chart
from gpt.training.memory import MicroBatch
from gpt.training.optimizer import Optimizer, rate_factor
from gpt.training.plan import HEAD_DIM, Plan, Size, choose_size, describe_plan, describe_start
from gpt.training.run import LossIsNoNumberError, Run, StopSignals
from pipeline import StepError, setting
from pipeline.progress import ProgressBar, progress_bar

import numpy as np
import torch
from tokenizers import Tokenizer

# --- Files ---
TRAIN_BIN = "data/train.bin"  # made by step 03
VAL_BIN = "data/val.bin"  # made by step 03
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # all that step 05 and a rerun need; best.pt beside it is the best so far
INIT_FROM = ""  # a folder of export.py or a checkpoint whose weights a new run starts from; empty = random ones
RESTART = False  # start anew although there is a checkpoint, which is kept as ckpt.older.pt

# --- Machine ---
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu
PRECISION = "auto"  # bf16 where the hardware is fast at it, else fp32; or say bf16, fp32
DEVICE_CHECK = "cpu"  # if a GPU gives other results than the CPU: "cpu" trains there, "stop" stops, "off" = no check

# --- Model: 0 = the shape of the checkpoint; of a new run, by device and text (SIZES in gpt/training/plan.py) ---
BLOCK_SIZE = 1024  # tokens seen at once; a sample must fit whole, or no row shows a document with its answer
N_LAYER = 0  # layers: 4, 6 or 8; more can combine more steps of thought
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
SAVE_MINUTES = 10.0  # a save at least this often: what a power cut can cost; 0 = only at evaluations
LOG_INTERVAL = 10  # steps between rows of log.csv beside the checkpoint; loss.svg draws them at each evaluation
TENSORBOARD = False  # also write TensorBoard event files to runs/ beside the checkpoint (needs the package tensorboard)
SAMPLE_TOKENS = 200  # length of the sample answer; 0 = none

# --- Learning rates (full value, after warm-up and before decay) ---
MATRIX_RATE = 0.01  # matrices of the layers, by Muon; twice as much gained nothing in a minute of benchmarks/race.py
EMBEDDING_RATE = 0.05  # token embedding, by AdamW; its rows are rare, so they move far; 0.1 and 0.2 gained nothing
HEAD_RATE = 0.006  # output head, by AdamW; 0.012 and 0.02 gained nothing
NORM_RATE = 0.006  # gains of the norms, by AdamW
WEIGHT_DECAY = 0.1  # pull of the matrices towards zero, against learning by heart
WARMUP_STEPS = 10  # steps until the full rate
DECAY_SHARE = 0.5  # last share of the run, in which the rates fall linearly; 0.7 did about as well
FINAL_RATE = 0.02  # what is left of the rates at the end
MAX_GRADIENT_NORM = 1.0  # longer gradients are scaled down to this length

SEED = 1337  # start of all random numbers: weights, order of the data, dropout

SCRIPT = Path(__file__).name
STEP_05 = "05_generate.py"
TRIES = 2  # steps before the first, to measure the speed; the first is slower than the others
SLOW_TRY = 5.0  # seconds; so slow a step is tried only once


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above: their types, and what they may be."""

    train_bin: str
    val_bin: str
    tokenizer_path: str
    checkpoint_path: str
    init_from: str
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
    save_minutes: float = setting(least=0)
    log_interval: int = setting(least=1)
    tensorboard: bool
    sample_tokens: int = setting(least=0)
    matrix_rate: float = setting(least=0)
    embedding_rate: float = setting(least=0)
    head_rate: float = setting(least=0)
    norm_rate: float = setting(least=0)
    weight_decay: float = setting(least=0)
    warmup_steps: int = setting(least=0)
    decay_share: float = setting(least=0, most=1)
    final_rate: float = setting(least=0)
    max_gradient_norm: float = setting(above=0)
    seed: int = setting(least=0)


def main(arguments: Sequence[str] = ()) -> None:
    settings = processes.same_everywhere(pipeline.read_settings(Settings, globals(), arguments), "the settings")
    if settings.tensorboard:
        pipeline.require_package("tensorboard", "TENSORBOARD")
    pipeline.require_sound_manifest(settings.checkpoint_path)
    with progress_bar("read tokens", disable=not processes.is_first()):
        digests = processes.same_everywhere(require_inputs(settings), "the tokens and the tokenizer")
        tokenizer = Tokenizer.from_file(settings.tokenizer_path)
        device = processes.own_device(choose_device(settings.device))
        dtype = choose_dtype(settings.precision, device)
        training, validation, template = read_data(settings, tokenizer)

    checkpoint = read_checkpoint(settings)
    initial = None if checkpoint or not settings.init_from else read_initial_weights(settings.init_from, tokenizer)
    shape = checkpoint["config"] if checkpoint else initial.shape if initial else {}
    size = choose_size(training.token_count, device)
    config = config_from(settings, tokenizer.get_vocab_size(), shape, size)
    if checkpoint:
        require_same_run(settings, checkpoint, config, digests)
    if initial:
        initial.require_shape(config)
    earlier = checkpoint.get("plan", {}) if checkpoint else {}
    plan = Plan.of(settings.batch_size, settings.max_steps, settings.max_minutes, earlier, size)
    count = processes.process_count()
    pipeline.require_setting(
        plan.batch_size >= count, f"BATCH_SIZE {plan.batch_size} leaves some of {count} processes no row; raise it"
    )

    torch.manual_seed(settings.seed)
    model = GPT(config)
    device = check_device(settings, model.to(device), training, dtype)
    optimizer = build_optimizer(settings, model.to(device))
    gradients = processes.GradientSum(model)
    micro_batch = MicroBatch(settings.micro_batch_size, device)
    run = Run()
    token_bytes = count_token_bytes(tokenizer)
    counts = count_tokens(training.reader.tokens, config.vocab_size)
    bytes_per_token = float(counts @ token_bytes.numpy() / counts.sum())
    log = open_log(settings.checkpoint_path, bytes_per_token, settings.tensorboard)
    model_and_text = describe_size(config.parameter_count(), int(counts.sum()))

    def load(checkpoint: dict) -> None:
        """Put everything back as it was when the checkpoint was saved."""
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        run.load_state_dict(checkpoint["run"])
        log.go_back_to(run.step)
        restore_random_state(device, checkpoint["random"])
        processes.draw_apart()
        if checkpoint["inputs"]["train"] == digests["train"]:
            training.load_state_dict(checkpoint["data"])
        else:
            print("The training data has changed since the last save: going on with the first row of the new data.")

    @processes.in_first_process
    def save() -> None:
        """Everything that a rerun and step 05 need, in one file."""
        save_checkpoint(
            settings.checkpoint_path,
            {
                "config": asdict(config),
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "data": training.state_dict(),
                "random": random_state(device),
                "run": run.state_dict(),
                "plan": asdict(plan),
                "tokenizer": tokenizer.to_str(),
                "template": template.to_dict(),
                "settings": asdict(settings),
                "inputs": digests,
            },
        )
        made_from = [settings.train_bin, settings.val_bin, settings.tokenizer_path]
        pipeline.record_artifacts([settings.checkpoint_path], SCRIPT, settings, made_from)
        run.saved()

    def try_steps() -> float:
        """The seconds of a step, from one or two that change nothing: rates of zero, and all is put back."""
        optimizer.set_rate(0.0)
        batch = training.reader.read(training.rows[: plan.batch_size])
        for _ in range(TRIES):
            started = time.monotonic()
            with contextlib.suppress(LossIsNoNumberError):  # a real step will tell of it, and go back
                train_step(model, gradients, optimizer, *batch, micro_batch, settings, dtype)
            seconds = processes.highest(time.monotonic() - started)
            if seconds > SLOW_TRY:
                break
        optimizer.zero_grad()
        load(processes.from_first(lambda: load_checkpoint(settings.checkpoint_path)))
        return seconds

    if checkpoint:
        load(checkpoint)
        print(f"resumed at step {run.step:,}")
    else:
        if initial:
            model.load_state_dict(initial.weights)
            print(f"starting from the weights of {settings.init_from}")
        else:
            model.start_from_counts(torch.from_numpy(counts).to(device))
        # Shows now, not in an hour, whether the disk has room; and gives a run that blows up a place to go back to.
        save()
        log.put_aside()
        processes.draw_apart()
    del checkpoint, initial
    print(describe_start(config, device, dtype, training))
    run.plan(plan.max_steps, plan.max_minutes)
    if not plan.has_length() or run.progress() < 1:
        seconds_per_step = try_steps()
        plan = plan.with_length(training, seconds_per_step)
        run.plan(plan.max_steps, plan.max_minutes, seconds_per_step)
        print(describe_plan(config, run, training, plan.batch_size))

    validation_tokens = len(read_token_file(settings.val_bin)[1])
    progress = progress_bar("train", unit="step", initial=run.step, disable=not processes.is_first())
    with progress as bar, StopSignals() as stop:
        run.start_clock()
        while not stop.asked() and run.progress() < 1:
            optimizer.set_rate(rate_at(settings, run))
            inputs, targets = training.next_batch(plan.batch_size)
            try:
                loss, norm = train_step(model, gradients, optimizer, inputs, targets, micro_batch, settings, dtype)
                run.count_step(int((targets != IGNORED).sum()))
                speed = f"loss {loss:.3f}, {run.tokens_per_second():,.0f} tokens/s"
                bar.set_postfix_str(speed, refresh=False)
                if run.is_evaluation_due(settings.eval_interval, settings.eval_minutes) or run.progress() >= 1:
                    show_evaluated = partial(show_evaluation, bar, validation_tokens)
                    with run.evaluating():
                        bits = evaluate(model, validation, token_bytes, micro_batch, dtype, show_evaluated)
                    bar.set_postfix_str("saving")
                    run.history.append({"step": run.step, "loss": loss, "bits_per_byte": bits})
                    # Before the save: a run that is killed between them makes this step, and its row, again.
                    log.append(run, loss, norm, optimizer.matrix_rate(), bits)
                    save()
                    if processes.is_first() and run.is_best():
                        pipeline.keep_as(Path(settings.checkpoint_path), best_of(settings.checkpoint_path))
                    write_chart(
                        beside(settings.checkpoint_path, "loss.svg"), log, settings.checkpoint_path, model_and_text
                    )
                    bar.write(f"step {run.step:,}: loss {loss:.3f}, validation {bits:.4f} bits per byte, saved")
                    bar.set_postfix_str("writing a sample answer")
                    bar.write(write_sample_answer(model, tokenizer, template, settings))
                    bar.set_postfix_str(speed)
                elif run.step % settings.log_interval == 0:
                    log.append(run, loss, norm, optimizer.matrix_rate())
            except LossIsNoNumberError:
                bar.write(run.retreat())  # raises StepError after the third time
                load(processes.from_first(lambda: load_checkpoint(settings.checkpoint_path)))
                optimizer.zero_grad()
            if settings.save_minutes and run.minutes_since_save() >= settings.save_minutes:
                save()
            bar.total = run.expected_steps()
            bar.update(run.step - bar.n)
        if stop.requested:
            save()
    again = {**asdict(settings), "restart": False}
    if stop.requested:
        print(
            f"stopped at step {run.step:,} and saved in {settings.checkpoint_path}; to go on, "
            f"run: {pipeline.command(SCRIPT, **again)}"
        )
        sys.exit(128 + stop.requested)
    last = run.history[-1]["bits_per_byte"] if run.history else math.nan
    more = {"max_minutes": 2 * run.max_minutes} if run.max_minutes else {"max_steps": 2 * run.max_steps}
    question = first_question(tokenizer, template, settings)
    print(
        f"{run.step:,} steps in {run.seconds / 60:.1f} minutes, validation {last:.4f} bits per byte: "
        f"{settings.checkpoint_path}\n"
        f"Ask it: {pipeline.command(STEP_05, question, checkpoint_path=settings.checkpoint_path)}\n"
        f"{run.describe_best(best_of(settings.checkpoint_path), question)}"
        f"Train on: {pipeline.command(SCRIPT, **again | more)}"
    )


def read_checkpoint(settings: Settings) -> dict | None:
    """The checkpoint to go on from; None for a new run, before which RESTART puts an old one aside."""
    if not processes.from_first(Path(settings.checkpoint_path).exists):
        return None
    if settings.restart:
        print(f"the checkpoint is kept as {processes.from_first(lambda: put_aside(settings.checkpoint_path))}")
        return None
    return processes.from_first(lambda: load_checkpoint(settings.checkpoint_path, mend=True))


def show_evaluation(bar: ProgressBar, validation_tokens: int, measured: int) -> None:
    """Show in the bar how much of the validation set has been measured, in tokens of this process."""
    share = min(1.0, measured * processes.process_count() / validation_tokens)
    bar.set_postfix_str(f"{share:.0%} of the evaluation")


def require_inputs(settings: Settings) -> dict[str, str]:
    """The SHA-256 of each input, after proving that they belong together."""
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


def config_from(settings: Settings, vocab_size: int, known: dict, size: Size) -> GPTConfig:
    """The shape that the settings ask for; where they say 0, that of `known` (a checkpoint), else that of `size`.

    Raises StepError where width and heads do not fit together.
    """
    n_layer = settings.n_layer or known.get("n_layer") or size.n_layer
    n_embd = settings.n_embd or known.get("n_embd") or size.n_embd
    n_head = settings.n_head or known.get("n_head") or max(1, n_embd // HEAD_DIM)
    n_kv_head = settings.n_kv_head or known.get("n_kv_head") or n_head
    pipeline.require_setting(
        n_embd % (2 * n_head) == 0,
        f"N_EMBD {n_embd} must be an even multiple of N_HEAD {n_head}: each head gets an equal share",
    )
    pipeline.require_setting(n_head % n_kv_head == 0, f"N_HEAD {n_head} must be a multiple of N_KV_HEAD {n_kv_head}")
    return GPTConfig(
        vocab_size=vocab_size,
        block_size=settings.block_size,
        n_layer=n_layer,
        n_head=n_head,
        n_kv_head=n_kv_head,
        n_embd=n_embd,
        head_dim=n_embd // n_head,
        # SwiGLU has three matrices where a plain layer has two: 8/3 of the width makes them equal in size.
        n_hidden=64 * math.ceil(n_embd * 8 / 3 / 64),
        tie_embeddings=settings.tie_embeddings,
        dropout=settings.dropout,
    )


def build_optimizer(settings: Settings, model: GPT) -> Optimizer:
    return Optimizer(
        model,
        matrix_rate=settings.matrix_rate,
        embedding_rate=settings.embedding_rate,
        head_rate=settings.head_rate,
        norm_rate=settings.norm_rate,
        weight_decay=settings.weight_decay,
    )


def read_data(settings: Settings, tokenizer: Tokenizer):
    """The stream of training rows, a function that goes through the validation rows once, and the samples' form."""
    header, train_tokens = read_token_file(settings.train_bin)
    _, val_tokens = read_token_file(settings.val_bin)
    bos, pad = tokenizer.token_to_id(BOS), tokenizer.token_to_id(PAD)
    train_samples, val_samples = find_samples(train_tokens, bos), find_samples(val_tokens, bos)
    training = TrainingRows(train_tokens, train_samples, settings.block_size, pad, settings.seed)

    def validation(rows: int):
        return validation_batches(val_tokens, val_samples, settings.block_size, pad, rows)

    return training, validation, Template.of_style(header.style)


def require_same_run(settings: Settings, checkpoint: dict, config: GPTConfig, digests: dict[str, str]) -> None:
    """Stop when the checkpoint is of another model than the settings describe."""
    anew = f"to start anew, run: {pipeline.command(SCRIPT, **{**asdict(settings), 'restart': True})}"
    if checkpoint["inputs"]["tokenizer"] != digests["tokenizer"]:
        raise StepError(
            f"{settings.checkpoint_path}: it was trained with another tokenizer than {settings.tokenizer_path} is now; "
            f"{anew}"
        )
    saved, wanted = checkpoint["config"], asdict(config)
    differing = [name for name in wanted if saved.get(name) != wanted[name] and name != "dropout"]
    if differing:
        values = ", ".join(f"{name.upper()} is {saved.get(name)} there and {wanted[name]} here" for name in differing)
        same = {name: saved[name] for name in wanted if hasattr(settings, name) and name in saved and name != "dropout"}
        go_on = f"to go on, run: {pipeline.command(SCRIPT, **asdict(settings) | same)}"
        raise StepError(f"{settings.checkpoint_path}: {values}; {go_on}; {anew}")


def check_device(settings: Settings, model: GPT, training: TrainingRows, dtype) -> torch.device:
    """The device to train on: the model's, or the CPU where DEVICE_CHECK finds that the other computes wrongly."""
    device = model.embedding.weight.device
    if device.type == "cpu" or settings.device_check == "off":
        return device
    complaints = processes.from_all(compare_with_cpu(model, *training.first_row(), dtype))
    if not complaints:
        return device
    found = f"{device} gives other results than the CPU: {'; '.join(complaints[:3])}"
    if settings.device_check == "stop":
        raise StepError(f"{found}. Update torch and the system, or set DEVICE cpu, PRECISION fp32 or DEVICE_CHECK cpu")
    print(f"{found}. Training on the CPU instead (DEVICE_CHECK); PRECISION fp32 may help on {device}.")
    return torch.device("cpu")


def rate_at(settings: Settings, run: Run) -> float:
    factor = rate_factor(run.step, run.progress(), settings.warmup_steps, settings.decay_share, settings.final_rate)
    return factor * run.rate_share


def train_step(model: GPT, gradients, optimizer, inputs, targets, micro_batch: MicroBatch, settings, dtype):
    """One step on a batch (BATCH_SIZE, BLOCK_SIZE); return its tokens' mean loss in nats, and the gradient's norm.

    Raises LossIsNoNumberError before anything of it reaches the weights.
    """
    loss = gradients.add_up(
        lambda: micro_batch.fit(
            lambda rows: accumulate_gradients(model, inputs, targets, rows, dtype), clear=optimizer.zero_grad
        )
    )
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_gradient_norm).item()
    if not math.isfinite(loss) or not math.isfinite(norm):
        raise LossIsNoNumberError
    optimizer.step()
    optimizer.zero_grad()
    return loss, norm


def accumulate_gradients(model: GPT, inputs, targets, rows: int, dtype) -> float:
    """Add up the gradients of a batch, `rows` of its rows at a time; return its mean loss.

    Of several processes each takes its share of the rows, and divides by the tokens of all.
    """
    device = model.embedding.weight.device
    target_count = int((targets != IGNORED).sum())
    total = 0.0
    for at in processes.share(torch.arange(len(inputs))).split(rows):
        micro_inputs, micro_targets = inputs[at].to(device), targets[at].to(device)
        with autocast(device, dtype):
            hidden = model.hidden_states(micro_inputs)
        loss = next_token_loss(hidden, model.head.weight, micro_targets, dtype) / target_count
        loss.backward()
        total += loss.item()
    return total


def count_token_bytes(tokenizer: Tokenizer) -> torch.Tensor:
    """How many bytes of text each token stands for, (vocab_size,); markers are no text.

    In the alphabet of byte-level BPE one character stands for one byte.
    """
    tokens = [tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())]
    return torch.tensor([0 if token in MARKERS else len(token) for token in tokens])


def first_prompt(tokenizer: Tokenizer, template: Template, settings: Settings) -> str:
    """What the first sample of the validation set asks, up to where its answer begins."""
    _, tokens = read_token_file(settings.val_bin)
    end = np.flatnonzero(tokens == tokenizer.token_to_id(EOS))[0]
    text = tokenizer.decode(tokens[1:end].tolist(), skip_special_tokens=False)
    return text[: text.index(template.answer_start) + len(template.answer_start)]


def first_question(tokenizer: Tokenizer, template: Template, settings: Settings) -> str:
    """The question of the first validation sample."""
    return first_prompt(tokenizer, template, settings).split("\n")[1]


def write_sample_answer(model: GPT, tokenizer: Tokenizer, template: Template, settings: Settings) -> str:
    """What the model answers now to the first question of the validation set."""
    if not settings.sample_tokens or not processes.is_first():
        return ""
    prompt = first_prompt(tokenizer, template, settings)
    prompt_ids = [tokenizer.token_to_id(BOS), *tokenizer.encode(prompt).ids]
    if len(prompt_ids) >= settings.block_size:
        return "(the first validation sample does not fit BLOCK_SIZE, so there is no sample answer)"
    stops = {tokenizer.token_to_id(marker) for marker in MARKERS}
    model.eval()
    answer = list(generate(model, prompt_ids, settings.sample_tokens, stops, SamplingSettings(0.0), settings.seed))
    model.train()
    question = first_question(tokenizer, template, settings)
    return f"  Q {question}\n" + "\n".join(f"  | {line}" for line in tokenizer.decode(answer).split("\n"))


if __name__ == "__main__":
    pipeline.run(processes.in_every_process(main))
