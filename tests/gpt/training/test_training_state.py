"""What a step changes and a checkpoint keeps: the optimiser and the file it is saved in."""

import copy
import errno
import io
import zipfile
from dataclasses import asdict

from gpt.checkpoint import load_checkpoint, model_from, save_checkpoint
from gpt.model import GPT, GPTConfig
from gpt.training.loss import next_token_loss
from gpt.training.optimizer import LearningRates, Optimizer, Schedule
from pipeline import StepError

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

# --- Optimiser ---


def small_model(tied: bool = False) -> GPT:
    torch.manual_seed(0)
    return GPT(
        GPTConfig(
            64, block_size=16, n_layer=2, n_head=2, n_kv_head=1, n_embd=16, head_dim=8, n_hidden=24, tie_embeddings=tied
        )
    )


def optimizer_of(model: GPT, matrix_rate=0.01, embedding_rate=0.05, head_rate=0.006, norm_rate=0.007) -> Optimizer:
    rates = LearningRates(matrix_rate, embedding_rate, head_rate, norm_rate, weight_decay=0.1)
    return Optimizer(model, rates, torch.float32)


def train(model: GPT, optimizer: Optimizer, steps: range) -> None:
    """Steps whose batches their numbers fix."""
    for step in steps:
        tokens = torch.randint(64, (2, 17), generator=torch.Generator().manual_seed(step))
        hidden = model.hidden_states(tokens[:, :-1])
        next_token_loss(hidden, model.head.weight, tokens[:, 1:], torch.float32).backward()
        optimizer.step()
        optimizer.zero_grad()


def rates(model: GPT, optimizer: Optimizer) -> dict[str, tuple[str, float]]:
    """Name of each parameter -> the optimiser and the rate that it gets; each must get exactly one."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [
        (names[id(parameter)], (kind, group["lr"]))
        for kind, part in (("muon", optimizer.muon), ("adamw", optimizer.adamw))
        for group in part.param_groups
        for parameter in group["params"]
    ]
    assert sorted(name for name, _ in found) == sorted(names.values())
    return dict(found)


def test_muon_has_the_matrices_of_the_layers_and_adamw_has_all_the_rest():
    model = small_model()
    for name, found in rates(model, optimizer_of(model)).items():
        if name == "embedding.weight":
            assert found == ("adamw", 0.05)
        elif name == "head.weight":
            assert found == ("adamw", 0.006)
        elif "norm" in name:
            assert found == ("adamw", 0.007)
        else:
            assert found == ("muon", 0.01)


def test_a_tied_head_is_learned_once_as_the_embedding():
    model = small_model(tied=True)
    found = rates(model, optimizer_of(model))
    assert found["embedding.weight"] == ("adamw", 0.05)
    assert "head.weight" not in found


def test_a_step_moves_every_parameter():
    model = small_model()
    before = copy.deepcopy(model.state_dict())
    train(model, optimizer_of(model), range(4))  # zero output projections stop the first gradients
    unmoved = [name for name, tensor in model.state_dict().items() if torch.equal(tensor, before[name])]
    assert unmoved == []


def test_a_factor_scales_every_full_rate_and_not_the_last_one():
    model = small_model()
    optimizer = optimizer_of(model)
    full = rates(model, optimizer)
    optimizer.set_rate(0.5)
    optimizer.set_rate(0.1)
    assert rates(model, optimizer) == {name: (kind, rate * 0.1) for name, (kind, rate) in full.items()}


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
def test_a_saved_optimizer_goes_on_bit_for_bit(tied, tmp_path):
    model = small_model(tied)
    optimizer = optimizer_of(model)
    train(model, optimizer, range(3))
    save_checkpoint(tmp_path / "ckpt.pt", {**checkpoint_content(model), "optimizer": optimizer.state_dict()})
    train(model, optimizer, range(3, 6))

    saved = load_checkpoint(tmp_path / "ckpt.pt")
    resumed = small_model(tied)
    resumed.load_state_dict(saved["model"])
    resumed_optimizer = optimizer_of(resumed)
    resumed_optimizer.load_state_dict(saved["optimizer"])
    train(resumed, resumed_optimizer, range(3, 6))
    for name, tensor in model.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_a_saved_optimizer_takes_the_rates_of_the_settings_and_not_its_old_ones():
    model = small_model()
    optimizer = optimizer_of(model)
    train(model, optimizer, range(2))
    other = optimizer_of(model, matrix_rate=0.002, embedding_rate=0.003, head_rate=0.004, norm_rate=0.005)
    wanted = rates(model, other)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert rates(model, other) == wanted
    other.set_rate(1.0)
    assert rates(model, other) == wanted


def test_the_rate_rises_stays_and_falls():
    factors = [Schedule(10, 0.5, 0.02).factor(step, step / 100) for step in range(101)]
    assert factors[0] == pytest.approx(1 / 11)
    assert factors[:11] == sorted(factors[:11])
    assert factors[10:51] == [1.0] * 41
    assert factors[75] == pytest.approx(0.51)  # half way from 1 to 0.02
    assert factors[50:] == sorted(factors[50:], reverse=True)
    assert factors[100] == pytest.approx(0.02)


def test_a_run_without_warm_up_or_decay_has_the_full_rate_throughout():
    assert [Schedule(0, 0.0, 0.02).factor(step, step / 10) for step in range(11)] == [1.0] * 11


@given(
    step=st.integers(0, 1000),
    progress=st.floats(0, 1),
    warmup=st.integers(0, 1000),
    share=st.floats(0, 1),
    final=st.floats(0, 1),
)
@settings(max_examples=200, deadline=None)
def test_the_rate_is_never_negative_and_never_over_the_full_one(step, progress, warmup, share, final):
    assert 0 <= Schedule(warmup, share, final).factor(step, progress) <= 1


# --- Checkpoint ---


def checkpoint_content(model: GPT) -> dict:
    return {
        "config": asdict(model.config),
        "model": model.state_dict(),
        "data": {"epoch": 2, "row": 11},
        "run": {"step": 40, "seconds": 12.5, "history": [{"step": 40, "bits_per_byte": 2.5}]},
        "tokenizer": Tokenizer(models.BPE({"여권": 0}, [])).to_str(),
        "template": {"summary": "요약:"},
        "inputs": {"train": "01", "validation": "02", "tokenizer": "03"},
        "optimizer": {},
        "settings": {"train_bin": "train.bin", "val_bin": "val.bin", "tokenizer_path": "tokenizer.json"},
    }


@pytest.fixture
def saved(tmp_path):
    """A checkpoint on the disk."""
    path = tmp_path / "checkpoints" / "ckpt.pt"
    save_checkpoint(path, checkpoint_content(small_model()))
    return path


def test_a_checkpoint_reads_back_as_it_was_written(saved):
    model = small_model()
    expected = checkpoint_content(model)
    content = load_checkpoint(saved)
    tensors, expected_tensors = content.pop("model"), expected.pop("model")
    assert expected.items() <= content.items()
    assert tensors.keys() == expected_tensors.keys()
    assert all(torch.equal(tensors[name], expected_tensors[name]) for name in tensors)


def test_a_checkpoint_is_plain_tensors_and_values(saved):
    content = torch.load(saved, weights_only=True)
    assert content["run"]["step"] == 40


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
def test_a_model_answers_from_a_checkpoint_as_it_did_before(tied, tmp_path):
    model = small_model(tied)
    train(model, optimizer_of(model), range(2))
    save_checkpoint(tmp_path / "ckpt.pt", checkpoint_content(model))
    restored = model_from(load_checkpoint(tmp_path / "ckpt.pt"))
    tokens = torch.arange(16)[None]
    assert not restored.training
    assert torch.equal(restored(tokens), model(tokens))


def refusal(path) -> str:
    """The one line with which a checkpoint is refused."""
    with pytest.raises(StepError) as error:
        load_checkpoint(path)
    message = str(error.value)
    assert str(path) in message
    assert "04_train_gpt_from_scratch.py" in message
    assert "\n" not in message
    return message


def test_a_missing_checkpoint_is_named(tmp_path):
    assert "file not found" in refusal(tmp_path / "ckpt.pt")


def test_a_checkpoint_cut_off_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for length in [0, 1, 3, 100, *range(1000, len(whole), len(whole) // 40), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        assert f"{length:,} bytes" in refusal(saved)


def test_a_checkpoint_with_one_changed_byte_is_refused(saved):
    whole = saved.read_bytes()
    weights = small_model().embedding.weight.detach().numpy().tobytes()
    at = whole.index(weights) + 100  # in the middle of the numbers, where it still reads as a checkpoint
    saved.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    refusal(saved)


def zip_file() -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr("비자.txt", "관광비자 연장")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    ["관광비자를 연장하는 방법\n".encode() * 20, bytes(range(256)) * 8, zip_file(), b'{"format": "gpt-checkpoint-1"}'],
    ids=["text", "bytes", "zip", "json"],
)
def test_a_foreign_file_is_no_checkpoint(tmp_path, content):
    path = tmp_path / "ckpt.pt"
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize(
    "content", [{"model": {}}, {"format": "gpt-checkpoint-0", "model": {}}, [1, 2], torch.zeros(3)]
)
def test_a_checkpoint_of_another_format_is_refused(tmp_path, content):
    path = tmp_path / "ckpt.pt"
    torch.save(content, path)
    assert "its format is" in refusal(path)


def test_nothing_in_a_checkpoint_is_executed(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").mkdir, ())

    path = tmp_path / "ckpt.pt"
    torch.save({"format": "gpt-checkpoint-1", "model": Trap()}, path)
    refusal(path)
    assert not (tmp_path / "sprung").exists()


def test_a_failed_save_leaves_the_old_checkpoint(saved, monkeypatch):
    before = saved.read_bytes()

    def write_half(content, file):
        file.write(b"half of a checkpoint")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", write_half)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(saved, checkpoint_content(small_model()))
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["ckpt.pt"]
