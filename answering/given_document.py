"""A document that the user gives, in a file or on standard input."""

import contextlib
import io
import os
import select
import shlex
import sys
from pathlib import Path

import pipeline
from answering.source import Source
from corpus.raw.cleaning import clean_lines
from corpus.raw.reading import ReadingReport, read_lines
from pipeline import StepError

STANDARD_INPUT = "standard input"  # what messages and sources call it
INPUT_WAIT = 1.0  # seconds to wait for text on standard input that DOC_PATH does not name; a pipe may stay open forever
REMEDY = "give a text file, or leave DOC_PATH empty"


def read_document(path: str) -> Source:
    """The document in a file. Raises StepError."""
    require_file(path, REMEDY)
    try:
        return _require_text(Source.of_lines(clean_lines(read_lines(Path(path), ReadingReport())), path))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StepError(f"{path}: {reason}; give another file, or leave DOC_PATH empty") from None


def read_given_document(path: str) -> Source:
    """The document of DOC_PATH; "-" waits for standard input. Raises StepError."""
    if path != "-":
        return read_document(path)
    if sys.stdin is None:
        raise StepError(f"{STANDARD_INPUT}: it is closed; {REMEDY}")
    return document_of_bytes(sys.stdin.buffer.read())


def read_waiting_input() -> bytes:
    """The bytes on standard input, unless DOC_PATH names standard input itself; b"" if nothing is piped in."""
    try:
        if sys.stdin is None or sys.stdin.isatty() or not select.select([sys.stdin], [], [], INPUT_WAIT)[0]:
            return b""
        # Another program has begun to read it, such as a shell's `while read` loop that takes its questions from it.
        if sys.stdin.seekable() and sys.stdin.buffer.tell() > 0:
            return b""
    except (OSError, ValueError):  # it is closed, or not a file of the operating system
        return b""
    content = sys.stdin.buffer.read()
    return content if content.strip() else b""


def document_of_bytes(content: bytes) -> Source:
    """The document that came on standard input. Raises StepError."""
    lines = clean_lines(read_lines(io.BytesIO(content), ReadingReport(), STANDARD_INPUT))
    return _require_text(Source.of_lines(lines, STANDARD_INPUT))


def _require_text(document: Source) -> Source:
    if not document.text:
        raise StepError(f"{document.file}: it holds no text; {REMEDY}")
    return document


def find_path(typed: str) -> str:
    r"""The path that somebody typed: by its name, or as a shell takes it ('my file', my\ file, ~/file)."""
    words = [typed]
    if not os.path.exists(typed):
        with contextlib.suppress(ValueError):  # a quotation mark that is not closed
            words = shlex.split(typed)
    path = os.path.expanduser(" ".join(words))
    return path if os.path.exists(path) else typed


def require_file(path: str, remedy: str) -> None:
    """Raise StepError, which says what the path is instead, if it is not that of a file."""
    other = "it is a folder" if os.path.isdir(path) else "it is a device or a pipe"
    wrong = other if os.path.exists(path) else "file not found"
    pipeline.require_setting(os.path.isfile(path), f"{path}: {wrong}; {remedy}")
