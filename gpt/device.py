"""The device that computes, and the precision of its arithmetic."""

import contextlib
from typing import Any

from pipeline import StepError

import torch

OLDEST_TORCH_FOR_MPS = (2, 12)  # before it, decoding on mps gave wrong tokens


def choose_device(wanted: str) -> torch.device:
    """`auto` takes cuda, else mps, else the CPU. Raises StepError for a device that is not there."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available() and torch_version() >= OLDEST_TORCH_FOR_MPS,
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    name = wanted.split(":")[0]
    if name not in available:
        raise StepError(f"DEVICE is {wanted!r}; it must be auto, mps, cuda or cpu")
    if not available[name]:
        if name == "mps" and torch.backends.mps.is_available():
            raise StepError(f"DEVICE is mps, which needs torch 2.12 or later; this is torch {torch.__version__}")
        raise StepError(f"DEVICE is {wanted!r}, which this machine does not have; use DEVICE auto or cpu")
    return torch.device(wanted)


def torch_version() -> tuple[int, int]:
    """(2, 13) for torch 2.13.0."""
    major, minor = torch.__version__.split(".")[:2]
    return int(major), int(minor)


def choose_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """The type that matrix products run in; parameters stay fp32.

    `auto` is bf16 where the hardware has it: two to three times as fast on such CPUs and on CUDA cards. On mps it is
    fp32, the safe choice; training tries bf16 as well (`dtypes_to_try`).
    """
    if wanted not in ("auto", "bf16", "fp32"):
        raise StepError(f"PRECISION is {wanted!r}; it must be auto, bf16 or fp32")
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bf16" else torch.float32
    if device.type == "cuda":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported() and cpu_multiplies_bf16()
    else:
        has_bf16 = False
    return torch.bfloat16 if has_bf16 else torch.float32


def dtypes_to_try(wanted: str, device: torch.device) -> list[torch.dtype]:
    """The types that training may run in, the safe one first; with more than one, the fastest sound one is taken.

    On mps reports differ: bf16 was 17 % slower on one chip and 31 % faster on another.
    """
    dtypes = [choose_dtype(wanted, device)]
    return [*dtypes, torch.bfloat16] if wanted == "auto" and device.type == "mps" else dtypes


def name_of(dtype: torch.dtype) -> str:
    """The value of PRECISION that asks for this type."""
    return "bf16" if dtype == torch.bfloat16 else "fp32"


def cpu_multiplies_bf16() -> bool:
    """Whether this CPU has instructions for bf16 products; without them bf16 is slower than fp32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def autocast(device: torch.device, dtype: torch.dtype) -> contextlib.AbstractContextManager[Any]:
    """Run matrix products in `dtype`; for fp32 change nothing. The dtype is always named: mps would take fp16."""
    if dtype == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=dtype)


def empty_cache(device: torch.device) -> None:
    """Return memory that is not in use to the device; mps keeps some for each new shape."""
    if device.type == "mps":
        torch.mps.empty_cache()
    elif device.type == "cuda":
        torch.cuda.empty_cache()


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """The state of torch's random numbers, for a checkpoint."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(device: torch.device, state: dict[str, torch.Tensor]) -> None:
    """Continue with the random numbers of a checkpoint; one from another type of device restores only the CPU's."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])
