"""Does what a checkpoint holds fit together? Checked once, where it is read, before anything is built from it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from gpt.model import GPTConfig

from tokenizers import Tokenizer
from torch import Tensor

LARGEST_SHAPE = 1e12  # of a shape; no model has more of anything, and torch counts with 64 bits
LONGEST_CONTEXT = 1 << 20  # tokens; a larger BLOCK_SIZE is an error, not a model
# What an answer needs, and what a run needs to go on.
OF_MODEL = {"config": dict, "model": dict, "tokenizer": str, "template": dict, "inputs": dict}
OF_RUN = {"run": dict, "settings": dict, "optimizer": dict, "data": dict}
TRAINED_ON = {"train": "train_bin", "validation": "val_bin", "tokenizer": "tokenizer_path"}  # input -> its setting


def find_fault(checkpoint: Mapping[str, Any]) -> str:
    """What is wrong with a checkpoint that was read, in a few words; empty if nothing is."""
    if fault := _fault_of_types(checkpoint, OF_RUN) or find_fault_of_model(checkpoint):
        return fault
    if not TRAINED_ON.keys() <= checkpoint["inputs"].keys():
        return "it does not say what it was trained on"
    if not all(isinstance(checkpoint["settings"].get(name), str) for name in TRAINED_ON.values()):
        return "its settings do not name what it was trained on"
    if not _is_run(checkpoint):
        return "its state of the run cannot be read"
    if not _is_finite(checkpoint.get("optimizer")):
        return "the state of its optimiser holds numbers that are not finite"
    return _fault_of_weights(checkpoint["weights"], checkpoint) if "weights" in checkpoint else ""


def find_fault_of_model(checkpoint: Mapping[str, Any]) -> str:
    """The same of the part that answers, which an export holds too."""
    if fault := _fault_of_types(checkpoint, OF_MODEL):
        return fault
    texts = {**checkpoint["template"], **checkpoint["inputs"]}
    if not all(isinstance(value, str) for value in texts.values()) or "tokenizer" not in checkpoint["inputs"]:
        return "its template or its inputs are no texts"
    try:
        config = GPTConfig(**checkpoint["config"])
        vocab_size = Tokenizer.from_str(checkpoint["tokenizer"]).get_vocab_size()
    except Exception as error:  # the tokenizer raises nothing more exact
        return f"its config or tokenizer cannot be used ({error})"
    if fault := find_fault_of_config(config):
        return fault
    if vocab_size > config.vocab_size:
        return f"its tokenizer has {vocab_size:,} tokens, and its model {config.vocab_size:,}"
    return _fault_of_weights(checkpoint["model"], checkpoint)


def _fault_of_types(checkpoint: Mapping[str, Any], parts: Mapping[str, type]) -> str:
    wrong = [name for name, kind in parts.items() if not isinstance(checkpoint.get(name), kind)]
    return f"its {wrong[0]!r} is missing or of another type" if wrong else ""


def find_fault_of_config(config: GPTConfig) -> str:
    """A number of a shape that is none, or larger than any model has."""
    defaults = asdict(GPTConfig(vocab_size=1))
    for each in fields(config):
        value, kind = getattr(config, each.name), type(defaults[each.name])
        if type(value) is not kind and not (kind is float and type(value) is int):
            return f"{each.name} is {value!r}"
        if not abs(value) <= LARGEST_SHAPE or config.block_size > LONGEST_CONTEXT:
            return f"{each.name} is {value}"
    if config.rope_theta <= 1 or config.norm_eps <= 0:
        return f"rope_theta is {config.rope_theta} and norm_eps {config.norm_eps}"
    return ""


def _fault_of_weights(weights: object, checkpoint: Mapping[str, Any]) -> str:
    """The first tensor that does not have the name, the shape or the numbers of a model of the checkpoint's shape."""
    config = GPTConfig(**checkpoint["config"])
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        return "its weights are no tensors"
    # Before all its weights are named: ten million layers would take forever.
    layers = {name.split(".")[1] for name in weights if str(name).startswith("layers.") and str(name).count(".") > 1}
    if len(layers) != config.n_layer:
        return f"it has {len(layers)} layers, and its config {config.n_layer:,}"
    wanted = config.weight_shapes()
    if weights.keys() != wanted.keys():
        return f"its model has or lacks {sorted(map(str, weights.keys() ^ wanted.keys()))[0]}"
    for name, tensor in weights.items():
        if tensor.shape != wanted[name] or not tensor.is_floating_point():
            return f"{name} has the shape {tuple(tensor.shape)}, not {wanted[name]}"
        if not tensor.isfinite().all():
            return f"{name} holds numbers that are not finite"
    return ""


def _is_finite(value: object) -> bool:
    """Whether all numbers in nested values are finite."""
    if isinstance(value, Tensor):
        return bool(value.isfinite().all())
    if isinstance(value, dict | list | tuple):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _is_run(checkpoint: Mapping[str, Any]) -> bool:
    """Whether the counts of a run are numbers, and each entry of its history is an evaluation at a step."""
    run, plan = checkpoint["run"], checkpoint.get("plan", {})
    counts = {name: value for name, value in run.items() if name != "history"}
    counts |= {"averaged_steps": checkpoint.get("averaged_steps", 0), **checkpoint["data"]}
    counts |= plan if isinstance(plan, dict) else {"plan": plan}
    history = run.get("history")
    return (
        {"step", "seconds"} <= run.keys()
        and all(type(value) in (int, float) and value >= 0 for value in counts.values())
        and isinstance(history, list)
        and all(isinstance(entry, dict) and isinstance(entry.get("bits_per_byte"), float) for entry in history)
        and all(type(value) is int for value in (run["step"], *(entry.get("step") for entry in history)))
    )
