"""ckpt.pt: one file that holds everything that answering and resumed training need."""

import itertools
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pipeline
from gpt.checkpoint_check import find_fault
from gpt.model import GPT, GPTConfig
from pipeline import StepError

import torch

FORMAT = "gpt-checkpoint-1"
MADE_BY = "04_train_gpt_from_scratch.py"

# What step 04 saves: "config" (fields of GPTConfig), "model" (the mean of the weights, which answers),
# "averaged_steps", "weights" (those that training goes on with), "optimizer", "data" (position in the stream of rows),
# "random", "run", "plan", "tokenizer" (its JSON), "template" (the form of the samples), "settings", and "inputs"
# (SHA-256 of the files that it was trained on).
Checkpoint = dict[str, Any]


def save_checkpoint(path: Path | str, content: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all: plain tensors and values only, tensors on the CPU.

    The checkpoint that was there before is kept as `previous_of(path)`. Raises OSError if it cannot be written.
    """
    with pipeline.atomic_write(path, "wb", keep_old_as=previous_of(path)) as file:
        try:
            torch.save({"format": FORMAT, **_to_cpu(content)}, file)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):  # torch reports a full disk as an error of its own
                raise error.__context__ from None
            raise


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
    files = [best_of(path), previous_of(path), checkpoint]
    kept = dict(zip(files, _unused_names(files, "older"), strict=True))
    present = [each for each in files if each.exists()]
    for each in present:
        os.replace(each, kept[each])
    return kept[checkpoint] if checkpoint in present else None


def _unused_names(paths: list[Path], word: str) -> list[Path]:
    """Names under which files are kept, with the same number: ckpt.pt -> ckpt.older.pt, ckpt.older2.pt, and so on."""
    for number in itertools.count(1):
        ending = f".{word}{number if number > 1 else ''}"
        names = [path.with_name(f"{path.stem}{ending}{path.suffix}") for path in paths]
        if not any(name.exists() for name in names):
            break
    return names


def _to_cpu(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, dict):
        return {key: _to_cpu(item) for key, item in value.items()}
    return value


def load_checkpoint(path: Path | str, repair: bool = False) -> Checkpoint:
    """Read a checkpoint that `save_checkpoint` wrote; if it is damaged, the one before it, with a message.

    With `repair`, the one before also takes the place of the damaged file, which is kept as ckpt.damaged.pt.
    Raises StepError when the file is missing, of another format, or damaged like the one before it; also when
    memory does not suffice to read it, or the disk fails: then nothing is known against the file.
    """
    path = Path(path)
    try:
        return read_checkpoint(path)
    except DamagedCheckpointError as error:
        damage = error
    previous = previous_of(path)
    try:
        content = read_checkpoint(previous) if previous.is_file() else None
    except (DamagedCheckpointError, OtherFormatError):
        content = None
    if content is None:
        raise damage
    goes_on = f"going on with {previous.name}, the save before it, at step {content['run']['step']:,}"
    if repair:
        (kept,) = _unused_names([path], "damaged")
        pipeline.keep_as(path, kept)
        pipeline.keep_as(previous, path)
        goes_on += f"; the damaged file is kept as {kept.name}"
    print(f"{damage.what}; {goes_on}", file=sys.stderr)
    return content


class DamagedCheckpointError(StepError):
    """A file that was read and is not a whole checkpoint; `what` is the message without the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what


class OtherFormatError(StepError):
    """A whole file that another program, or another version of these scripts, wrote."""


def repair_best(path: Path | str, run: Mapping[str, Any]) -> None:
    """Let best.pt be the save with the lowest validation loss in the history of a run.

    A kill may come between a save and its copy, or a run goes on from a save before the best one. A best.pt that is
    no save of this run is kept as best.older.pt.
    """
    best = best_of(path)
    lowest = min(run["history"], key=lambda entry: entry["bits_per_byte"], default=None)
    if _is_save_at(best, lowest):
        return
    if best.exists() and not _is_save_of(best, run):
        (kept,) = _unused_names([best], "older")
        os.replace(best, kept)
    for save in (Path(path), previous_of(path)):
        if _is_save_at(save, lowest):
            pipeline.keep_as(save, best)
            return


def _is_save_of(path: Path, run: Mapping[str, Any]) -> bool:
    """Whether a file is an earlier save of a run. Its tensors are not read."""
    history = _history_of(path)
    return bool(history) and history == run["history"][: len(history)]


def _is_save_at(path: Path, entry: dict[str, Any] | None) -> bool:
    """Whether a file is the save after the evaluation with this entry of the history. Its tensors are not read."""
    return entry is not None and _history_of(path)[-1:] == [entry]


def _history_of(path: Path) -> list[dict[str, Any]]:
    """The history of a save that was made after an evaluation; [] for any other file, or none."""
    if not path.is_file():
        return []
    try:
        run = read_checkpoint(path, tensors=False)["run"]
        history: list[dict[str, Any]] = run["history"]
        return history if history and history[-1]["step"] == run["step"] else []
    except (DamagedCheckpointError, OtherFormatError, LookupError, TypeError):
        return []


def read_checkpoint(path: Path, tensors: bool = True) -> Checkpoint:
    """The content of this file and no other, of which nothing is executed; without `tensors` they stay on the disk.

    Raises DamagedCheckpointError only where the bytes of the file are wrong. Lack of memory and errors of reading
    say nothing about the file and are raised as what they are.
    """
    if not path.is_file():
        raise StepError(f"{path}: file not found; run: {pipeline.command(MADE_BY, checkpoint_path=str(path))}")
    try:
        with zipfile.ZipFile(path) as archive:  # torch itself does not check the checksums
            if tensors and (damaged := archive.testzip()):
                raise zipfile.BadZipFile(f"{damaged} is damaged")
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=not tensors)
    except Exception as error:  # a damaged file raises almost anything
        if pipeline.is_out_of_memory(error):
            raise StepError(
                f"{path}: not enough memory to read its {path.stat().st_size:,} bytes; "
                "close other programs, then run this step again"
            ) from None
        _read_to_the_end(path)
        raise DamagedCheckpointError(
            f"{path}: {path.stat().st_size:,} bytes that cannot be read as a checkpoint ({type(error).__name__}), "
            "truncated or foreign",
            _remedy(path),
        ) from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise OtherFormatError(f"{path}: its format is {found!r}, not {FORMAT!r}; {_remedy(path)}")
    if tensors and (fault := find_fault(content)):
        raise DamagedCheckpointError(f"{path}: {fault}", _remedy(path))
    checkpoint: Checkpoint = content
    return checkpoint


def _read_to_the_end(path: Path) -> None:
    """Raise OSError, with a file name, where the disk cannot read a file; zipfile and torch call that damage too."""
    try:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def _remedy(path: Path) -> str:
    return f"to start anew, run: {pipeline.command(MADE_BY, checkpoint_path=str(path), restart=True)}"


def model_from(checkpoint: Checkpoint) -> GPT:
    """The trained model of a checkpoint, ready to answer."""
    model = GPT(GPTConfig(**checkpoint["config"]))
    model.load_state_dict(checkpoint["model"])
    return model.eval()
