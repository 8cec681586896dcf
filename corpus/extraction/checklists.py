"""What a text tells its reader to do, to bring and to beware of, in the words of the text.

A linear model classifies every statement by its characters, the heading above it and a few signs of instructions and
warnings. It is learned from posts labelled by hand (see `corpus/extraction/linear.py`).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from corpus.extraction.linear import learned_weights, ngram_rows, row_of, score
from corpus.extraction.marks import ASKS, HEADING_WORDS
from corpus.extraction.signs import (
    ADDRESSED,
    COURTESY,
    CRIMINALS_ACT,
    DEMANDS,
    FEWEST_DEMANDS,
    HABIT,
    LIST_HEADINGS,
    LONGEST_END,
    NAMED_LISTS,
    NO_STEP,
    OTHERS_ACT,
    SIGNS,
    SIGNS_AT_END,
    TAKEN,
    TITLES,
)
from corpus.extraction.statements import Statement, read_statements

import numpy as np

MOST_LISTED = 10  # statements of each list: nobody reads a longer one
LISTS = ("none", "do", "bring", "beware")  # in the order of the outputs of the model
# Added to the scores of LISTS: a missing document or warning is worse for a reader than a superfluous line.
BIASES = np.array([-0.5, 0.0, 0.3, 0.3])

TEXT, HEADING_TEXT, INLINE_HEADING_TEXT = range(3)  # whose n-grams: each has rows of its own

AGREEMENT = 0.2  # how far the score of an item is drawn towards the mean of its list
NAMED = 1.0  # added to the score of the list that the heading names


def find_checklist(text: str, title: str = "") -> tuple[list[str], list[str], list[str]]:
    """The statements to do, to bring and to beware of, each in one list only, in the order of the text."""
    lists: dict[str, list[str]] = {name: [] for name in LISTS}
    seen: set[str] = set()
    statements = read_statements(text, title)
    for statement, name in zip(statements, classify(statements, title), strict=True):
        words = statement.text.strip(" ,;")
        if words and words not in seen and len(lists[name]) < MOST_LISTED:
            seen.add(words)
            lists[name].append(words)
    return lists["do"], lists["bring"], lists["beware"]


def classify(statements: Sequence[Statement], title: str = "") -> list[str]:
    """One of LISTS for each statement of a text."""
    if not statements:
        return []
    if _is_petition(statements):
        return ["none"] * len(statements)
    scores = score(*statement_features(statements, title), len(statements), learned_weights()["checklist"])
    scores = _agree(scores, statements) + BIASES[:, None]
    for index, statement in enumerate(statements):
        for name, bonus in _bonuses(statement):
            scores[LISTS.index(name), index] += bonus
    names = [LISTS[index] for index in scores.argmax(axis=0)]
    _drop_headings(names, statements)
    asks = bool(ASKS.search(title)) and any(statement.is_reply for statement in statements)
    return [
        _correct(name, statement, is_asked=asks and not statement.is_reply)
        for statement, name in zip(statements, names, strict=True)
    ]


def _drop_headings(names: list[str], statements: Sequence[Statement]) -> None:
    """A heading is no step if a statement below it is listed: "1. 출국 직후 신청" above how to do it."""
    with_list = {each.heading for each, name in zip(statements, names, strict=True) if name != "none"}
    for index, statement in enumerate(statements):
        if statement.is_heading and names[index] == "do" and statement.text in with_list:
            names[index] = "none"


def _is_petition(statements: Sequence[Statement]) -> bool:
    """Whether a text demands something of others: it gives its reader no lists, unless a heading names one."""
    demands = sum(1 for statement in statements if DEMANDS.search(statement.text))
    has_list = any(
        pattern.search(each.heading or each.inline_heading) for each in statements for pattern in NAMED_LISTS.values()
    )
    return demands >= FEWEST_DEMANDS and not has_list


def _bonuses(statement: Statement) -> Iterator[tuple[str, float]]:
    """What is added to the scores of a statement: its heading names a list, or its verb says that things are taken."""
    if heading := statement.inline_heading or statement.heading:
        for name, pattern in NAMED_LISTS.items():
            if pattern.search(heading):
                yield name, NAMED
    if TAKEN.search(statement.text):
        yield "bring", NAMED


def _correct(name: str, statement: Statement, is_asked: bool) -> str:
    """The list of a statement, after a look at who acts; `is_asked` is true within a question that has a reply."""
    text = statement.text
    if CRIMINALS_ACT.match(text) and not statement.is_heading:
        return "beware" if HABIT.search(text) else "none" if name == "do" else name
    if name == "none":
        return name
    is_plain_heading = statement.is_heading and (HEADING_WORDS.match(text) or text.endswith((":", "：")))
    if is_plain_heading or (is_asked and not ADDRESSED.search(text)) or COURTESY.search(text):
        return "none"
    if name == "do" and NO_STEP.search(text):
        return "none"
    if name == "do" and OTHERS_ACT.match(text) and not ADDRESSED.search(text):
        return "none"
    return name


def _agree(scores: np.ndarray, statements: Sequence[Statement]) -> np.ndarray:
    """The scores (lists, statements), drawn towards the mean of the items of the same list."""
    list_of_statement, count = [], 0
    for before, statement in zip([Statement(), *statements], statements, strict=False):
        is_next = before.heading == statement.heading and before.inline_heading == statement.inline_heading
        is_listed = bool(statement.heading or statement.inline_heading) and (
            statement.is_item or statement.is_plain_item or bool(statement.inline_heading)
        )
        count += not (is_next and is_listed)
        list_of_statement.append(count - 1)
    sizes = np.bincount(list_of_statement, minlength=count)
    means = np.stack([np.bincount(list_of_statement, weights=row, minlength=count) for row in scores]) / np.maximum(
        1, sizes
    )
    share = np.where(sizes > 1, AGREEMENT, 0.0)[list_of_statement]
    agreed: np.ndarray = scores * (1 - share) + means[:, list_of_statement] * share
    return agreed


def statement_features(statements: Sequence[Statement], title: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The rows of all features of the statements of a text, and the statement index of each, (features,) both."""
    rows, statement_of_row = ngram_rows([statement.text for statement in statements], namespace=TEXT)
    all_rows, counts = [rows], []
    signs = [_signs(statement.text) for statement in statements]
    ends = [statement.text.rstrip(" .!~")[-2:] for statement in statements]
    of_text = _features_of_text(statements, signs, title)
    for index, statement in enumerate(statements):
        of_statement = [
            _position_rows(
                statement.heading,
                statement.inline_heading,
                statement.is_heading,
                statement.is_item,
                statement.is_numbered,
                statement.is_plain_item,
                statement.is_first,
                min(4, statement.siblings),
                min(8, len(statement.text) // 12),
                signs[index],
            ),
            _text_rows(of_text, statement.is_reply, statement.is_item or statement.is_plain_item, signs[index]),
        ]
        if index > 0:
            of_statement.append(_neighbour_rows("before", ends[index - 1], signs[index - 1]))
        if index + 1 < len(statements):
            of_statement.append(_neighbour_rows("after", ends[index + 1], signs[index + 1]))
        all_rows += of_statement
        counts.append(sum(map(len, of_statement)))
    return np.concatenate(all_rows), np.concatenate([statement_of_row, np.repeat(np.arange(len(statements)), counts)])


def _features_of_text(statements: Sequence[Statement], signs: Sequence[tuple[str, ...]], title: str) -> tuple[str, ...]:
    """What the whole text and its title say about each statement."""
    opinions = sum("opinion" in of_statement for of_statement in signs)
    bare = re.sub(r"\s*\([^()]*\)\s*$", "", title)
    features = [f"opinions {min(3, opinions * 8 // max(8, len(statements)))}"]
    features += [f"title {name}" for name, pattern in TITLES.items() if pattern.search(bare)]
    if any(statement.is_reply for statement in statements):
        features.append("replies")
    return tuple(features)


@lru_cache(maxsize=1 << 14)
def _text_rows(of_text: tuple[str, ...], is_reply: bool, is_listed: bool, signs: tuple[str, ...]) -> np.ndarray:
    """The rows of the features of the whole text, each combined with what the statement is."""
    features = []
    for feature in of_text:
        features += [f"{feature} reply {is_reply}", f"{feature} listed {is_listed}"]
        features += [f"{feature} {sign}" for sign in signs]
    return np.array([row_of(feature) for feature in features])


def _signs(text: str) -> tuple[str, ...]:
    end = text[-LONGEST_END:]
    return (
        *(sign for sign, pattern in SIGNS.items() if pattern.search(text)),
        *(sign for sign, pattern in SIGNS_AT_END.items() if pattern.search(end)),
    )


@lru_cache(maxsize=1 << 14)  # a few positions make up most of a text
def _position_rows(
    heading: str,
    inline_heading: str,
    is_heading: bool,
    is_item: bool,
    is_numbered: bool,
    is_plain_item: bool,
    is_first: bool,
    siblings: int,
    length: int,
    signs: tuple[str, ...],
) -> np.ndarray:
    """The rows of what is known of a statement besides its characters."""
    listed = is_item or is_plain_item
    features = [
        "any",
        f"item {is_item} numbered {is_numbered} plain {is_plain_item}",
        f"first {is_first} item {is_item}",
        f"length {length} listed {listed}",
        f"siblings {siblings}",
        f"below a heading {bool(heading)} in a part {bool(inline_heading)}",
        f"heading {is_heading}",
        " and ".join(signs),
    ]
    for sign in signs:
        features += [sign, f"{sign} listed {listed}"]
    for name, pattern in LIST_HEADINGS.items():
        if pattern.search(heading):
            features += [f"below {name}", f"below {name} listed {listed}"]
            features += [f"below {name} {sign}" for sign in signs]
        if pattern.search(inline_heading):
            features.append(f"in {name}")
    rows = [np.array([row_of(feature) for feature in features])]
    texts = ((HEADING_TEXT, heading), (INLINE_HEADING_TEXT, inline_heading))
    rows += [ngram_rows([text], namespace)[0] for namespace, text in texts if text]
    return np.concatenate(rows)


@lru_cache(maxsize=1 << 14)
def _neighbour_rows(side: str, end: str, signs: tuple[str, ...]) -> np.ndarray:
    """The rows of the statement before or after: its last characters and its signs."""
    return np.array([row_of(f"{side} ends {end}"), *(row_of(f"{side} {sign}") for sign in signs)])
