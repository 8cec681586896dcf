"""Lesson 14: teach a trained model to follow instructions, and see what it forgets (Wei et al., 2021; FLAN).

lessons/data/instructions.jsonl holds 300 instructions with answers, written for this lesson. The loss counts the
tokens of the answers only: the model shall learn to answer, not to ask. Three ways are compared:

    full            all weights learn
    full, rehearsed the same, with two samples of step 01 beside each batch, so that they are not forgotten
    LoRA            only thin matrices beside the frozen ones learn, and are then merged into them (Hu et al., 2021)

What was learned is the loss of instructions that were held out. What was forgotten is the loss of val.bin in bits
per byte: weights that move for new answers move away from old ones (McCloskey and Cohen, 1989). A model of this
size and 250 instructions learns the form of short answers, and not what is in them. The last one is saved, and
`export.py` takes it like any other checkpoint.
"""

import copy
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pipeline
from corpus.template import ANSWER, BOS, EOS, MARKERS, PAD, Template, marker_id, neutralize_markers
from gpt.checkpoint import load_checkpoint, model_from, save_checkpoint
from gpt.device import autocast, choose_dtype
from gpt.generation import generate
from gpt.model import GPT
from gpt.sampling import SamplingSettings
from gpt.token_file import read_token_file
from gpt.training.answers import Example, log_probabilities, make_batch, split_samples
from gpt.training.batches import IGNORED, find_samples, validation_batches
from gpt.training.lora import add_adapters, merge_adapters
from gpt.training.loss import next_token_loss
from pipeline import setting
from pipeline.progress import progress_bar

import numpy as np
import torch
from tokenizers import Tokenizer

INSTRUCTIONS_PATH = "lessons/data/instructions.jsonl"  # {"instruction": …, "answer": …} in each line
TRAIN_BIN = "data/train.bin"  # made by step 03; its samples are rehearsed
VAL_BIN = "data/val.bin"  # made by step 03; shows what is forgotten
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
OUT_PATH = "checkpoints/instruct.pt"  # the model afterwards
HELD_OUT = 50  # instructions that no model learns from
EPOCHS = 4  # times that each model sees the others
BATCH = 16  # instructions in each update
RATE = 3e-4  # learning rate of AdamW for all weights
LORA_RATE = 2e-3  # for LoRA
RANK = 8  # of the matrices of LoRA
SEED = 1337  # of the order


@dataclass(frozen=True)
class Settings:
    """The constants above, with their types and ranges."""

    instructions_path: str
    train_bin: str
    val_bin: str
    checkpoint_path: str
    out_path: str
    held_out: int = setting(least=1)
    epochs: int = setting(least=1)
    batch: int = setting(least=1)
    rate: float = setting(above=0)
    lora_rate: float = setting(above=0)
    rank: int = setting(least=1)
    seed: int = setting(least=0)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    tokenizer, template = Tokenizer.from_str(checkpoint["tokenizer"]), Template(**checkpoint["template"])
    model, pad = model_from(checkpoint), marker_id(tokenizer, PAD)
    examples = read_instructions(settings.instructions_path, tokenizer, template)
    learned, held_out = examples[settings.held_out :], examples[: settings.held_out]
    _, tokens = read_token_file(settings.train_bin)
    samples = split_samples(tokens, marker_id(tokenizer, BOS), marker_id(tokenizer, ANSWER))
    samples = [sample for sample in samples if sample.length <= model.config.block_size]

    print("| model | parameters that learn | held-out answers, nats per token | val.bin, bits per byte |")
    print("| --- | --- | --- | --- |")
    print_row("before", 0, model, held_out, settings.val_bin, tokenizer)
    for name in ("full", "full, rehearsed", "LoRA"):
        tuned = copy.deepcopy(model)
        count = train(tuned, name, learned, samples if name == "full, rehearsed" else [], pad, settings)
        print_row(name, count, tuned, held_out, settings.val_bin, tokenizer)
    print()
    for example in held_out[:3]:
        print(f"Q {tokenizer.decode(list(example.prompt)).strip()}\nA {write(tuned, example, tokenizer)}\n")
    save_checkpoint(settings.out_path, checkpoint | {"model": tuned.state_dict()})


def read_instructions(path: str, tokenizer: Tokenizer, template: Template) -> list[Example]:
    """The instructions of a file in random order, always the same. Raises StepError for a line of another form."""
    examples = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            prompt = template.write_prompt(row["instruction"])
            answer = f"{neutralize_markers(row['answer'])}{template.answer_end}{EOS}"
        except (ValueError, LookupError, TypeError, AttributeError):
            raise pipeline.StepError(
                f'{path}, line {number}: expected {{"instruction": …, "answer": …}}; correct that line'
            ) from None
        prompt_tokens = [marker_id(tokenizer, BOS), *tokenizer.encode(prompt).ids]
        examples.append(Example(prompt_tokens, tokenizer.encode(answer).ids))
    return [examples[index] for index in np.random.default_rng(0).permutation(len(examples))]


# --- Training ---


def train(
    model: GPT, name: str, learned: Sequence[Example], samples: Sequence[Example], pad: int, settings: Settings
) -> int:
    """Learn the instructions, and two of the samples beside each batch; return how many parameters have learned."""
    is_lora = name == "LoRA"
    learning = add_adapters(model, settings.rank, 2 * settings.rank) if is_lora else list(model.parameters())
    full_rate = settings.lora_rate if is_lora else settings.rate
    optimizer = torch.optim.AdamW(learning, lr=full_rate, weight_decay=0.0)
    chance = np.random.default_rng(settings.seed)
    orders = [chance.permutation(len(learned)).tolist() for _ in range(settings.epochs)]
    batches = [batch for order in orders for batch in pipeline.batched(order, settings.batch)]
    with progress_bar(name, len(batches), unit="step") as bar:
        for number, indices in enumerate(batches):
            loss_of(model, [learned[index] for index in indices], pad).backward()
            if samples:
                loss_of(model, [samples[index] for index in chance.integers(len(samples), size=2)], pad).backward()
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.param_groups[0]["lr"] = full_rate * (1 - number / len(batches))
            optimizer.step()
            optimizer.zero_grad()
            bar.update()
    count = sum(parameter.numel() for parameter in learning)
    if is_lora:
        merge_adapters(model)
    return count


def loss_of(model: GPT, examples: Sequence[Example], pad: int) -> torch.Tensor:
    """The mean loss of the tokens of answers."""
    device = model.embedding.weight.device
    inputs, targets = make_batch(examples, pad)
    with autocast(device, choose_dtype("auto", device)):
        found = log_probabilities(model, inputs, targets)
    return -found.sum() / (targets != IGNORED).sum()


# --- What is measured ---


def print_row(name: str, count: int, model: GPT, held_out: list[Example], val_bin: str, tokenizer: Tokenizer) -> None:
    """A line of the table."""
    with torch.no_grad():
        loss = loss_of(model, held_out, marker_id(tokenizer, PAD)).item()
    print(f"| {name} | {count:,} | {loss:.3f} | {bits_per_byte(model, val_bin, tokenizer):.3f} |")


@torch.no_grad()
def bits_per_byte(model: GPT, val_bin: str, tokenizer: Tokenizer) -> float:
    """The loss of the validation set, as step 04 measures it."""
    _, tokens = read_token_file(val_bin)
    bos, pad = marker_id(tokenizer, BOS), marker_id(tokenizer, PAD)
    nats = 0.0
    for inputs, targets in validation_batches(tokens, find_samples(tokens, bos), model.config.block_size, pad, 4):
        nats += next_token_loss(model.hidden_states(inputs), model.head.weight, targets, torch.float32).item()
    return nats / math.log(2) / len(tokenizer.decode(tokens.tolist(), skip_special_tokens=True).encode())


def write(model: GPT, example: Example, tokenizer: Tokenizer) -> str:
    """What a model answers, always the most probable token."""
    stops = {marker_id(tokenizer, marker) for marker in MARKERS}
    tokens = list(generate(model, example.prompt, 80, stops, SamplingSettings(0.0), seed=0))
    text: str = tokenizer.decode(tokens).strip()
    return text


if __name__ == "__main__":
    pipeline.run(main)
