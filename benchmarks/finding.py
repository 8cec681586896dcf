"""How well documents are found for questions in people's own words, and the fact that is asked for given.

    python -m benchmarks.finding               # the table: questions that were tuned on, kept ones, older ones
    python -m benchmarks.finding --show        # and every question of the first two columns that goes wrong
    python -m benchmarks.finding --learn       # and the weights of corpus/retrieval/confidence.py, learned anew

The questions are those of `tests/labelled/finding.jsonl`, about the bundled text, about `web_posts.txt`, or about
nothing in either; half of them are kept out of tuning and out of --show and --learn. The older ones are
`questions.json` and `questions_about_other_things.json`. A text of your own is measured too where it is given:
--petitions FILE takes the public petitions that some of the questions are about.

A document is right if it is part of a post that holds one of the labelled phrases. The fact must stand in the answer
that a model would write that chooses at random among what the form allows: whatever a model has learned, its answers
are hardly worse. A weak match gives no fact.
"""

import argparse
import importlib
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from answering.form import Choice, GuidedForm
from answering.material import material_of
from answering.prompt import fit_documents, space_for_documents
from answering.search import Candidates, DocumentSearch
from answering.source import Source
from benchmarks.samples import squeeze
from corpus.retrieval.confidence import EVIDENCE_WEIGHTS, find_evidence
from corpus.samples import Sample, read_samples
from corpus.template import Template

import numpy as np
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
LABELLED = ROOT / "tests" / "labelled"
BLOCK_SIZE = 1024
MOST_TOKENS = 1000  # of an answer
GOALS = {
    "right document first": 0.85,
    "right document among three": 0.95,
    "fact in the answer": 0.85,
    "weak match on right documents": 0.05,
    "weak match on wrong ones": 0.8,
    "weak match on nothing": 0.9,
}
HALVES = ("tuning", "kept", "older")


@dataclass(frozen=True)
class Label:
    """A question and what answers it."""

    about: str  # bundled, web or petitions; nothing
    half: str  # tuning, kept or older
    question: str
    answered_by: tuple[str, ...] = ()  # phrases of the right posts
    fact: tuple[str, ...] = ()  # one of them must stand in the answer

    def is_held_by(self, text: str) -> bool:
        """Whether a text is part of a right post."""
        return any(squeeze(phrase) in squeeze(text) for phrase in self.answered_by)


@dataclass(frozen=True)
class Asked:
    """What became of a question."""

    label: Label
    found: Candidates
    is_first: bool = False
    is_among_three: bool = False
    has_fact: bool = False


@dataclass(frozen=True)
class Text:
    """A text of documents on which steps 01 to 03 have run."""

    name: str
    search: DocumentSearch
    tokenizer: Tokenizer
    samples: list[Sample]

    @classmethod
    def prepare(cls, name: str, raw_path: Path, folder: Path) -> "Text":
        """Run the steps into a folder."""
        samples, tokenizer, index = (str(folder / each) for each in ("samples.txt", "tokenizer.json", "index.npz"))
        table, dropped = (str(folder / each) for each in ("contacts.json", "dropped.txt"))
        run("01_prepare_samples", raw_path=raw_path, samples_path=samples, contacts_path=table, dropped_path=dropped)
        run("02_train_tokenizer", samples_path=samples, tokenizer_path=tokenizer, vocab_size=4096, bytes_per_token=25)
        bins = {"train_bin": folder / "train.bin", "val_bin": folder / "val.bin"}
        run("03_build_bin_dataset", samples_path=samples, tokenizer_path=tokenizer, index_path=index, **bins)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        search = DocumentSearch(index, samples, manifest["tokenizer.json"]["sha256"])
        documents = [sample for sample in read_samples(samples) if sample.document]
        return cls(name, search, Tokenizer.from_file(tokenizer), documents)

    def ask(self, label: Label) -> Asked:
        """Ask a question, for the documents and for the answer."""
        found = self.search.find(label.question, 3)
        if not label.answered_by:
            return Asked(label, found)
        lines = {sample.line for sample in self.samples if label.is_held_by(f"{sample.title}\n{sample.document}")}
        posts = list(dict.fromkeys(source.line for source in found.documents + found.offer))[:3]
        answer = "" if found.offer else self.answer(label.question)
        return Asked(
            label,
            found,
            is_first=bool(posts) and posts[0] in lines,
            is_among_three=bool(lines.intersection(posts)),
            has_fact=any(squeeze(fact) in squeeze(answer) for fact in label.fact),
        )

    def answer(self, question: str) -> str:
        """The answer of a model that chooses at random."""
        template = Template()
        found = self.search.find(question, 1)
        space = space_for_documents(question, BLOCK_SIZE, self.tokenizer, template)
        sources = fit_documents(question, found, space, self.tokenizer)
        material = material_of([(source.text, source.title) for source in sources], question)

        @cache
        def count_tokens(text: str) -> int:
            return len(self.tokenizer.encode(text).ids)

        left = min(MOST_TOKENS, BLOCK_SIZE - sum(count_tokens(source.text) for source in sources) - len(question))
        return write_at_random(GuidedForm(template, material, left, count_tokens), random.Random(question))


def run(script: str, **settings: object) -> None:
    """Run a step with these settings."""
    flags = [text for name, value in settings.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    importlib.import_module(script).main(flags)


def write_at_random(form: GuidedForm, chance: random.Random) -> str:
    """A text that the form allows."""
    writing, text = form.write(), ""
    offered = next(writing)
    while True:
        assert isinstance(offered, Choice)
        line = chance.choice([*offered.texts, *offered.ways_out])
        text += line
        try:
            offered = writing.send((line, form.count_tokens(line)))
        except StopIteration:
            return text


def read_labels() -> list[Label]:
    """All labelled questions."""
    lines = (LABELLED / "finding.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [label_of(json.loads(line)) for line in lines]
    older = json.loads((LABELLED / "questions.json").read_text(encoding="utf-8"))
    nothing = json.loads((LABELLED / "questions_about_other_things.json").read_text(encoding="utf-8"))
    labels += [Label("bundled", "older", each["question"], tuple(each["answered_by"])) for each in older]
    return labels + [Label("nothing", "older", question) for question in nothing]


def label_of(entry: dict[str, Any]) -> Label:
    """The label in a line of JSON."""
    answered_by, fact = tuple(entry.get("answered_by", ())), tuple(entry.get("fact", ()))
    return Label(entry["of"], entry["half"], entry["question"], answered_by, fact)


def measure(asked: Iterable[Asked]) -> dict[str, tuple[int, int]]:
    """For each row of the table, how many of how many."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def count(row: str, value: bool) -> None:
        rows[row][0] += value
        rows[row][1] += 1

    for each in asked:
        if not each.label.answered_by:
            count("weak match on nothing", not each.found.documents)
            continue
        count("right document first", each.is_first)
        count("right document among three", each.is_among_three)
        count(f"weak match on {'right documents' if each.is_first else 'wrong ones'}", bool(each.found.offer))
        if each.label.fact:
            count("fact in the answer", each.has_fact)
    return {row: (part, whole) for row, (part, whole) in rows.items()}


def ask_all(texts: Iterable[Text], labels: Iterable[Label]) -> Iterator[Asked]:
    """Ask each text the questions about it, and those about nothing unless it is too large to hold nothing of them."""
    labels = list(labels)
    for text in texts:
        for label in labels:
            if label.about == text.name or (label.about == "nothing" and text.name != "petitions"):
                yield text.ask(label)


def print_table(asked: list[Asked]) -> None:
    """A row for each measure, a column for each half."""
    columns = [measure(each for each in asked if each.label.half == half) for half in HALVES]
    print(f"{'':32}" + "".join(f"{half:>18}" for half in HALVES) + "   goal")
    for row, goal in GOALS.items():
        cells = [
            f"{part / whole:.2f} ({part}/{whole})" if whole else "–"
            for part, whole in (c.get(row, (0, 0)) for c in columns)
        ]
        print(f"{row:32}" + "".join(f"{cell:>18}" for cell in cells) + f"{goal:7.2f}")


def show_wrong(asked: Iterable[Asked]) -> None:
    """Print what went wrong, except with the kept questions."""
    for each in asked:
        label, found = each.label, each.found
        names = " | ".join(source.name[:24] for source in (found.documents + found.offer)[:3])
        wrong = [
            "weak" if found.offer and each.is_first else "",
            "not first" if label.answered_by and not each.is_first else "",
            "no fact" if label.fact and not each.has_fact else "",
            "not weak" if not label.answered_by and found.documents else "",
        ]
        if label.half != "kept" and any(wrong):
            print(f"{', '.join(filter(None, wrong)):20} {label.question} → {names}")


def learn_weights(texts: Iterable[Text], asked: Iterable[Asked]) -> None:
    """Print bias and weights of a logistic regression: does the first document answer the question?"""
    searches = {text.name: text.search for text in texts}
    rows, right = [], []
    for each in asked:
        documents = each.found.documents + each.found.offer
        if each.label.half != "kept" and documents:
            first: Source = documents[0]
            index = searches.get(each.label.about, searches["bundled"]).index
            rows.append([1.0, *find_evidence(index, each.label.question, first.title, first.text)])
            right.append(float(each.is_first))
    X, y = np.array(rows), np.array(right)
    penalty = 0.3 * np.diag([0.0, *(1.0 for _ in EVIDENCE_WEIGHTS)])
    weights = np.zeros(X.shape[1])
    for _ in range(50):  # Newton's method
        p = 1 / (1 + np.exp(-X @ weights))
        curvature = (X.T * (p * (1 - p))) @ X + penalty
        weights -= np.linalg.solve(curvature, X.T @ (p - y) + penalty @ weights)
    print("BIAS, EVIDENCE_WEIGHTS =", np.round(weights[0], 2), tuple(np.round(weights[1:], 2).tolist()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print every question that goes wrong")
    parser.add_argument("--learn", action="store_true", help="learn how sure a match is")
    parser.add_argument("--petitions", type=Path, help="the text of the public petitions")
    options = parser.parse_args()
    raw = {"bundled": ROOT / "data" / "sample_raw.txt", "web": LABELLED / "web_posts.txt"}
    if options.petitions:
        raw["petitions"] = options.petitions
    with tempfile.TemporaryDirectory() as folder:
        for name in raw:
            (Path(folder) / name).mkdir()
        texts = [Text.prepare(name, path, Path(folder) / name) for name, path in raw.items()]
        asked = list(ask_all(texts, read_labels()))
        print_table(asked)
        if options.show:
            show_wrong(asked)
        if options.learn:
            learn_weights(texts, asked)


if __name__ == "__main__":
    main()
