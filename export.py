"""After step 5: take the trained model elsewhere.

The model has the shape of Qwen3, so other programs run it as it is: its numbers only get other names. With
hf it becomes a folder for transformers, vLLM and MLX; with gguf a file for llama.cpp and LM Studio; with
ollama that file and its Modelfile. All of them ask the way step 05 asks.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pipeline
from corpus.chat_template import write_jinja, write_ollama
from corpus.template import BOS, EOS, PAD, UNK, Template, require_markers
from gpt.checkpoint import load_checkpoint
from gpt.formats import gguf as gguf_file
from gpt.formats import huggingface
from gpt.formats import ollama as modelfile
from gpt.formats.gguf import write_gguf
from gpt.formats.huggingface import ChatFormat, write_huggingface
from gpt.formats.model_card import write_card
from gpt.formats.ollama import write_modelfile
from gpt.sampling import SamplingSettings
from pipeline import StepError, file_setting
from pipeline.progress import progress_bar

from tokenizers import Tokenizer

# --- Files ---
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04; best.pt beside it is the best so far
OUT_DIR = "exported"  # folder for what is written; it appears whole or not at all
FORCE = False  # replace what an earlier export wrote there

# --- What to write ---
FORMAT = "hf"  # hf for transformers, vLLM, MLX; gguf for llama.cpp, LM Studio; ollama for Ollama
DTYPE = "fp32"  # fp32 as trained; bf16 half the size; gguf and ollama also fp16 (f32, f16 mean the same), q8_0
NAME = "korean-gpt-from-scratch"  # what the model calls itself there

# --- How it chooses tokens there by default: as at the top of step 05 ---
# Imported, because users edit the constants of step 05: a default that both scripts read would not contain the edits.
step_05 = importlib.import_module("05_generate")
TEMPERATURE = step_05.TEMPERATURE  # 0 = always the most likely token; higher = more varied, less reliable
TOP_K = step_05.TOP_K  # choose among this many most likely tokens; 0 = all
TOP_P = step_05.TOP_P  # choose among the most likely tokens that together have this probability; 1 = all
REPETITION_PENALTY = step_05.REPETITION_PENALTY  # over 1 makes tokens already written less likely


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    checkpoint_path: str = file_setting()
    out_dir: str = file_setting(written=True)
    force: bool
    format: Literal["hf", "gguf", "ollama"]
    dtype: str
    name: str
    temperature: float
    top_k: int
    top_p: float
    repetition_penalty: float


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    sampling = SamplingSettings(settings.temperature, settings.top_k, settings.top_p, settings.repetition_penalty)
    check_settings(settings)
    require_free_folder(Path(settings.out_dir), settings.force)
    with progress_bar("load the model", leave=False):
        checkpoint = load_checkpoint(settings.checkpoint_path)

    exporting = progress_bar("export", leave=False)
    with exporting, pipeline.atomic_folder(settings.out_dir) as folder:
        write_export(folder, checkpoint, settings.format, settings.dtype, settings.name, sampling)
        sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    for file_name, size in sizes.items():
        print(f"{pipeline.human_size(size):>10}  {Path(settings.out_dir) / file_name}")


def check_settings(settings: Settings) -> None:
    """Stop at values that cannot work, before anything is read."""
    require = pipeline.require_setting
    possible = huggingface.DTYPES if settings.format == "hf" else gguf_file.DTYPES
    require(
        settings.dtype in possible,
        f"DTYPE is {settings.dtype!r}; for FORMAT {settings.format} it must be {' or '.join(possible)}",
    )
    require(bool(settings.name.strip()), "NAME is empty; write a name for the model")


def require_free_folder(folder: Path, force: bool) -> None:
    """Stop unless the folder is new or empty, or holds an earlier export that may be replaced."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise StepError(f"{folder}: it is a file; set OUT_DIR to a folder that is new or empty")
    present = {path.name for path in folder.iterdir()} - {".DS_Store"}  # Finder leaves it wherever it has looked
    foreign = sorted(present - {*huggingface.FILES, gguf_file.FILE, modelfile.FILE})
    if foreign:
        raise StepError(f"{folder}: no export wrote {foreign[0]}; set OUT_DIR to a folder that is new or empty")
    if present and not force:
        raise StepError(f"{folder}: it is not empty; set another OUT_DIR, or replace the export there with --force")


def write_export(
    folder: Path,
    checkpoint: dict[str, Any],
    format: str,
    dtype: str,
    name: str,
    sampling: SamplingSettings,
) -> None:
    """Write a checkpoint's model into an empty folder: FORMAT, DTYPE and NAME as above."""
    template = read_template(checkpoint)
    chat_format = ChatFormat(
        bos=BOS,
        eos=EOS,
        pad=PAD,
        unk=UNK,
        answer_end=template.answer_end.strip(),
        chat_template=write_jinja(template),
        sampling=sampling,
    )
    if format == "hf":
        write_huggingface(folder, checkpoint, chat_format, dtype, write_card(name, checkpoint, dtype))
        return
    write_gguf(folder, checkpoint, chat_format, dtype, name)
    if format == "ollama":
        write_modelfile(folder, write_ollama(template), chat_format, checkpoint["config"]["block_size"])


def read_template(checkpoint: dict[str, Any]) -> Template:
    """The template of a checkpoint, whose markers its tokenizer knows. Raises StepError."""
    try:
        require_markers(Tokenizer.from_str(checkpoint["tokenizer"]))
        return Template.from_dict(checkpoint["template"])
    except ValueError as error:
        raise StepError(f"the checkpoint cannot be exported: {error}; train a new model with step 04") from None


if __name__ == "__main__":
    pipeline.run(main)
