"""A device whose results differ from the CPU's is found before training."""

from types import SimpleNamespace

import gpt.attention
from gpt.model import GPT, GPTConfig
from gpt.training import device_check
from gpt.training.device_check import choose_sound_device, compare_with_cpu
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
    def forget(attention, q, k, v, mask):
        return attention(q, k, v, mask & (mask.cumsum(-1) > 1))  # all but what stands first

    monkeypatch.setattr(gpt.attention, "attend_few_queries", broken_after(0, gpt.attention.attend_few_queries, forget))
    assert any("with a cache" in complaint for complaint in compare_with_cpu(model, *row, torch.float32))


def test_no_number_is_no_pass(model, row, monkeypatch):
    def lose(attention, *arguments, **settings):
        return attention(*arguments, **settings) * float("nan")

    monkeypatch.setattr(F, "scaled_dot_product_attention", broken_after(LAYERS, F.scaled_dot_product_attention, lose))
    assert any(complaint.startswith("loss nan") for complaint in compare_with_cpu(model, *row, torch.float32))


# A model that says it is on a GPU.
ON_MPS = SimpleNamespace(embedding=SimpleNamespace(weight=SimpleNamespace(device=torch.device("mps"))))


@pytest.mark.parametrize(("found", "device"), [([], "mps"), (["loss 9 on mps, 8 on the CPU"], "cpu")])
def test_a_device_that_fails_the_check_is_left_for_the_cpu(monkeypatch, capsys, found, device):
    monkeypatch.setattr(device_check, "compare_with_cpu", lambda *_: found)
    assert choose_sound_device(ON_MPS, (), torch.float32, "cpu") == torch.device(device)
    assert all(complaint in capsys.readouterr().out for complaint in found)


def test_the_check_can_stop_the_run(monkeypatch):
    monkeypatch.setattr(device_check, "compare_with_cpu", lambda *_: ["loss 9 on mps, 8 on the CPU"])
    with pytest.raises(StepError, match="loss 9 on mps, 8 on the CPU"):
        choose_sound_device(ON_MPS, (), torch.float32, "stop")


def test_the_tolerances_know_every_precision():
    for tolerances in (device_check.LOSS_TOLERANCE, device_check.GRADIENT_TOLERANCE, device_check.HIDDEN_TOLERANCE):
        assert set(tolerances) == {torch.float32, torch.bfloat16}
