"""Step 1 of 5: turn one untidy raw text into training samples in a tidy form.

A model trained from scratch only continues text, so it learns to answer from samples that already
look like answers. This step cleans the raw text, cuts it into documents, and writes for each document
a question and an answer whose every line is taken from the document.
"""

import contextlib
import json
import os
import signal
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import pipeline
from corpus.extraction.advertising import find_advertising
from corpus.extraction.answers import extract_answer, extract_review
from corpus.extraction.contacts import Contact, hide_contacts, normalize_value
from corpus.extraction.questions import ask
from corpus.raw.documents import cut_documents
from corpus.raw.dropped import HEADER, NOTHING, format_advertising, format_copy
from corpus.raw.duplicates import DuplicateFinder
from corpus.raw.normalization import standardize_labels
from corpus.raw.posts import Post, split_posts
from corpus.raw.reading import Line, ReadingReport, list_sources, read_lines
from corpus.samples import Sample, format_sample
from corpus.template import Template, count_markers
from pipeline import StepError, setting
from pipeline.progress import ProgressBar, progress_bar

# --- Files ---
RAW_PATH = "data/raw.txt"  # your text: a file, or a folder of .txt files; if absent, the bundled sample is used
SAMPLES_PATH = "data/samples.txt"  # the training samples that this step writes
CONTACTS_PATH = "data/contacts.json"  # every telephone number, address and site with its institution
DROPPED_PATH = "data/dropped.txt"  # posts that were left out, and why

# --- Samples ---
STYLE = "answer"  # questions answered in four sections; or "summary": documents summed up with merits and drawbacks
MAX_DOCUMENT_CHARACTERS = 780  # longer posts are cut into parts, so that a sample fits BLOCK_SIZE of step 04
QUESTIONS = 1  # closed-book samples of each document, each asked differently; 3 for a text below about 2 MB
CONTACTS = "keep"  # or "placeholder": <TEL> and the like in place of values, which only CONTACTS_PATH then holds

# --- Machine ---
WORKERS = 0  # processes that write answers; 0 = one for each core


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above: their types, and what they may be."""

    raw_path: str
    samples_path: str
    contacts_path: str
    dropped_path: str
    style: Literal["answer", "summary"]
    max_document_characters: int = setting(least=100)
    questions: int = setting(least=0)
    contacts: Literal["keep", "placeholder"]
    workers: int = setting(least=0)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    outputs = [settings.samples_path, settings.contacts_path, settings.dropped_path]
    pipeline.require_sound_manifest(*outputs)
    raw_path = choose_raw_path(Path(settings.raw_path))
    sources = list_sources(raw_path)

    reading = ReadingReport()
    tally = Tally()
    contacts = ContactTable()
    total = sum(source.stat().st_size for source in sources)
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(progress_bar("prepare samples", total, unit="B"))
        samples_file, contacts_file, dropped_file = stack.enter_context(pipeline.atomic_writes(outputs))
        kept_posts = stack.enter_context(tempfile.TemporaryFile(dir=Path(settings.samples_path).parent))
        dropped_file.write(HEADER)
        read = split_posts(read_with_progress(sources, reading, bar))
        posts = select_posts(read, tally, DuplicateFinder(kept_posts), dropped_file)
        write_answers = partial(
            prepare_post,
            template=Template.of_style(settings.style),
            max_characters=settings.max_document_characters,
            questions=settings.questions,
            keep_contacts=settings.contacts == "keep",
        )
        for prepared in map_in_order(write_answers, posts, settings.workers or min(32, os.cpu_count() or 1)):
            for sample in prepared.samples:
                samples_file.write(format_sample(sample))
            for contact, line in prepared.contacts:
                contacts.add(contact, prepared.samples[0].source, line)
            tally.add(prepared)
        require_two_documents(raw_path, tally)
        json.dump(contacts.to_list(), contacts_file, ensure_ascii=False, indent=1)
        if not tally.duplicate_posts + tally.advertising_posts:
            dropped_file.write(NOTHING)
    pipeline.record_artifacts(outputs, Path(__file__).name, settings, inputs=[raw_path])
    print_report(settings, reading, tally, contacts)


def choose_raw_path(raw_path: Path) -> Path:
    """The user's text; while there is none in the usual place, the text that comes with the project."""
    bundled = Path(__file__).parent / "data" / "sample_raw.txt"
    if raw_path.exists() or raw_path != Path(RAW_PATH):
        return raw_path
    print(f"{raw_path} is not there yet: using the bundled sample text {bundled.name}.")
    return bundled


def read_with_progress(sources: list[Path], reading: ReadingReport, bar: ProgressBar) -> Iterator[Line]:
    """The lines of all sources; the bar follows the bytes read."""
    for source in sources:
        for line in read_lines(source, reading):
            yield line
            if reading.read_bytes != bar.n:
                bar.update(reading.read_bytes - bar.n)


def select_posts(
    posts: Iterable[Post], tally: "Tally", finder: DuplicateFinder, dropped_file: IO[str]
) -> Iterator[tuple[int, int, Post]]:
    """(number, family, post) of each post that is neither a copy of an earlier one nor advertising.

    Writes an entry to `dropped_file` for each of the others.
    """
    for post in posts:
        text = "\n".join(post.lines)
        finding = finder.add(post)
        if finding.original:
            tally.duplicate_posts += 1
            tally.duplicate_bytes += len(text.encode())
            dropped_file.write(format_copy(post, finding))
        elif evidence := find_advertising(text):
            tally.advertising_posts += 1
            tally.advertising_bytes += len(text.encode())
            dropped_file.write(format_advertising(post, evidence))
        else:
            yield finding.number, finding.family, post


def require_two_documents(raw_path: Path, tally: "Tally") -> None:
    """Stop at a text that step 03 could not split into documents for training and for validation."""
    dropped = tally.duplicate_posts + tally.advertising_posts
    if not tally.documents and not dropped:
        raise StepError(f"{raw_path}: there is no readable text in it; put your text there and run this step again")
    if tally.documents < 2:
        without = f" without {dropped:,} duplicate or advertising post(s)" if dropped else ""
        raise StepError(
            f"{raw_path}: it has {tally.documents} document(s){without}, and at least 2 are needed, one for training "
            "and one for validation; add more text and run this step again"
        )


@dataclass
class PreparedPost:
    """What one post became."""

    samples: list[Sample]
    contacts: list[tuple[Contact, int]]  # with the line of the post they were found in
    documents: int
    kept_bytes: int
    markers: int


def prepare_post(
    numbered_post: tuple[int, int, Post], template: Template, max_characters: int, questions: int, keep_contacts: bool
) -> PreparedPost:
    """Cut a post into documents; write for each a grounded sample and `questions` closed-book ones, or a summary."""
    number, family, post = numbered_post
    kept_bytes = len("\n".join(post.lines).encode())
    lines = tuple(standardize_labels("\n".join(post.lines)).split("\n"))
    documents = cut_documents(Post(post.source, post.line, lines), number, max_characters)
    samples = []
    contacts = []
    for document in documents:
        if template.style == "summary":
            answer = extract_review(document)
            texts = [("summary", template.write_sample("", document.text, answer))]
        else:
            answer = extract_answer(document)
            texts = [("grounded", template.write_sample(ask(document), document.text, answer))]
            # Without [DOC] the details carry the whole document, so that all of the text is learned from.
            answer.details = document.text
            for variant in range(1, questions + 1):
                texts.append(("closed-book", template.write_sample(ask(document, variant), "", answer)))
        found = [
            Contact(institution, label, value, normalize_value(label, value))
            for institution, values in answer.contacts.items()
            for label, value in values
        ]
        contacts += [(contact, document.line) for contact in found]
        for kind, text in texts:
            shown = text if keep_contacts else hide_contacts(text, found)
            samples.append(Sample.of(document, family, kind, shown))
    return PreparedPost(samples, contacts, len(documents), kept_bytes, count_markers("\n".join(lines)))


def map_in_order(function, items: Iterable, workers: int) -> Iterator:
    """Apply `function` to the items in several processes; results come in the order of the items.

    Only a few batches are under way at once, so memory does not grow with the number of items, and a
    small input is done here without starting processes.
    """
    items = iter(items)
    first = list(islice(items, 500))
    yield from map(function, first)
    # Ctrl-C is for this process; the workers end with it, without a word.
    with ProcessPoolExecutor(workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        under_way: deque = deque()
        for batch in pipeline.batched(items, 200):
            under_way.append(pool.submit(_map_batch, function, batch))
            if len(under_way) > 3 * workers:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()


def _map_batch(function, batch: list) -> list:
    return [function(item) for item in batch]


class ContactTable:
    """Contacts by institution; different values of one kind stand together, so conflicts are seen."""

    def __init__(self):
        self.institutions: dict[str, dict[tuple[str, str], dict]] = {}

    def add(self, contact: Contact, source: str, line: int) -> None:
        entries = self.institutions.setdefault(contact.institution, {})
        entry = entries.setdefault(
            (contact.label, contact.normalized),
            {"kind": contact.label, "value": contact.value, "normalized": contact.normalized, "documents": []},
        )
        place = {"source": source, "line": line}
        if place not in entry["documents"]:
            entry["documents"].append(place)

    def to_list(self) -> list[dict]:
        return [
            {"institution": institution, "contacts": [entries[key] for key in sorted(entries)]}
            for institution, entries in self.institutions.items()
        ]

    def __len__(self) -> int:
        return sum(map(len, self.institutions.values()))


@dataclass
class Tally:
    """What the posts became, for the report."""

    posts: int = 0
    documents: int = 0
    samples: int = 0
    sample_bytes: int = 0
    kept_bytes: int = 0
    duplicate_posts: int = 0
    duplicate_bytes: int = 0
    advertising_posts: int = 0
    advertising_bytes: int = 0
    markers: int = 0

    def add(self, prepared: PreparedPost) -> None:
        self.posts += 1
        self.documents += prepared.documents
        self.samples += len(prepared.samples)
        self.sample_bytes += sum(len(sample.text.encode()) for sample in prepared.samples)
        self.kept_bytes += prepared.kept_bytes
        self.markers += prepared.markers


def print_report(settings, reading: ReadingReport, tally: Tally, contacts: ContactTable) -> None:
    """Say where every byte went and what was made of it."""
    used = reading.unreadable_bytes + reading.garbled_bytes
    used += tally.kept_bytes + tally.duplicate_bytes + tally.advertising_bytes
    encodings = ", ".join(sorted(set(reading.encodings.values())))
    where = f", the first at {reading.first_unreadable}" if reading.unreadable_bytes else ""
    print(f"read        {reading.read_bytes:>13,} bytes in {len(reading.encodings)} file(s), {encodings}")
    print(f"kept        {tally.kept_bytes:>13,} bytes in {tally.posts:,} posts")
    for name, size, posts in (
        ("duplicate", tally.duplicate_bytes, tally.duplicate_posts),
        ("advertising", tally.advertising_bytes, tally.advertising_posts),
    ):
        listed = f", listed in {settings.dropped_path}" if posts else ""
        print(f"{name:11} {size:>13,} bytes in {posts:,} posts{listed}")
    print(f"unreadable  {reading.unreadable_bytes:>13,} bytes{where}")
    if reading.garbled_bytes:
        where_garbled = f"spoilt before they were saved, the first at {reading.first_garbled}"
        print(f"garbled     {reading.garbled_bytes:>13,} bytes {where_garbled}")
    if reading.repaired_lines:
        print(f"repaired    {reading.repaired_lines:>13,} lines that had been saved in a wrong encoding")
    print(f"clean-up    {reading.read_bytes - used:>13,} bytes of white space, separators, markup, change of encoding")
    if tally.markers:
        print(f"markers     {tally.markers:>13,} in the text, rewritten so that they cannot pass for ours")
    print(
        f"{tally.documents:,} documents -> {tally.samples:,} samples ({pipeline.human_size(tally.sample_bytes)}) in "
        f"{settings.samples_path}; {len(contacts):,} contacts of {len(contacts.institutions):,} institutions in "
        f"{settings.contacts_path}"
    )


if __name__ == "__main__":
    pipeline.run(main)
