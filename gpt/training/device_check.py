"""Does this device compute what the CPU computes? Asked once, before the first step, at the real shapes.

A GPU backend can be wrong without a word; a model then learns badly for hours. Two precisions differ a
little, a broken kernel differs much: the tolerances lie between.
"""

import copy

from gpt.device import autocast
from gpt.model import GPT
from gpt.training.loss import next_token_loss

import torch
from torch import Tensor

LOSS_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 2e-2}  # relative
GRADIENT_TOLERANCE = {torch.float32: 1e-2, torch.bfloat16: 1e-1}  # relative, of the norm of each gradient
HIDDEN_TOLERANCE = {torch.float32: 1e-2, torch.bfloat16: 2e-1}  # absolute; hidden states have a scale of 1


def compare_with_cpu(model: GPT, inputs: Tensor, targets: Tensor, dtype: torch.dtype) -> list[str]:
    """What the model's device computes otherwise than the CPU in fp32, a line each; an empty list is a pass.

    `inputs` and `targets` are (1, T) on the CPU. Compared are the loss and the norm of every gradient, whether
    a later token moves what stands before it, and a cached step against one without a cache.
    """
    device = model.embedding.weight.device
    reference = _drawn_anew(model)
    there = copy.deepcopy(reference).to(device)
    complaints = _compare_gradients(reference, there, inputs, targets, dtype)
    there.eval()
    with torch.no_grad(), autocast(device, dtype):
        complaints += _look_for_leaks(there, inputs.to(device), dtype)
        complaints += _compare_cached(there, inputs.to(device), dtype)
    return complaints


def _drawn_anew(model: GPT) -> GPT:
    """A copy on the CPU without a zero in it: a new model's zero projections would hide every error behind them."""
    drawn = copy.deepcopy(model).to("cpu").float().eval()  # eval: dropout would differ
    generator = torch.Generator().manual_seed(0)
    for parameter in drawn.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data = 1 + 0.1 * noise if parameter.dim() == 1 else noise / parameter.size(1) ** 0.5
    return drawn


def _compare_gradients(reference: GPT, there: GPT, inputs: Tensor, targets: Tensor, dtype: torch.dtype) -> list[str]:
    device = there.embedding.weight.device
    losses = []
    for model, used_dtype in ((reference, torch.float32), (there, dtype)):
        place = model.embedding.weight.device
        with autocast(place, used_dtype):
            hidden = model.hidden_states(inputs.to(place))
        loss = next_token_loss(hidden, model.head.weight, targets.to(place), used_dtype)
        loss.backward()
        losses.append(loss.item() / targets.numel())
    complaints = []
    if not _close(losses[1], losses[0], LOSS_TOLERANCE[dtype]):
        complaints.append(f"loss {losses[1]:.4f} on {device}, {losses[0]:.4f} on the CPU")
    for (name, right), found in zip(reference.named_parameters(), there.parameters(), strict=True):
        right_norm, found_norm = right.grad.norm().item(), found.grad.norm().item()
        if not _close(found_norm, right_norm, GRADIENT_TOLERANCE[dtype]):
            complaints.append(f"gradient of {name} {found_norm:.4g} long on {device}, {right_norm:.4g} on the CPU")
    return complaints


def _close(value: float, right: float, tolerance: float) -> bool:
    return abs(value - right) <= tolerance * max(abs(right), 1e-6)  # false for a NaN


def _look_for_leaks(model: GPT, inputs: Tensor, dtype: torch.dtype) -> list[str]:
    """Causality: change the last token; nothing before it may move."""
    changed = inputs.clone()
    changed[:, -1] = (changed[:, -1] + 1) % model.config.vocab_size
    before, after = (model.hidden_states(tokens)[:, :-1].float() for tokens in (inputs, changed))
    moved = (before - after).abs().max().item() if inputs.size(1) > 1 else 0.0
    return [] if moved <= HIDDEN_TOLERANCE[dtype] else [f"a later token moves earlier positions by {moved:.3g}"]


def _compare_cached(model: GPT, inputs: Tensor, dtype: torch.dtype) -> list[str]:
    """Decoding: the last position with a cache of those before must be what it is without one."""
    if inputs.size(1) < 2:
        return []
    cache = model.new_cache(1, inputs.size(1))
    model.hidden_states(inputs[:, :-1], cache)
    cached = model.hidden_states(inputs[:, -1:], cache)[:, -1].float()
    whole = model.hidden_states(inputs)[:, -1].float()
    difference = (cached - whole).abs().max().item()
    return [] if difference <= HIDDEN_TOLERANCE[dtype] else [f"decoding with a cache differs by {difference:.3g}"]
