"""Rows of whole samples for training and validation, in an order that follows from a seed and a position."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any

from gpt.training.processes import share

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[Any]
Batch = tuple[Tensor, Tensor]  # inputs and targets, (rows, block_size) each
Row = list[tuple[int, int]]  # (start, end) of its samples in the token file

IGNORED = -100  # target of padding; cross-entropy leaves it out
LEAST_USEFUL_SPACE = 16  # a row with less space than this is full


def find_samples(tokens: Array, bos: int) -> Array:
    """Start of every sample and end of the last one, (samples + 1,)."""
    step = 1 << 24  # tokens at once, so that memory does not grow with the file
    starts = [np.flatnonzero(tokens[start : start + step] == bos) + start for start in range(0, len(tokens), step)]
    return np.append(np.concatenate(starts), len(tokens))


def count_tokens(tokens: Array, vocab_size: int) -> Array:
    """How often each token occurs, (vocab_size,)."""
    step = 1 << 24
    counts = np.zeros(vocab_size, dtype=np.int64)
    for start in range(0, len(tokens), step):
        counts += np.bincount(tokens[start : start + step], minlength=vocab_size)
    return counts


def pack_rows(samples: Array, row_length: int, order: Array) -> list[Row]:
    """Put samples into rows of at most `row_length` tokens; a row is a list of (start, end) in the file.

    Best fit: each sample, in the given order, goes into the row in which it leaves the least space, so that no
    sample is split between rows. Only one that is longer than a row is cut; its pieces overlap by a token, so that
    every token is predicted once.
    """
    rows: list[Row] = []
    spaces: list[tuple[int, int]] = []  # (free tokens, row), sorted
    for index in order:
        start, end = int(samples[index]), int(samples[index + 1])
        while end - start > row_length:
            rows.append([(start, start + row_length)])
            start += row_length - 1
        length = end - start
        fit = bisect_left(spaces, (length, 0))
        if fit < len(spaces):
            space, row = spaces.pop(fit)
        else:
            space, row = row_length, len(rows)
            rows.append([])
        rows[row].append((start, end))
        if space - length >= LEAST_USEFUL_SPACE:
            insort(spaces, (space - length, row))
    return rows


class RowReader:
    """Turns rows into tensors: inputs and targets, padded to the fixed shape (rows, block_size)."""

    def __init__(self, tokens: Array, samples: Array, block_size: int, pad: int) -> None:
        self.tokens, self.block_size, self.pad = tokens, block_size, pad
        self.starts = set(samples.tolist())

    def read(self, rows: list[Row]) -> Batch:
        """Inputs and targets (each the token after its input) as int64; the targets of padding are IGNORED."""
        inputs = np.full((len(rows), self.block_size), self.pad, dtype=np.int64)
        targets = np.full((len(rows), self.block_size), IGNORED, dtype=np.int64)
        for row, pieces in enumerate(rows):
            line = np.concatenate([self.tokens[start:end] for start, end in pieces]).astype(np.int64)
            inputs[row, : min(len(line), self.block_size)] = line[: self.block_size]
            targets[row, : len(line) - 1] = line[1:]
            at = 0
            for start, end in pieces:
                # The first token of a later piece of a cut sample was predicted at the end of the piece before.
                if at and start not in self.starts:
                    targets[row, at - 1] = IGNORED
                at += end - start
        return torch.from_numpy(inputs), torch.from_numpy(targets)


class TrainingRows:
    """An endless stream of rows: every epoch all samples once, in a new order and newly packed.

    `epoch` and `row` are its whole state: with them, a resumed stream continues with the row that follows.
    """

    def __init__(self, tokens: Array, samples: Array, block_size: int, pad: int, seed: int) -> None:
        self.samples, self.block_size, self.seed = samples, block_size, seed
        self.reader = RowReader(tokens, samples, block_size, pad)
        self.epoch = self.row = 0
        self.rows = self._pack()

    @property
    def token_count(self) -> int:
        """The tokens of all samples."""
        return int(self.samples[-1])

    def _pack(self) -> list[Row]:
        random = np.random.default_rng([self.seed, self.epoch])
        # A row holds one token more than the model sees: the last one is only a target.
        rows = pack_rows(self.samples, self.block_size + 1, random.permutation(len(self.samples) - 1))
        return [rows[index] for index in random.permutation(len(rows))]

    def next_batch(self, size: int) -> Batch:
        """The next `size` rows as inputs and targets, (size, block_size) each."""
        batch: list[Row] = []
        while len(batch) < size:
            if self.row == len(self.rows):
                self.epoch, self.row = self.epoch + 1, 0
                self.rows = self._pack()
            batch.append(self.rows[self.row])
            self.row += 1
        return self.reader.read(batch)

    def first_row(self) -> Batch:
        """Inputs and targets of the first row of this epoch, (1, block_size) each; the stream stays where it is."""
        return self.reader.read(self.rows[:1])

    def state_dict(self) -> dict[str, int]:
        """Where the stream is."""
        return {"epoch": self.epoch, "row": self.row}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue from there."""
        self.epoch, self.row = state["epoch"], state["row"]
        self.rows = self._pack()


def validation_batches(tokens: Array, samples: Array, block_size: int, pad: int, size: int) -> Iterator[Batch]:
    """The whole validation set once, always in the same rows, `size` rows in a batch.

    The last batch is filled up with empty rows: all shapes are the same, because mps keeps memory for every new one.
    Of several processes each gets its share of the rows.
    """
    rows = share(pack_rows(samples, block_size + 1, np.arange(len(samples) - 1)))
    reader = RowReader(tokens, samples, block_size, pad)
    for start in range(0, len(rows), size):
        inputs, targets = reader.read(rows[start : start + size])
        missing = size - len(inputs)
        if missing:
            inputs = torch.cat([inputs, torch.full((missing, block_size), pad)])
            targets = torch.cat([targets, torch.full((missing, block_size), IGNORED)])
        yield inputs, targets
