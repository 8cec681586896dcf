"""Folders of Qwen3 as Hugging Face stores them: several files, bf16, tied, padded; step 05 and INIT_FROM take them."""

import json
import weakref
from pathlib import Path

from gpt.checkpoint import load_checkpoint, previous_of
from gpt.formats.qwen3 import REQUIRED, assemble, read_qwen3
from pipeline import StepError

import pytest
import safetensors
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM

SHAPES = {
    "tied, grouped, a head_dim of its own": {"tie_word_embeddings": True, "num_key_value_heads": 2, "head_dim": 24},
    "head of its own": {"tie_word_embeddings": False, "num_key_value_heads": 4, "head_dim": 16},
}


@pytest.fixture(scope="module", params=SHAPES)
def folder(request, tokenizer, tmp_path_factory) -> Path:
    """A random model as transformers saves it in bf16, in several files, with more rows than its tokenizer has tokens."""
    torch.manual_seed(5)
    config = Qwen3Config(
        vocab_size=tokenizer.get_vocab_size() + 20,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=128,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        initializer_range=0.2,
        **SHAPES[request.param],
    )
    folder = tmp_path_factory.mktemp("qwen3")
    Qwen3ForCausalLM(config).bfloat16().save_pretrained(folder, max_shard_size="100KB")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_the_logits_are_those_of_transformers(folder, tokenizer):
    assert len(list(folder.glob("*.safetensors"))) > 1
    shape, weights, found = read_qwen3(folder)
    tokens = torch.tensor([tokenizer.encode("마닐라에서 여권을 잃어버렸습니다.").ids])
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(assemble(shape, weights)(tokens), theirs(tokens).logits, atol=1e-5, rtol=0)
    assert found.get_vocab() == tokenizer.get_vocab()


def test_the_model_consists_of_the_tensors_that_were_read(folder):
    shape, weights, _ = read_qwen3(folder)
    model = assemble(shape, weights)
    assert all(tensor.data_ptr() == weights[name].data_ptr() for name, tensor in model.state_dict().items())
    if shape["tie_embeddings"]:
        assert model.head.weight is model.embedding.weight


def test_no_tensor_of_the_file_is_kept_while_the_next_is_read(folder, monkeypatch):
    alive: list[weakref.ref] = []
    most = []
    safe_open = safetensors.safe_open

    class Watched:
        def __init__(self, *arguments, **named):
            self.file = safe_open(*arguments, **named)

        def __enter__(self):
            self.opened = self.file.__enter__()
            return self

        def __exit__(self, *error):
            return self.file.__exit__(*error)

        def get_tensor(self, name):
            most.append(sum(reference() is not None for reference in alive))
            tensor = self.opened.get_tensor(name)
            alive.append(weakref.ref(tensor))
            return tensor

    monkeypatch.setattr(safetensors, "safe_open", Watched)
    read_qwen3(folder)
    assert len(most) > 30 and max(most) == 0


@pytest.mark.parametrize("field", REQUIRED)
def test_what_our_model_does_not_compute_is_refused_by_name(folder, tmp_path, field):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config.get("rope_parameters", {}).pop("rope_type", None)
    (tmp_path / "config.json").write_text(json.dumps(config | {field: "another"}))
    with pytest.raises(StepError, match=f"{field} is 'another'"):
        read_qwen3(tmp_path)


@pytest.mark.parametrize("damage", ["a shard is missing", "a tensor has another shape"])
def test_a_damaged_folder_is_refused(folder, tmp_path, damage):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if damage == "a shard is missing":
        next(tmp_path.glob("*.safetensors")).unlink()
    else:
        config = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps(config | {"intermediate_size": 97}))
    with pytest.raises(StepError, match="cannot be read as a model of Qwen3"):
        read_qwen3(tmp_path)


# --- The steps take such a folder ---


def train_elsewhere(folder: Path) -> None:
    """What another program leaves: bf16, several files, a vocabulary of a round number of rows."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.resize_token_embeddings(pad_to_multiple_of=64, mean_resizing=False)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="60KB")


def test_step_05_answers_from_an_exported_folder_as_from_the_checkpoint(house, capsys):
    house.run("05")
    wanted = capsys.readouterr().out
    house.run("export")
    house.run("05", checkpoint_path=house.exported)
    assert capsys.readouterr().out.endswith(wanted) and len(wanted) > 50


def test_step_05_answers_with_a_model_that_was_trained_on_elsewhere(house, capsys):
    house.run("export")
    train_elsewhere(house.exported)
    house.run("05", checkpoint_path=house.exported)
    assert "요약:" in capsys.readouterr().out


def test_step_05_refuses_a_model_of_another_origin(house, folder):
    message = house.complaint("05", checkpoint_path=folder)
    assert str(folder) in message and "lessons/load_qwen3.py" in message


def test_step_04_starts_from_a_folder_of_another_program(house):
    trained = load_checkpoint(house.checkpoint)["model"]
    house.run("export")
    train_elsewhere(house.exported)
    assert len(list(house.exported.glob("*.safetensors"))) > 1
    new = house.folder / "new" / "ckpt.pt"
    house.run("04", checkpoint_path=new, init_from=house.exported, max_steps=1)
    found = load_checkpoint(previous_of(new))["model"]
    assert {name: tensor.shape for name, tensor in found.items()} == {
        name: tensor.shape for name, tensor in trained.items()
    }
    assert all(torch.equal(found[name], tensor.bfloat16().float()) for name, tensor in trained.items())


def test_a_tokenizer_with_other_tokens_is_still_refused(house, tokenizer):
    other = Tokenizer.from_str(tokenizer.to_str())
    other.add_tokens(["새말"])
    house.run("export")
    other.save(str(house.exported / "tokenizer.json"))
    message = house.complaint("04", checkpoint_path=house.folder / "new" / "ckpt.pt", init_from=house.exported)
    assert "another tokenizer" in message
