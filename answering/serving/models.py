"""The model that answers: loaded once, and again when training has replaced it."""

import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from answering.assistant import Artifacts, Assistant
from answering.serving.rows import Rows
from corpus.samples import example_questions
from gpt.checkpoint import Checkpoint, load_checkpoint, read_checkpoint
from pipeline import StepError

SUGGESTIONS = 8  # questions that an empty page offers

Signature = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class LoadedModel:
    """A model with its rows, and what a page says about it."""

    rows: Rows
    steps: int  # that it was trained for
    validation_loss: float | None  # bits per byte; None if it was never evaluated
    trained_at: datetime
    topics: list[str]  # questions that the text answers
    documents: int

    @property
    def assistant(self) -> Assistant:
        """What prepares its answers."""
        return self.rows.assistant


class CurrentModel:
    """Hands out the model of the files as they are now; a file that cannot be read leaves the last model in place."""

    def __init__(self, artifacts: Artifacts, rows: int) -> None:
        """Raises StepError."""
        self._artifacts, self._rows = artifacts, rows
        self._lock = threading.Lock()
        self._signature = self._sign()
        self._model = self._load(load_checkpoint(artifacts.checkpoint_path))

    def get(self) -> LoadedModel:
        """The model for the next request; answers under way go on with theirs. Loading one takes a second or more."""
        with self._lock:
            signature = self._sign()
            if signature != self._signature:
                self._signature = signature  # also of a file that cannot be read: it is not tried again
                self._take_up()
            return self._model

    def _take_up(self) -> None:
        try:
            model = self._load(read_checkpoint(Path(self._artifacts.checkpoint_path)))
        except (StepError, OSError) as error:
            print(f"{error}; the model that was loaded before goes on", file=sys.stderr, flush=True)
            return
        self._model.rows.close()
        self._model = model

    def _load(self, checkpoint: Checkpoint) -> LoadedModel:
        artifacts = self._artifacts
        assistant = Assistant.of_checkpoint(checkpoint, artifacts)
        run = checkpoint["run"]
        return LoadedModel(
            rows=Rows(assistant, self._rows),
            steps=run["step"],
            validation_loss=run["history"][-1]["bits_per_byte"] if run["history"] else None,
            trained_at=datetime.fromtimestamp(Path(artifacts.checkpoint_path).stat().st_mtime, UTC),
            topics=_suggest_questions(artifacts.samples_path),
            documents=_count_documents(assistant),
        )

    def _sign(self) -> Signature:
        """What changes when one of the files is replaced."""
        artifacts = self._artifacts
        paths = (artifacts.checkpoint_path, artifacts.index_path, artifacts.samples_path, artifacts.contacts_path)
        return tuple(_sign_file(Path(path)) for path in paths)


def _sign_file(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _suggest_questions(samples_path: str) -> list[str]:
    try:
        return example_questions(samples_path, SUGGESTIONS)
    except (StepError, OSError):
        return []  # an answer says what is missing


def _count_documents(assistant: Assistant) -> int:
    try:
        return len(assistant.search.index)
    except StepError:
        return 0
