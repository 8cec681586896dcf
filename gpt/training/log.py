"""log.csv: the course of a run, a row every few steps, for a spreadsheet; on request for TensorBoard as well."""

import contextlib
import errno
import math
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pipeline
from gpt.checkpoint import beside
from gpt.training.evaluation import Evaluation
from gpt.training.kinds import KINDS
from gpt.training.processes import in_first_process
from gpt.training.run import Run
from pipeline import StepError

from tqdm import tqdm

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

COLUMNS = {  # name: how its numbers are written
    "step": "d",
    "seconds": ".1f",  # of training, all starts together
    "tokens": "d",  # learned from so far
    "train_loss": ".4f",  # of this step's batch, in nats per token
    "validation_bits_per_byte": ".4f",  # empty where there was no evaluation
    "rate": ".4g",  # of the matrices
    "gradient_norm": ".4g",  # before it is scaled down to MAX_GRADIENT_NORM
    "tokens_per_second": ".0f",  # since this start; empty in its first step
    "train_bits_per_byte": ".4f",  # train_loss in the unit of the validation loss
    **{f"{kind}_bits_per_byte": ".4f" for kind in KINDS},  # the validation loss by what is predicted
    "copying": ".4f",  # accuracy on the second half of repeated random sequences
}
# Earlier versions had fewer columns. A log that began without some goes on without them.
FIRST_COLUMNS = tuple(COLUMNS)[:8]
SECOND_COLUMNS = tuple(COLUMNS)[:9]
KNOWN_HEADERS = {",".join(columns).encode(): columns for columns in (tuple(COLUMNS), FIRST_COLUMNS, SECOND_COLUMNS)}

Row = dict[str, float]  # column: number, without the empty cells


class TrainingLog:
    """The rows of a run in the order of their steps, no step twice.

    No error of this file ends a run: it is reported once, and the rows wait until the file can be written
    again. A full disk causes such errors, and a spreadsheet that locks the file it shows.

    `bytes_per_token` is the mean of the training text; `events` gets every row too.
    """

    def __init__(self, path: Path | str, bytes_per_token: float, events: "TensorBoardEvents | None" = None) -> None:
        self.path = Path(path)
        self.bytes_per_token = bytes_per_token
        self.events = events
        self.columns = tuple(COLUMNS)  # of the file
        self.waiting: list[bytes] = []  # rows that are not in the file yet
        self.complained = False

    @in_first_process
    def append(
        self, run: Run, loss: float, gradient_norm: float, rate: float, evaluation: Evaluation | None = None
    ) -> None:
        """Add the row of the last step, with the evaluation after it where there was one."""
        row: dict[str, float | None] = {
            "step": run.step,
            "seconds": run.seconds,
            "tokens": run.tokens,
            "train_loss": loss,
            "validation_bits_per_byte": evaluation.loss.bits_per_byte if evaluation else None,
            "rate": rate,
            "gradient_norm": gradient_norm,
            "tokens_per_second": run.tokens_per_second() or None,
            "train_bits_per_byte": self._bits_per_byte(loss),
            "copying": evaluation.copying if evaluation else None,
        }
        for kind in KINDS:
            measured = evaluation.by_kind.get(kind) if evaluation else None
            row[f"{kind}_bits_per_byte"] = measured.bits_per_byte if measured and measured.text_bytes else None
        if self.events:
            self.events.append({name: value for name, value in row.items() if value is not None})
        cells = ["" if (value := row[name]) is None else format(value, COLUMNS[name]) for name in self.columns]
        self.waiting.append(",".join(cells).encode() + b"\n")
        with self._spared(), open(self.path, "ab", buffering=0) as file:
            size = file.tell()
            header = ",".join(self.columns).encode() + b"\n"
            lines = b"".join(self.waiting if size else [header, *self.waiting])
            if file.write(lines) < len(lines):  # a disk that is full now took a part of it
                file.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            self.waiting.clear()
            self.complained = False

    @in_first_process
    def go_back_to(self, step: int) -> None:
        """Cut off the rows after `step`, which the run makes again, and a row that a kill left unfinished."""
        if self.events:
            self.events.go_back_to(step)
        self.waiting = [row for row in self.waiting if _step_of(row) <= step]
        with self._spared():
            lines = self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []
            if lines:
                columns = _columns_of(lines[0])
                if columns is None:
                    self._put_file_aside()
                    return
                self.columns = columns
            kept = next((index for index, line in enumerate(lines) if _step_of(line) > step), len(lines))
            if kept < len(lines):
                # Truncated, not rewritten: that needs no space on the disk and cannot be left half done.
                os.truncate(self.path, sum(map(len, lines[:kept])))

    @in_first_process
    def put_aside(self) -> None:
        """Let a new run start a new file; that of an older run (or of another program) is kept as log.older.csv."""
        if self.events:
            self.events.put_aside()
        with self._spared():
            self._put_file_aside()

    def read(self) -> list[Row]:
        """The rows in the file, each with its training loss in bits per byte; a row that is not valid is left out."""
        rows = []
        with self._spared():
            rows = _parse(self.path.read_bytes())
        return [{"train_bits_per_byte": self._bits_per_byte(row["train_loss"]), **row} for row in rows]

    def _bits_per_byte(self, nats_per_token: float) -> float:
        return nats_per_token / math.log(2) / self.bytes_per_token

    def _put_file_aside(self) -> None:
        if self.path.exists():
            os.replace(self.path, self.path.with_name(f"{self.path.stem}.older{self.path.suffix}"))

    @contextlib.contextmanager
    def _spared(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self.complained:
                what = (error.strerror or str(error)).lower()
                tqdm.write(f"{self.path}: {what}; training goes on, its rows follow later", file=sys.stderr)
            self.complained = True


class TensorBoardEvents:
    """The rows of a run as TensorBoard event files in `folder`, one scalar for each column.

    An error ends the event files, not the training: it is reported once, and nothing more is written until
    the script is started again.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.writer: SummaryWriter | None = None  # opened with the first row
        self.purge_step: int | None = None  # TensorBoard hides older events from this step on
        self.failed = False

    def append(self, row: Row) -> None:
        """Write the numbers of one step; they are in the file when this returns."""
        if self.failed:
            return
        with self._reported():
            if self.writer is None:
                # Loaded only here: the package is optional.
                from torch.utils.tensorboard import SummaryWriter

                self.writer = SummaryWriter(str(self.folder), purge_step=self.purge_step)
            for name, value in row.items():
                if name != "step":
                    self.writer.add_scalar(name, value, int(row["step"]))
            self.writer.flush()

    def go_back_to(self, step: int) -> None:
        """Hide the events after `step`, which the run makes again."""
        self._close()
        self.purge_step = step + 1

    def put_aside(self) -> None:
        """Rename the folder of an older run, which TensorBoard then shows beside the new one."""
        self._close()
        with self._reported():
            if self.folder.exists():
                older = self.folder.with_name(f"{self.folder.name}.older")
                if older.exists():
                    shutil.rmtree(older)
                os.replace(self.folder, older)

    def _close(self) -> None:
        if self.writer is not None and not self.failed:
            with self._reported():
                self.writer.close()
        self.writer = None

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = (error.strerror or str(error)).lower()
            tqdm.write(f"{self.folder}: {what}; training goes on without TensorBoard events", file=sys.stderr)
            self.failed = True


def open_log(checkpoint_path: Path | str, bytes_per_token: float, tensorboard: bool) -> TrainingLog:
    """The log beside a checkpoint; with `tensorboard`, event files in runs/ beside it too, a folder for each run.

    Raises StepError if the package tensorboard is asked for and missing.
    """
    if tensorboard:
        pipeline.require_package("tensorboard", "TENSORBOARD")
    path = Path(checkpoint_path)
    events = TensorBoardEvents(path.parent / "runs" / path.stem) if tensorboard else None
    return TrainingLog(beside(path, "log.csv"), bytes_per_token, events)


def read_log(path: Path | str) -> list[Row]:
    """The rows of a finished or running run's log. Raises StepError when it is missing, not a log, or empty."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise StepError(f"{path}: file not found; step 04 writes log.csv beside its checkpoint") from None
    except OSError as error:
        raise StepError(f"{path}: {(error.strerror or str(error)).lower()}; give the log.csv of a run") from None
    if _columns_of(content) is None:
        raise StepError(f"{path}: not a log of step 04; expected the columns {', '.join(FIRST_COLUMNS)}")
    rows = _parse(content)
    if not rows:
        raise StepError(f"{path}: no rows yet; wait for the first steps of the run")
    return rows


def _columns_of(content: bytes) -> tuple[str, ...] | None:
    """The columns of a log; None for another file."""
    header = content.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip()  # a spreadsheet may add a UTF-8 BOM
    return KNOWN_HEADERS.get(header)


def _parse(content: bytes) -> list[Row]:
    """The rows of a log; those that are not valid are left out."""
    columns = _columns_of(content) or tuple(COLUMNS)
    rows = []
    for line in content.splitlines()[1:]:
        with contextlib.suppress(ValueError):
            cells = zip(columns, line.decode().split(","), strict=True)
            row = {name: float(cell) for name, cell in cells if cell}
            if {"step", "seconds", "tokens", "train_loss"} <= row.keys() and all(map(math.isfinite, row.values())):
                rows.append(row)
    return rows


def _step_of(line: bytes) -> float:
    """The step of a row; infinity for an unfinished one, 0 for a line that is not a row."""
    if not line.endswith(b"\n"):
        return float("inf")
    first = line.split(b",")[0]
    return int(first) if first.isdigit() else 0
