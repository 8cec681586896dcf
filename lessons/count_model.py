"""Lesson 2: a language model that only counts.

Which token follows these three? Look how often each one has followed them in the text: that is an n-gram model. Its
weakness is what it has never seen. Interpolated Kneser-Ney smoothing takes a discount D from every count and gives
what it saves to the model with one token less of context:

    p(w | h) = max(c(h, w) - D, 0) / c(h) + D * types(h) / c(h) * p(w | h without its first token)

where types(h) is the number of different tokens that have followed h. Below the highest order, c is not how often
(h, w) occurs, but after how many different tokens: "Francisco" is frequent, yet follows only "San", so it is a bad
guess after any other word.

Sources: Shannon, 1948 (n-grams); Ney et al., 1994, and Kneser and Ney, 1995 (discounts, continuation counts); Chen
and Goodman, 1999 (the interpolated form).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pipeline
from corpus.template import BOS, EOS, marker_id
from lessons.shared import as_array, draw_curves, print_table, read_text, save_picture
from pipeline import setting

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

TRAIN_BIN = "data/train.bin"  # made by step 03
VAL_BIN = "data/val.bin"  # made by step 03
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02
ORDERS = 5  # the longest n-gram: 5 predicts a token from the four before it
BLOCK_SIZE = 1024  # tokens of a row, as in step 04, so that the same tokens are predicted
MAX_TOKENS = 5_000_000  # of the training text that are counted; 0 = all, about 1 GB of memory for 10 million
# Taken from every count. Ney's estimate from the n-grams that occur once and twice fails here: step 01 writes
# each document into several samples, so that few n-grams occur once. Measured with bigrams: its D is 0.04, which gives
# 2.60 bits per byte; 0.75 gives 2.14.
DISCOUNT = 0.75
WRITTEN = 40  # tokens of the text that each order writes
SEED = 1337  # of that text
PICTURE_PATH = "lessons/pictures/count_model.svg"

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
UNSEEN = -1  # number of an n-gram that does not occur in the training text


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str
    val_bin: str
    tokenizer_path: str
    orders: int = setting(least=1, most=9)
    block_size: int = setting(least=1)
    max_tokens: int = setting(least=0)
    discount: float = setting(above=0, below=1)
    written: int = setting(least=0)
    seed: int = setting(least=0)
    picture_path: str


@dataclass(frozen=True)
class Table:
    """The n-grams of one length: each is a context (the number of the (n-1)-gram before) and a token.

    An n-gram is the index of its key in `keys`; its key is context * V + token.
    """

    keys: Integers  # sorted
    counts: Integers  # c(h, w) of each key
    totals: Integers  # c(h), by context
    types: Integers  # different tokens after h, by context

    @classmethod
    def of(cls, keys: Integers, counts: Integers, contexts: int, vocab_size: int) -> "Table":
        """Of keys and their counts; `contexts` is how many (n-1)-grams there are."""
        context = keys // vocab_size
        totals = np.bincount(context, weights=counts, minlength=contexts).astype(np.int64)
        types = np.bincount(context[counts > 0], minlength=contexts)
        return cls(keys, counts, totals, types)

    def find(self, keys: Integers) -> Integers:
        """The number of the n-gram of each key, or UNSEEN."""
        at = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, UNSEEN)


class CountModel:
    """Interpolated Kneser-Ney. All of it is arithmetic on arrays: no loop over the text."""

    def __init__(self, tokens: Integers, vocab_size: int, orders: int, discount: float) -> None:
        self.vocab_size, self.discount = vocab_size, discount
        grams, keys, firsts = [np.zeros(len(tokens), dtype=np.int64)], [], []
        for _ in range(orders):
            # The n-gram that ends at a position: the (n-1)-gram that ended one position earlier, and the token.
            # (The first token of the text, which follows nothing, gets number 0 as its context.)
            contexts = np.concatenate([[0], grams[-1][:-1]])
            unique, first, gram, counts = np.unique(
                contexts * vocab_size + tokens, return_index=True, return_inverse=True, return_counts=True
            )
            keys.append(unique)
            firsts.append(first)
            grams.append(gram.astype(np.int64))
        sizes = [1, *map(len, keys)]
        self.tables = []
        for order in range(1, orders):
            # Each different (n+1)-gram adds one to the n-gram that it ends with.
            after = np.bincount(grams[order][firsts[order]], minlength=sizes[order])
            self.tables.append(Table.of(keys[order - 1], after, sizes[order - 1], vocab_size))
        self.tables.append(Table.of(keys[-1], counts, sizes[-2], vocab_size))

    def contexts(self, tokens: Integers) -> list[Integers]:
        """For each position of tokens (T,), the numbers of the 0-, 1-, …-grams that end there, or UNSEEN."""
        grams = [np.zeros(len(tokens), dtype=np.int64)]
        for table in self.tables[:-1]:
            before = np.concatenate([[0 if len(grams) == 1 else UNSEEN], grams[-1][:-1]])
            found = table.find(before * self.vocab_size + tokens)
            grams.append(np.where(before == UNSEEN, UNSEEN, found))
        return grams

    def probabilities(self, contexts: Sequence[Integers], tokens: Integers) -> Numbers:
        """P of each of tokens (N,), each after its contexts: one array (N,) for every length from 0 on."""
        p = np.full(len(tokens), 1 / self.vocab_size)
        for table, context in zip(self.tables, contexts, strict=True):
            known = context != UNSEEN
            total = np.where(known, table.totals[context], 0)
            at = table.find(context * self.vocab_size + tokens)
            count = np.where(known & (at != UNSEEN), table.counts[at], 0)
            seen = total > 0  # a context that never went on says nothing: the shorter one decides alone
            total = total.clip(min=1)
            kept = np.maximum(count - self.discount, 0) / total
            p = np.where(seen, kept + self.discount * table.types[context] / total * p, p)
        return p

    def distribution(self, history: Sequence[int]) -> Numbers:
        """P of every token of the vocabulary, (V,), after a history."""
        context = [gram[-1:] for gram in self.contexts(np.array(history, dtype=np.int64))]
        every = np.arange(self.vocab_size)
        return self.probabilities([np.repeat(each, self.vocab_size) for each in context], every)

    def score(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """The loss in nats of targets (B, T), which follow inputs (B, T)."""
        losses = np.zeros(targets.shape)
        for row, (known, wanted) in enumerate(zip(inputs.numpy(), targets.numpy(), strict=True)):
            losses[row] = -np.log(self.probabilities(self.contexts(known), wanted.clip(min=0)))
        return torch.from_numpy(losses)

    def write(self, start: Sequence[int], most: int, stop: int, random: np.random.Generator) -> list[int]:
        """Continue a text by tokens drawn by their probabilities, until `stop`."""
        tokens = list(start)
        while len(tokens) < len(start) + most:
            token = int(random.choice(self.vocab_size, p=self.distribution(tokens)))
            if token == stop:
                break
            tokens.append(token)
        return tokens[len(start) :]


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    text = read_text(settings.train_bin, settings.val_bin, settings.tokenizer_path)
    tokens = as_array(text.train, settings.max_tokens)
    bos, eos = marker_id(text.tokenizer, BOS), marker_id(text.tokenizer, EOS)
    rows, points = [], []
    for order in range(1, settings.orders + 1):
        started = time.perf_counter()
        model = CountModel(tokens, text.vocab_size, order, settings.discount)
        seconds = time.perf_counter() - started
        bits = text.measure(model.score, settings.block_size).bits_per_byte
        written = model.write([bos], settings.written, eos, np.random.default_rng(settings.seed))
        points.append((float(order), bits))
        rows.append((order, f"{len(model.tables[-1].keys):,}", f"{seconds:.1f}", f"{bits:.3f}", text.decode(written)))
    print(f"Counted on {len(tokens):,} tokens; bits per byte of `{settings.val_bin}`, as step 04 measures them.")
    print_table(("order", "different n-grams", "seconds to count", "bits per byte", "a text that it writes"), rows)
    title = "n-grams with Kneser-Ney smoothing, in bits per byte"
    curves = {"the same text that step 04 is measured on": points}
    save_picture(settings.picture_path, title, draw_curves(title, "length of the n-gram", curves))


if __name__ == "__main__":
    pipeline.run(main)
