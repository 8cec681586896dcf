"""Lesson 15: learn from pairs of a better and a worse answer (DPO; Rafailov et al., 2023).

Step 04 shows the model good answers only, so it never learns that a fluent sentence of another document is wrong.
A pair says so: one prompt with a faithful answer and with one that a rule has spoiled. Training raises the
probability of the first against that of the second, both compared with a frozen copy of the model, the reference:

    loss = -log sigmoid(beta * ((log p(better) - log p_ref(better)) - (log p(worse) - log p_ref(worse))))

beta * (log p - log p_ref) is the implicit reward of an answer; a pair is right if the better answer has the higher
one. The loss only compares: both answers may become less likely. So the negative log-likelihood of the better
answer is added (Pang et al., 2024, "Iterative Reasoning Preference Optimization").
"""

import copy
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pipeline
from answering.assistant import Artifacts, Assistant
from benchmarks.answers import measure_alone, read_held_out
from corpus.template import DOC, PAD, Template, marker_id
from gpt.checkpoint import load_checkpoint
from gpt.model import GPT
from gpt.training.batches import IGNORED
from lessons.tuning import Example, log_probabilities, make_batch, minimize, print_comparison, read_samples, save_model
from pipeline import setting

import torch
import torch.nn.functional as F
from torch import Tensor

TRAIN_BIN = "data/train.bin"  # made by step 03; its documents give the pairs to learn from
VAL_BIN = "data/val.bin"  # made by step 03; its documents are held out, to measure
SAMPLES_PATH = "data/samples.txt"  # made by step 01
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
OUT_PATH = "checkpoints/preference.pt"  # the model afterwards, for step 05
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu
STEPS = 40  # updates
PAIRS = 4  # pairs in each update
BETA = 0.1  # the higher, the less the model moves away from the reference
LIKELIHOOD_WEIGHT = 1.0  # of the negative log-likelihood of the better answers, per token
RATE = 5e-5  # learning rate of AdamW
DOCUMENTS = 60  # held-out documents to measure with
SEED = 1337  # of the order of the samples and the rules


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str
    val_bin: str
    samples_path: str
    checkpoint_path: str
    out_path: str
    device: str
    steps: int = setting(least=1)
    pairs: int = setting(least=1)
    beta: float = setting(above=0)
    likelihood_weight: float = setting(least=0)
    rate: float = setting(above=0)
    documents: int = setting(least=1)
    seed: int = setting(least=0)


@dataclass(frozen=True)
class Pair:
    """One prompt with a better answer and with a worse one."""

    better: Example
    worse: Example


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    files = Artifacts(settings.checkpoint_path, "data/index.npz", settings.samples_path, "", settings.device)
    assistant = Assistant.load(files)
    held_out = read_held_out(assistant, settings.val_bin, settings.documents)
    chance = random.Random(settings.seed)
    training = make_pairs(settings.train_bin, settings.steps * settings.pairs, assistant, chance)
    validation = make_pairs(settings.val_bin, settings.documents, assistant, chance)

    before = measure_alone(assistant, held_out)
    reference = copy.deepcopy(assistant.model).requires_grad_(False)
    pad = marker_id(assistant.tokenizer, PAD)
    train(assistant.model, reference, training, pad, settings)
    after = measure_alone(assistant, held_out)
    for name, pairs in (("training pairs", training[: len(validation)]), ("held-out pairs", validation)):
        before[name] = 0.5  # the model is its own reference
        after[name] = accuracy(assistant.model, reference, pairs, pad)
    print_comparison(before, after)
    save_model(settings.out_path, load_checkpoint(settings.checkpoint_path), assistant.model)


# --- Pairs: a rule spoils the answer of a sample ---


def make_pairs(path: str, count: int, assistant: Assistant, chance: random.Random) -> list[Pair]:
    """At most `count` pairs, each from another sample with a document and by one of the rules."""
    tokenizer, template, most = assistant.tokenizer, assistant.template, assistant.model.config.block_size
    samples = read_samples(path, tokenizer, most)
    grounded = [sample for sample in samples if marker_id(tokenizer, DOC) in sample.prompt]
    chosen = chance.sample(grounded, min(count, len(grounded)))
    answers = [tokenizer.decode(sample.answer, skip_special_tokens=False).split("\n") for sample in chosen]
    others = [lines for lines in answers if find_items(lines, template)]
    pairs = []
    for sample, lines in zip(chosen, answers, strict=True):
        if lines not in others:
            continue  # an answer without items has nothing to spoil
        rule = chance.choice((swap_sentence, lose_item, change_word, change_digit))
        spoiled = rule(lines, chance.choice(others), template, chance)
        if spoiled != lines:
            pairs.append(Pair(sample, Example(sample.prompt, tokenizer.encode("\n".join(spoiled)).ids)))
    return [pair for pair in pairs if pair.worse.length <= most]


def swap_sentence(lines: list[str], other: list[str], template: Template, chance: random.Random) -> list[str]:
    """One item says what another document says."""
    at, foreign = chance.choice(find_items(lines, template)), chance.choice(find_items(other, template))
    return [*lines[:at], bullet_of(lines[at]) + other[foreign].lstrip(" -"), *lines[at + 1 :]]


def lose_item(lines: list[str], other: list[str], template: Template, chance: random.Random) -> list[str]:
    """One item is missing."""
    at = chance.choice(find_items(lines, template))
    return [*lines[:at], *lines[at + 1 :]]


def change_word(lines: list[str], other: list[str], template: Template, chance: random.Random) -> list[str]:
    """One word of an item is a word of another document, as where a model loses its place while it copies."""
    at = chance.choice(find_items(lines, template))
    bullet = bullet_of(lines[at])
    words = lines[at].removeprefix(bullet).split(" ")
    foreign = other[chance.choice(find_items(other, template))].lstrip(" -").split(" ")
    words[chance.randrange(len(words))] = chance.choice(foreign)
    return [*lines[:at], bullet + " ".join(words), *lines[at + 1 :]]


def change_digit(lines: list[str], other: list[str], template: Template, chance: random.Random) -> list[str]:
    """One digit is another: of an amount, a date or a telephone number."""
    end = lines.index(template.details)
    text = "\n".join(lines[:end])
    if not (digits := [match.start() for match in re.finditer(r"\d", text)]):
        return change_word(lines, other, template, chance)
    at = chance.choice(digits)
    digit = chance.choice([digit for digit in "0123456789" if digit != text[at]])
    return [*(text[:at] + digit + text[at + 1 :]).split("\n"), *lines[end:]]


def find_items(lines: list[str], template: Template) -> list[int]:
    """Which lines of an answer are items of its summary or its checklist."""
    lines = lines[: lines.index(template.contacts)]
    return [at for at, line in enumerate(lines) if re.search(r"- .*[^:]$", line) and template.nothing not in line]


def bullet_of(line: str) -> str:
    """What a line of a list begins with."""
    return line[: line.index("- ") + 2]


# --- Training ---


def train(model: GPT, reference: GPT, pairs: list[Pair], pad: int, settings: Settings) -> None:
    """Move the model towards the better answers and away from the worse ones."""

    def loss_of(step: int) -> Tensor:
        batch = [pairs[(step * settings.pairs + number) % len(pairs)] for number in range(settings.pairs)]
        better, worse, likelihood = compare(model, reference, batch, pad)
        return dpo_loss(better, worse, settings.beta) - settings.likelihood_weight * likelihood

    minimize("DPO", model.parameters(), settings.rate, settings.steps, loss_of)


def dpo_loss(better: Tensor, worse: Tensor, beta: float) -> Tensor:
    """The mean over pairs; `better` and `worse`, (pairs,), are log p - log p_ref of whole answers."""
    return -F.logsigmoid(beta * (better - worse)).mean()


def compare(model: GPT, reference: GPT, pairs: Sequence[Pair], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """The sums of log p - log p_ref, (pairs,), of better and of worse answers; the mean log p of a better token."""
    examples = [*(pair.better for pair in pairs), *(pair.worse for pair in pairs)]
    inputs, targets = make_batch(examples, pad)
    of_model = log_probabilities(model, inputs, targets)  # (2 * pairs, T)
    with torch.no_grad():
        of_reference = log_probabilities(reference, inputs, targets)
    better, worse = (of_model - of_reference).sum(1).chunk(2)
    answers = targets[: len(pairs)] != IGNORED
    return better, worse, of_model[: len(pairs)].sum() / answers.sum()


@torch.no_grad()
def accuracy(model: GPT, reference: GPT, pairs: Sequence[Pair], pad: int) -> float:
    """The share of pairs whose better answer has the higher implicit reward."""
    right = 0
    for batch in pipeline.batched(pairs, 4):
        better, worse, _ = compare(model, reference, batch, pad)
        right += int((better > worse).sum())
    return right / max(1, len(pairs))


if __name__ == "__main__":
    pipeline.run(main)
