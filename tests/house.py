"""A folder in which the steps run at tiny settings, and the raw text that they start from."""

import importlib
from dataclasses import dataclass
from pathlib import Path

from pipeline import StepError

import pytest

SCRIPTS = {
    "01": "01_prepare_samples",
    "02": "02_train_tokenizer",
    "03": "03_build_bin_dataset",
    "04": "04_train_gpt_from_scratch",
    "05": "05_generate",
    "export": "export",
    "serve": "serve",
}

# Untidy as such files are: titles and none, mixed labels, a checklist, a post that stands there twice.
RAW_TEXT = (Path(__file__).parent / "untidy_text.txt").read_text(encoding="utf-8")

# Small enough for a test, and on the CPU in fp32, where a run repeats to the bit.
SETTINGS = {
    "01": {"max_document_characters": 150, "workers": 1},
    "02": {"vocab_size": 700, "bytes_per_token": 20},
    "03": {"val_ratio": 0.25, "block_size": 384},
    "04": {
        "block_size": 384,
        "n_layer": 1,
        "n_head": 2,
        "n_embd": 32,
        "batch_size": 2,
        "micro_batch_size": 2,
        "max_steps": 4,
        "eval_interval": 2,
        "sample_tokens": 4,
        "device": "cpu",
        "precision": "fp32",
    },
    "05": {"question": "여권을 잃어버렸어요", "max_new_tokens": 60, "device": "cpu"},
    "export": {},
    "serve": {"port": 0, "device": "cpu", "max_new_tokens": 150, "rows": 4, "max_waiting": 4, "log": False},
}


def _flag(name: str, value) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}", str(value)]


@dataclass(frozen=True)
class House:
    """A folder with a raw text and the artifacts of the steps, and the steps themselves at tiny settings."""

    folder: Path

    @property
    def raw(self) -> Path:
        return self.folder / "data" / "raw.txt"

    @property
    def samples(self) -> Path:
        return self.folder / "data" / "samples.txt"

    @property
    def contacts(self) -> Path:
        return self.folder / "data" / "contacts.json"

    @property
    def dropped(self) -> Path:
        return self.folder / "data" / "dropped.txt"

    @property
    def tokenizer(self) -> Path:
        return self.folder / "data" / "tokenizer.json"

    @property
    def train_bin(self) -> Path:
        return self.folder / "data" / "train.bin"

    @property
    def val_bin(self) -> Path:
        return self.folder / "data" / "val.bin"

    @property
    def index(self) -> Path:
        return self.folder / "data" / "index.npz"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "ckpt.pt"

    @property
    def exported(self) -> Path:
        return self.folder / "exported"

    @property
    def manifest(self) -> Path:
        return self.folder / "data" / "manifest.json"

    def flags(self, step: str, **changes) -> list[str]:
        """The command line of a step here: its paths, the tiny settings, and `changes` to either."""
        reads_and_writes = {
            "01": {
                "raw_path": self.raw,
                "samples_path": self.samples,
                "contacts_path": self.contacts,
                "dropped_path": self.dropped,
            },
            "02": {"samples_path": self.samples, "tokenizer_path": self.tokenizer},
            "03": {
                "samples_path": self.samples,
                "tokenizer_path": self.tokenizer,
                "train_bin": self.train_bin,
                "val_bin": self.val_bin,
                "index_path": self.index,
            },
            "04": {
                "train_bin": self.train_bin,
                "val_bin": self.val_bin,
                "tokenizer_path": self.tokenizer,
                "checkpoint_path": self.checkpoint,
            },
            "05": {
                "checkpoint_path": self.checkpoint,
                "index_path": self.index,
                "samples_path": self.samples,
                "contacts_path": self.contacts,
            },
            "export": {"checkpoint_path": self.checkpoint, "out_dir": self.exported},
            "serve": {
                "checkpoint_path": self.checkpoint,
                "index_path": self.index,
                "samples_path": self.samples,
                "contacts_path": self.contacts,
                "history_path": self.folder / "data" / "history.jsonl",
            },
        }
        settings = {**reads_and_writes[step], **SETTINGS[step], **changes}
        return [text for name, value in settings.items() for text in _flag(name.replace("_", "-"), value)]

    def main(self, step: str):
        """The `main` of a step's script."""
        return importlib.import_module(SCRIPTS[step]).main

    def default(self, step: str, name: str):
        """A constant at the top of a step's script."""
        return getattr(importlib.import_module(SCRIPTS[step]), name)

    def run(self, step: str, **changes) -> None:
        """Run a step here, with `changes` to the tiny settings."""
        self.main(step)(self.flags(step, **changes))

    def complaint(self, step: str, **changes) -> str:
        """The one line with which a step refuses; everything here must be as it was before."""
        before = self.contents()
        with pytest.raises(StepError) as refusal:
            self.run(step, **changes)
        assert self.contents() == before
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    def contents(self) -> dict[str, bytes]:
        """Every file below the folder with its bytes."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}
