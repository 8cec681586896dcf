"""How well step 01 finds what a careful reader finds: precision and recall against posts labelled by hand.

    python -m benchmarks.samples                 # the posts that nothing was learned from or tuned on
    python -m benchmarks.samples --show          # and what was missed and what was wrong
    python -m benchmarks.samples --of bundled    # posts that the rules and weights were made with

Owners and checklists are learned (`benchmarks/learn_extraction.py`, which also cross-validates them), so their
figures on any file but fresh show how well the posts were memorised.

`tests/labelled/*.jsonl` holds one post a line with its contacts and their institutions, what is to do, to
bring and to beware of, and its title; `boundaries.json` the lines on which the posts of the bundled corpus
begin. A file whose posts have "before" is joined with that text between them, and cut again. "points" are what
a reader comes for; a summary says the point if it contains at least half of them.

A line of the checklist counts as found when it and the labelled line share 80 % of the characters of the
shorter one, in order; an owner counts when one of the two names holds the other.
"""

import argparse
import difflib
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from corpus.extraction.answers import extract_answer
from corpus.extraction.contacts import find_contacts
from corpus.raw.cleaning import clean_lines
from corpus.raw.documents import Document
from corpus.raw.normalization import normalize, standardize_labels
from corpus.raw.posts import split_posts
from corpus.raw.reading import ReadingReport, read_lines
from corpus.raw.titles import find_title

ROOT = Path(__file__).resolve().parent.parent

LABELLED = ROOT / "tests" / "labelled"
GOALS = {
    "titles": 0.90,
    "summaries": 0.85,
    "contact values": 0.98,
    "contact owners": 0.90,
    "to do": 0.85,
    "to bring": 0.85,
    "to beware": 0.85,
    "boundaries": 0.99,
}


Item = TypeVar("Item")
Same = Callable[[Item, Item], bool]
Comparison = tuple[list[Any], list[Any], Same[Any]]  # found, labelled, whether two are the same


class Score:
    """Counts of the items that were found, and of the labelled ones."""

    def __init__(self) -> None:
        self.found = self.labelled = self.right_found = self.right_labelled = 0

    def add(self, found: list[Item], labelled: list[Item], same: Same[Item]) -> tuple[list[Item], list[Item]]:
        """Count one post; return what is wrong and what is missing."""
        wrong = [item for item in found if not any(same(item, label) for label in labelled)]
        missed = [label for label in labelled if not any(same(item, label) for item in found)]
        self.found += len(found)
        self.labelled += len(labelled)
        self.right_found += len(found) - len(wrong)
        self.right_labelled += len(labelled) - len(missed)
        return wrong, missed

    def precision(self) -> float:
        """The share of right items among those found; 1 if none was found."""
        return self.right_found / self.found if self.found else 1.0

    def recall(self) -> float:
        """The share of found items among those labelled; 1 if none was labelled."""
        return self.right_labelled / self.labelled if self.labelled else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--of", default="fresh", help="the name of a labelled file")
    parser.add_argument("--show", action="store_true", help="print every difference")
    options = parser.parse_args()
    path = LABELLED / f"{options.of}.jsonl"
    if not path.exists():
        parser.error(f"{path} is not there; --of takes {', '.join(path.stem for path in LABELLED.glob('*.jsonl'))}")
    print_scores(path.stem, score_file(path, options.show))


def score_file(path: Path, show: bool) -> dict[str, Score]:
    """The score of each section over the posts of one labelled file."""
    posts = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    scores: dict[str, Score] = defaultdict(Score)
    for post in posts:
        for section, (found, labelled, same) in compare(post).items():
            wrong, missed = scores[section].add(found, labelled, same)
            if show:
                for mark, items in (("wrong ", wrong), ("missed", missed)):
                    for item in items:
                        print(f"{post['id']} {section:15} {mark} {item}")
    if "before" in posts[0] or path.stem == "bundled":
        found, labelled = boundaries(path, posts)
        wrong, missed = scores["boundaries"].add(found, labelled, lambda one, other: one == other)
        if show and (wrong or missed):
            print(f"{path.stem} boundaries: wrong {wrong}, missed {missed}")
    return scores


def compare(post: dict[str, Any]) -> dict[str, Comparison]:
    """For each section, what the program finds, what the reader labelled, and whether two of these are the same."""
    text = standardize_labels(normalize(post["text"]))
    title = find_title(tuple(text.split("\n")))
    document = Document("labelled", 1, 0, 0, title, text)
    answer = extract_answer(document)
    contacts = find_contacts(text, title)
    labels = [
        (squeeze(label["institution"]), label["kind"], squeeze(standardize_labels(normalize(label["value"]))))
        for label in post["contacts"]
    ]
    found = [(squeeze(contact.institution), contact.label, squeeze(contact.value)) for contact in contacts]
    known_values = {label[1:] for label in labels}
    comparisons: dict[str, Comparison] = {
        "titles": ([title] if title else [], [post["title"]] if post["title"] else [], similar),
        "contact values": (
            [contact[1:] for contact in found],
            [label[1:] for label in labels],
            lambda one, other: one == other,
        ),
        "contact owners": (
            # Owners are judged where the value is right and the reader saw an owner.
            [contact for contact in found if contact[1:] in known_values],
            [label for label in labels if label[0] and label[1:] in {contact[1:] for contact in found}],
            lambda one, other: one[1:] == other[1:] and similar_owner(one[0], other[0]),
        ),
    }
    for section, items, name in (
        ("to do", answer.to_do, "to_do"),
        ("to bring", answer.to_bring, "to_bring"),
        ("to beware", answer.to_beware, "to_beware"),
    ):
        comparisons[section] = items, [standardize_labels(normalize(line)) for line in post[name]], similar
    if points := [standardize_labels(normalize(line)) for line in post.get("points", [])]:
        comparisons["summaries"] = [answer.summary], [points], says_the_point
    return comparisons


def says_the_point(summary: list[str], points: list[str]) -> bool:
    """Whether a summary contains at least half of what a reader came for."""
    return 2 * sum(any(similar(point, line) for line in summary) for point in points) >= len(points)


def boundaries(path: Path, posts: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
    """The numbers of the first lines of the posts of a file: as the program splits it, and as it was joined."""
    known = path.with_name("boundaries.json")
    if "before" not in posts[0]:
        raw = ROOT / "data" / "sample_raw.txt"
        return _first_lines(raw), [post["line"] for post in json.loads(known.read_text(encoding="utf-8"))]
    joined, labelled = "", []
    for post in posts:
        joined += post["before"] if joined else ""
        labelled.append(joined.count("\n") + 1)
        joined += post["text"]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "joined.txt"
        raw.write_text(joined, encoding="utf-8")
        return _first_lines(raw), labelled


def _first_lines(raw: Path) -> list[int]:
    return [post.line for post in split_posts(clean_lines(read_lines(raw, ReadingReport())))]


def similar_owner(one: str, other: str) -> bool:
    """Whether one of two names without spaces contains the other."""
    one, other = one.strip(".").lower(), other.strip(".").lower()
    return bool(one and other) and (one in other or other in one)


def similar(one: str, other: str) -> bool:
    """Whether two lines share 80 % of the characters of the shorter one, in order."""
    one, other = squeeze(one), squeeze(other)
    if one in other or other in one:
        return min(len(one), len(other)) >= 2
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size > 1) >= 0.8 * min(len(one), len(other))


def squeeze(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())


def print_scores(name: str, scores: dict[str, Score]) -> None:
    """Print a table with a line for each section."""
    print(f"\n{name:16} precision  recall   goal   found labelled")
    for section, goal in GOALS.items():
        if section not in scores:
            continue
        score = scores[section]
        reached = score.precision() >= goal and score.recall() >= goal
        print(
            f"{section:16} {score.precision():9.3f} {score.recall():7.3f} {goal:6.2f} "
            f"{score.found:7} {score.labelled:8}  {'reached' if reached else ''}"
        )


if __name__ == "__main__":
    main()
