"""Lesson 14: teach a trained model to follow instructions, and see what it forgets (Wei et al., 2021: FLAN).

lessons/data/instructions.jsonl holds 300 instructions with answers, written for this lesson. The loss counts the
tokens of the answers only. Three ways are compared:

    full            all weights learn
    full, rehearsed the same, with two samples of step 01 beside each batch, so that they are not forgotten
    LoRA            only thin matrices beside the frozen ones learn, and are then merged into them (Hu et al., 2021)

What was learned is the loss of instructions that were held out. What was forgotten is the loss of val.bin in bits per
byte: weights that move for new answers move away from old ones (McCloskey and Cohen, 1989). The last model is saved;
step 05 asks it, export.py exports it.

Measured with the bundled text: 7.24 nats for a token of a held-out answer before, 5.82 with all weights, 5.80 with
LoRA, and nothing forgotten (1.484 bits per byte before, 1.479 and 1.495). What it writes is no answer yet: a model that
has read 280 KB has seen most words of the instructions never or once. This lesson needs a model of a larger text.
"""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pipeline
from corpus.template import BOS, EOS, MARKERS, PAD, Template, marker_id, neutralize_markers
from gpt.checkpoint import load_checkpoint, model_from
from gpt.generation import generate
from gpt.model import GPT
from gpt.sampling import SamplingSettings
from gpt.token_file import read_token_file
from lessons.lora import add_adapters, merge_adapters
from lessons.shared import print_table
from lessons.tuning import Example, answer_loss, bits_per_byte, minimize, random_batches, read_samples, save_model
from pipeline import setting

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

INSTRUCTIONS_PATH = "lessons/data/instructions.jsonl"  # {"instruction": …, "answer": …} in each line
TRAIN_BIN = "data/train.bin"  # made by step 03; its samples are rehearsed
VAL_BIN = "data/val.bin"  # made by step 03; shows what is forgotten
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
OUT_PATH = "checkpoints/instruct.pt"  # the model that LoRA makes
HELD_OUT = 50  # instructions that no model learns from
EPOCHS = 4  # times that each model sees the others
BATCH = 16  # instructions in each step
RATE = 0.0003  # learning rate of AdamW for all weights
LORA_RATE = 0.002  # for LoRA
RANK = 8  # of the matrices of LoRA
SEED = 1337  # of the order

WAYS = ("full", "full, rehearsed", "LoRA")
REHEARSED = 2  # samples beside each batch
ANSWER_TOKENS = 60  # longest answer that is shown


@dataclass(frozen=True, kw_only=True)
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
    samples = read_samples(settings.train_bin, tokenizer, model.config.block_size)
    _, validation = read_token_file(settings.val_bin)

    rows: list[tuple[str, ...]] = []
    for name in ("before", *WAYS):
        tuned = copy.deepcopy(model)
        count = 0 if name == "before" else train(name, tuned, learned, samples, pad, settings)
        with torch.no_grad():
            loss = answer_loss(tuned, held_out, pad).item()
        rows.append((name, f"{count:,}", f"{loss:.3f}", f"{bits_per_byte(tuned, validation, tokenizer):.3f}"))
    print(f"{len(learned)} instructions, {settings.epochs} times; {len(held_out)} others to measure.")
    print_table(("model", "parameters that learn", "held-out answers, nats per token", "val.bin, bits per byte"), rows)
    for example in held_out[:3]:
        print(f"- {question_of(example, tokenizer)} → {write(tuned, example, tokenizer)}")
    save_model(settings.out_path, checkpoint, tuned)


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


def train(
    name: str, model: GPT, learned: Sequence[Example], samples: Sequence[Example], pad: int, settings: Settings
) -> int:
    """Learn the instructions in one of WAYS; return how many parameters have learned."""
    if name == "LoRA":
        add_adapters(model, settings.rank, 2 * settings.rank)
    count = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    batches = random_batches(learned, settings.batch, settings.epochs, settings.seed)
    chance = np.random.default_rng(settings.seed)

    def loss_of(step: int) -> Tensor:
        loss = answer_loss(model, batches[step], pad)
        if name != "full, rehearsed":
            return loss
        rehearsed = chance.integers(len(samples), size=REHEARSED).tolist()
        return loss + answer_loss(model, [samples[index] for index in rehearsed], pad)

    rate = settings.lora_rate if name == "LoRA" else settings.rate
    minimize(name, model.parameters(), rate, len(batches), loss_of)
    if name == "LoRA":
        merge_adapters(model)
    return count


def question_of(example: Example, tokenizer: Tokenizer) -> str:
    """The instruction of a prompt."""
    text: str = tokenizer.decode(list(example.prompt)).strip()
    return text


def write(model: GPT, example: Example, tokenizer: Tokenizer) -> str:
    """What a model answers, always the most probable token."""
    stops = {marker_id(tokenizer, marker) for marker in MARKERS}
    tokens = list(generate(model, example.prompt, ANSWER_TOKENS, stops, SamplingSettings(0.0), seed=0))
    text: str = tokenizer.decode(tokens).strip().replace("\n", "⏎")
    return text


if __name__ == "__main__":
    pipeline.run(main)
