"""ckpt.pt: one file that holds everything that answering and resumed training need."""

import contextlib
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pipeline
from gpt.model import GPT, GPTConfig
from pipeline import StepError

import torch

FORMAT = "gpt-checkpoint-1"
MADE_BY = "04_train_gpt_from_scratch.py"

# What step 04 saves: "config" (fields of GPTConfig), "model", "optimizer", "data" (position in the stream of rows),
# "random", "run", "plan", "tokenizer" (its JSON), "template" (the form of the samples), "settings", and "inputs"
# (SHA-256 of the files that it was trained on).
Checkpoint = dict[str, Any]


def save_checkpoint(path: Path | str, content: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all: plain tensors and values only, tensors on the CPU.

    The checkpoint that was there before is kept as `previous_of(path)`.
    """
    with pipeline.atomic_write(path, "wb", keep_old_as=previous_of(path)) as file:
        torch.save({"format": FORMAT, **_to_cpu(content)}, file)


def previous_of(path: Path | str) -> Path:
    """Where the save before the last one is kept: ckpt.pt -> ckpt.previous.pt."""
    path = Path(path)
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def best_of(path: Path | str) -> Path:
    """Where the checkpoint with the lowest validation loss is kept: ckpt.pt -> best.pt beside it."""
    return beside(path, f"best{Path(path).suffix}")


def beside(path: Path | str, name: str) -> Path:
    """A file that belongs to a checkpoint: log.csv -> log.csv beside ckpt.pt, mine.log.csv beside mine.pt."""
    path = Path(path)
    return path.with_name(name if path.name == "ckpt.pt" else f"{path.stem}.{name}")


def put_aside(path: Path | str) -> Path | None:
    """Make room for a new run: rename the checkpoint, its best and its previous one; return the checkpoint's new name.

    ckpt.pt becomes ckpt.older.pt, or ckpt.older2.pt where that exists. None where there is no checkpoint.
    """
    checkpoint = Path(path)
    number = 1
    while beside_older(checkpoint, number).exists():
        number += 1
    renamed = None
    for each in (best_of(path), previous_of(path), checkpoint):
        if each.exists():
            renamed = beside_older(each, number)
            os.replace(each, renamed)
    return renamed


def beside_older(path: Path, number: int) -> Path:
    """Where the checkpoint of an older run is kept: ckpt.pt -> ckpt.older.pt, ckpt.older2.pt, and so on."""
    return path.with_name(f"{path.stem}.older{number if number > 1 else ''}{path.suffix}")


def _to_cpu(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, dict):
        return {key: _to_cpu(item) for key, item in value.items()}
    return value


def load_checkpoint(path: Path | str, repair: bool = False) -> Checkpoint:
    """Read a checkpoint that `save_checkpoint` wrote; if it is damaged, the one before it, with a message.

    `repair` also replaces the damaged file by the one before it, which the next save would otherwise lose.
    Raises StepError when the file is missing, of another format, or damaged like the one before it.
    """
    try:
        return _read_checkpoint(Path(path))
    except DamagedCheckpointError as error:
        damage = error
    with contextlib.suppress(StepError):
        content = _read_checkpoint(previous_of(path))
        step = content.get("run", {}).get("step", 0)
        print(
            f"{damage.what}; going on with {previous_of(path).name}, the save before it, at step {step:,}",
            file=sys.stderr,
        )
        if repair:
            pipeline.keep_as(previous_of(path), Path(path))
        return content
    raise damage


class DamagedCheckpointError(StepError):
    """A checkpoint that cannot be read; `what` is the message without the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what


def _read_checkpoint(path: Path) -> Checkpoint:
    """The content of a file, of which nothing is executed (`weights_only`)."""
    if not path.is_file():
        raise StepError(f"{path}: file not found; run: {pipeline.command(MADE_BY, checkpoint_path=str(path))}")
    try:
        with zipfile.ZipFile(path) as archive:  # torch itself does not check the checksums
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} is damaged")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises almost anything
        if isinstance(error, OSError) and error.filename:
            raise
        raise DamagedCheckpointError(
            f"{path}: {path.stat().st_size:,} bytes that cannot be read as a checkpoint ({type(error).__name__}), "
            "truncated or foreign",
            _remedy(path),
        ) from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise StepError(f"{path}: its format is {found!r}, not {FORMAT!r}; {_remedy(path)}")
    checkpoint: Checkpoint = content
    return checkpoint


def _remedy(path: Path) -> str:
    return f"to start anew, run: {pipeline.command(MADE_BY, checkpoint_path=str(path), restart=True)}"


def model_from(checkpoint: Checkpoint) -> GPT:
    """The trained model of a checkpoint, ready to answer."""
    model = GPT(GPTConfig(**checkpoint["config"]))
    model.load_state_dict(checkpoint["model"])
    return model.eval()
