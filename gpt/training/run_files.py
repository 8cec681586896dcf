"""The files of a run: the checkpoint, and best.pt, log.csv and loss.svg beside it. Only the first process writes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pipeline
from gpt.checkpoint import (
    Checkpoint,
    beside,
    best_of,
    load_checkpoint,
    put_aside,
    repair_best,
    save_checkpoint,
)
from gpt.training import processes
from gpt.training.log import TrainingLog
from gpt.training.loss_chart import write_chart


@dataclass(frozen=True)
class Origin:
    """What a model was made from; it is the same in every checkpoint of a run."""

    tokenizer: str  # its JSON
    template: dict[str, Any]  # the form of the samples
    settings: dict[str, Any]
    inputs: dict[str, str]  # name -> SHA-256 of "train", "validation" and "tokenizer"


class RunFiles:
    """Writes and reads the files of the run whose checkpoint is at `checkpoint_path`.

    `record` enters the checkpoint into the manifest, with the settings and the inputs that it was trained with; `size`
    describes model and text in the chart.
    """

    def __init__(
        self,
        checkpoint_path: str,
        origin: Origin,
        log: TrainingLog,
        size: str,
        record: Callable[[dict[str, Any], dict[str, str]], None],
    ) -> None:
        self.checkpoint_path, self.origin, self.log, self.size = checkpoint_path, origin, log, size
        self.record = record
        self.chart_path = beside(checkpoint_path, "loss.svg")

    @processes.in_first_process
    def save(self, state: dict[str, Any]) -> None:
        """Write the checkpoint: the state of training, and all that a resumed run and step 05 need beside it."""
        origin = self.origin
        save_checkpoint(
            self.checkpoint_path,
            {
                **state,
                "tokenizer": origin.tokenizer,
                "template": origin.template,
                "settings": origin.settings,
                "inputs": origin.inputs,
            },
        )
        self.record(origin.settings, origin.inputs)

    @processes.in_first_process
    def put_aside(self) -> None:
        """Make room for the files of a new run."""
        if kept := put_aside(self.checkpoint_path):
            print(f"the checkpoint is kept as {kept}")

    @processes.in_first_process
    def make_good(self, checkpoint: Checkpoint) -> None:
        """Bring what a save writes after its checkpoint into line with it: a kill may have come between them."""
        repair_best(self.checkpoint_path, checkpoint["run"])
        if not pipeline.is_recorded(self.checkpoint_path):
            self.record(checkpoint["settings"], checkpoint["inputs"])
        if _is_older(self.chart_path, Path(self.checkpoint_path)):
            self.draw_chart()

    def load(self) -> Checkpoint:
        """The last save, in every process."""
        return processes.from_first(lambda: load_checkpoint(self.checkpoint_path))

    @processes.in_first_process
    def keep_as_best(self) -> None:
        """Keep a copy of the last save as the best one."""
        pipeline.keep_as(Path(self.checkpoint_path), best_of(self.checkpoint_path))

    def draw_chart(self) -> None:
        """Draw the losses so far."""
        write_chart(self.chart_path, self.log, self.checkpoint_path, self.size)


def _is_older(path: Path, other: Path) -> bool:
    """Whether a file is missing or was written before the other."""
    return not path.exists() or path.stat().st_mtime < other.stat().st_mtime
