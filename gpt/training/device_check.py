"""Does this device compute what the CPU computes? Checked once, before the first step, at the real shapes.

A GPU backend can be wrong without any error; a model then learns badly for hours. Two precisions differ a
little, the results of a broken kernel a lot: the tolerances lie between.
"""

import copy
import time
from typing import Literal

from gpt.device import autocast, dtypes_to_try, name_of
from gpt.model import GPT
from gpt.training.batches import Batch
from gpt.training.loss import next_token_loss
from gpt.training.processes import from_all
from gpt.training.step import accumulate_gradients
from pipeline import StepError

import torch
from torch import Tensor

LOSS_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 2e-2}  # relative
GRADIENT_TOLERANCE = {torch.float32: 1e-2, torch.bfloat16: 1e-1}  # relative, of the norm of each gradient
HIDDEN_TOLERANCE = {torch.float32: 1e-2, torch.bfloat16: 2e-1}  # absolute; hidden states have a scale of 1


TIMED_STEPS = 3  # of which the fastest counts; one more comes before them, because the first compiles kernels


def choose_sound_device(
    model: GPT, row: Batch, precision: str, device_check: Literal["cpu", "stop", "off"]
) -> tuple[torch.device, list[torch.dtype]]:
    """The device to train on, and the types that are sound there: the model's, or the CPU if its results differ.

    `row` is inputs and targets, (1, T) each, on the CPU. Raises StepError if DEVICE_CHECK is "stop".
    """
    device = model.embedding.weight.device
    dtypes = dtypes_to_try(precision, device)
    if device.type == "cpu" or device_check == "off":
        return device, dtypes
    complaints = {dtype: from_all(compare_with_cpu(model, *row, dtype)) for dtype in dtypes}
    sound = [dtype for dtype in dtypes if not complaints[dtype]]
    if sound:
        return device, sound
    found = f"{device} gives other results than the CPU: {'; '.join(complaints[dtypes[0]][:3])}"
    if device_check == "stop":
        raise StepError(f"{found}. Update torch and the system, or set DEVICE cpu, PRECISION fp32 or DEVICE_CHECK cpu")
    print(f"{found}. Training on the CPU instead (DEVICE_CHECK); PRECISION fp32 may help on {device}.")
    cpu = torch.device("cpu")
    return cpu, dtypes_to_try(precision, cpu)


def choose_fastest_dtype(model: GPT, row: Batch, dtypes: list[torch.dtype]) -> torch.dtype:
    """The type in which the gradients of a row, inputs and targets (1, T), take the least time; the model stays."""
    if len(dtypes) == 1:
        return dtypes[0]
    seconds = {dtype: _time_gradients(model, *row, dtype) for dtype in dtypes}
    fastest = min(dtypes, key=lambda dtype: seconds[dtype])
    times = ", ".join(f"{name_of(dtype)} {1000 * seconds[dtype]:.0f} ms" for dtype in dtypes)
    print(f"gradients of a row on {model.embedding.weight.device}: {times}; PRECISION is {name_of(fastest)}")
    return fastest


def _time_gradients(model: GPT, inputs: Tensor, targets: Tensor, dtype: torch.dtype) -> float:
    seconds = []
    for _ in range(1 + TIMED_STEPS):
        started = time.perf_counter()
        accumulate_gradients(model, inputs, targets, 1, dtype)  # reads the loss, and so waits for the device
        seconds.append(time.perf_counter() - started)
        model.zero_grad(set_to_none=True)
    return min(seconds[1:])


def compare_with_cpu(model: GPT, inputs: Tensor, targets: Tensor, dtype: torch.dtype) -> list[str]:
    """How the results of the model's device differ from those of the CPU in fp32, a line each; empty if they agree.

    `inputs` and `targets` are (1, T) on the CPU. Compared are the loss and the norm of every gradient, whether
    a later token changes earlier positions, and a step with a cache against one without.
    """
    device = model.embedding.weight.device
    reference = _with_random_weights(model)
    on_device = copy.deepcopy(reference).to(device)
    complaints = _compare_gradients(reference, on_device, inputs, targets, dtype)
    on_device.eval()
    with torch.no_grad(), autocast(device, dtype):
        complaints += _look_for_leaks(on_device, inputs.to(device), dtype)
        complaints += _compare_cached(on_device, inputs.to(device), dtype)
    return complaints


def _with_random_weights(model: GPT) -> GPT:
    """A copy on the CPU without zeros: a new model's zero projections would hide every error behind them."""
    drawn = copy.deepcopy(model).to("cpu").float().eval()  # eval: dropout would differ
    generator = torch.Generator().manual_seed(0)
    for parameter in drawn.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data = 1 + 0.1 * noise if parameter.dim() == 1 else noise / parameter.size(1) ** 0.5
    return drawn


def _compare_gradients(
    reference: GPT, on_device: GPT, inputs: Tensor, targets: Tensor, dtype: torch.dtype
) -> list[str]:
    device = on_device.embedding.weight.device
    losses = []
    for model, used_dtype in ((reference, torch.float32), (on_device, dtype)):
        where = model.embedding.weight.device
        with autocast(where, used_dtype):
            hidden = model.hidden_states(inputs.to(where))
        loss = next_token_loss(hidden, model.head.weight, targets.to(where), used_dtype)
        loss.backward()
        losses.append(loss.item() / targets.numel())
    complaints = []
    if not _close(losses[1], losses[0], LOSS_TOLERANCE[dtype]):
        complaints.append(f"loss {losses[1]:.4f} on {device}, {losses[0]:.4f} on the CPU")
    for (name, right), found in zip(reference.named_parameters(), on_device.parameters(), strict=True):
        right_norm, found_norm = _gradient_norm(right), _gradient_norm(found)
        if not _close(found_norm, right_norm, GRADIENT_TOLERANCE[dtype]):
            complaints.append(f"gradient of {name} {found_norm:.4g} long on {device}, {right_norm:.4g} on the CPU")
    return complaints


def _gradient_norm(parameter: torch.nn.Parameter) -> float:
    return 0.0 if parameter.grad is None else parameter.grad.norm().item()


def _close(value: float, right: float, tolerance: float) -> bool:
    return abs(value - right) <= tolerance * max(abs(right), 1e-6)  # false for a NaN


def _look_for_leaks(model: GPT, inputs: Tensor, dtype: torch.dtype) -> list[str]:
    """Causality: change the last token; no earlier position may change."""
    changed = inputs.clone()
    changed[:, -1] = (changed[:, -1] + 1) % model.config.vocab_size
    before, after = (model.hidden_states(tokens)[:, :-1].float() for tokens in (inputs, changed))
    moved = (before - after).abs().max().item() if inputs.size(1) > 1 else 0.0
    return [] if moved <= HIDDEN_TOLERANCE[dtype] else [f"a later token moves earlier positions by {moved:.3g}"]


def _compare_cached(model: GPT, inputs: Tensor, dtype: torch.dtype) -> list[str]:
    """Decoding: the last position, computed with a cache of the earlier ones, must be as without a cache."""
    if inputs.size(1) < 2:
        return []
    cache = model.new_cache(1, inputs.size(1))
    model.hidden_states(inputs[:, :-1], cache)
    cached = model.hidden_states(inputs[:, -1:], cache)[:, -1].float()
    whole = model.hidden_states(inputs)[:, -1].float()
    difference = (cached - whole).abs().max().item()
    return [] if difference <= HIDDEN_TOLERANCE[dtype] else [f"decoding with a cache differs by {difference:.3g}"]
