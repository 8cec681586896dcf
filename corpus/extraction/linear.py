"""Scores by learned weights: what is judged is described by features, and every feature has a weight.

Features are n-grams of characters and names such as "below a heading"; a hash gives each its row of
weights, so no dictionary is needed (feature hashing, Weinberger et al., 2009). `benchmarks/learn_extraction.py`
learns the weights in `learned.npz` from the posts in `tests/labelled/`.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

LEARNED = Path(__file__).with_name("learned.npz")
ROW_BITS = 15
ROWS = 1 << ROW_BITS
LONGEST_NGRAM = 4
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@lru_cache(maxsize=1)
def learned_weights() -> dict[str, np.ndarray]:
    """The weights by task: "checklist" (4, ROWS) and "owner" (1, ROWS)."""
    with np.load(LEARNED) as file:
        return {task: file[task].astype(np.float64) for task in file.files}


@lru_cache(maxsize=1 << 16)
def row_of(feature: str) -> int:
    """The row of a feature that has a name."""
    return zlib.crc32(feature.encode()) % ROWS


def ngram_rows(texts: Sequence[str], kind: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all n-grams of some texts, and for each the index of its text, (n-grams,) both.

    The beginning and the end of a text count as characters. The same n-gram has another row for each `kind`.
    """
    codes = np.frombuffer("\n".join(["", *texts, ""]).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    breaks = codes == ord("\n")
    text_of = np.cumsum(breaks) - 1  # a line end belongs to the text that begins after it
    hashed, inside = codes + np.uint64(kind << 32), np.ones(len(codes) - 1, dtype=bool)
    rows, owners = [], []
    for size in range(2, LONGEST_NGRAM + 1):
        if size > 2:
            inside = inside[:-1] & ~breaks[size - 2 : -1]  # no line end but the first and last of its characters
        hashed = hashed[:-1] * MULTIPLIER + codes[size - 1 :]
        rows.append(((hashed ^ (hashed >> np.uint64(29))) * MULTIPLIER >> np.uint64(64 - ROW_BITS))[inside])
        owners.append(text_of[: len(hashed)][inside])
    return np.concatenate(rows).astype(np.int64), np.concatenate(owners)


def score(rows: np.ndarray, owners: np.ndarray, count: int, weights: np.ndarray) -> np.ndarray:
    """Scores (outputs, count): for each owner the sum of the weights of its rows over the root of their number.

    `weights` is (outputs, ROWS), each output together in memory.
    """
    sums = [np.bincount(owners, weights=of_output[rows], minlength=count) for of_output in weights]
    return np.stack(sums) / np.sqrt(np.maximum(1, np.bincount(owners, minlength=count)))
