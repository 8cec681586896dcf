"""Logs for tests: of a few steps, and as a spreadsheet reads them."""

import csv
import io
from pathlib import Path

from gpt.training.log import TrainingLog
from gpt.training.run import Run

EVERY_STEP = {"log_interval": 1, "sample_tokens": 0}


def rows_of(path: Path) -> list[dict[str, str]]:
    """The log as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="ascii"))))


def learned(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """The rows without what a clock measured."""
    return [
        tuple(value for name, value in row.items() if "seconds" not in name and "second" not in name) for row in rows
    ]


def log_with(path: Path, steps) -> TrainingLog:
    """A log with a row for each of these steps."""
    log = TrainingLog(path, 4.1)
    for step in steps:
        log.append(run_at(step), 3.5, 1.0, 0.01)
    return log


def run_at(step: int) -> Run:
    run = Run(100, 0)
    run.step, run.tokens, run.seconds = step, 1000 * step, 0.5 * step
    return run


def steps_in(path: Path) -> list[int]:
    return [int(row["step"]) for row in rows_of(path)]
