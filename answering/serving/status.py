"""What a page says about the model in its corner, and about the training that goes on."""

import time
from pathlib import Path
from typing import Any

from answering.request import Request
from answering.serving.models import LoadedModel
from gpt.checkpoint import beside, read_checkpoint
from gpt.training.log import read_log
from pipeline import StepError

SILENCE = 60.0  # seconds without a new row in log.csv, after which training is taken to have ended

Json = dict[str, Any]


def describe_model(model: LoadedModel, name: str) -> Json:
    """The model that answers."""
    return {
        "name": name,
        "parameters": model.assistant.model.config.parameter_count(),
        "steps": model.steps,
        "validation_loss": model.validation_loss,
        "trained_at": model.trained_at.isoformat(timespec="seconds"),
    }


def describe_settings(request: Request) -> Json:
    """How an answer is written unless a request says otherwise."""
    sampling = request.sampling
    return {
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "seed": request.seed,
        "max_new_tokens": request.max_new_tokens,
        "form": request.form,
    }


def describe_training(checkpoint_path: str) -> Json | None:
    """How far step 04 has come, by the log beside the checkpoint; None while it does not run."""
    log = beside(checkpoint_path, "log.csv")
    try:
        silence = time.time() - log.stat().st_mtime
        rows = read_log(log)
        between = rows[-1]["seconds"] - rows[-2]["seconds"] if len(rows) > 1 else 0.0
        if silence > max(SILENCE, 3 * between):
            return None
        plan = read_checkpoint(Path(checkpoint_path))["plan"]
    except (StepError, OSError, LookupError):
        return None
    last = rows[-1]
    seconds, step = last["seconds"], last["step"]
    share = seconds / (60 * plan["max_minutes"]) if plan["max_minutes"] else step / max(1, plan["max_steps"])
    if not 0 < share < 1:
        return None
    return {
        "step": int(step),
        "steps": round(step / share),
        "validation_loss": next(
            (row["validation_bits_per_byte"] for row in reversed(rows) if "validation_bits_per_byte" in row), None
        ),
        "seconds_left": round(seconds / share - seconds),
    }


def loss_chart(checkpoint_path: str) -> Path:
    """The chart that training draws beside the checkpoint."""
    return beside(checkpoint_path, "loss.svg")
