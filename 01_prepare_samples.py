"""Step 1 of 5: turn one untidy raw text into training samples in a tidy form.

A model trained from scratch only continues text, so it learns to answer from samples that look like answers.
This step cleans the raw text, cuts it into documents, and writes a question and an answer for each document;
every line of the answer is taken from the document.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import pipeline
from corpus.contact_table import ContactTable
from corpus.preparation import Tally, prepare_post, select_posts
from corpus.raw.cleaning import clean_lines
from corpus.raw.dropped import EXPLANATION, NOTHING
from corpus.raw.duplicates import DuplicateFinder
from corpus.raw.posts import split_posts
from corpus.raw.reading import Line, ReadingReport, read_lines
from corpus.raw.sources import left_out, list_sources, source_name
from corpus.samples import format_sample
from corpus.template import Template
from pipeline import StepError, file_setting, setting
from pipeline.parallel import map_in_order
from pipeline.progress import ProgressBar, progress_bar

# --- Files ---
RAW_PATH = "data/raw.txt"  # your text: a file, or a folder of .txt files; if absent, the bundled sample is used
SAMPLES_PATH = "data/samples.txt"  # the training samples that this step writes
CONTACTS_PATH = "data/contacts.json"  # every telephone number, address and site with its institution
DROPPED_PATH = "data/dropped.txt"  # posts that were left out, and why

# --- Samples ---
STYLE = "answer"  # questions answered in four sections; or "summary": documents summarised with merits and drawbacks
MAX_DOCUMENT_CHARACTERS = 780  # longer posts are cut into parts, so that a sample fits into BLOCK_SIZE of step 04
QUESTIONS = 1  # closed-book samples of each document, each with another question; 3 for a text below about 2 MB
CONTACTS = "keep"  # or "placeholder": <TEL> and so on in place of the values, which are then only in CONTACTS_PATH

# --- Machine ---
WORKERS = 0  # processes that write answers; 0 = one for each core


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    raw_path: str = file_setting(folder=True)
    samples_path: str = file_setting(written=True)
    contacts_path: str = file_setting(written=True)
    dropped_path: str = file_setting(written=True)
    style: Literal["answer", "summary"]
    max_document_characters: int = setting(least=100)
    questions: int = setting(least=0)
    contacts: Literal["keep", "placeholder"]
    workers: int = setting(least=0, most=1024)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    outputs = [settings.samples_path, settings.contacts_path, settings.dropped_path]
    pipeline.require_sound_manifest(*outputs)
    raw_path = choose_raw_path(Path(settings.raw_path))
    sources = list_sources(raw_path)
    inputs = pipeline.digests_of(raw_path)

    reading, tally, contacts = ReadingReport(), Tally(), ContactTable()
    prepare = partial(
        prepare_post,
        template=Template.of_style(settings.style),
        max_characters=settings.max_document_characters,
        questions=settings.questions,
        keep_contacts=settings.contacts == "keep",
    )
    total = sum(source.stat().st_size for source in sources)
    # Python 3.8 has to read this file, to say that it is too old: it knows no `with` of several lines.
    with progress_bar("prepare samples", total, unit="B") as bar, contextlib.ExitStack() as stack:
        samples_file, contacts_file, dropped_file = stack.enter_context(pipeline.atomic_writes(outputs))
        kept_posts = stack.enter_context(tempfile.TemporaryFile(dir=Path(settings.samples_path).parent))
        dropped_file.write(EXPLANATION)
        posts = split_posts(clean_lines(read_with_progress(sources, raw_path, reading, bar)))
        selected = select_posts(posts, DuplicateFinder(kept_posts), tally, dropped_file)
        for prepared in map_in_order(prepare, selected, settings.workers):
            for sample in prepared.samples:
                samples_file.write(format_sample(sample))
            contacts.add(prepared.contacts, prepared.source, prepared.line)
            tally.add_prepared(prepared)
        require_two_documents(raw_path, tally)
        json.dump(contacts.to_list(), contacts_file, ensure_ascii=False, indent=1)
        if not tally.dropped_posts:
            dropped_file.write(NOTHING)
    pipeline.record_artifacts(outputs, Path(__file__).name, asdict(settings), inputs)
    print_report(settings, reading, tally, contacts)
    print_warnings(tally, left_out(raw_path, sources))


def choose_raw_path(raw_path: Path) -> Path:
    """The user's text; if there is none in the default place, the text that comes with the project."""
    bundled = Path(__file__).parent / "data" / "sample_raw.txt"
    if raw_path.exists() or raw_path != Path(RAW_PATH):
        return raw_path
    print(f"{raw_path} is not there yet: using the bundled sample text {bundled.name}.")
    return bundled


def read_with_progress(sources: list[Path], raw_path: Path, reading: ReadingReport, bar: ProgressBar) -> Iterator[Line]:
    """The lines of all files; the bar shows the bytes read."""
    for source in sources:
        for line in read_lines(source, reading, source_name(source, raw_path)):
            yield line
            if reading.read_bytes != bar.n:
                bar.update(reading.read_bytes - bar.n)


def require_two_documents(raw_path: Path, tally: Tally) -> None:
    """Raise StepError for a text that step 03 could not split into documents for training and for validation."""
    if not tally.documents and not tally.dropped_posts:
        raise StepError(f"{raw_path}: there is no readable text in it; put your text there and run this step again")
    if tally.documents < 2:
        dropped = f" without {tally.dropped_posts:,} duplicate or advertising post(s)" if tally.dropped_posts else ""
        raise StepError(
            f"{raw_path}: it has {tally.documents} document(s){dropped}, and at least 2 are needed, one for training "
            "and one for validation; add more text and run this step again"
        )


def print_report(settings: Settings, reading: ReadingReport, tally: Tally, contacts: ContactTable) -> None:
    """Print what became of every byte."""
    used = reading.unreadable_bytes + reading.garbled_bytes
    used += tally.kept_bytes + tally.duplicate_bytes + tally.advertising_bytes
    encodings = ", ".join(sorted(set(reading.encodings.values())))
    where = f", the first at {reading.first_unreadable}" if reading.unreadable_bytes else ""
    print(f"read        {reading.read_bytes:>13,} bytes in {len(reading.encodings)} file(s), {encodings}")
    if reading.added_bytes:
        print(f"added       {reading.added_bytes:>13,} bytes by the change to UTF-8, where a Korean letter takes three")
    print(f"kept        {tally.kept_bytes:>13,} bytes in {tally.posts:,} posts")
    for name, size, posts in (
        ("duplicate", tally.duplicate_bytes, tally.duplicate_posts),
        ("advertising", tally.advertising_bytes, tally.advertising_posts),
    ):
        listed = f", listed in {settings.dropped_path}" if posts else ""
        print(f"{name:11} {size:>13,} bytes in {posts:,} posts{listed}")
    print(f"unreadable  {reading.unreadable_bytes:>13,} bytes{where}")
    if reading.garbled_bytes:
        where_garbled = f"damaged before they were saved, the first at {reading.first_garbled}"
        print(f"garbled     {reading.garbled_bytes:>13,} bytes {where_garbled}")
    if reading.repaired_lines:
        print(f"repaired    {reading.repaired_lines:>13,} lines that had been saved in a wrong encoding")
    cleaned = reading.read_bytes + reading.added_bytes - used
    print(f"clean-up    {cleaned:>13,} bytes of white space, separators, markup, change of encoding")
    if tally.markers:
        print(f"markers     {tally.markers:>13,} in the text, rewritten so that they cannot act as markers")
    print(
        f"{tally.documents:,} documents -> {tally.samples:,} samples ({pipeline.human_size(tally.sample_bytes)}) in "
        f"{settings.samples_path}; {len(contacts):,} contacts of {len(contacts.institutions):,} institutions in "
        f"{settings.contacts_path}"
    )


def print_warnings(tally: Tally, files_left_out: list[str]) -> None:
    """Name the files that were not read, and say so if posts may be mixed."""
    for name in files_left_out:
        print(f"left out    {name}")
    if tally.posts_may_be_mixed:
        print(
            f"posts may be mixed: about {tally.doubt:,.0f} of {tally.all_posts:,} beginnings are uncertain; "
            "put a line of ---------- between the posts and run this step again"
        )


if __name__ == "__main__":
    pipeline.run(main)
