"""Step 4 of 5: train a GPT from scratch to predict the next token of the samples.

Run it again to go on where it stopped; Ctrl-C saves first. The loop is the whole method: read a batch,
predict every next token, measure the error, move every parameter a little against it.
"""

import math
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pipeline
from corpus.template import BOS, EOS, MARKERS, PAD, Template
from gpt import processes
from gpt.batches import IGNORED, TrainingRows, count_tokens, find_samples, validation_batches
from gpt.checkpoint import beside, best_of, load_checkpoint, save_checkpoint
from gpt.device import autocast, choose_device, choose_dtype, random_state, restore_random_state
from gpt.device_check import compare_with_cpu
from gpt.evaluation import evaluate
from gpt.generation import generate
from gpt.initial_weights import read_initial_weights
from gpt.log import TrainingLog
from gpt.loss import next_token_loss
from gpt.loss_chart import write_chart
from gpt.memory import MicroBatch
from gpt.model import GPT, GPTConfig
from gpt.optimizer import Optimizer, rate_factor
from gpt.plan import describe_plan, describe_start
from gpt.run import LossIsNoNumberError, Run, StopSignals
from gpt.sampling import SamplingSettings
from gpt.token_file import read_token_file
from pipeline import StepError

import numpy as np
import torch
from tokenizers import Tokenizer

# --- Files ---
TRAIN_BIN = "data/train.bin"  # made by step 03
VAL_BIN = "data/val.bin"  # made by step 03
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # all that step 05 and a rerun need; best.pt beside it is the best so far
INIT_FROM = ""  # a folder of export.py or a checkpoint whose weights a new run starts from; empty = random ones

# --- Machine ---
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu
PRECISION = "auto"  # bf16 where the hardware is fast at it, else fp32; or say bf16, fp32
DEVICE_CHECK = "cpu"  # if the GPU computes otherwise than the CPU: "cpu" trains there, "stop" stops, "off" never looks

# --- Model: 6/6/384 trains well on an M4 with 16 GB; 8/8/512 is the next size up ---
BLOCK_SIZE = 1024  # tokens seen at once; a sample must fit whole, or no row shows a document with its answer
N_LAYER = 6  # layers; more can combine more steps of thought
N_HEAD = 6  # attention heads of each layer; N_EMBD / N_HEAD = 64 suits all devices
N_KV_HEAD = 0  # key-value heads; fewer than N_HEAD makes the cache smaller; 0 = N_HEAD
N_EMBD = 384  # width: numbers that stand for one token on its way through the layers
DROPOUT = 0.0  # share of updates left out in training; 0.1 when the validation loss rises early
TIE_EMBEDDINGS = False  # one matrix for embedding and head: fewer parameters, slower learning

# --- Batches ---
BATCH_SIZE = 8  # rows of BLOCK_SIZE tokens behind each step; 4 learned less in the same time, 16 about as much
MICRO_BATCH_SIZE = 4  # rows on the device at once; the gradients of several make up a batch; lower it to save memory

# --- Length of the run ---
MAX_STEPS = 5000  # steps in all, earlier runs included; raise it and rerun to train on
MAX_MINUTES = 0.0  # or: minutes of training in all, earlier runs included; 0 = MAX_STEPS decides
EVAL_INTERVAL = 250  # steps between evaluations, each with a sample answer and a save
SAVE_MINUTES = 10.0  # a save at least this often: what a power cut can cost; 0 = only at evaluations
LOG_INTERVAL = 10  # steps between rows of log.csv beside the checkpoint; loss.svg draws them at each evaluation
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


def main(arguments=()):
    settings = processes.same_everywhere(pipeline.read_settings(globals(), arguments), "the settings")
    check_settings(settings)
    pipeline.require_sound_manifest(settings.checkpoint_path)
    with pipeline.progress_bar("read tokens", disable=not processes.is_first()):
        digests = processes.same_everywhere(require_inputs(settings), "the tokens and the tokenizer")
        tokenizer = Tokenizer.from_file(settings.tokenizer_path)
        device = processes.own_device(choose_device(settings.device))
        dtype = choose_dtype(settings.precision, device)
        training, validation, template = read_data(settings, tokenizer)

    torch.manual_seed(settings.seed)
    config = config_from(settings, tokenizer.get_vocab_size())
    model = GPT(config)
    device = check_device(settings, model.to(device), training, dtype)
    optimizer = build_optimizer(settings, model.to(device))
    gradients = processes.GradientSum(model)
    micro_batch = MicroBatch(settings.micro_batch_size, device)
    run = Run(settings.max_steps, settings.max_minutes)
    log = TrainingLog(beside(settings.checkpoint_path, "log.csv"))
    token_bytes = count_token_bytes(tokenizer)
    counts = count_tokens(training.reader.tokens, config.vocab_size)
    bytes_per_token = float(counts @ token_bytes.numpy() / counts.sum())

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
                "tokenizer": tokenizer.to_str(),
                "template": template.to_dict(),
                "settings": vars(settings),
                "inputs": digests,
            },
        )
        made_from = [settings.train_bin, settings.val_bin, settings.tokenizer_path]
        pipeline.record_artifacts([settings.checkpoint_path], Path(__file__).name, settings, made_from)
        run.saved()

    if processes.from_first(Path(settings.checkpoint_path).exists):
        checkpoint = processes.from_first(lambda: load_checkpoint(settings.checkpoint_path, mend=True))
        require_same_run(settings, checkpoint, config, digests)
        load(checkpoint)
        print(f"resumed at step {run.step:,}")
    else:
        if settings.init_from:
            model.load_state_dict(read_initial_weights(settings.init_from, config, tokenizer))
            print(f"starting from the weights of {settings.init_from}")
        else:
            model.start_from_counts(torch.from_numpy(counts).to(device))
        # Shows now, not in an hour, whether the disk has room; and gives a run that blows up a place to go back to.
        save()
        log.put_aside()
        processes.draw_apart()
    print(describe_start(config, device, dtype, training, run))

    validation_tokens = len(read_token_file(settings.val_bin)[1])
    progress = pipeline.progress_bar("train", unit="step", initial=run.step, disable=not processes.is_first())
    with progress as bar, StopSignals() as stop:
        run.start_clock()
        while not stop.asked() and run.progress() < 1:
            optimizer.set_rate(rate_at(settings, run))
            inputs, targets = training.next_batch(settings.batch_size)
            try:
                loss, norm = train_step(model, gradients, optimizer, inputs, targets, micro_batch, settings, dtype)
                run.count_step(int((targets != IGNORED).sum()))
                speed = f"loss {loss:.3f}, {run.tokens_per_second():,.0f} tokens/s"
                bar.set_postfix_str(speed, refresh=False)
                if run.is_measured():
                    bar.write(describe_plan(config, run, training, settings.batch_size))
                if run.step % settings.eval_interval == 0 or run.progress() >= 1:
                    show_evaluated = partial(show_evaluation, bar, validation_tokens)
                    bits = evaluate(model, validation, token_bytes, micro_batch, dtype, show_evaluated)
                    bar.set_postfix_str("saving")
                    run.history.append({"step": run.step, "loss": loss, "bits_per_byte": bits})
                    # Before the save: a run that is killed between them makes this step, and its row, again.
                    log.append(run, loss, norm, optimizer.matrix_rate(), bits)
                    save()
                    if processes.is_first() and run.is_best():
                        pipeline.keep_as(Path(settings.checkpoint_path), best_of(settings.checkpoint_path))
                    write_chart(beside(settings.checkpoint_path, "loss.svg"), log, bytes_per_token)
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
    if stop.requested:
        print(f"stopped at step {run.step:,} and saved in {settings.checkpoint_path}; run this step again to go on")
        sys.exit(128 + stop.requested)
    last = run.history[-1]["bits_per_byte"] if run.history else math.nan
    ask = f"python 05_generate.py{ask_flag(settings.checkpoint_path, CHECKPOINT_PATH)}"
    print(
        f"{run.step:,} steps in {run.seconds / 60:.1f} minutes, validation {last:.4f} bits per byte: "
        f"{settings.checkpoint_path}; ask it with: {ask}\n"
        f"{run.describe_best(best_of(settings.checkpoint_path))}"
        "To train on, raise MAX_STEPS (or MAX_MINUTES) and run this step again."
    )


def show_evaluation(bar: pipeline.ProgressBar, validation_tokens: int, measured: int) -> None:
    """Show in the bar how much of the validation set has been measured, in tokens of this process."""
    share = min(1.0, measured * processes.process_count() / validation_tokens)
    bar.set_postfix_str(f"{share:.0%} of the evaluation")


def ask_flag(checkpoint_path: str, usual_path: str) -> str:
    """What step 05 has to be told to ask this model, and not the usual one."""
    return "" if checkpoint_path == usual_path else f" --checkpoint-path {checkpoint_path}"


def check_settings(settings) -> None:
    """Stop at values that cannot work, before anything is read."""
    require = pipeline.require_setting
    at_least_one = ("block_size", "n_layer", "n_head", "n_embd", "batch_size", "micro_batch_size", "eval_interval")
    at_least_one += ("log_interval",)
    not_negative = (
        "max_steps",
        "max_minutes",
        "save_minutes",
        "sample_tokens",
        "matrix_rate",
        "embedding_rate",
        "head_rate",
    )
    not_negative += ("norm_rate", "weight_decay", "warmup_steps", "final_rate", "seed")
    for least, names in ((1, at_least_one), (0, not_negative)):
        for name in names:
            value = getattr(settings, name)
            require(least <= value < math.inf, f"{name.upper()} is {value}; it must be at least {least}")
    count = processes.process_count()
    require(
        settings.batch_size >= count,
        f"BATCH_SIZE {settings.batch_size} leaves some of {count} processes no row; raise it",
    )
    require(settings.max_gradient_norm > 0, f"MAX_GRADIENT_NORM is {settings.max_gradient_norm}; it must be over 0")
    require(0 <= settings.decay_share <= 1, f"DECAY_SHARE is {settings.decay_share}; it must be from 0 to 1")
    require(
        settings.n_embd % (2 * settings.n_head) == 0,
        f"N_EMBD {settings.n_embd} must be an even multiple of N_HEAD {settings.n_head}: each head gets an equal share",
    )
    n_kv_head = settings.n_kv_head or settings.n_head
    require(
        n_kv_head > 0 and settings.n_head % n_kv_head == 0,
        f"N_HEAD {settings.n_head} must be a multiple of N_KV_HEAD {settings.n_kv_head}",
    )
    require(
        settings.device_check in ("cpu", "stop", "off"),
        f"DEVICE_CHECK is {settings.device_check!r}; it must be cpu, stop or off",
    )
    require(0 <= settings.dropout < 1, f"DROPOUT is {settings.dropout}; it must be at least 0 and below 1")


def require_inputs(settings) -> dict[str, str]:
    """The SHA-256 of each input, after proving that they belong together."""
    entries = {
        settings.train_bin: pipeline.require_artifact(settings.train_bin, made_by="03_build_bin_dataset.py"),
        settings.val_bin: pipeline.require_artifact(settings.val_bin, made_by="03_build_bin_dataset.py"),
    }
    tokenizer_entry = pipeline.require_artifact(settings.tokenizer_path, made_by="02_train_tokenizer.py")
    for path, entry in entries.items():
        pipeline.require_made_from(path, entry, settings.tokenizer_path)
    return {
        "train": entries[settings.train_bin]["sha256"],
        "validation": entries[settings.val_bin]["sha256"],
        "tokenizer": tokenizer_entry["sha256"],
    }


def config_from(settings, vocab_size: int) -> GPTConfig:
    """The shape of the model that the settings ask for."""
    return GPTConfig(
        vocab_size=vocab_size,
        block_size=settings.block_size,
        n_layer=settings.n_layer,
        n_head=settings.n_head,
        n_kv_head=settings.n_kv_head or settings.n_head,
        n_embd=settings.n_embd,
        head_dim=settings.n_embd // settings.n_head,
        # SwiGLU has three matrices where a plain layer has two: 8/3 of the width makes them equal in size.
        n_hidden=64 * math.ceil(settings.n_embd * 8 / 3 / 64),
        tie_embeddings=settings.tie_embeddings,
        dropout=settings.dropout,
    )


def build_optimizer(settings, model: GPT) -> Optimizer:
    return Optimizer(
        model,
        matrix_rate=settings.matrix_rate,
        embedding_rate=settings.embedding_rate,
        head_rate=settings.head_rate,
        norm_rate=settings.norm_rate,
        weight_decay=settings.weight_decay,
    )


def read_data(settings, tokenizer: Tokenizer):
    """The stream of training rows, a function that goes through the validation rows once, and the samples' form."""
    header, train_tokens = read_token_file(settings.train_bin)
    _, val_tokens = read_token_file(settings.val_bin)
    if len(val_tokens) < settings.block_size:
        raise StepError(
            f"{settings.val_bin}: its {len(val_tokens):,} tokens are fewer than one row of BLOCK_SIZE "
            f"{settings.block_size}; raise VAL_RATIO and run: python 03_build_bin_dataset.py, or lower BLOCK_SIZE here"
        )
    bos, pad = tokenizer.token_to_id(BOS), tokenizer.token_to_id(PAD)
    train_samples, val_samples = find_samples(train_tokens, bos), find_samples(val_tokens, bos)
    training = TrainingRows(train_tokens, train_samples, settings.block_size, pad, settings.seed)

    def validation(rows: int):
        return validation_batches(val_tokens, val_samples, settings.block_size, pad, rows)

    return training, validation, Template.of_style(header.style)


def require_same_run(settings, checkpoint: dict, config: GPTConfig, digests: dict[str, str]) -> None:
    """Stop when the checkpoint is of another model than the settings describe."""
    other = f"delete {settings.checkpoint_path} (or set another CHECKPOINT_PATH) to start anew"
    if checkpoint["inputs"]["tokenizer"] != digests["tokenizer"]:
        raise StepError(
            f"{settings.checkpoint_path}: it was trained with tokenizer {checkpoint['inputs']['tokenizer'][:12]}…, but "
            f"{settings.tokenizer_path} is {digests['tokenizer'][:12]}…; {other}"
        )
    saved, wanted = checkpoint["config"], asdict(config)
    differing = [name for name in wanted if saved.get(name) != wanted[name] and name != "dropout"]
    if differing:
        values = ", ".join(f"{name.upper()} is {saved.get(name)} there and {wanted[name]} here" for name in differing)
        raise StepError(f"{settings.checkpoint_path}: {values}; set them alike to go on, or {other}")


def check_device(settings, model: GPT, training: TrainingRows, dtype) -> torch.device:
    """The device to train on: the model's, or the CPU where DEVICE_CHECK finds that the other computes wrongly."""
    device = model.embedding.weight.device
    if device.type == "cpu" or settings.device_check == "off":
        return device
    complaints = processes.from_all(compare_with_cpu(model, *training.first_row(), dtype))
    if not complaints:
        return device
    found = f"{device} computes otherwise than the CPU: {'; '.join(complaints[:3])}"
    if settings.device_check == "stop":
        raise StepError(f"{found}. Update torch and the system, or set DEVICE cpu, PRECISION fp32 or DEVICE_CHECK cpu")
    print(f"{found}. Training on the CPU instead (DEVICE_CHECK); PRECISION fp32 may help on {device}.")
    return torch.device("cpu")


def rate_at(settings, run: Run) -> float:
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


def write_sample_answer(model: GPT, tokenizer: Tokenizer, template: Template, settings) -> str:
    """What the model answers now to the first question of the validation set."""
    if not settings.sample_tokens or not processes.is_first():
        return ""
    _, tokens = read_token_file(settings.val_bin)
    end = np.flatnonzero(tokens == tokenizer.token_to_id(EOS))[0]
    text = tokenizer.decode(tokens[1:end].tolist(), skip_special_tokens=False)
    prompt = text[: text.index(template.answer_start) + len(template.answer_start)]
    prompt_ids = [tokenizer.token_to_id(BOS), *tokenizer.encode(prompt).ids]
    if len(prompt_ids) >= settings.block_size:
        return "(the first validation sample does not fit BLOCK_SIZE, so there is no sample answer)"
    stops = {tokenizer.token_to_id(marker) for marker in MARKERS}
    model.eval()
    answer = list(generate(model, prompt_ids, settings.sample_tokens, stops, SamplingSettings(0.0), settings.seed))
    model.train()
    question = prompt.split("\n")[1]
    return f"  Q {question}\n" + "\n".join(f"  | {line}" for line in tokenizer.decode(answer).split("\n"))


if __name__ == "__main__":
    pipeline.run(processes.in_every_process(main))
