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

Measured with the bundled text, 200 words: the mean of all rows is best (1.488 bits per byte, 1.484 before the change),
the pieces are worst (1.599): a copied row of the head is as probable as its first piece, at once and everywhere.
"""

import copy
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pipeline
from corpus.template import BOS, PAD, marker_id
from gpt.checkpoint import load_checkpoint, model_from
from gpt.model import GPT
from gpt.token_file import read_token_file
from gpt.training.batches import IGNORED, Array, TrainingRows, find_samples
from gpt.training.loss import next_token_loss
from lessons.shared import print_table
from lessons.tuning import bits_per_byte, minimize
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
ROWS = 2  # rows of the model's context in each step
RATE = 0.0005  # learning rate of AdamW
SEED = 1337  # of the new rows and of the order of the samples

STARTS = ("random", "mean of all", "from pieces")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str
    val_bin: str
    checkpoint_path: str
    words: int = setting(least=1)
    steps: int = setting(least=1)
    rows: int = setting(least=1)
    rate: float = setting(above=0)
    seed: int = setting(least=0)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    old, model = Tokenizer.from_str(checkpoint["tokenizer"]), model_from(checkpoint)
    texts = [decode_all(path, old) for path in (settings.train_bin, settings.val_bin)]
    words = choose_words(texts[0], old, settings.words)
    new = extend(old, words)
    print_table(("word", "tokens before"), [(word.strip(), " · ".join(pieces(word, old))) for word in words[:10]])

    rows: list[tuple[str, ...]] = []
    for start in ("(old tokenizer)", *STARTS):
        tokenizer = old if start == "(old tokenizer)" else new
        larger = copy.deepcopy(model) if tokenizer is old else widen(model, start, old, new, settings.seed)
        training, validation = (np.array(tokenizer.encode(text).ids) for text in texts)
        bits = [bits_per_byte(larger, validation, tokenizer)]
        train(start, larger, training, tokenizer, settings)
        bits.append(bits_per_byte(larger, validation, tokenizer))
        rows.append((start, f"{len(validation):,}", *(f"{each:.3f}" for each in bits)))
    print(f"{len(words)} words, {new.get_vocab_size() - old.get_vocab_size()} new tokens; bits per byte of val.bin.")
    print_table(("new rows", "tokens of val.bin", "at first", f"after {settings.steps} steps"), rows)


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
    with progress_bar("extend the tokenizer", len(words), unit="words") as bar:
        for word in words:
            content: dict[str, Any] = json.loads(tokenizer.to_str())
            vocabulary, merges = content["model"]["vocab"], content["model"]["merges"]
            first, *others = tokenizer.encode(word).tokens
            for other in others:
                merges.append([first, other])
                first += other
                vocabulary.setdefault(first, len(vocabulary))
            tokenizer = Tokenizer.from_str(json.dumps(content))
            bar.update()
    return tokenizer


# --- The model ---


def widen(model: GPT, start: str, old: Tokenizer, new: Tokenizer, seed: int) -> GPT:
    """The model with a row of embedding and head for each new token, begun in one of STARTS."""
    size, wanted = old.get_vocab_size(), new.get_vocab_size()
    cuts = [old.encode(new.decode([token])).ids for token in range(size, wanted)]  # of each new token into old ones
    generator = torch.Generator().manual_seed(seed)
    state = dict(model.state_dict())
    for name in ("embedding.weight", "head.weight"):
        rows = state[name]  # (V, C)
        if start == "random":
            more = rows.std() * torch.randn(len(cuts), rows.size(1), generator=generator)
        elif start == "mean of all":
            more = rows.mean(0).expand(len(cuts), -1)
        else:
            more = torch.stack([rows[cut[0]] if name == "head.weight" else rows[cut].mean(0) for cut in cuts])
        state[name] = torch.cat([rows, more])  # (V + new, C)
    larger = GPT(replace(model.config, vocab_size=wanted))
    larger.load_state_dict(state)
    return larger.eval()


def train(name: str, model: GPT, tokens: Array, tokenizer: Tokenizer, settings: Settings) -> None:
    """Train all weights for a moment on the training text."""
    samples = find_samples(tokens, marker_id(tokenizer, BOS))
    rows = TrainingRows(tokens, samples, model.config.block_size, marker_id(tokenizer, PAD), settings.seed)

    def loss_of(step: int) -> Tensor:
        inputs, targets = rows.next_batch(settings.rows)
        nats = next_token_loss(model.hidden_states(inputs), model.head.weight, targets, torch.float32)
        return nats / (targets != IGNORED).sum()

    minimize(name, model.parameters(), settings.rate, settings.steps, loss_of)


if __name__ == "__main__":
    pipeline.run(main)
