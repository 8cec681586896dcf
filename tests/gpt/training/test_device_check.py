"""A device whose results differ from the CPU's is found before training."""

import time
from functools import partial
from types import SimpleNamespace

from gpt.model import GPT, GPTConfig
from gpt.training import device_check
from gpt.training.device_check import choose_fastest_dtype, choose_sound_device, compare_with_cpu
from pipeline import StepError

import pytest
import torch
import torch.nn.functional as F

LAYERS = 2


@pytest.fixture
def model():
    torch.manual_seed(0)
    return GPT(GPTConfig(64, block_size=16, n_layer=LAYERS, n_head=2, n_kv_head=1, n_embd=32, head_dim=16, n_hidden=48))


@pytest.fixture
def row():
    tokens = torch.randint(64, (1, 17), generator=torch.Generator().manual_seed(1))
    return tokens[:, :-1], tokens[:, 1:]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sound_device_passes(model, row, dtype):
    assert compare_with_cpu(model, *row, dtype) == []


def test_the_check_leaves_the_model_as_it_was(model, row):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    compare_with_cpu(model, *row, torch.float32)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def broken_after(calls: int, attention, broken):
    """An attention that computes rightly for the reference and wrongly from call number `calls` on."""
    made = []

    def attend(*arguments, **settings):
        made.append(1)
        return broken(attention, *arguments, **settings) if len(made) > calls else attention(*arguments, **settings)

    return attend


def test_a_device_that_computes_other_gradients_is_found(model, row, monkeypatch):
    def stretch(attention, *arguments, **settings):
        return 1.1 * attention(*arguments, **settings)

    monkeypatch.setattr(
        F, "scaled_dot_product_attention", broken_after(LAYERS, F.scaled_dot_product_attention, stretch)
    )
    complaints = compare_with_cpu(model, *row, torch.float32)
    assert any(complaint.startswith("gradient of layers") for complaint in complaints)


def test_a_device_that_shows_later_tokens_is_found(model, row, monkeypatch):
    def leak(attention, q, k, v, attn_mask=None, is_causal=False):
        return attention(q, k, v)

    monkeypatch.setattr(F, "scaled_dot_product_attention", broken_after(0, F.scaled_dot_product_attention, leak))
    assert any("a later token moves" in complaint for complaint in compare_with_cpu(model, *row, torch.float32))


def test_a_device_that_decodes_wrongly_with_a_cache_is_found(model, row, monkeypatch):
    def forget(attention, q, k, v, attn_mask=None, is_causal=False):
        if q.size(2) < k.size(2) and attn_mask is not None:  # a step with a cache
            attn_mask = attn_mask.masked_fill(torch.arange(k.size(2)) == 0, -torch.inf)  # all but what stands first
        return attention(q, k, v, attn_mask=attn_mask, is_causal=is_causal)

    monkeypatch.setattr(F, "scaled_dot_product_attention", partial(forget, F.scaled_dot_product_attention))
    assert any("with a cache" in complaint for complaint in compare_with_cpu(model, *row, torch.float32))


def test_no_number_is_no_pass(model, row, monkeypatch):
    def lose(attention, *arguments, **settings):
        return attention(*arguments, **settings) * float("nan")

    monkeypatch.setattr(F, "scaled_dot_product_attention", broken_after(LAYERS, F.scaled_dot_product_attention, lose))
    assert any(complaint.startswith("loss nan") for complaint in compare_with_cpu(model, *row, torch.float32))


# A model that says it is on a GPU.
ON_MPS = SimpleNamespace(embedding=SimpleNamespace(weight=SimpleNamespace(device=torch.device("mps"))))
MPS, CPU = torch.device("mps"), torch.device("cpu")
WRONG = ["loss 9 on mps, 8 on the CPU"]
FP32, BF16 = torch.float32, torch.bfloat16


def let_differ(monkeypatch, *dtypes: torch.dtype) -> None:
    """The device gives other results than the CPU in these types."""
    monkeypatch.setattr(
        device_check, "compare_with_cpu", lambda model, inputs, targets, dtype: WRONG if dtype in dtypes else []
    )


ROW = (None, None)


@pytest.mark.parametrize(
    ("wanted", "wrong", "device", "dtypes"),
    [
        ("auto", (), MPS, [FP32, BF16]),
        ("auto", (BF16,), MPS, [FP32]),
        ("auto", (FP32,), MPS, [BF16]),
        ("fp32", (BF16,), MPS, [FP32]),
        ("bf16", (), MPS, [BF16]),
        ("bf16", (BF16,), CPU, [BF16]),
        ("fp32", (FP32,), CPU, [FP32]),
    ],
)
def test_a_device_and_the_types_that_pass_the_check_are_taken(monkeypatch, capsys, wanted, wrong, device, dtypes):
    let_differ(monkeypatch, *wrong)
    assert choose_sound_device(ON_MPS, ROW, wanted, "cpu") == (device, dtypes)
    assert (WRONG[0] in capsys.readouterr().out) == (device == CPU)


def test_the_check_can_stop_the_run(monkeypatch):
    let_differ(monkeypatch, FP32, BF16)
    with pytest.raises(StepError, match=WRONG[0]):
        choose_sound_device(ON_MPS, ROW, "auto", "stop")


# --- The faster of two sound types ---


@pytest.mark.parametrize("slow", [FP32, BF16])
def test_training_runs_in_the_type_whose_gradients_take_less_time(model, row, monkeypatch, capsys, slow):
    def take_time(model, inputs, targets, rows, dtype):
        time.sleep(0.02 if dtype == slow else 0.001)

    monkeypatch.setattr(device_check, "accumulate_gradients", take_time)
    fast = BF16 if slow == FP32 else FP32
    assert choose_fastest_dtype(model, row, [FP32, BF16]) == fast
    assert f"PRECISION is {'bf16' if fast == BF16 else 'fp32'}" in capsys.readouterr().out


def test_to_time_two_types_changes_nothing(model, row):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert choose_fastest_dtype(model, row, [FP32, BF16]) in (FP32, BF16)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_one_type_needs_no_time(model, row, capsys):
    assert choose_fastest_dtype(model, row, [BF16]) == BF16
    assert capsys.readouterr().out == ""
