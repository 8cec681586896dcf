"""A new run starts from weights that were exported, and they are the ones that were trained."""

import os
import sys

from gpt.checkpoint import load_checkpoint, previous_of
from gpt.formats.qwen3 import read_qwen3
from tests.gpt.formats.exports import MODELS, write_export

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer


@pytest.fixture(scope="module")
def trained(built_house) -> dict:
    return load_checkpoint(built_house.checkpoint)


def test_step_04_starts_from_an_exported_folder_with_the_same_weights(house, trained, capsys):
    house.run("export")
    new = house.folder / "new" / "ckpt.pt"
    house.run("04", checkpoint_path=new, init_from=house.exported, max_steps=1)
    found = load_checkpoint(previous_of(new))
    assert found["model"].keys() == trained["model"].keys()
    for name, tensor in trained["model"].items():
        assert torch.equal(found["model"][name], tensor), name
    assert found["run"]["step"] == 0
    assert f"starting from the weights of {house.exported}" in capsys.readouterr().out
    house.run("04", checkpoint_path=new, init_from=house.exported, max_steps=2)
    assert load_checkpoint(new)["run"]["step"] == 2


def test_step_04_starts_from_another_checkpoint_too(house, trained):
    new = house.folder / "new" / "ckpt.pt"
    house.run("04", checkpoint_path=new, init_from=house.checkpoint, max_steps=1)
    assert torch.equal(
        load_checkpoint(previous_of(new))["model"]["embedding.weight"], trained["model"]["embedding.weight"]
    )


@pytest.mark.parametrize("model", MODELS)
def test_every_shape_comes_back_as_it_went(built_house, tmp_path, model):
    checkpoint = MODELS[model](load_checkpoint(built_house.checkpoint))
    write_export(tmp_path, checkpoint, "hf")
    shape, weights, tokenizer = read_qwen3(tmp_path)
    assert shape == {name: value for name, value in checkpoint["config"].items() if name != "dropout"}
    assert weights.keys() == checkpoint["model"].keys()
    assert all(torch.equal(weights[name], tensor) for name, tensor in checkpoint["model"].items())
    assert tokenizer.get_vocab() == Tokenizer.from_str(checkpoint["tokenizer"]).get_vocab()


@pytest.mark.parametrize("model", MODELS)
def test_what_transformers_saves_comes_back_too(built_house, tmp_path, model):
    checkpoint = MODELS[model](load_checkpoint(built_house.checkpoint))
    write_export(tmp_path, checkpoint, "hf")
    saved = tmp_path / "saved"
    for kind in (AutoModelForCausalLM, AutoTokenizer):
        kind.from_pretrained(tmp_path).save_pretrained(saved)
    shape, weights, _ = read_qwen3(saved)
    assert shape == {name: value for name, value in checkpoint["config"].items() if name != "dropout"}
    assert all(torch.equal(weights[name], tensor) for name, tensor in checkpoint["model"].items())


def test_a_run_that_has_a_checkpoint_goes_on_from_that(house):
    house.run("04", init_from="없는 폴더", max_steps=5)
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 5


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"n_layer": 2}, "N_LAYER is 1 there and 2 here"),
        ({"n_embd": 64}, "N_EMBD is 32 there and 64 here"),
        ({"n_head": 1, "n_kv_head": 1}, "N_HEAD is 2 there and 1 here"),
        ({"n_kv_head": 1}, "N_KV_HEAD is 2 there and 1 here"),
    ],
)
def test_another_shape_is_named_by_its_constant(house, changes, named):
    house.run("export")
    new = house.folder / "new" / "ckpt.pt"
    message = house.complaint("04", checkpoint_path=new, init_from=house.exported, **changes)
    assert str(house.exported) in message and named in message


def test_weights_of_another_tokenizer_are_refused(house, trained, new_house, raw_text):
    new_house.raw.write_text(raw_text.replace("여권", "운전면허증").replace("비자", "체류 허가"), encoding="utf-8")
    for step in ("01", "02", "03"):
        new_house.run(step)
    message = new_house.complaint("04", init_from=house.checkpoint)
    assert str(house.checkpoint) in message and "another tokenizer" in message


@pytest.mark.parametrize("damage", ["missing", "truncated", "no config", "another kind"])
def test_a_folder_that_cannot_be_started_from_is_refused(house, damage):
    house.run("export")
    if damage == "truncated":
        os.truncate(house.exported / "model.safetensors", 1000)
    elif damage == "no config":
        (house.exported / "config.json").unlink()
    elif damage == "another kind":
        (house.exported / "config.json").write_text('{"model_type": "gpt2"}')
    start = house.exported.with_name("none") if damage == "missing" else house.exported
    message = house.complaint("04", checkpoint_path=house.folder / "new" / "ckpt.pt", init_from=start)
    assert str(start) in message and ("INIT_FROM" in message or "python export.py" in message)


def test_starting_from_a_folder_asks_for_the_package_too(house, monkeypatch):
    house.run("export")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    message = house.complaint("04", checkpoint_path=house.folder / "new" / "ckpt.pt", init_from=house.exported)
    assert "pip install safetensors" in message
