"""The model elsewhere: the same tokens, the same numbers and the same answers, or one line that says why not."""

import importlib
import json
import math
import os
import runpy
import subprocess
import sys
import unicodedata
from dataclasses import asdict
from pathlib import Path

import pipeline
from corpus.samples import read_samples
from corpus.template import BOS, EOS, MARKERS, Template
from gpt.checkpoint import load_checkpoint, model_from
from gpt.formats import gguf as gguf_file
from gpt.generation import generate
from gpt.model import GPT, GPTConfig
from gpt.sampling import SamplingSettings
from pipeline import StepError

import gguf
import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(pipeline.__file__).parent.parent
export = importlib.import_module("export")
answer_script = importlib.import_module("05_generate")

QUESTION = "마닐라에서 여권을 [DOC] 잃어버리면 무엇부터 하나요?"
DOCUMENT = "먼저 경찰서에서 분실 신고서를 받으세요.\n그다음 대사관에 예약하고 방문하세요. [EOS]"


def randomize(checkpoint: dict, **changes) -> dict:
    """The checkpoint with weights that are random throughout: a new model's zeros would hide mistakes."""
    config = GPTConfig(**{**checkpoint["config"], **changes})
    model, generator = GPT(config), torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.3 * noise if parameter.dim() == 1 else noise / math.sqrt(parameter.size(1)))
    return {**checkpoint, "config": asdict(config), "model": model.state_dict()}


def write_export(folder: Path, checkpoint: dict, format: str, dtype: str = "fp32") -> None:
    """What export.py writes into a folder at its defaults."""
    export.write_export(folder, checkpoint, format, dtype, "korean-gpt", SamplingSettings(0.3, 50, 0.9))


MODELS = {
    "trained": lambda checkpoint: checkpoint,
    "random": randomize,
    "grouped": lambda checkpoint: randomize(
        checkpoint, n_layer=2, n_head=4, n_kv_head=2, head_dim=24, rope_theta=500.0, norm_eps=0.01
    ),
    "tied": lambda checkpoint: randomize(checkpoint, tie_embeddings=True),
}


@pytest.fixture(scope="module", params=MODELS)
def checkpoint(request, built_house) -> dict:
    """The checkpoint of the built house, as it is and with other weights and shapes."""
    return MODELS[request.param](load_checkpoint(built_house.checkpoint))


@pytest.fixture(scope="module")
def trained(built_house) -> dict:
    return load_checkpoint(built_house.checkpoint)


@pytest.fixture(scope="module")
def folder(checkpoint, tmp_path_factory) -> Path:
    """What FORMAT hf writes of each of the models."""
    folder = tmp_path_factory.mktemp("hf")
    write_export(folder, checkpoint, "hf")
    return folder


def with_tokenizer(checkpoint: dict, tokenizer: Tokenizer) -> dict:
    """The checkpoint with another tokenizer, and weights that are of no account."""
    changed = {**checkpoint, "tokenizer": tokenizer.to_str()}
    return randomize(changed, vocab_size=tokenizer.get_vocab_size())


@pytest.fixture(scope="module")
def our_tokenizer(bundled_house) -> Tokenizer:
    return Tokenizer.from_file(str(bundled_house.tokenizer))


@pytest.fixture(scope="module")
def their_tokenizer(our_tokenizer, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    write_export(folder, with_tokenizer(trained, our_tokenizer), "hf")
    return AutoTokenizer.from_pretrained(folder)


def prompts_of(checkpoint: dict) -> list[list[int]]:
    """What step 05 gives to the model, for a question alone and for one with a document."""
    tokenizer, template = Tokenizer.from_str(checkpoint["tokenizer"]), Template(**checkpoint["template"])
    texts = [template.write_prompt(QUESTION), template.write_prompt(QUESTION, DOCUMENT)]
    return [[tokenizer.token_to_id(BOS), *tokenizer.encode(text).ids] for text in texts]


# --- transformers ---


def test_transformers_computes_the_same_logits(checkpoint, folder):
    ours, theirs = model_from(checkpoint), AutoModelForCausalLM.from_pretrained(folder)
    assert type(theirs).__name__ == "Qwen3ForCausalLM" and theirs.dtype == torch.float32
    for prompt in prompts_of(checkpoint):
        tokens = torch.tensor([prompt])
        with torch.no_grad():
            torch.testing.assert_close(theirs(tokens).logits, ours(tokens), atol=1e-5, rtol=0)


def test_transformers_goes_on_with_the_same_200_tokens(checkpoint, folder):
    ours, theirs = model_from(checkpoint), AutoModelForCausalLM.from_pretrained(folder)
    for prompt in prompts_of(checkpoint):
        wanted = list(generate(ours, prompt, 200, [], SamplingSettings(0.0), seed=0))
        tokens = torch.tensor([prompt])
        settings = {"do_sample": False, "temperature": None, "top_k": None, "top_p": None, "eos_token_id": None}
        # 200 tokens in any case: an end token is a token like any other here.
        theirs.generation_config.eos_token_id = None
        found = theirs.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_length=len(prompt) + 200, **settings
        )
        assert found[0, len(prompt) :].tolist() == wanted
        assert len(wanted) == 200


def test_transformers_ends_where_step_05_ends(folder, trained):
    config = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_str(trained["tokenizer"])
    assert [tokenizer.id_to_token(index) for index in config["eos_token_id"]] == ["[/ANSWER]", EOS]
    assert (config["do_sample"], config["temperature"], config["top_k"], config["top_p"]) == (True, 0.3, 50, 0.9)
    assert config["max_length"] == trained["config"]["block_size"]


def test_greedy_is_said_in_the_words_of_transformers(house):
    house.run("export", temperature=0)
    config = json.loads((house.exported / "generation_config.json").read_text(encoding="utf-8"))
    assert config["do_sample"] is False and not {"temperature", "top_k", "top_p"} & config.keys()


def test_transformers_splits_every_bundled_sample_into_the_same_tokens(bundled_house, our_tokenizer, their_tokenizer):
    samples = [sample.text for sample in read_samples(bundled_house.samples)]
    assert len(samples) > 400
    wanted = [encoding.ids for encoding in our_tokenizer.encode_batch(samples)]
    assert their_tokenizer(samples, add_special_tokens=False, verbose=False)["input_ids"] == wanted
    # And [BOS] first where it is not told otherwise, as step 05 does.
    assert their_tokenizer(samples[0])["input_ids"] == [our_tokenizer.token_to_id(BOS), *wanted[0]]


ANY_TEXT = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8"), max_size=6),
        st.text(st.characters(min_codepoint=0x1100, max_codepoint=0x11FF), max_size=4),  # Hangul in pieces
        st.sampled_from(
            [*MARKERS, "여권", unicodedata.normalize("NFD", "한글"), "'s", "\r\n", "  ", "ﬁ", "Å", "[/ANSWER"]
        ),
    ),
    max_size=8,
).map("".join)


@given(text=ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_transformers_splits_any_text_into_the_same_tokens_and_gives_it_back(our_tokenizer, their_tokenizer, text):
    wanted = our_tokenizer.encode(text).ids
    assert their_tokenizer(text, add_special_tokens=False)["input_ids"] == wanted
    assert their_tokenizer.decode(wanted) == text


def test_the_chat_template_asks_what_step_05_asks(trained, our_tokenizer, their_tokenizer):
    template = Template(**trained["template"])
    prompts = prompts_of({**trained, "tokenizer": our_tokenizer.to_str()})
    for document, prompt in zip(("", DOCUMENT), prompts, strict=True):
        messages = [{"role": "system", "content": document}] if document else []
        messages.append({"role": "user", "content": QUESTION})
        text = their_tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        assert text == BOS + template.write_prompt(QUESTION, document)
        tokens = their_tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
        assert tokens["input_ids"] == prompt


def test_bf16_is_the_same_weights_rounded(house, trained):
    house.run("export", dtype="bf16")
    found = AutoModelForCausalLM.from_pretrained(house.exported)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found.model.embed_tokens.weight, trained["model"]["embedding.weight"].bfloat16())


def test_the_model_card_has_the_figures_of_the_training_in_both_languages(house, trained):
    house.run("export", name="여권 도우미")
    card = (house.exported / "README.md").read_text(encoding="utf-8")
    run = trained["run"]
    for figure in (
        "# 여권 도우미",
        "| 4 |",
        f"{run['history'][-1]['bits_per_byte']:.4f} bits per byte",
        "처음부터 학습",
        "from scratch",
    ):
        assert figure in card


# --- GGUF ---


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


# --- Ollama ---


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


# --- Settings ---


def test_elsewhere_tokens_are_chosen_as_step_05_chooses_them():
    for name in ("CHECKPOINT_PATH", "TEMPERATURE", "TOP_K", "TOP_P", "REPETITION_PENALTY"):
        assert getattr(export, name) == getattr(answer_script, name), name


def test_who_edits_step_05_exports_a_model_that_answers_alike(monkeypatch):
    monkeypatch.setattr(answer_script, "TEMPERATURE", 0.9)
    assert runpy.run_path(export.__file__)["TEMPERATURE"] == 0.9


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "onnx"),
        ("dtype", "int4"),
        ("dtype", "q8_0"),  # of hf
        ("name", " "),
        ("temperature", -1),
        ("temperature", "nan"),
        ("top_k", -1),
        ("top_p", 0),
        ("repetition_penalty", 0),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_name_of_its_setting(house, name, value):
    assert name.upper() in house.complaint("export", **{name: value})


# --- Bad input ---


def test_a_checkpoint_that_is_not_there_is_named_with_the_step_that_makes_it(house):
    house.checkpoint.unlink()
    message = house.complaint("export")
    assert str(house.checkpoint) in message and "python 04_train_gpt_from_scratch.py" in message


def test_a_checkpoint_of_another_version_is_refused(house):
    torch.save({"format": "gpt-checkpoint-0"}, house.checkpoint)
    assert "gpt-checkpoint-0" in house.complaint("export")


@pytest.mark.parametrize("format", ["hf", "gguf", "ollama"])
def test_a_folder_with_something_in_it_is_kept(house, format):
    house.run("export")
    message = house.complaint("export", format=format)
    assert str(house.exported) in message and "--force" in message


def test_force_replaces_an_earlier_export(house):
    house.run("export")
    (house.exported / ".DS_Store").write_bytes(b"")
    house.main("export")([*house.flags("export", format="gguf"), "--force"])
    assert os.listdir(house.exported) == ["model.gguf"]
    assert not list(house.folder.glob("exported.*"))


def test_force_touches_nothing_that_no_export_wrote(house):
    house.run("export")
    (house.exported / "내 메모.txt").write_text("소중한 글", encoding="utf-8")
    before = house.contents()
    with pytest.raises(StepError, match=r"내 메모\.txt"):
        house.main("export")([*house.flags("export"), "--force"])
    assert house.contents() == before


def test_a_file_in_the_place_of_the_folder_is_refused(house):
    house.exported.write_text("글")
    assert "OUT_DIR" in house.complaint("export")


@pytest.mark.parametrize(("format", "package"), [("hf", "safetensors"), ("gguf", "gguf"), ("ollama", "gguf")])
def test_a_package_that_is_missing_is_asked_for(house, monkeypatch, format, package):
    for name in (package, f"{package}.torch"):
        monkeypatch.setitem(sys.modules, name, None)
    assert f"pip install {package}" in house.complaint("export", format=format)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("format", ["hf", "gguf"])
@pytest.mark.parametrize("before", ["nothing", "an export"])
def test_a_disk_that_takes_no_more_leaves_what_was_there_and_one_line(house, format, before):
    """A limit on the size of a file stands for a full disk: the write itself fails, in the middle."""
    if before == "an export":
        house.run("export", dtype="bf16")
    contents = house.contents()
    program = (
        "import resource, sys, importlib, pipeline\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "pipeline.run(importlib.import_module('export').main)\n"
    )
    command = [sys.executable, "-c", program, *house.flags("export", format=format), "--force"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1 and str(house.exported) in result.stderr
    assert house.contents() == contents


def test_a_kill_leaves_the_earlier_export_and_the_next_run_cleans_up(house):
    house.run("export")
    partial = house.exported.with_name("exported.partial")
    partial.mkdir()
    (partial / "model.safetensors").write_bytes(b"half")  # what a kill leaves
    house.main("export")([*house.flags("export", dtype="bf16"), "--force"])
    assert not partial.exists()
    assert (
        safetensors.torch.load_file(house.exported / "model.safetensors")["model.norm.weight"].dtype == torch.bfloat16
    )
