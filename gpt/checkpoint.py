"""One file that holds all that answering and going on with training need."""

import zipfile
from pathlib import Path

import pipeline
from gpt.model import GPT, GPTConfig
from pipeline import StepError

import torch

FORMAT = "gpt-checkpoint-1"


def save_checkpoint(path: Path | str, content: dict) -> None:
    """Write a checkpoint, whole or not at all: plain tensors and values only, tensors on the CPU."""
    with pipeline.atomic_write(path, "wb") as file:
        torch.save({"format": FORMAT, **_to_cpu(content)}, file)


def _to_cpu(value):
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, dict):
        return {key: _to_cpu(item) for key, item in value.items()}
    return value


def load_checkpoint(path: Path | str) -> dict:
    """Read a checkpoint that `save_checkpoint` wrote; nothing in it is executed (`weights_only`).

    Raises StepError when the file is missing, damaged, or of another format.
    """
    path = Path(path)
    if not path.is_file():
        raise StepError(f"{path}: there is no such file; run: python 04_train_gpt_from_scratch.py")
    try:
        with zipfile.ZipFile(path) as archive:  # torch itself does not look at the checksums
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} is damaged")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises almost anything
        if isinstance(error, OSError) and error.filename:
            raise
        raise StepError(
            f"{path}: {path.stat().st_size:,} bytes that cannot be read as a checkpoint ({type(error).__name__}), "
            "truncated or foreign; delete it and run: python 04_train_gpt_from_scratch.py"
        ) from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise StepError(
            f"{path}: its format is {found!r}, not {FORMAT!r}; delete it and run: python 04_train_gpt_from_scratch.py"
        )
    return content


def model_from(checkpoint: dict) -> GPT:
    """The trained model of a checkpoint, ready to answer."""
    model = GPT(GPTConfig(**checkpoint["config"]))
    model.load_state_dict(checkpoint["model"])
    return model.eval()
