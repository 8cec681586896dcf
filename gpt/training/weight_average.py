"""The mean of the weights over the last part of a run: the model that is measured, saved for use, and asked.

Each step moves the weights a little too far in the direction of its own batch; a mean over many steps has less of
that noise (Polyak and Juditsky, 1992; Izmailov et al., 2018). It helps most with a small text that is read many times:
after 100 steps with the bundled one, grounded answers have 1.22 nats per token with the last weights and 1.11 with
the mean.
"""

import copy
from collections.abc import Mapping
from typing import Any

from gpt.model import GPT

import torch


class WeightAverage:
    """A copy of `model` whose weights are the mean over about the last `span` of all steps; 0 = those of the last step.

    After step t, a step moves the mean by 1 / (span * t) of the way to the weights, so that the mean covers the same
    share of a short run and of a long one (Karras et al., 2024).
    """

    def __init__(self, model: GPT, span: float) -> None:
        self.source, self.span = model, span
        self.model = copy.deepcopy(model) if span else model
        self.steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        share = min(1.0, 1 / (self.span * self.steps)) if self.span else 1.0
        for mean, weights in zip(self.model.parameters(), self.source.parameters(), strict=True):
            mean.lerp_(weights, share)

    def state_dict(self) -> dict[str, Any]:
        """The mean and the number of steps in it."""
        return {"model": self.model.state_dict(), "averaged_steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `state_dict`, which may have more entries."""
        self.model.load_state_dict(state["model"])
        self.steps = state.get("averaged_steps", 0)

    def restart(self) -> None:
        """Begin again with the weights that the source has now."""
        self.load_state_dict({"model": self.source.state_dict()})
