"""Lesson 11: the weights of another model in ours.

Qwen3 (Yang et al., 2025) and this model have the same shape: what differs is the names of the tensors, and the
tokenizer. So the small models of Qwen, which have read some trillions of tokens, run on the few hundred lines of
gpt/. This lesson reads a folder as Hugging Face stores it, shows which tensor is which, compares the logits with
those of transformers where that is installed, and lets the model answer in its own form.

For example, after downloading Qwen/Qwen3-0.6B (1.5 GB) into the folder qwen3:

    python -m lessons.load_qwen3 --folder qwen3 --question "필리핀의 수도는 어디야?"

Without a folder, your own model goes the same way: it is exported, and read like a stranger's.
"""

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pipeline
from corpus.samples import example_question
from corpus.template import BOS, END_ANSWER, Template, neutralize_markers
from gpt.checkpoint import load_checkpoint
from gpt.formats.huggingface import name_in_transformers
from gpt.formats.qwen3 import assemble, read_qwen3
from gpt.generation import generate
from gpt.model import GPT
from gpt.sampling import SamplingSettings
from pipeline import setting

import torch
from tokenizers import Tokenizer

FOLDER = ""  # of Qwen3: config.json, tokenizer.json, *.safetensors; empty = your own model, exported for the lesson
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04; read where FOLDER is empty
SAMPLES_PATH = "data/samples.txt"  # made by step 01; has a question where QUESTION is empty
QUESTION = ""  # what the model is asked; empty = a question of your samples
CONTEXT = 1024  # positions; a large model could see more, but its cache would need several GB
MAX_NEW_TOKENS = 120  # longest answer

CHAT_START, CHAT_END = "<|im_start|>", "<|im_end|>"  # markers of Qwen's own chats
NO_THINKING = "<think>\n\n</think>\n\n"  # what Qwen3 writes before an answer without reasoning


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    folder: str
    checkpoint_path: str
    samples_path: str
    question: str
    context: int = setting(least=2)
    max_new_tokens: int = setting(least=1)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    with TemporaryDirectory() as temporary:
        folder = Path(settings.folder or temporary)
        if not settings.folder:
            export = importlib.import_module("export")
            checkpoint = load_checkpoint(settings.checkpoint_path)
            export.write_export(folder, checkpoint, "hf", "bf16", "my own", SamplingSettings(0.0))
        started = time.monotonic()
        shape, weights, tokenizer = read_qwen3(folder)
        model = assemble(shape | {"block_size": min(settings.context, shape["block_size"])}, weights)
        print_names(model)
        print(f"\n{model.config.parameter_count():,} parameters, read in {time.monotonic() - started:.1f} s\n")
        question = settings.question or example_question(settings.samples_path)
        prompt = encode_question(question, tokenizer)
        compare_with_transformers(model, prompt, folder)
    answer(model, question, prompt, tokenizer, settings.max_new_tokens)


def print_names(model: GPT) -> None:
    """The tensors of the first layer, and those outside the layers, under both names."""
    print("| here | there | shape |\n| --- | --- | --- |")
    for name, tensor in model.state_dict().items():
        if not name.startswith("layers.") or name.startswith("layers.0."):
            print(f"| {name} | {name_in_transformers(name)} | {' x '.join(map(str, tensor.shape))} |")


def encode_question(question: str, tokenizer: Tokenizer) -> list[int]:
    """A question in the form that the model knows: a chat of Qwen's, or a prompt of this project."""
    if tokenizer.token_to_id(CHAT_START) is None:
        text = BOS + Template().write_prompt(question)
    else:
        user = question.replace(CHAT_START, "").replace(CHAT_END, "")
        text = f"{CHAT_START}user\n{user}{CHAT_END}\n{CHAT_START}assistant\n{NO_THINKING}"
    tokens: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return tokens


def compare_with_transformers(model: GPT, prompt: list[int], folder: Path) -> None:
    """Print the largest difference between our logits and those of transformers, where it is installed."""
    try:
        transformers: Any = importlib.import_module("transformers")
    except ImportError:
        print("transformers is not installed: the logits are not compared\n")
        return
    theirs = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokens = torch.tensor([prompt])
    with torch.inference_mode():
        difference = (model(tokens) - theirs(tokens).logits).abs().max().item()
    print(f"logits of {len(prompt)} tokens: at most {difference:.1e} from those of transformers\n")


def answer(model: GPT, question: str, prompt: list[int], tokenizer: Tokenizer, max_new_tokens: int) -> None:
    """Print what the model writes, always the most probable token, and how fast."""
    stops = {index for marker in (CHAT_END, END_ANSWER) if (index := tokenizer.token_to_id(marker)) is not None}
    started = time.monotonic()
    tokens = list(generate(model, prompt, max_new_tokens, stops, SamplingSettings(0.0), seed=0))
    seconds = time.monotonic() - started
    print(f"Q {neutralize_markers(question)}\n{tokenizer.decode(tokens)}")
    print(f"\n{len(tokens)} tokens, {len(tokens) / seconds:.1f} per second")


if __name__ == "__main__":
    pipeline.run(main)
