"""Learn the weights of step 01: what is an instruction, a thing to bring or a warning, and whose a contact is.

    python -m benchmarks.learn_extraction             # cross-validation on the labelled posts: what unseen posts get
    python -m benchmarks.learn_extraction --write     # learn from all of them, and write corpus/extraction/learned.npz
    python -m benchmarks.learn_extraction --curve     # a learning curve: what more labelled posts would bring

The labelled posts are `tests/labelled/*.jsonl`, without those in UNSEEN. After adding posts of
your own to a file there, run it with --write and then step 01 again.
"""

import argparse
import json
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.samples import GOALS, LABELLED, Score, compare, print_scores, similar_owner, squeeze
from corpus.extraction import checklists, linear, owners
from corpus.extraction.contact_text import ContactText
from corpus.extraction.linear import ROWS
from corpus.extraction.statements import Statement, read_statements
from corpus.raw.normalization import normalize, standardize_labels
from corpus.raw.titles import find_title

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent


Labelled = dict[str, Any]  # a post and its labels
UNSEEN_WEB = "web_unseen"
UNSEEN = ("fresh", UNSEEN_WEB)
QUESTIONS = "finding"  # holds questions, and no posts
LEARNED_SECTIONS = ("contact owners", "to do", "to bring", "to beware")
FOLDS = 6
CHECKLIST_DECAY = 2e-6  # weight decay; both were chosen by cross-validation
OWNER_DECAY = 1e-4
STEPS = 60  # of L-BFGS
LEAST_SHARE = 0.4  # of a statement that a label must cover to name its list


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights that all labelled posts teach")
    parser.add_argument("--curve", action="store_true", help="learn from ever more of the posts; judge by unseen ones")
    options = parser.parse_args()
    paths = [path for path in sorted(LABELLED.glob("*.jsonl")) if path.stem not in (*UNSEEN, QUESTIONS)]
    posts = [post for path in paths for post in read_posts(path)]
    if options.curve:
        learning_curve(posts, read_posts(LABELLED / f"{UNSEEN_WEB}.jsonl"))
        return
    if options.write:
        weights = learn(posts)
        arrays: dict[str, Any] = {task: array.astype(np.float16) for task, array in weights.items()}
        np.savez_compressed(linear.LEARNED, **arrays)
        print(f"{len(posts)} posts -> {linear.LEARNED.relative_to(ROOT)}, {linear.LEARNED.stat().st_size:,} bytes")
        return
    print_scores(f"{len(posts)} posts, {FOLDS} folds", cross_validate(posts))


def read_posts(path: Path) -> list[Labelled]:
    """The posts of a labelled file, cleaned as step 01 cleans them."""
    posts: list[Labelled] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for post in posts:
        post["clean"] = standardize_labels(normalize(post["text"]))
        post["found_title"] = find_title(tuple(post["clean"].split("\n")))
    return posts


def learning_curve(posts: list[Labelled], unseen: list[Labelled]) -> None:
    """Print the scores on unseen posts after learning from an eighth, a quarter, a half and all of the others."""
    ranked = sorted(posts, key=lambda post: zlib.crc32(post["id"].encode()))
    for size in (len(posts) // 8, len(posts) // 4, len(posts) // 2, len(posts)):
        use(learn(ranked[:size]))
        scores: dict[str, Score] = defaultdict(Score)
        for post in unseen:
            for section, (found, labelled, same) in compare(post).items():
                scores[section].add(found, labelled, same)
        print_scores(f"{size} posts", {section: scores[section] for section in LEARNED_SECTIONS})


def cross_validate(posts: list[Labelled]) -> dict[str, Score]:
    """The scores of all posts, each with weights that were learned from the posts of the other folds."""
    scores: dict[str, Score] = defaultdict(Score)
    fold_of = [zlib.crc32(post["id"].encode()) % FOLDS for post in posts]
    for fold in range(FOLDS):
        weights = learn([post for post, its_fold in zip(posts, fold_of, strict=True) if its_fold != fold])
        use(weights)
        for post, its_fold in zip(posts, fold_of, strict=True):
            if its_fold == fold:
                for section, (found, labelled, same) in compare(post).items():
                    scores[section].add(found, labelled, same)
    return {section: scores[section] for section in GOALS if section in scores}


def use(weights: dict[str, np.ndarray]) -> None:
    """Make the code of step 01 use these weights."""
    learned = linear.learned_weights()
    learned.clear()
    learned.update({task: np.ascontiguousarray(array, dtype=np.float64) for task, array in weights.items()})


def learn(posts: list[Labelled]) -> dict[str, np.ndarray]:
    """The weights by task, as in `linear.learned_weights`."""
    return {"checklist": learn_checklist(posts), "owner": learn_owners(posts)}


def learn_checklist(posts: list[Labelled]) -> np.ndarray:
    """Weights (4, ROWS) of multinomial logistic regression over the statements of the posts."""
    rows, statement_of_row = [], []
    wanted: list[int] = []
    for post in posts:
        statements = read_statements(post["clean"], post["found_title"])
        if statements:
            its_rows, its_statements = checklists.statement_features(statements, post["found_title"])
            rows.append(its_rows)
            statement_of_row.append(its_statements + len(wanted))
            wanted += [checklists.LISTS.index(_list_of(statement, post)) for statement in statements]
    score = _scorer(np.concatenate(rows), np.concatenate(statement_of_row), len(wanted))
    target = torch.tensor(wanted)
    return _minimize(
        lambda weights: torch.nn.functional.cross_entropy(score(weights), target), outputs=4, decay=CHECKLIST_DECAY
    )


def _list_of(statement: Statement, post: Labelled) -> str:
    """The list whose labels cover most of a statement, if they cover enough of it."""
    text, best = statement.text, ("none", LEAST_SHARE)
    for name, key in (("beware", "to_beware"), ("bring", "to_bring"), ("do", "to_do")):
        covered = [False] * len(text)
        for label in (standardize_labels(normalize(line)) for line in post[key]):
            if text in label and len(text) >= LEAST_SHARE * len(label):
                covered = [True] * len(text)
            elif (start := text.find(label)) >= 0:
                covered[start : start + len(label)] = [True] * len(label)
        share = sum(covered) / len(text)
        if share > best[1]:
            best = name, share
    return best[0]


def learn_owners(posts: list[Labelled]) -> np.ndarray:
    """Weights (1, ROWS) that give the right one of the candidates for each contact the highest score."""
    rows, candidate_of_row = [], []
    value_of_candidate: list[int] = []
    is_right: list[bool] = []
    count = 0  # of the values whose owner is known
    for post in posts:
        text = ContactText.of(post["clean"], post["found_title"])
        named = {
            (contact["kind"], squeeze(standardize_labels(normalize(contact["value"])))): squeeze(contact["institution"])
            for contact in post["contacts"]
        }
        previous = ""
        for number, values in enumerate(text.found):
            for index, value in enumerate(values):
                candidates = owners.find_candidates(text, number, index, previous)
                owner = named.get((value.label, squeeze(value.value)), "")
                exact = [squeeze(candidate.name) == owner for candidate in candidates]
                right = exact if any(exact) else [similar_owner(squeeze(one.name), owner) for one in candidates]
                if owner and any(right):
                    its_rows, its_candidates = owners.candidate_features(candidates)
                    rows.append(its_rows)
                    candidate_of_row.append(its_candidates + len(is_right))
                    value_of_candidate += [count] * len(candidates)
                    is_right += right
                    count += 1
                    previous = candidates[right.index(True)].name
                else:
                    previous = previous if not owner else ""
    score = _scorer(np.concatenate(rows), np.concatenate(candidate_of_row), len(is_right))
    value_numbers, is_right_one = torch.tensor(value_of_candidate), torch.tensor(is_right)

    def loss(weights: torch.Tensor) -> torch.Tensor:
        scores = score(weights)[:, 0]
        exponents = (scores - scores.max().detach()).exp()
        total = torch.zeros(count).index_add(0, value_numbers, exponents)
        of_right = torch.zeros(count).index_add(0, value_numbers, exponents * is_right_one)
        return (total.log() - of_right.clamp(min=1e-12).log()).mean()

    return _minimize(loss, outputs=1, decay=OWNER_DECAY)


def _scorer(rows: np.ndarray, item_of_row: np.ndarray, items: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function from weights (ROWS, outputs) to scores (items, outputs): `linear.score`, but differentiable."""
    order = np.argsort(item_of_row, kind="stable")
    sizes = np.bincount(item_of_row, minlength=items)
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)[:-1]]))
    rows_tensor = torch.from_numpy(rows[order])
    scale = torch.from_numpy(1 / np.sqrt(np.maximum(1, sizes))).float()[:, None]
    return lambda weights: torch.nn.functional.embedding_bag(rows_tensor, weights, offsets, mode="sum") * scale


def _minimize(loss: Callable[[torch.Tensor], torch.Tensor], outputs: int, decay: float) -> np.ndarray:
    """The weights (outputs, ROWS) with the smallest loss; `decay` is the factor of their squares."""
    weights = torch.zeros(ROWS, outputs, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        total = loss(weights) + decay * weights.square().sum()
        total.backward()
        return total

    optimizer.step(closure)
    return weights.detach().numpy().T


if __name__ == "__main__":
    main()
