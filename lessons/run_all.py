"""Run all lessons, and write what they print into one file with the pictures in it.

python -m lessons.run_all
"""

import importlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pipeline
from pipeline import StepError
from pipeline.progress import progress_bar

RESULTS_PATH = "lessons/RESULTS.md"  # what the lessons have found in your text

LESSONS = (
    "bpe_by_hand",
    "count_model",
    "rnn_model",
    "ladder",
    "attention_by_hand",
    "embedding_is_a_matrix",
    "sampling_methods",
    "load_qwen3",
    "extend_tokenizer",
    "classify",
    "instruct",
    "preference",
    "reward",
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constant above, with its type."""

    results_path: str


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    parts = ["# What the lessons found in this text\n"]
    with progress_bar("lessons", len(LESSONS), unit="lessons") as bar:
        for name in LESSONS:
            parts.append(run_lesson(name))
            bar.update()
    with pipeline.atomic_write(settings.results_path) as file:
        file.write("\n".join(parts))
    print(f"{len(LESSONS)} lessons -> {settings.results_path}")


def run_lesson(name: str) -> str:
    """What a lesson prints, below its title. Raises StepError where it fails; its own message says why."""
    finished = subprocess.run(
        [sys.executable, "-m", f"lessons.{name}"], stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False
    )
    if finished.returncode:
        raise StepError(f"the lesson {name} has failed; correct what it says above, then run it again")
    return f"## {title_of(name)}\n\n{finished.stdout}"


def title_of(name: str) -> str:
    """The first line of the lesson's docstring."""
    return str(importlib.import_module(f"lessons.{name}").__doc__).split("\n")[0].rstrip(".")


if __name__ == "__main__":
    pipeline.run(main)
