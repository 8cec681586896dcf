"""A folder of Qwen3 as Hugging Face stores it becomes our model: those of export.py, and Qwen's own of any size.

Large models come in several files (shards), whose index says which file holds which tensor. Each tensor is read,
converted and kept before the next one is read, so that memory holds the model once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pipeline
from gpt.attention import rotary_table
from gpt.checkpoint import Checkpoint
from gpt.checkpoint_check import find_fault_of_config, find_fault_of_model
from gpt.formats.huggingface import CONFIG, CONFIG_NAMES, OUR_KEY, TOKENIZER, WEIGHTS, name_in_transformers
from gpt.model import GPT, GPTConfig
from pipeline import StepError

import torch
from tokenizers import Tokenizer
from torch import Tensor

INDEX = "model.safetensors.index.json"
MOST_LAYERS = 1000

# What our model does not compute: a field of config.json and the values that leave it out.
REQUIRED = {
    "model_type": ("qwen3",),
    "hidden_act": ("silu",),
    "attention_bias": (False, None),
    "use_sliding_window": (False, None),
    "rope_scaling": (None,),
    "rope_type": ("default", None),
}


def read_qwen3(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[dict[str, Any], dict[str, Tensor], Tokenizer]:
    """Shape, weights and tokenizer of a folder, under our names.

    The weights have the type `dtype`; a tied head is the same tensor as the embedding. Raises StepError for a folder
    of another kind of model, or a damaged one.
    """
    safetensors = pipeline.require_package("safetensors", f"reading {folder}")
    try:
        theirs = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        theirs |= theirs.get("rope_parameters") or {}  # where transformers 5 writes the rotary base
        require_plain(theirs, folder)
        shape = {ours: theirs.get(name) for ours, name in CONFIG_NAMES.items()}
        wanted = wanted_shapes(GPTConfig(**shape))
        tied = {"head.weight"} if shape["tie_embeddings"] else set()
        weights: dict[str, Tensor] = {}
        for path, names in find_files(wanted.keys() - tied, folder).items():
            with safetensors.safe_open(path, framework="pt") as file:
                for name in names:
                    weights[name] = file.get_tensor(name_in_transformers(name)).to(dtype)
                    require_size(name, weights[name], wanted[name])
        if tied:
            weights["head.weight"] = weights["embedding.weight"]
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except StepError:
        raise
    except Exception as error:  # each of the readers raises its own
        if pipeline.is_out_of_memory(error):
            raise
        raise StepError(
            f"{folder}: it cannot be read as a model of Qwen3 ({type(error).__name__}: {error}); "
            f"download it again, or export it again with: {pipeline.command('export.py', format='hf')}"
        ) from None
    return shape, {name: weights[name] for name in wanted}, tokenizer


def require_plain(theirs: dict[str, Any], folder: Path) -> None:
    """Raise StepError if the model computes something that ours does not."""
    for field, values in REQUIRED.items():
        if theirs.get(field) not in values:
            raise StepError(
                f"{folder / CONFIG}: {field} is {theirs.get(field)!r}, and only {values[0]!r} can be read; "
                "take a dense model of Qwen3, or one exported with "
                f"{pipeline.command('export.py', format='hf')}"
            )


def find_files(names: Iterable[str], folder: Path) -> dict[Path, list[str]]:
    """Which file holds which tensors: by the index of the shards, or the only file holds all."""
    index = folder / INDEX
    shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"] if index.is_file() else None
    files: dict[Path, list[str]] = defaultdict(list)
    for name in names:
        file = Path(shards[name_in_transformers(name)]).name if shards else WEIGHTS  # never outside the folder
        files[folder / file].append(name)
    return files


def wanted_shapes(config: GPTConfig) -> dict[str, tuple[int, ...]]:
    """The shapes of all weights. Raises ValueError for a model of more layers than any has."""
    fault = find_fault_of_config(config)
    if fault or config.n_layer > MOST_LAYERS:
        raise ValueError(fault or f"n_layer is {config.n_layer:,}")
    return config.weight_shapes()


def require_size(name: str, found: Tensor, wanted: tuple[int, ...]) -> None:
    """Raise ValueError unless a tensor has the shape that config.json implies."""
    if found.shape != wanted:
        raise ValueError(f"{name} has the shape {tuple(found.shape)}, not {wanted}")


def assemble(shape: dict[str, Any], weights: dict[str, Tensor]) -> GPT:
    """A model that consists of these tensors themselves, so that there is no second copy, ready to answer."""
    config = GPTConfig(**shape)
    with torch.device("meta"):
        model = GPT(config)
    model.load_state_dict(weights, assign=True)
    if config.tie_embeddings:
        model.head.weight = model.embedding.weight
    model.cos, model.sin = rotary_table(config.block_size, config.head_dim, config.rope_theta)
    return model.eval()


def read_as_checkpoint(folder: Path) -> Checkpoint:
    """What step 05 needs of a folder that export.py wrote, also after other programs have trained its model further.

    Raises StepError for a folder of another origin: its model does not know the form of the samples.
    """
    shape, weights, tokenizer = read_qwen3(folder)
    ours = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get(OUR_KEY)
    if ours is None:
        raise StepError(
            f"{folder}: export.py did not write this model, so it does not know the form of these answers; "
            "ask it in its own form with lessons/load_qwen3.py, or train it on your text with INIT_FROM"
        )
    content = json.loads(tokenizer.to_str())
    content["post_processor"] = None  # it adds [BOS], which a prompt has already
    checkpoint = {"config": shape, "model": weights, "tokenizer": json.dumps(content, ensure_ascii=False)}
    checkpoint |= ours if isinstance(ours, dict) else {}
    if fault := find_fault_of_model(checkpoint):
        raise StepError(f"{folder}: {fault}; export it again with: {pipeline.command('export.py', format='hf')}")
    return checkpoint
