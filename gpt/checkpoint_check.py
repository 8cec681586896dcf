"""Does what a checkpoint holds fit together? Checked once, where it is read, before anything is built from it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from gpt.model import GPT, GPTConfig

import torch
from tokenizers import Tokenizer
from torch import Tensor

LONGEST_CONTEXT = 1 << 20  # tokens; a larger BLOCK_SIZE is an error, not a model
# What step 05 and export read; "run" holds the history that step 04 and the server show.
PARTS = {"config": dict, "model": dict, "tokenizer": str, "template": dict, "inputs": dict, "run": dict}


def find_fault(checkpoint: Mapping[str, Any]) -> str:
    """What is wrong with a checkpoint that was read, in a few words; empty if nothing is."""
    for name, kind in PARTS.items():
        if not isinstance(checkpoint.get(name), kind):
            return f"its {name!r} is missing or is no {kind.__name__}"
    try:
        config = GPTConfig(**checkpoint["config"])
        tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    except Exception as error:  # the tokenizer raises nothing more exact
        return f"its config or tokenizer cannot be used ({error})"
    if fault := _fault_of_config(config):
        return fault
    if tokenizer.get_vocab_size() > config.vocab_size:
        return f"its tokenizer has {tokenizer.get_vocab_size():,} tokens, and its model {config.vocab_size:,}"
    texts = {**checkpoint["template"], **checkpoint["inputs"]}
    if not all(isinstance(value, str) for value in texts.values()) or "tokenizer" not in checkpoint["inputs"]:
        return "its template or its inputs are no texts"
    if not _is_history(checkpoint["run"]):
        return "its history of the run cannot be read"
    return _fault_of_weights(checkpoint["model"], config) or (
        _fault_of_weights(checkpoint["weights"], config) if "weights" in checkpoint else ""
    )


def _fault_of_config(config: GPTConfig) -> str:
    defaults = asdict(GPTConfig(vocab_size=1))
    for each in fields(config):
        value, kind = getattr(config, each.name), type(defaults[each.name])
        if type(value) is not kind and not (kind is float and type(value) is int):
            return f"{each.name} is {value!r}"
        if not math.isfinite(value) or config.block_size > LONGEST_CONTEXT:
            return f"{each.name} is {value}"
    if config.rope_theta <= 1 or config.norm_eps <= 0:
        return f"rope_theta is {config.rope_theta} and norm_eps {config.norm_eps}"
    return ""


def _fault_of_weights(weights: object, config: GPTConfig) -> str:
    """The first tensor that does not have the name, the shape or the numbers of a model of this shape."""
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        return "its weights are no tensors"
    # Before a model of this shape is laid out: one of ten million layers would take forever.
    layers = {name.split(".")[1] for name in weights if str(name).startswith("layers.") and str(name).count(".") > 1}
    if len(layers) != config.n_layer:
        return f"it has {len(layers)} layers, and its config {config.n_layer:,}"
    if config.vocab_size * config.n_embd > sum(tensor.numel() for tensor in weights.values()):
        return f"it has fewer numbers than {config.vocab_size:,} tokens of width {config.n_embd:,} need"
    with torch.device("meta"):  # names and shapes only
        wanted = GPT(config).state_dict()
    if weights.keys() != wanted.keys():
        return f"its model has or lacks {sorted(map(str, weights.keys() ^ wanted.keys()))[0]}"
    for name, tensor in weights.items():
        if tensor.shape != wanted[name].shape or not tensor.is_floating_point():
            return f"{name} has the shape {tuple(tensor.shape)}, not {tuple(wanted[name].shape)}"
        if not tensor.isfinite().all():
            return f"{name} holds numbers that are not finite"
    return ""


def _is_history(run: Mapping[str, Any]) -> bool:
    """Whether the state of a run has its step and an evaluation in each entry of its history."""
    history = run.get("history")
    return (
        type(run.get("step")) is int
        and isinstance(history, list)
        and all(isinstance(entry, dict) and isinstance(entry.get("bits_per_byte"), float) for entry in history)
        and all(type(entry.get("step")) is int for entry in history)
    )
