"""The one file that llama.cpp, LM Studio and Ollama open: weights, shape, tokenizer and chat template."""

import json
from pathlib import Path
from typing import Any

import pipeline
from gpt.checkpoint import Checkpoint
from gpt.formats.huggingface import ChatFormat, rename_weights
from gpt.model import GPTConfig

import torch
from tokenizers import Tokenizer

FILE = "model.gguf"
# Our name of a number type, or llama.cpp's -> the name in gguf for one tensor and for the whole file.
DTYPES = {
    "fp32": ("F32", "ALL_F32"),
    "f32": ("F32", "ALL_F32"),
    "fp16": ("F16", "MOSTLY_F16"),
    "f16": ("F16", "MOSTLY_F16"),
    "bf16": ("BF16", "MOSTLY_BF16"),
    "q8_0": ("Q8_0", "MOSTLY_Q8_0"),
}
# The name under which llama.cpp knows the split pattern of step 02. Two differences are known: an apostrophe before
# U+017F, an old form of s that a pattern which ignores case takes for the s of 's; and letters that are new in Unicode.
SPLIT_PATTERN = "qwen2"


def write_gguf(folder: Path, checkpoint: Checkpoint, chat_format: ChatFormat, dtype: str, name: str) -> None:
    """Write the file into a folder; `dtype` is one of DTYPES. Raises StepError if the package gguf is missing."""
    gguf = pipeline.require_package("gguf", "writing for llama.cpp")
    config = GPTConfig(**checkpoint["config"])
    writer = gguf.GGUFWriter(folder / FILE, "qwen3")
    try:
        writer.add_name(name)
        writer.add_file_type(gguf.LlamaFileType[DTYPES[dtype][1]])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        add_shape(writer, config)
        add_tokenizer(writer, checkpoint["tokenizer"], chat_format)
        writer.add_sampling_temp(chat_format.sampling.temperature)
        writer.add_sampling_top_k(chat_format.sampling.top_k)
        writer.add_sampling_top_p(chat_format.sampling.top_p)
        writer.add_sampling_penalty_repeat(chat_format.sampling.repetition_penalty)

        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN3, config.n_layer)
        for their_name, tensor in rename_weights(checkpoint["model"], config).items():
            numbers = tensor.float().numpy()
            number_type = tensor_type(tensor, dtype, gguf)
            name_here = names.get_name(their_name, try_suffixes=(".weight",))
            writer.add_tensor(name_here, gguf.quants.quantize(numbers, number_type), raw_dtype=number_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def tensor_type(tensor: torch.Tensor, dtype: str, gguf: Any) -> Any:
    """The number type of a tensor in the file.

    The gains of norms stay fp32, as llama.cpp requires; rows that do not fill blocks of q8_0 become fp16.
    """
    number_type = gguf.GGMLQuantizationType[DTYPES[dtype][0]]
    if tensor.dim() == 1:
        return gguf.GGMLQuantizationType.F32
    if tensor.size(-1) % gguf.GGML_QUANT_SIZES[number_type][0]:
        return gguf.GGMLQuantizationType.F16
    return number_type


def add_shape(writer: Any, config: GPTConfig) -> None:
    """Write the shape of the model, under the names of gguf."""
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.block_size)
    writer.add_block_count(config.n_layer)
    writer.add_embedding_length(config.n_embd)
    writer.add_feed_forward_length(config.n_hidden)
    writer.add_head_count(config.n_head)
    writer.add_head_count_kv(config.n_kv_head)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.norm_eps)


def add_tokenizer(writer: Any, tokenizer_json: str, chat_format: ChatFormat) -> None:
    """Write tokens in the order of their ids, merges in the order of their ranks, and which tokens are markers."""
    tokenizer = Tokenizer.from_str(tokenizer_json)
    markers = {index for index, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    ids = range(tokenizer.get_vocab_size())
    normal, control = 1, 3  # gguf.TokenType
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(SPLIT_PATTERN)
    writer.add_token_list([tokenizer.id_to_token(index) for index in ids])
    writer.add_token_types([control if index in markers else normal for index in ids])
    writer.add_token_merges([" ".join(pair) for pair in json.loads(tokenizer_json)["model"]["merges"]])
    writer.add_bos_token_id(tokenizer.token_to_id(chat_format.bos))
    writer.add_add_bos_token(True)  # step 05 puts it first
    writer.add_eos_token_id(tokenizer.token_to_id(chat_format.eos))
    writer.add_add_eos_token(False)
    writer.add_eot_token_id(tokenizer.token_to_id(chat_format.answer_end))
    writer.add_unk_token_id(tokenizer.token_to_id(chat_format.unk))
    writer.add_pad_token_id(tokenizer.token_to_id(chat_format.pad))
    writer.add_chat_template(chat_format.chat_template)
