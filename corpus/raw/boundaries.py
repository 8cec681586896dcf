"""Where posts begin in a stretch of text: what its lines look like, and what its layout is.

Two small networks judge each line. The first sees the line, its neighbours, the blank lines and separators before
them, and whether the words change. The second also sees the layout: how the first judges other lines of the same
text that have the same separator, blank lines and form. So, where most blank lines part posts, the others do too.
`benchmarks/learn_boundaries.py` learns both from posts of `tests/labelled/`, joined in many ways.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from pathlib import Path

from corpus.raw.layout import NUMBERED_ITEM
from corpus.raw.line_features import FEATURES, describe

import numpy as np

LEARNED_BOUNDARIES = Path(__file__).with_name("boundaries.npz")
BEFORE, AFTER = 2, 2  # lines with text on both sides whose features a line sees
MOST_BLANKS = 3  # more blank lines count as so many
SEPARATOR_KINDS = ("[-=_─━═]", "[*~#※+]", "[.…·]", "[^\\w\\s]", "<?\\(?끝")
WORD = re.compile("[가-힣]{2,}|[A-Za-z]{3,}")
STEM = 2  # letters of a word that its other forms share
SEEN_WORDS = 300  # characters of a line whose words are compared
TOPIC_LINES = 8  # before and after a line
PASSES = 2  # of the second network
LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class Gap:
    """What is between a line with text and the one before it."""

    blanks: int = 0
    separator: str = ""


def probabilities(texts: Sequence[str], gaps: Sequence[Gap]) -> np.ndarray:
    """The probability that each line begins a post, (n,). Texts are not empty; `gaps` are those before each line."""
    return judge(texts, gaps, learned_weights())


def judge(texts: Sequence[str], gaps: Sequence[Gap], weights: dict[str, np.ndarray]) -> np.ndarray:
    """The probabilities that these weights give; the second network judges again when it knows its own judgements."""
    own = local_features(texts, gaps)
    judged = apply(own, weights, "local")
    for _ in range(PASSES):
        judged = apply(layout_features(texts, gaps, own, judged), weights, "layout")
    return judged


@lru_cache(maxsize=1)
def learned_weights() -> dict[str, np.ndarray]:
    """The weights and biases of both networks by name."""
    with np.load(LEARNED_BOUNDARIES) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def apply(features: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    """The mean output of several networks with one hidden layer, (n,) probabilities."""
    hidden = np.maximum(features @ weights[f"{name}.0.weight"].swapaxes(1, 2) + weights[f"{name}.0.bias"][:, None], 0)
    logits = (hidden @ weights[f"{name}.2.weight"].swapaxes(1, 2))[..., 0] + weights[f"{name}.2.bias"]
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.mean(0), -15, 15))), dtype=np.float32)


# --- What a line and its neighbours look like ---


def local_features(texts: Sequence[str], gaps: Sequence[Gap]) -> np.ndarray:
    """The features of each line for the first network, (n, features)."""
    lines = np.stack([describe(text) for text in texts])
    between = np.stack([_gap_features(gap) for gap in gaps])
    columns = [_shifted(lines, offset) for offset in range(-BEFORE, AFTER + 1)]
    columns += [_shifted(between, offset) for offset in range(-1, AFTER + 1)]
    columns += [_topic_features(texts), _number_features(texts), _whole_features(gaps, lines)]
    return np.concatenate(columns, axis=1)


def _shifted(rows: np.ndarray, offset: int) -> np.ndarray:
    """Each row replaced by the one `offset` rows later; zeros beyond the ends."""
    shifted = np.zeros_like(rows)
    if abs(offset) < len(rows):
        source, target = (
            (rows[offset:], shifted[: len(rows) - offset]) if offset >= 0 else (rows[:offset], shifted[-offset:])
        )
        target[:] = source
    return shifted


def _gap_features(gap: Gap) -> np.ndarray:
    kinds = [bool(gap.separator) and re.match(kind, gap.separator.strip()) is not None for kind in SEPARATOR_KINDS]
    blanks = [gap.blanks >= count for count in range(1, MOST_BLANKS + 1)]
    return np.array([*blanks, bool(gap.separator), *kinds, len(gap.separator.strip()) >= 4], dtype=np.float32)


def _topic_features(texts: Sequence[str]) -> np.ndarray:
    """How far the words of a line and of its neighbours occur before it and after it, (n, 5)."""
    stems = [frozenset(word[:STEM].lower() for word in WORD.findall(text[:SEEN_WORDS])) for text in texts]
    lines_with = Counter(stem for of_line in stems for stem in of_line)
    weight = {stem: log(len(texts) / count) + 0.1 for stem, count in lines_with.items()}

    def total(of: frozenset[str]) -> float:
        return sum(map(weight.__getitem__, of))

    rows = []
    for number, own in enumerate(stems):
        before = frozenset().union(*stems[max(0, number - TOPIC_LINES) : number])
        after = frozenset().union(*stems[number + 1 : number + 1 + TOPIC_LINES])
        near_before = frozenset().union(*stems[max(0, number - 3) : number])
        here = own | after
        size = total(own) + 1
        rows.append(
            (
                total(own & after) / size,
                total(own & before) / size,
                total(here & before) / (min(total(here), total(before)) + 1),
                total(here & near_before) / (total(near_before) + 1),
                min(len(own), 10) / 10,
            )
        )
    return np.array(rows, dtype=np.float32)


def _number_features(texts: Sequence[str]) -> np.ndarray:
    """Whether a line continues or restarts a numbered list, or is between two items of one, (n, 3)."""
    numbers = [_item_number(text) for text in texts]
    previous: list[tuple[int, int]] = []  # of each line: position and number of the last item before it
    last = (-99, 0)
    for position, number in enumerate(numbers):
        previous.append(last)
        if number:
            last = (position, number)
    rows = np.zeros((len(texts), 3), dtype=np.float32)
    upcoming = (10**9, 0)
    for position in range(len(texts) - 1, -1, -1):
        number = numbers[position]
        at, before = previous[position]
        near = position - at <= 12
        rows[position, 0] = near and bool(number) and number == before + 1
        rows[position, 1] = bool(number) and number <= before and near
        rows[position, 2] = near and before and upcoming[1] == before + 1 and upcoming[0] - position <= 12
        if number:
            upcoming = (position, number)
    return rows


def _item_number(text: str) -> int:
    found = NUMBERED_ITEM.match(text)
    if not found:
        return 0
    return int(found[1]) if found[1] else ord(found[2]) - ord("①") + 1


def _whole_features(gaps: Sequence[Gap], lines: np.ndarray) -> np.ndarray:
    """What holds of the whole stretch, the same for each line, (n, 5)."""
    blank = np.array([gap.blanks > 0 for gap in gaps], dtype=np.float32)
    whole = [
        blank.mean(),
        np.mean([gap.blanks > 1 for gap in gaps]),
        np.mean([bool(gap.separator) for gap in gaps]),
        1 / (1 + len(gaps) / 20),
        (blank * lines[:, -3]).sum() / (blank.sum() + 1),
    ]
    return np.tile(np.array(whole, dtype=np.float32), (len(gaps), 1))


# --- The layout: how other lines of the same form are judged ---


def layout_features(texts: Sequence[str], gaps: Sequence[Gap], own: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The features of each line for the second network, (n, features)."""
    logits = np.log(np.clip(first, LEAST_PROBABILITY, 1) / np.clip(1 - first, LEAST_PROBABILITY, 1)) / 4
    columns = [logits]
    for signatures in _signatures(texts, gaps):
        columns += _means_of_others(signatures, first)
    columns += [_neighbourhood(logits, offset) for offset in (-3, -2, -1, 1, 2, 3)]
    columns += _distances(texts, first)
    stretch = slice(BEFORE * FEATURES, (BEFORE + 1) * FEATURES)
    rest = own[:, (BEFORE + 1 + AFTER) * FEATURES :]
    return np.concatenate([np.stack(columns, axis=1).astype(np.float32), own[:, stretch], rest], axis=1)


def _signatures(texts: Sequence[str], gaps: Sequence[Gap]) -> list[list[object]]:
    """For each of several views, what a line has in common with others of its form."""
    before = [(min(gap.blanks, MOST_BLANKS), gap.separator.strip()) for gap in gaps]
    after = [*(min(gap.blanks, MOST_BLANKS) for gap in gaps[1:]), 0]
    lengths = [min(len(text) // 20, 4) for text in texts]
    beginnings = [re.sub("[가-힣A-Za-z]+", "가", re.sub(r"\d+", "0", text[:6]))[:3] for text in texts]
    following = [*lengths[1:], 0]
    return [
        list(before),
        list(zip(before, after, strict=True)),
        list(zip(before, lengths, following, strict=True)),
        list(zip(before, beginnings, strict=True)),
    ]


def _means_of_others(signatures: list[object], first: np.ndarray) -> list[np.ndarray]:
    """The mean probability of the other lines with the same signature, and how many there are, (n,) both."""
    rows: dict[object, int] = {}
    row_of = np.array([rows.setdefault(signature, len(rows)) for signature in signatures])
    counts = np.bincount(row_of)[row_of] - 1
    sums = np.bincount(row_of, weights=first)[row_of] - first
    return [(sums + 0.1) / (counts + 1), np.log1p(counts) / 5]


def _neighbourhood(values: np.ndarray, offset: int) -> np.ndarray:
    return _shifted(values[:, None], offset)[:, 0]


def _distances(texts: Sequence[str], first: np.ndarray) -> list[np.ndarray]:
    """The characters from the last likely beginning and to the next one, beside their mean distance, (n,) each."""
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1].astype(np.float64)
    likely = np.flatnonzero(first > 0.5)
    mean = (starts[-1] + len(texts[-1])) / max(1, len(likely))
    edges = np.concatenate([[-1.0], starts[likely], [starts[-1] + mean]])
    earlier = np.searchsorted(edges, starts, side="left") - 1
    later = np.searchsorted(edges, starts, side="right")
    back = starts - edges[np.maximum(earlier, 0)]
    ahead = edges[np.minimum(later, len(edges) - 1)] - starts
    compressed = [np.log1p(np.maximum(distance, 0)) / 8 for distance in (back, ahead, np.full(len(texts), mean))]
    relative = [np.minimum(distance / (mean + 1), 3) for distance in (back, ahead)]
    return [*compressed, *relative]
