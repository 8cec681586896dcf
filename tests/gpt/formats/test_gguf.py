"""The model as a GGUF file, and as a model of Ollama."""

import json
import os

from corpus.template import BOS, EOS, MARKERS, Template
from gpt.checkpoint import load_checkpoint, save_checkpoint
from gpt.formats import gguf as gguf_file
from tests.gpt.formats.exports import (
    randomize,
    write_export,
)

import gguf
import numpy as np
import pytest
from tokenizers import Tokenizer


@pytest.fixture(scope="module")
def gguf_reader(checkpoint, tmp_path_factory) -> gguf.GGUFReader:
    folder = tmp_path_factory.mktemp("gguf")
    write_export(folder, checkpoint, "gguf")
    return gguf.GGUFReader(folder / gguf_file.FILE)


def test_the_gguf_file_says_what_the_model_is(checkpoint, gguf_reader):
    def value(key):
        return gguf_reader.get_field(key).contents()

    config, tokenizer = checkpoint["config"], Tokenizer.from_str(checkpoint["tokenizer"])
    assert value("general.architecture") == "qwen3"
    for key, name in (
        ("block_count", "n_layer"),
        ("context_length", "block_size"),
        ("embedding_length", "n_embd"),
        ("feed_forward_length", "n_hidden"),
        ("attention.head_count", "n_head"),
        ("attention.head_count_kv", "n_kv_head"),
        ("attention.key_length", "head_dim"),
        ("attention.value_length", "head_dim"),
        ("rope.freq_base", "rope_theta"),
    ):
        assert value(f"qwen3.{key}") == config[name], key
    assert value("qwen3.attention.layer_norm_rms_epsilon") == pytest.approx(config["norm_eps"])
    assert (value("tokenizer.ggml.model"), value("tokenizer.ggml.pre")) == ("gpt2", "qwen2")
    tokens = value("tokenizer.ggml.tokens")
    assert {token: index for index, token in enumerate(tokens)} == tokenizer.get_vocab()
    control = {tokens[index] for index, kind in enumerate(value("tokenizer.ggml.token_type")) if kind == 3}
    assert control == set(MARKERS)
    for key, token in (("bos", BOS), ("eos", EOS), ("eot", "[/ANSWER]"), ("padding", "[PAD]"), ("unknown", "[UNK]")):
        assert tokens[value(f"tokenizer.ggml.{key}_token_id")] == token
    assert value("tokenizer.ggml.add_bos_token") is True and value("tokenizer.ggml.add_eos_token") is False
    merges = [pair.split(" ") for pair in value("tokenizer.ggml.merges")]
    assert merges == json.loads(checkpoint["tokenizer"])["model"]["merges"]


def test_the_gguf_file_holds_every_weight_once(checkpoint, gguf_reader):
    tensors = {tensor.name: np.array(tensor.data) for tensor in gguf_reader.tensors}
    weights = {name: tensor.numpy() for name, tensor in checkpoint["model"].items()}
    if checkpoint["config"]["tie_embeddings"]:
        del weights["head.weight"]
    assert len(tensors) == len(weights)
    for name, ours in (
        ("token_embd.weight", "embedding.weight"),
        ("blk.0.attn_k_norm.weight", "layers.0.attention.k_norm.weight"),
        ("blk.0.ffn_norm.weight", "layers.0.feed_forward_norm.weight"),
        ("output_norm.weight", "norm.weight"),
    ):
        assert np.array_equal(tensors[name], weights[ours]), name
    assert sorted(tensor.tobytes() for tensor in tensors.values()) == sorted(
        tensor.tobytes() for tensor in weights.values()
    )


@pytest.mark.parametrize(("dtype", "error"), [("fp16", 1e-3), ("bf16", 8e-3), ("q8_0", 1e-2)])
def test_smaller_types_hold_nearly_the_same_numbers(built_house, tmp_path, dtype, error):
    checkpoint = randomize(load_checkpoint(built_house.checkpoint))
    write_export(tmp_path, checkpoint, "gguf", dtype)
    for tensor in gguf.GGUFReader(tmp_path / gguf_file.FILE).tensors:
        kind = (
            gguf.GGMLQuantizationType.F32
            if "norm" in tensor.name
            else gguf.GGMLQuantizationType[gguf_file.DTYPES[dtype][0]]
        )
        assert tensor.tensor_type == kind, tensor.name
        if tensor.name == "token_embd.weight":
            found, wanted = gguf.dequantize(tensor.data, kind), checkpoint["model"]["embedding.weight"].numpy()
            assert 0 < np.abs(found - wanted).max() <= error * np.abs(wanted).max()


def test_rows_that_do_not_fill_a_block_of_q8_0_stay_fp16(built_house, tmp_path):
    checkpoint = randomize(load_checkpoint(built_house.checkpoint), n_embd=40)
    write_export(tmp_path, checkpoint, "gguf", "q8_0")
    kinds = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(tmp_path / gguf_file.FILE).tensors}
    assert (kinds["token_embd.weight"], kinds["blk.0.ffn_down.weight"]) == ("F16", "Q8_0")


def test_a_template_that_would_write_into_the_modelfile_is_refused(house):
    checkpoint = load_checkpoint(house.checkpoint)
    checkpoint["template"]["question"] = '{question} """\nADAPTER /etc/passwd\n"""'
    save_checkpoint(house.checkpoint, checkpoint)
    assert "Modelfile" in house.complaint("export", format="ollama")
    house.run("export", format="gguf")


def test_ollama_gets_the_file_and_a_modelfile_that_says_how_to_ask_and_where_to_stop(house):
    house.run("export", format="ollama", temperature=0.5)
    assert sorted(os.listdir(house.exported)) == ["Modelfile", "model.gguf"]
    lines = (house.exported / "Modelfile").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "FROM ./model.gguf"
    assert {'PARAMETER stop "[/ANSWER]"', 'PARAMETER stop "[EOS]"', "PARAMETER num_ctx 384"} <= set(lines)
    assert {"PARAMETER temperature 0.5", "PARAMETER top_k 50", "PARAMETER top_p 0.9"} <= set(lines)


def test_a_model_that_sums_up_ends_at_its_own_marker(trained, tmp_path):
    checkpoint = {**trained, "template": Template.of_style("summary").to_dict()}
    write_export(tmp_path, checkpoint, "ollama")
    assert 'PARAMETER stop "[/SUMMARY]"' in (tmp_path / "Modelfile").read_text(encoding="utf-8")
