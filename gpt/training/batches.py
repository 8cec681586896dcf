"""Rows of whole samples for training and validation, in an order that a seed and a position fix."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from gpt.training.processes import share

import numpy as np
import torch
from torch import Tensor

IGNORED = -100  # target of padding; cross-entropy leaves it out
LEAST_USEFUL_SPACE = 16  # a row with less space than this is full


def find_samples(tokens: np.ndarray, bos: int) -> np.ndarray:
    """Start of every sample and the end of the last, (samples + 1,)."""
    step = 1 << 24  # tokens at once, so that memory does not grow with the file
    starts = [np.flatnonzero(tokens[at : at + step] == bos) + at for at in range(0, len(tokens), step)]
    return np.append(np.concatenate(starts), len(tokens))


def count_tokens(tokens: np.ndarray, vocab_size: int) -> np.ndarray:
    """How often each token occurs, (vocab_size,)."""
    step = 1 << 24
    return sum(np.bincount(tokens[at : at + step], minlength=vocab_size) for at in range(0, len(tokens), step))


def pack_rows(samples: np.ndarray, row_length: int, order: np.ndarray) -> list[list[tuple[int, int]]]:
    """Put samples into rows of at most `row_length` tokens; a row is a list of (start, end) in the file.

    Best fit: each sample, in the given order, goes into the row that it leaves the least space in, so a
    sample always stands whole in one row. Only one longer than a row is cut; its pieces overlap by a
    token, so that every token is predicted once.
    """
    rows: list[list[tuple[int, int]]] = []
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
    """Turns rows into tensors: inputs and targets of (rows, block_size), padded to that fixed shape."""

    def __init__(self, tokens: np.ndarray, samples: np.ndarray, block_size: int, pad: int):
        self.tokens, self.block_size, self.pad = tokens, block_size, pad
        self.starts = set(samples.tolist())

    def read(self, rows: list[list[tuple[int, int]]]) -> tuple[Tensor, Tensor]:
        """Inputs and targets (the inputs one position on) as int64; padding's targets are IGNORED."""
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

    `epoch` and `row` are the whole state: set them, and the stream goes on from there.
    """

    def __init__(self, tokens: np.ndarray, samples: np.ndarray, block_size: int, pad: int, seed: int):
        self.samples, self.block_size, self.seed = samples, block_size, seed
        self.reader = RowReader(tokens, samples, block_size, pad)
        self.epoch = self.row = 0
        self.rows = self._pack()

    @property
    def token_count(self) -> int:
        """The tokens of all samples."""
        return int(self.samples[-1])

    def _pack(self) -> list[list[tuple[int, int]]]:
        random = np.random.default_rng([self.seed, self.epoch])
        # A row holds one token more than the model sees: the last one is only a target.
        rows = pack_rows(self.samples, self.block_size + 1, random.permutation(len(self.samples) - 1))
        return [rows[index] for index in random.permutation(len(rows))]

    def next_batch(self, size: int) -> tuple[Tensor, Tensor]:
        """The next `size` rows as inputs and targets, (size, block_size) each."""
        batch = []
        while len(batch) < size:
            if self.row == len(self.rows):
                self.epoch, self.row = self.epoch + 1, 0
                self.rows = self._pack()
            batch.append(self.rows[self.row])
            self.row += 1
        return self.reader.read(batch)

    def first_row(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets of the first row of this epoch, (1, block_size) each; the stream does not move."""
        return self.reader.read(self.rows[:1])

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "row": self.row}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.row = state["epoch"], state["row"]
        self.rows = self._pack()


def validation_batches(
    tokens: np.ndarray, samples: np.ndarray, block_size: int, pad: int, size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """The whole validation set once, always in the same rows; the last batch is filled up with empty rows.

    Of several processes each gets its share of the rows.

    Shapes stay the same from first to last, because mps keeps memory for every new one.
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
