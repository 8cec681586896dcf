"""`samples.txt`: samples one after another, each below a header line that names its document.

    ### {"family": 12, "post": 12, "part": 0, "kind": "grounded", "source": "raw.txt", "line": 345, "title": "여권"}
    [QUESTION]
    …
    [/ANSWER]       (of a summary: [/SUMMARY])
    (an empty line)

The header is for people and for the split of step 03; it does not belong to the sample. Text cannot imitate it:
nothing before the marker that ends a sample is read as a header, and markers in text are neutralised.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pipeline
from corpus.raw.documents import Document
from corpus.template import DOC, END_ANSWER, END_DOC, END_QUESTION, END_SUMMARY, QUESTION, Template
from pipeline import StepError

HEADER_START = "### "
PLAIN_TITLE = re.compile(r"[\w\s]+")  # without brackets, quotation marks and the like
EXAMPLES = 400  # samples that an example question is chosen from
SAMPLE_ENDS = (END_ANSWER + "\n", END_SUMMARY + "\n")


@dataclass(frozen=True)
class Sample:
    """One training sample and its document."""

    family: int  # number of the first of several similar posts; the split never separates them
    post: int  # number of the post
    part: int  # number of the document within the post
    kind: str  # "grounded", "closed-book" or "summary"
    source: str  # file name
    line: int  # of the post's first line in the file, counted from 1
    title: str
    text: str
    position: int = field(default=0, compare=False)  # bytes before its header in samples.txt; 0 before it is written

    @classmethod
    def of(cls, document: Document, family: int, kind: str, text: str) -> "Sample":
        """A sample made from a document."""
        return cls(family, document.post, document.part, kind, document.source, document.line, document.title, text)

    @property
    def question(self) -> str:
        """The text in [QUESTION]; a summary has none, so there it is the title."""
        return self.text.partition(f"{QUESTION}\n")[2].partition(f"\n{END_QUESTION}")[0] or self.title

    @property
    def document(self) -> str:
        """The text in [DOC]; "" in a closed-book sample."""
        return self.text.partition(f"{DOC}\n")[2].partition(f"\n{END_DOC}")[0]


def format_sample(sample: Sample) -> str:
    """The header line, the sample and an empty line."""
    header = asdict(sample)
    text = header.pop("text")
    del header["position"]
    return f"{HEADER_START}{json.dumps(header, ensure_ascii=False)}\n{text}\n\n"


def read_samples(path: Path | str) -> Iterator[Sample]:
    """Yield the samples of a file one by one. Raises StepError if the file does not have this form."""
    with open(path, "rb") as file:
        yield from _read_open_file(file, path)


def example_question(path: Path | str) -> str:
    """A question that shows what the model can do. Raises StepError if the file does not have its form."""
    return example_questions(path, 1)[0]


def example_questions(path: Path | str, count: int) -> list[str]:
    """Questions that show what the model can do: they read well, and their answers have few empty sections.

    Raises StepError if the file does not have the form of samples.txt.
    """
    samples = [sample for sample in islice(read_samples(path), EXAMPLES) if sample.document and sample.question]
    nothing = [f"- {phrase}" for phrase in (Template().nothing, Template.of_style("summary").nothing)]

    def faults(sample: Sample) -> tuple[bool, bool, int, int]:
        gaps = sum(sample.text.count(phrase) for phrase in nothing)
        names_its_title = bool(PLAIN_TITLE.fullmatch(sample.title)) and sample.question.startswith(sample.title)
        return sample.part > 0, not names_its_title, gaps, len(sample.question) - len(sample.title)

    questions = dict.fromkeys(sample.question for sample in sorted(samples, key=faults))
    return list(questions)[:count]


def read_sample(path: Path | str, position: int) -> Sample:
    """The sample that begins at this byte of the file. Raises StepError if none begins there."""
    with open(path, "rb") as file:
        file.seek(position)
        for sample in _read_open_file(file, path, f", from byte {position:,} on"):
            return sample
    raise StepError(f"{path}: no sample begins at byte {position:,}; {_remedy(path)}")


def _remedy(path: Path | str) -> str:
    return f"run: {pipeline.command('01_prepare_samples.py', samples_path=str(path))}"


def _read_open_file(file: BinaryIO, path: Path | str, from_where: str = "") -> Iterator[Sample]:
    name = f"{path}{from_where}"
    header = None
    lines: list[str] = []
    position = following = file.tell()
    for number, line_bytes in enumerate(file, start=1):
        following += len(line_bytes)
        try:
            line = line_bytes.decode()
        except UnicodeDecodeError:
            raise StepError(f"{name}, line {number}: not valid UTF-8; {_remedy(path)}") from None
        if header is None:
            if line.strip():
                header = _read_header(line)
                if header is None:
                    raise StepError(
                        f"{name}, line {number}: expected a line '{HEADER_START}{{…}}' before a sample; {_remedy(path)}"
                    )
                position = following - len(line_bytes)
            continue
        lines.append(line)
        if line in SAMPLE_ENDS:
            yield Sample(**header, text="".join(lines).rstrip("\n"), position=position)
            header, lines = None, []
    if header is not None:
        raise StepError(f"{name}: the last sample has no {END_ANSWER} or {END_SUMMARY}; {_remedy(path)}")


def _read_header(line: str) -> dict[str, Any] | None:
    """The fields of a sample in its header line; None if the line is not a header."""
    try:
        header: dict[str, Any] = json.loads(line.removeprefix(HEADER_START))
        Sample(**header, text="", position=0)
        return header
    except (ValueError, TypeError):
        return None
