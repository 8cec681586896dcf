"""How good are the answers to documents that the model has never seen: those of val.bin?

    python -m benchmarks.answers                    # 100 documents, each with its text and without
    python -m benchmarks.answers --limit 10 --show 5
    python -m benchmarks.answers --control control/ckpt.pt    # beside the answers of another model

The first table is that of the settings, the second one that of the model alone (--form free --no-verify-lines
--no-verify-contacts). A figure that a control of one training step reaches too is not the model's. To make one, run:
python 04_train_gpt_from_scratch.py --max-steps 1 --checkpoint-path control/ckpt.pt

Takes every setting of step 05 as well, with the values set there. The question with a document is the one
of its grounded sample, that without is the one of its closed-book sample. The answer of the sample, which step 01
made, is measured like the others: what the model was taught, and so about the best that it can do.

Every measure is a share of two sums over all answers:
form           answers with every heading once and in order, something below each, that ended by themselves
precision      contacts in an answer that its document holds; without a document: that contacts.json holds
recall         contacts of the document that the answer lists
supported      lines of the summary of which some stretch of the document, at most twice as long, holds 80 % of the
               tokens in the same order; tokens are stems, particles and numbers
like step 01's lines of the summary (but for the title), and of the lists, that the sample's answer has too (F1)
repeated       runs of four of the tokenizer's tokens that occurred in the answer before; contacts do not count
topic kept     words of the question's topic that occur in the answer
"""

import argparse
import importlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import pipeline
from answering.assistant import Assistant
from answering.contacts_file import contacts_of
from answering.request import Request
from answering.source import Source
from benchmarks.samples import Score, similar, squeeze
from corpus.extraction import questions
from corpus.extraction.contact_values import find_values, normalize_value
from corpus.extraction.contacts import find_contacts
from corpus.raw.words import content_words, strip_particle
from corpus.samples import Sample, read_samples
from corpus.template import BOS, END_QUESTION, EOS, QUESTION, Template
from gpt.token_file import read_token_file
from pipeline import StepError
from pipeline.progress import progress_bar

step_05 = importlib.import_module("05_generate")
STEP_03 = "03_build_bin_dataset.py"

GOALS = {
    "form": 1.0,
    "contact precision": 1.0,
    "contact recall": 0.9,
    "supported summary lines": 0.8,
    "ended by themselves": 1.0,
}
SUPPORTED = 0.8  # of a line's tokens
STRETCH = 2  # times as long as the line: the longest piece of a document that can support it
NGRAM = 4
LISTED_CONTACT = re.compile(r"^\s*- (TEL|ADDR|WEB|KAKAO|EMAIL): (.+)$")
TOKEN = re.compile(r"[가-힣]+|[^\W\d_가-힣]+|\d+")

Contacts = set[tuple[str, str]]  # (label, normalized value)
Shares = dict[str, tuple[float, float]]  # measure -> what counts, of how much


@dataclass(frozen=True)
class HeldOut:
    """A document of the validation set and what is asked about it."""

    document: Source
    question: str
    closed_question: str  # "" where no sample asks without the document
    reference: str  # the answer of the grounded sample


@dataclass(frozen=True)
class Finished:
    """An answer about a held-out document."""

    about: HeldOut
    question: str
    text: str
    ended: bool


Runs = dict[str, tuple[list[Finished], float | None]]  # way of answering -> answers, seconds


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--val-bin", default="data/val.bin", help="made by step 03")
    parser.add_argument("--limit", type=int, default=100, help="documents to ask about")
    parser.add_argument("--show", type=int, default=0, help="answers to print with their question and reference")
    parser.add_argument("--control", default="", help="a checkpoint to compare with: of one step, for example")
    options, others = parser.parse_known_args(arguments)
    pipeline.require_setting(options.limit >= 1, f"--limit is {options.limit}; it must be at least 1")
    settings = replace(pipeline.read_settings(step_05.Settings, vars(step_05), others), closed_book=False)
    step_05.check_settings(settings)
    assistant = Assistant.load(step_05.artifacts_of(settings))
    control = None
    if options.control:
        control = Assistant.load(replace(step_05.artifacts_of(settings), checkpoint_path=options.control))
    held_out = read_held_out(assistant, options.val_bin, options.limit)
    request = step_05.request_of(settings)
    alone = replace(request, form="free", verify_lines=False, verify_contacts=False)
    tables = {"as the settings say": request, "the model alone: form free, no line or contact verified": alone}
    if request == alone:
        del tables["as the settings say"]
    for title, wanted in tables.items():
        print(f"\n{title}")
        runs = answer_in_all_ways(wanted, held_out, assistant, control, settings.rows)
        print_shown(runs, options.show)
        print_table(measure_all(runs, assistant), len(held_out))


def answer_in_all_ways(
    request: Request, held_out: Sequence[HeldOut], assistant: Assistant, control: Assistant | None, rows: int
) -> Runs:
    """The answers with the documents, without them, and those of the control with them."""
    grounded = [(each, replace(request, question=each.question, document=each.document)) for each in held_out]
    closed_book = [
        (each, replace(request, question=each.closed_question, closed_book=True))
        for each in held_out
        if each.closed_question
    ]
    return {
        "grounded": answer_all(assistant, grounded, rows, "grounded"),
        **({"control": answer_all(control, grounded, rows, "control")} if control else {}),
        "closed-book": answer_all(assistant, closed_book, rows, "closed-book"),
        "step 01's": ([Finished(each, each.question, each.reference, True) for each in held_out], None),
    }


def measure_all(runs: Runs, assistant: Assistant) -> dict[str, dict[str, float | None]]:
    """The measures of each way of answering."""
    values = [value for values in contacts_of(assistant.contacts_file.entries).values() for value in values]
    table = {(label, normalize_value(label, value)) for label, value in values}
    columns = {}
    for name, (answers, seconds) in runs.items():
        known = table if name == "closed-book" else None
        columns[name] = add_up(measure(each, assistant.template, encode_with(assistant), known) for each in answers)
        if seconds is not None:
            columns[name]["seconds per answer"] = seconds / max(1, len(answers))
    return columns


def measure_alone(assistant: Assistant, held_out: Sequence[HeldOut]) -> dict[str, float | None]:
    """What the model writes by itself about documents: free form, nothing verified."""
    settings = pipeline.read_settings(step_05.Settings, vars(step_05))
    request = replace(step_05.request_of(settings), form="free", verify_lines=False, verify_contacts=False)
    asked = [(each, replace(request, question=each.question, document=each.document)) for each in held_out]
    answers, _ = answer_all(assistant, asked, settings.rows, "answers of the model alone")
    return add_up(measure(answer, assistant.template, encode_with(assistant)) for answer in answers)


def read_held_out(assistant: Assistant, val_bin: str, limit: int) -> list[HeldOut]:
    """The first documents of the validation set, with their titles, which only the samples tell."""
    header, tokens = read_token_file(val_bin)
    if header.tokenizer_sha256 != assistant.search.tokenizer_sha256:
        raise StepError(f"{val_bin}: the checkpoint has another tokenizer; run: {pipeline.remake(val_bin, STEP_03)}")
    text = assistant.tokenizer.decode(tokens.tolist(), skip_special_tokens=False)
    texts = {sample.removesuffix(EOS) for sample in text.split(BOS)[1:]}
    samples_path = assistant.search.samples_path
    documents: dict[tuple[int, int], list[Sample]] = {}
    for sample in read_samples(samples_path):
        if sample.text in texts:
            documents.setdefault((sample.post, sample.part), []).append(sample)
    held_out = [held_out_of(samples, assistant.template) for samples in list(documents.values())[:limit]]
    if not held_out:
        raise StepError(f"{samples_path}: it holds no sample of {val_bin}; run: {pipeline.remake(val_bin, STEP_03)}")
    return held_out


def held_out_of(samples: Sequence[Sample], template: Template) -> HeldOut:
    """From the samples of one document."""
    grounded = next(sample for sample in samples if sample.document)
    closed = [question_of(sample.text) for sample in samples if not sample.document]
    document = Source(grounded.document, grounded.title, grounded.source, grounded.line)
    reference = grounded.text.partition(template.answer_start)[2].removesuffix(template.answer_end)
    return HeldOut(document, question_of(grounded.text), closed[0] if closed else "", reference)


def question_of(sample_text: str) -> str:
    return sample_text.partition(f"{QUESTION}\n")[2].partition(f"\n{END_QUESTION}")[0]


def answer_all(
    assistant: Assistant, asked: Sequence[tuple[HeldOut, Request]], rows: int, name: str
) -> tuple[list[Finished], float]:
    """The answers in the order of the requests, and the seconds that they took together."""
    started = time.monotonic()
    answers: dict[int, Finished] = {}
    with progress_bar(name, len(asked), unit="answer") as bar:
        for answer in assistant.answer_all([request for _, request in asked], rows):
            about, request = asked[answer.number]
            answers[answer.number] = Finished(about, request.question, answer.text, answer.ended)
            bar.update()
    return [answers[number] for number in sorted(answers)], time.monotonic() - started


def encode_with(assistant: Assistant) -> Callable[[str], list[int]]:
    return lambda text: assistant.tokenizer.encode(text).ids


# --- What is measured in one answer ---


def measure(
    answer: Finished, template: Template, encode: Callable[[str], list[int]], table: Contacts | None = None
) -> Shares:
    """All measures of one answer; `table` holds the contacts that it may give, None: those of its document."""
    document = answer.about.document
    parts, reference = (read_parts(template, text) for text in (answer.text, answer.about.reference))
    of_document = {(each.label, each.normalized) for each in find_contacts(document.text, document.title)}
    listed, told = listed_contacts(parts), told_contacts(parts)
    right = {each for each in listed | told if each in (of_document if table is None else table)}
    supported = [support(line, document.text) >= SUPPORTED for line in parts.get("summary", ())]
    lists = [part.name for part in template.parts if part.name not in ("summary", "contacts", "details")]
    words = topic_words(answer.question)
    content = "\n".join(line for lines in parts.values() for line in lines)
    return {
        "form": (has_form(template, answer.text) and answer.ended, 1),
        "contact precision": (len(right), len(listed | told)),
        "contact recall": (len(listed & of_document), len(of_document)),
        "supported summary lines": (sum(supported), len(supported)),
        "summary like step 01's": agreement(
            (without(document.title, parts.get("summary", ())), without(document.title, reference.get("summary", ())))
        ),
        "lists like step 01's": agreement(*((parts.get(name, ()), reference.get(name, ())) for name in lists)),
        "repeated 4-grams": repeated_ngrams(
            encode(line) for name, lines in parts.items() if name != "contacts" for line in lines
        ),
        "ended by themselves": (answer.ended, 1),
        "topic kept": (sum(word in content.lower() for word in words), len(words)),
        "tokens per answer": (len(encode(answer.text)), 1),
    }


def read_parts(template: Template, text: str) -> dict[str, list[str]]:
    """The text below each heading, by the name of the part, without bullets; nothing for "자료에 없음"."""
    headings = [(line, part) for part in template.parts for line in part.heading.split("\n")]
    parts: dict[str, list[str]] = {}
    current = None
    for line in text.split("\n"):
        index = next((index for index, (heading, _) in enumerate(headings) if line == heading), None)
        if index is not None:
            current = headings[index][1]
            parts.setdefault(current.name, [])
            headings = headings[index + 1 :]
        elif current and line.strip() and line != current.bullet + template.nothing:
            parts[current.name].append(line if current.name == "contacts" else line.removeprefix(current.bullet))
    return parts


def has_form(template: Template, text: str) -> bool:
    """Whether every heading occurs once, in the right order, with at least one line below it."""
    headings = list(template.heading_lines)
    lines = [line for line in text.split("\n") if line.strip()]
    found = [index for index, line in enumerate(lines) if line in headings]
    if [lines[index] for index in found] != headings or found[0] != 0:
        return False
    ends = {part.heading.split("\n")[-1] for part in template.parts}  # a heading of two lines has something below both
    gaps = zip(found, [*found[1:], len(lines)], strict=True)
    return all((after > index + 1) == (lines[index] in ends) for index, after in gaps)


def listed_contacts(parts: dict[str, list[str]]) -> Contacts:
    """Those in the section for contacts."""
    found = filter(None, map(LISTED_CONTACT.match, parts.get("contacts", ())))
    return {(match[1], normalize_value(match[1], match[2])) for match in found}


def told_contacts(parts: dict[str, list[str]]) -> Contacts:
    """Those in all other lines."""
    lines = [line for lines in parts.values() for line in lines if not LISTED_CONTACT.match(line)]
    found = (each for line in lines for each in find_values(line))
    return {(each.label, normalize_value(each.label, each.value)) for each in found}


def support(line: str, document: str) -> float:
    """The share of a line's tokens that the best stretch of a document holds in the same order; 1.0 for a quotation."""
    wanted, text = morphemes(line), morphemes(document)
    if not wanted:
        return 1.0
    width = STRETCH * len(wanted)
    starts = range(max(1, len(text) - width + 1))
    return max(longest_common_subsequence(wanted, text[start : start + width]) for start in starts) / len(wanted)


def morphemes(text: str) -> list[str]:
    """Stems and particles, words in other letters, numbers.

    >>> morphemes("여권을 3일 안에 받습니다.")
    ['여권', '을', '3', '일', '안에', '받습니다']
    """
    tokens = []
    for word in TOKEN.findall(text.lower()):
        stem = strip_particle(word)
        tokens += [stem, word[len(stem) :]] if len(stem) < len(word) else [word]
    return tokens


def longest_common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """How many tokens both hold in the same order.

    The bits of a whole number stand for a column of the usual table, of which a zero says that the length
    grows there (Hyyrö, 2004).
    """
    positions: Counter[str] = Counter()
    for index, token in enumerate(one):
        positions[token] |= 1 << index
    column = all_ones = (1 << len(one)) - 1
    for token in other:
        matching = column & positions[token]
        column = (column + matching) | (column - matching)
    return len(one) - (column & all_ones).bit_count()


def agreement(*lists: tuple[Sequence[str], Sequence[str]]) -> tuple[int, int]:
    """F1 of found against wanted lines, as a share: 2 x the common ones of all lines of both."""
    score = Score()
    for found, wanted in lists:
        score.add(list(found), list(wanted), similar)
    return score.right_found + score.right_labelled, score.found + score.labelled


def without(title: str, lines: Iterable[str]) -> list[str]:
    """The lines except the title or its beginning, which the question has too, so that it shows no choice."""
    return [line for line in lines if not squeeze(title).startswith(squeeze(line))]


def repeated_ngrams(lines: Iterable[Sequence[int]]) -> tuple[int, int]:
    """How many runs of NGRAM tokens within a line have occurred before, of how many."""
    count = Counter(
        tuple(tokens[start : start + NGRAM]) for tokens in lines for start in range(len(tokens) - NGRAM + 1)
    )
    return count.total() - len(count), count.total()


def topic_words(question: str) -> list[str]:
    """The words of a question that say what it is about, and not what is to be done with it."""
    return list(dict.fromkeys(word for word in content_words(question) if word not in WORDS_OF_PATTERNS))


def words_of_patterns() -> set[str]:
    patterns = questions.all_patterns()
    return {word for pattern in patterns for word in content_words(re.sub(r"{\w+}", "", pattern))}


WORDS_OF_PATTERNS = words_of_patterns()


# --- What is measured in all of them ---


def add_up(measured: Iterable[Shares]) -> dict[str, float | None]:
    """The share of each measure over all answers; None where there was nothing to measure."""
    sums: dict[str, list[float]] = {}
    for shares in measured:
        for name, share in shares.items():
            total = sums.setdefault(name, [0, 0])
            total[:] = total[0] + share[0], total[1] + share[1]
    return {name: part / whole if whole else None for name, (part, whole) in sums.items()}


def print_table(columns: dict[str, dict[str, float | None]], documents: int) -> None:
    """A row for each measure, with its goal where it has one."""
    print(f"{f'{documents} documents':25}" + "".join(f"{name:>13}" for name in columns) + f"{'goal':>7}")
    for row in columns["grounded"]:
        values = (column.get(row) for column in columns.values())
        digits = 1 if row.endswith("per answer") else 3
        cells = "".join("            –" if value is None else f"{value:13.{digits}f}" for value in values)
        print(f"{row:25}{cells}" + (f"{GOALS[row]:7.1f}" if row in GOALS else ""))


def print_shown(runs: Runs, count: int) -> None:
    """Some answers to read, each beside what step 01 made of the document."""
    for name in ("grounded", "closed-book"):
        for answer in runs[name][0][:count]:
            print(f"=== {name}: {answer.question}\n{answer.text}\n--- step 01's\n{answer.about.reference}\n")


if __name__ == "__main__":
    pipeline.run(main)
