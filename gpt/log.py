"""log.csv: how a run went, a row every few steps, for a spreadsheet."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from gpt.processes import in_first_process
from gpt.run import Run

from tqdm import tqdm

COLUMNS = {  # name: how its numbers are written
    "step": "d",
    "seconds": ".1f",  # of training, all starts together
    "tokens": "d",  # learned from so far
    "train_loss": ".4f",  # of this step's batch, in nats per token
    "validation_bits_per_byte": ".4f",  # empty where there was no evaluation
    "rate": ".4g",  # of the matrices
    "gradient_norm": ".4g",  # before it is scaled down to MAX_GRADIENT_NORM
    "tokens_per_second": ".0f",  # since this start; empty in its first step
}
HEADER = ",".join(COLUMNS).encode()


class TrainingLog:
    """The rows of a run in the order of their steps, no step twice.

    No row is worth a run: what goes wrong with the file is said once, and the rows wait until it can be
    written again. A full disk does that, and a spreadsheet that locks the file it shows.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.waiting: list[bytes] = []  # rows that are not in the file yet
        self.complained = False

    @in_first_process
    def append(
        self, run: Run, loss: float, gradient_norm: float, rate: float, bits_per_byte: float | None = None
    ) -> None:
        """Add the row of the step just made; `bits_per_byte` is that of the evaluation after it."""
        speed = run.tokens_per_second() or None
        values = (run.step, run.seconds, run.tokens, loss, bits_per_byte, rate, gradient_norm, speed)
        cells = [
            "" if value is None else format(value, how) for value, how in zip(values, COLUMNS.values(), strict=True)
        ]
        self.waiting.append(",".join(cells).encode() + b"\n")
        with self._spared(), open(self.path, "ab", buffering=0) as file:
            size = file.tell()
            lines = b"".join(self.waiting if size else [HEADER + b"\n", *self.waiting])
            if file.write(lines) < len(lines):  # a disk that is full now took a part of it
                file.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            self.waiting.clear()
            self.complained = False

    @in_first_process
    def go_back_to(self, step: int) -> None:
        """Cut off the rows after `step`, which the run makes again, and what a kill left of a half-written one."""
        self.waiting = [row for row in self.waiting if _step_of(row) <= step]
        with self._spared():
            lines = self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []
            if lines and lines[0].strip() != HEADER:
                self.put_aside()
                return
            kept = next((at for at, line in enumerate(lines) if _step_of(line) > step), len(lines))
            if kept < len(lines):
                # Cut, not written anew: that needs no room on the disk and cannot be half done.
                os.truncate(self.path, sum(map(len, lines[:kept])))

    @in_first_process
    def put_aside(self) -> None:
        """Let a new run start a new file; that of an older run (or of another program) stays as log.older.csv."""
        with self._spared():
            if self.path.exists():
                os.replace(self.path, self.path.with_name(f"{self.path.stem}.older{self.path.suffix}"))

    def read(self) -> list[dict[str, float]]:
        """The rows in the file, without their empty cells; a row that is no row of numbers is left out."""
        rows = []
        with self._spared():
            for line in self.path.read_bytes().splitlines()[1:]:
                with contextlib.suppress(ValueError):
                    cells = zip(COLUMNS, line.decode().split(","), strict=True)
                    rows.append({name: float(cell) for name, cell in cells if cell})
        return rows

    @contextlib.contextmanager
    def _spared(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self.complained:
                what = (error.strerror or str(error)).lower()
                tqdm.write(f"{self.path}: {what}; training goes on, its rows follow later", file=sys.stderr)
            self.complained = True


def _step_of(line: bytes) -> float:
    """The step of a row; infinity for one without an end, 0 for what is no row."""
    if not line.endswith(b"\n"):
        return float("inf")
    first = line.split(b",")[0]
    return int(first) if first.isdigit() else 0
