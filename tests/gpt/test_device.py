"""Where training runs and in which precision."""

from gpt.device import autocast, choose_device, choose_dtype
from pipeline import StepError

import pytest
import torch


def machine(monkeypatch, cuda: bool = False, mps: bool = False, version: str = "2.13.0") -> None:
    """Let torch say that this machine has these devices."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch, "__version__", version)


@pytest.mark.parametrize(
    ("cuda", "mps", "taken"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_cuda_then_mps_then_the_cpu(monkeypatch, cuda, mps, taken):
    machine(monkeypatch, cuda, mps)
    assert choose_device("auto").type == taken


@pytest.mark.parametrize("wanted", ["cpu", "mps", "cuda", "cuda:1"])
def test_a_device_that_is_there_can_be_named(monkeypatch, wanted):
    machine(monkeypatch, cuda=True, mps=True)
    assert choose_device(wanted) == torch.device(wanted)


@pytest.mark.parametrize("wanted", ["gpu", "tpu", "", "Metal"])
def test_an_unknown_device_is_refused_with_the_known_ones(monkeypatch, wanted):
    machine(monkeypatch, cuda=True, mps=True)
    with pytest.raises(StepError, match=f"DEVICE is '{wanted}'; .*auto, mps, cuda or cpu"):
        choose_device(wanted)


@pytest.mark.parametrize("wanted", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, wanted):
    machine(monkeypatch)
    with pytest.raises(StepError, match=f"DEVICE is '{wanted}', which this machine does not have"):
        choose_device(wanted)


@pytest.mark.parametrize("version", ["2.11.1", "2.9.0", "1.13.1"])
def test_mps_is_refused_with_a_torch_that_decodes_wrongly_there(monkeypatch, version):
    machine(monkeypatch, mps=True, version=version)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(StepError, match=f"torch 2.12.*{version}"):
        choose_device("mps")


@pytest.mark.parametrize("version", ["2.12.0", "2.13.0+cpu", "3.0.0"])
def test_mps_is_taken_with_torch_2_12_and_later(monkeypatch, version):
    machine(monkeypatch, mps=True, version=version)
    assert choose_device("mps").type == "mps"


@pytest.mark.parametrize("name", ["cpu", "mps"])
def test_autocast_takes_the_dtype_it_is_given_whatever_the_default_of_the_device(name):
    default = torch.get_autocast_dtype(name)
    torch.set_autocast_dtype(name, torch.float16)
    try:
        with autocast(torch.device(name), torch.bfloat16):
            assert torch.get_autocast_dtype(name) == torch.bfloat16
            assert torch.is_autocast_enabled(name)
    finally:
        torch.set_autocast_dtype(name, default)


def test_bf16_is_for_matrix_products_and_fp32_for_all():
    x = torch.ones(2, 2)
    with autocast(torch.device("cpu"), torch.bfloat16):
        assert (x @ x).dtype == torch.bfloat16
    with autocast(torch.device("cpu"), torch.float32):
        assert (x @ x).dtype == torch.float32


def test_precision_is_what_was_asked_for_and_on_mps_fp32_if_nothing_was():
    for name in ("cpu", "mps", "cuda"):
        assert choose_dtype("bf16", torch.device(name)) == torch.bfloat16
        assert choose_dtype("fp32", torch.device(name)) == torch.float32
    assert choose_dtype("auto", torch.device("mps")) == torch.float32


def test_an_unknown_precision_is_refused():
    with pytest.raises(StepError, match="PRECISION is 'fp16'; it must be auto, bf16 or fp32"):
        choose_dtype("fp16", torch.device("cpu"))
