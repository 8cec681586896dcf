"""Lesson 12: new words for a trained tokenizer and a trained model, without breaking either.

A word that the tokenizer cuts into five tokens takes five steps to read and to write. Byte-pair encoding can learn
it later: new merges are appended behind the old ones, so that text without the new words is cut as before, every
old token keeps its number, and everything still decodes to itself. The model gets a row of the embedding and one of
the head for each new token. What these rows are at first matters (Hewitt, 2021):

    random          small random numbers, as of a new model
    mean of all     the mean of all old rows: a token like any other
    from pieces     embedding: the mean of the tokens that it is made of; head: the first of them

Then the model trains for a moment on the text as it is cut now. The loss is in bits per byte, because a sentence has
fewer tokens than before, each of which is harder to guess.
"""

import copy
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pipeline
from corpus.template import BOS, PAD, marker_id
from gpt.checkpoint import load_checkpoint, model_from
from gpt.device import choose_dtype
from gpt.model import GPT
from gpt.token_file import read_token_file
from gpt.training.batches import TrainingRows, find_samples, validation_batches
from gpt.training.loss import next_token_loss
from gpt.training.optimizer import LearningRates
from gpt.training.trainer import Trainer
from pipeline import setting
from pipeline.progress import progress_bar

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

TRAIN_BIN = "data/train.bin"  # made by step 03; shows which words are frequent
VAL_BIN = "data/val.bin"  # made by step 03; measures the loss
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
WORDS = 200  # words that are added: those whose tokens are saved most often
STEPS = 20  # of training afterwards
ROWS = 4  # samples in a row of the model's context, in each step
RATE = 0.002  # learning rate of embedding, head and matrices
SEED = 1337  # of the rows and the order

STARTS = ("random", "mean of all", "from pieces")


@dataclass(frozen=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str
    val_bin: str
    checkpoint_path: str
    words: int = setting(least=1)
    steps: int = setting(least=0)
    rows: int = setting(least=1)
    rate: float = setting(above=0)
    seed: int = setting(least=0)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    old, model = Tokenizer.from_str(checkpoint["tokenizer"]), model_from(checkpoint)
    texts = {path: decode_all(path, old) for path in (settings.train_bin, settings.val_bin)}
    words = choose_words(texts[settings.train_bin], old, settings.words)
    with progress_bar("extend the tokenizer"):
        new = extend(old, words)
    training, validation = (np.array(new.encode(text).ids) for text in texts.values())
    print("| word | tokens before |\n| --- | --- |")
    print("\n".join(f"| {word.strip()} | {' · '.join(pieces(word, old))} |" for word in words[:10]))
    before = np.array(old.encode(texts[settings.val_bin]).ids)
    added = new.get_vocab_size() - old.get_vocab_size()
    print(f"\n{len(words)} words, {added} tokens more; val.bin: {len(before):,} tokens before, {len(validation):,} now\n")

    print(f"| first rows of new tokens | bits per byte | after {settings.steps} steps |\n| --- | --- | --- |")
    size = len(texts[settings.val_bin].encode())
    print(f"| (old tokenizer) | {bits_per_byte(model, before, old, size):.3f} | {trained(model, np.array(old.encode(texts[settings.train_bin]).ids), before, old, size, settings):.3f} |")
    for start in STARTS:
        larger = widen(model, start, old, new, settings.seed)
        first = bits_per_byte(larger, validation, new, size)
        print(f"| {start} | {first:.3f} | {trained(larger, training, validation, new, size, settings):.3f} |")


# --- The tokenizer ---


def decode_all(path: str, tokenizer: Tokenizer) -> str:
    """The text of a token file, with its markers."""
    _, tokens = read_token_file(path)
    text: str = tokenizer.decode(tokens.tolist(), skip_special_tokens=False)
    return text


def choose_words(text: str, tokenizer: Tokenizer, count: int) -> list[str]:
    """The words, with the space before them, that would save the most tokens."""
    counts = Counter(f" {word}" for word in text.split() if word.isalpha())
    saved = {word: times * (len(tokenizer.encode(word).ids) - 1) for word, times in counts.items() if times > 1}
    return sorted((word for word, tokens in saved.items() if tokens), key=lambda word: (-saved[word], word))[:count]


def pieces(word: str, tokenizer: Tokenizer) -> list[str]:
    """The text of each token of a word."""
    return [tokenizer.decode([token]) for token in tokenizer.encode(word).ids]


def extend(tokenizer: Tokenizer, words: Sequence[str]) -> Tokenizer:
    """The tokenizer with merges behind its own, one word after another, that make each word a single token."""
    for word in words:
        content: dict[str, Any] = json.loads(tokenizer.to_str())
        vocabulary, merges = content["model"]["vocab"], content["model"]["merges"]
        first, *others = tokenizer.encode(word).tokens
        for other in others:
            merges.append([first, other])
            first += other
            vocabulary.setdefault(first, len(vocabulary))
        tokenizer = Tokenizer.from_str(json.dumps(content))
    return tokenizer


# --- The model ---


def widen(model: GPT, start: str, old: Tokenizer, new: Tokenizer, seed: int) -> GPT:
    """The model with a row of embedding and head for each new token."""
    size, wanted = old.get_vocab_size(), new.get_vocab_size()
    alphabet = {token: index for token, index in new.get_vocab().items()}
    added = sorted((token for token, index in alphabet.items() if index >= size), key=alphabet.__getitem__)
    cuts = [old.encode(new.decode([alphabet[token]])).ids for token in added]
    larger = GPT(replace(model.config, vocab_size=wanted))
    state = copy.deepcopy(model.state_dict())
    generator = torch.Generator().manual_seed(seed)
    for name in ("embedding.weight", "head.weight"):
        rows = state[name]
        if start == "random":
            more = 0.02 * torch.randn(len(added), rows.size(1), generator=generator)
        elif start == "mean of all":
            more = rows.mean(0).expand(len(added), -1)
        else:
            more = torch.stack([rows[cut[0]] if name == "head.weight" else rows[cut].mean(0) for cut in cuts])
        state[name] = torch.cat([rows, more])
    larger.load_state_dict(state)
    return larger.eval()
