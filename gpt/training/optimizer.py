"""Muon for the matrices of the layers, AdamW for everything else, and the schedule of their rates."""

from dataclasses import dataclass
from typing import Any

from gpt.model import GPT
from gpt.training.muon import Muon

import torch

# Muon's own default is 5. Three are less exact but learn as much in a step (measured: 4 layers of width 256, batches
# of 2,048 tokens), and make a step of that size 10 % shorter.
NEWTON_SCHULZ_STEPS = 3


@dataclass(frozen=True)
class LearningRates:
    """The full learning rates, after warm-up and before decay, for each group of parameters."""

    matrix: float  # matrices of the layers, by Muon
    embedding: float  # by AdamW, like the next two
    head: float
    norm: float
    weight_decay: float  # of the matrices


@dataclass(frozen=True)
class Schedule:
    """The course of all rates: a linear rise, a plateau, a linear fall."""

    warmup_steps: int
    decay_share: float  # last share of the run, in which the rates fall
    final_rate: float  # share of the full rate at the end

    def factor(self, step: int, progress: float) -> float:
        """The share of the full rate at a step; `progress`, from 0 to 1, is how much of the run is over."""
        if step < self.warmup_steps:
            return (step + 1) / (self.warmup_steps + 1)
        fall = max(0.0, progress - (1 - self.decay_share)) / self.decay_share if self.decay_share > 0 else 0.0
        return 1 - min(1.0, fall) * (1 - self.final_rate)


# What each optimizer keeps of a parameter: tensors of its shape, and the number of steps.
REMEMBERED = {"muon": {"momentum_buffer"}, "adamw": {"step", "exp_avg", "exp_avg_sq"}}


class Optimizer:
    """Two optimizers that step together: each group of parameters learns best in its own way.

    Muon makes the update of a matrix orthogonal, with products in `dtype`, so that all its directions learn at one
    pace; embedding, head and norms are not maps from vectors to vectors, and stay with AdamW.
    """

    def __init__(self, model: GPT, rates: LearningRates, dtype: torch.dtype) -> None:
        matrices: list[torch.nn.Parameter] = []
        norms: list[torch.nn.Parameter] = []
        for name, parameter in model.named_parameters():
            if name not in ("embedding.weight", "head.weight"):
                (matrices if parameter.dim() == 2 else norms).append(parameter)
        groups: list[dict[str, Any]] = [
            {"params": [model.embedding.weight], "lr": rates.embedding},
            {"params": norms, "lr": rates.norm},
        ]
        if model.head.weight is not model.embedding.weight:
            groups.append({"params": [model.head.weight], "lr": rates.head})
        self.muon = Muon(
            matrices,
            lr=rates.matrix,
            momentum=0.95,
            weight_decay=rates.weight_decay,
            newton_schulz_steps=NEWTON_SCHULZ_STEPS,
            dtype=dtype,
        )
        self.adamw = torch.optim.AdamW(groups, betas=(0.8, 0.95), eps=1e-10, weight_decay=0.0, fused=True)
        self._both: dict[str, torch.optim.Optimizer] = {"muon": self.muon, "adamw": self.adamw}
        for optimizer in self._both.values():
            for group in optimizer.param_groups:
                group["full_lr"] = group["lr"]

    def set_rate(self, factor: float) -> None:
        """Give every group `factor` of its full rate."""
        for optimizer in self._both.values():
            for group in optimizer.param_groups:
                group["lr"] = group["full_lr"] * factor

    def matrix_rate(self) -> float:
        """The rate that the matrices have now."""
        return float(self.muon.param_groups[0]["lr"])

    def step(self) -> None:
        """Update every parameter against its gradient."""
        for optimizer in self._both.values():
            optimizer.step()

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for optimizer in self._both.values():
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """What each optimizer remembers of every parameter; the rates come from the settings."""
        return {name: optimizer.state_dict()["state"] for name, optimizer in self._both.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state of `state_dict`, with the rates that this optimizer has.

        Raises ValueError if it does not fit the parameters.
        """
        for name, optimizer in self._both.items():
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            for number, remembered in state[name].items():
                if remembered.keys() != REMEMBERED[name]:
                    raise ValueError(f"{name} remembers {sorted(remembered)}")
                shapes = {tuple(tensor.shape) for key, tensor in remembered.items() if key != "step"}
                if shapes != {tuple(parameters[number].shape)} or remembered.get("step", torch.zeros(())).numel() != 1:
                    raise ValueError(f"{name} remembers other shapes than {tuple(parameters[number].shape)}")
            optimizer.load_state_dict({"state": state[name], "param_groups": optimizer.state_dict()["param_groups"]})
