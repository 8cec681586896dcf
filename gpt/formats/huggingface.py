"""The folder that transformers, vLLM and MLX open: the same numbers under the names of `Qwen3ForCausalLM`.

`gpt/formats/qwen3.py` reads such folders.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pipeline
from gpt.checkpoint import Checkpoint
from gpt.model import GPTConfig
from gpt.sampling import SamplingSettings

import torch
from tokenizers import Tokenizer, processors
from torch import Tensor

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
OUR_KEY = "korean_gpt_from_scratch"  # of config.json
FILES = (WEIGHTS, CONFIG, TOKENIZER, "generation_config.json", "tokenizer_config.json", "README.md")

# What Qwen3Config calls the fields of GPTConfig; it has no dropout, which only training needs.
CONFIG_NAMES = {
    "vocab_size": "vocab_size",
    "block_size": "max_position_embeddings",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_kv_head": "num_key_value_heads",
    "n_embd": "hidden_size",
    "head_dim": "head_dim",
    "n_hidden": "intermediate_size",
    "rope_theta": "rope_theta",
    "norm_eps": "rms_norm_eps",
    "tie_embeddings": "tie_word_embeddings",
}
TENSOR_NAMES = {
    "embedding.": "model.embed_tokens.",
    "layers.": "model.layers.",
    "attention_norm.": "input_layernorm.",
    "feed_forward_norm.": "post_attention_layernorm.",
    "attention.": "self_attn.",
    "feed_forward.": "mlp.",
    "head.": "lm_head.",
}


@dataclass(frozen=True)
class ChatFormat:
    """How a chat becomes tokens: markers of the tokenizer, a chat template in Jinja, how tokens are chosen."""

    bos: str
    eos: str
    pad: str
    unk: str
    answer_end: str  # the marker after an answer; generation ends at it, or at `eos`
    chat_template: str
    sampling: SamplingSettings


def write_huggingface(folder: Path, checkpoint: Checkpoint, chat_format: ChatFormat, dtype: str, card: str) -> None:
    """Write weights, shape, tokenizer, sampling defaults and model card into an empty folder.

    `dtype` is one of DTYPES. Raises StepError when the safetensors package is missing.
    """
    safetensors = pipeline.require_package("safetensors.torch", "writing for transformers")
    config = GPTConfig(**checkpoint["config"])
    tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    weights = {name: tensor.to(DTYPES[dtype]) for name, tensor in rename_weights(checkpoint["model"], config).items()}
    # As bytes, because only Python's own write says clearly that a disk is full.
    (folder / WEIGHTS).write_bytes(safetensors.save(weights, metadata={"format": "pt"}))
    for name, content in (
        (CONFIG, model_config(config, tokenizer, chat_format, dtype) | {OUR_KEY: ours_of(checkpoint)}),
        ("generation_config.json", generation_config(config, tokenizer, chat_format)),
        ("tokenizer_config.json", tokenizer_config(config, chat_format)),
    ):
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    bos = (chat_format.bos, tokenizer.token_to_id(chat_format.bos))
    tokenizer.post_processor = processors.TemplateProcessing(f"{bos[0]} $A", f"{bos[0]} $A $B", special_tokens=[bos])
    (folder / TOKENIZER).write_text(tokenizer.to_str(pretty=True), encoding="utf-8", newline="\n")
    (folder / "README.md").write_text(card, encoding="utf-8", newline="\n")


def ours_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """What step 05 needs beside the model, and other programs ignore: the form of the samples, their tokenizer."""
    return {"template": checkpoint["template"], "inputs": {"tokenizer": checkpoint["inputs"]["tokenizer"]}}


def rename_weights(weights: dict[str, Tensor], config: GPTConfig) -> dict[str, Tensor]:
    """The weights under the names of Qwen3ForCausalLM; a tied head is the embedding and not written again."""
    tied = {"head.weight"} if config.tie_embeddings else set()
    return {name_in_transformers(name): tensor.contiguous() for name, tensor in weights.items() if name not in tied}


def name_in_transformers(name: str) -> str:
    """The name that Qwen3ForCausalLM has for one of our tensors."""
    for ours, theirs in TENSOR_NAMES.items():
        name = name.replace(ours, theirs)
    return "model." + name if name.startswith("norm.") else name


def model_config(config: GPTConfig, tokenizer: Tokenizer, chat_format: ChatFormat, dtype: str) -> dict[str, Any]:
    """config.json: the shape of the model, under the names of Qwen3Config."""
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        **{theirs: getattr(config, ours) for ours, theirs in CONFIG_NAMES.items()},
        # transformers reads the base of the rotary positions here since version 5, others above.
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "use_sliding_window": False,
        "use_cache": True,
        "dtype": str(DTYPES[dtype]).removeprefix("torch."),
        **token_ids(tokenizer, chat_format),
    }


def generation_config(config: GPTConfig, tokenizer: Tokenizer, chat_format: ChatFormat) -> dict[str, Any]:
    """generation_config.json: where an answer ends and how its tokens are chosen."""
    sampling = asdict(chat_format.sampling)
    if not sampling["temperature"]:  # transformers says do_sample=False for greedy
        sampling = {"repetition_penalty": sampling["repetition_penalty"]}
    return {
        "do_sample": bool(chat_format.sampling.temperature),
        **sampling,
        "max_length": config.block_size,
        **token_ids(tokenizer, chat_format),
    }


def token_ids(tokenizer: Tokenizer, chat_format: ChatFormat) -> dict[str, Any]:
    """The ids with which a text begins, ends and is padded."""
    return {
        "bos_token_id": tokenizer.token_to_id(chat_format.bos),
        "eos_token_id": [tokenizer.token_to_id(chat_format.answer_end), tokenizer.token_to_id(chat_format.eos)],
        "pad_token_id": tokenizer.token_to_id(chat_format.pad),
    }


def tokenizer_config(config: GPTConfig, chat_format: ChatFormat) -> dict[str, Any]:
    """tokenizer_config.json: what tokenizer.json does not say."""
    return {
        # Not Qwen2Tokenizer, which splits alike but normalizes text to NFC first.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": chat_format.bos,
        "eos_token": chat_format.eos,
        "pad_token": chat_format.pad,
        "unk_token": chat_format.unk,
        "add_bos_token": True,
        "clean_up_tokenization_spaces": False,
        "model_max_length": config.block_size,
        "model_input_names": ["input_ids", "attention_mask"],
        "chat_template": chat_format.chat_template,
    }
