"""The files of a run: the checkpoint, and best.pt, log.csv and loss.svg beside it. Only the first process writes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pipeline
from gpt.checkpoint import Checkpoint, beside, best_of, load_checkpoint, save_checkpoint
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

    `record` enters a checkpoint that was just written into the manifest; `size` describes model and text in the chart.
    """

    def __init__(
        self, checkpoint_path: str, origin: Origin, log: TrainingLog, size: str, record: Callable[[], None]
    ) -> None:
        self.checkpoint_path, self.origin, self.log, self.size = checkpoint_path, origin, log, size
        self.record = record

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
        self.record()

    def load(self) -> Checkpoint:
        """The last save, in every process."""
        return processes.from_first(lambda: load_checkpoint(self.checkpoint_path))

    @processes.in_first_process
    def keep_as_best(self) -> None:
        """Keep a copy of the last save as the best one."""
        pipeline.keep_as(Path(self.checkpoint_path), best_of(self.checkpoint_path))

    def draw_chart(self) -> None:
        """Draw the losses so far."""
        write_chart(beside(self.checkpoint_path, "loss.svg"), self.log, self.checkpoint_path, self.size)
