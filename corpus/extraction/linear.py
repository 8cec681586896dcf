"""A linear model: an item, such as a statement, has features, and its score is the sum of their learned weights.

Features are n-grams of characters and names such as "below a heading". A hash assigns a row of weights to each, so
no dictionary is needed (feature hashing, Weinberger et al., 2009). `benchmarks/learn_extraction.py` learns the
weights in `learned.npz` from the posts in `tests/labelled/`.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

LEARNED = Path(__file__).with_name("learned.npz")
ROW_BITS = 16
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
    """The row of a feature with this name."""
    return zlib.crc32(feature.encode()) % ROWS


def ngram_rows(texts: Sequence[str], namespace: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all n-grams of some texts, and the index of the text of each, (n-grams,) both.

    The beginning and the end of a text count as characters. An n-gram has a different row in each namespace.
    """
    codes = np.frombuffer("\n".join(["", *texts, ""]).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    breaks = codes == ord("\n")
    text_of_code = np.cumsum(breaks) - 1  # a line end belongs to the text after it
    hashed, inside = codes + np.uint64(namespace << 32), np.ones(len(codes) - 1, dtype=bool)
    rows, text_of_row = [], []
    for size in range(2, LONGEST_NGRAM + 1):
        if size > 2:
            inside = inside[:-1] & ~breaks[size - 2 : -1]  # no line end within an n-gram
        hashed = hashed[:-1] * MULTIPLIER + codes[size - 1 :]
        rows.append(((hashed ^ (hashed >> np.uint64(29))) * MULTIPLIER >> np.uint64(64 - ROW_BITS))[inside])
        text_of_row.append(text_of_code[: len(hashed)][inside])
    return np.concatenate(rows).astype(np.int64), np.concatenate(text_of_row)


def score(rows: np.ndarray, item_of_row: np.ndarray, items: int, weights: np.ndarray) -> np.ndarray:
    """Scores (outputs, items): the sum of the weights of an item's rows, divided by the square root of their number.

    `rows` and `item_of_row` are (features,); `weights` is (outputs, ROWS), C-contiguous.
    """
    sums = [np.bincount(item_of_row, weights=of_output[rows], minlength=items) for of_output in weights]
    return np.stack(sums) / np.sqrt(np.maximum(1, np.bincount(item_of_row, minlength=items)))
