"""Lesson 14: teach a trained model to follow instructions, and see what it forgets (Wei et al., 2021: FLAN).

lessons/data/instructions.jsonl holds 300 instructions with answers, written for this lesson. The loss counts the
tokens of the answers only. Three ways are compared:

    full            all weights learn
    full, rehearsed the same, with two samples of step 01 beside each batch, so that they are not forgotten
    LoRA            only thin matrices beside the frozen ones learn, and are then merged into them (Hu et al., 2021)

What was learned is the loss of instructions that were held out. What was forgotten is the loss of val.bin in bits per
byte: weights that move for new answers move away from old ones (McCloskey and Cohen, 1989). A model of this size learns
the form of short answers from 250 instructions, and not what is in them. The last model is saved; step 05 asks it,
export.py exports it.
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

REHEARSED = 2  # samples beside each batch


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
    samples = read_samples(settings.train_bin, tokenizer, model.config.block_size)
    _, validation = read_token_file(settings.val_bin)

    full, rehearsed, low_rank = (copy.deepcopy(model) for _ in range(3))
    train("full", full, learned, [], pad, settings.rate, settings)
    train("full, rehearsed", rehearsed, learned, samples, pad, settings.rate, settings)
    add_adapters(low_rank, settings.rank, 2 * settings.rank)
    count = train("LoRA", low_rank, learned, [], pad, settings.lora_rate, settings)
    with torch.no_grad():
        tokens = torch.tensor([learned[0].prompt])
        applied = low_rank(tokens)
        merge_adapters(low_rank)
        difference = (low_rank(tokens) - applied).abs().max().item()

    print("| model | held-out answers, nats per token | val.bin, bits per byte |\n| --- | --- | --- |")
    for name, tuned in {"before": model, "full": full, "full, rehearsed": rehearsed, "LoRA": low_rank}.items():
        with torch.no_grad():
            loss = answer_loss(tuned, held_out, pad).item()
        print(f"| {name} | {loss:.3f} | {bits_per_byte(tuned, validation, tokenizer):.3f} |")
    print(f"\nLoRA: {count:,} of {model.config.parameter_count():,} parameters; merged, the logits differ by {difference:.0e}\n")
    for example in held_out[:3]:
        print(f"Q {question_of(example, tokenizer)}\nA {write(low_rank, example, tokenizer)}\n")
    save_model(settings.out_path, checkpoint, low_rank)
