"""The files that step 01 reads: one text, or all texts of a folder."""

import os
from pathlib import Path

from corpus.raw.encodings import detect_encoding
from pipeline import StepError

TEXT_SUFFIXES = {".txt", ".text", ".md", ".csv", ".tsv"}
MOST_NAMED = 10  # of the files that are not read


def list_sources(raw_path: Path) -> list[Path]:
    """The raw file itself, or the text files below a folder in the order of their names.

    Raises StepError when there is nothing to read.
    """
    if raw_path.is_dir():
        sources = [path for path in _files_below(raw_path) if not _reason_to_leave_out(path, raw_path)]
        if not sources:
            raise StepError(f"{raw_path}: the folder holds no .txt file; put your text there or change RAW_PATH")
        return sources
    if not raw_path.is_file():
        raise StepError(f"{raw_path}: there is no such file; put your text there or change RAW_PATH")
    return [raw_path]


def left_out(raw_path: Path, sources: list[Path]) -> list[str]:
    """The files of a folder that are not among the sources, each with the reason; at most MOST_NAMED by name."""
    others = sorted(set(_files_below(raw_path)) - set(sources)) if raw_path.is_dir() else []
    named = [
        f"{source_name(path, raw_path)}: {_reason_to_leave_out(path, raw_path) or 'new'}"
        for path in others[:MOST_NAMED]
    ]
    return [*named, f"{len(others) - MOST_NAMED:,} more file(s)"] if len(others) > MOST_NAMED else named


def source_name(source: Path, raw_path: Path) -> str:
    """What reports call a file: its name, or its path below the folder, in which two files may have one name."""
    name = source.name if source == raw_path else source.relative_to(raw_path).as_posix()
    return os.fsencode(name).decode("utf-8", errors="replace")  # a name may be in any encoding


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _reason_to_leave_out(path: Path, folder: Path) -> str:
    """Why a file of a folder is not read; "" for a text."""
    if any(part.startswith(".") for part in path.relative_to(folder).parts):
        return "hidden"
    if path.suffix.lower() not in TEXT_SUFFIXES:
        return "not a text file by its name"
    try:
        detect_encoding(path)
    except StepError as error:
        return str(error).split(": ", 1)[1].split(";")[0]
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""
