"""A model and what trains it: one step, one evaluation, and a state that a checkpoint holds.

>>> trainer = Trainer(model, rates, torch.float32, micro_batch_size=4, max_gradient_norm=1.0, average_span=0.25)
>>> trainer.step(inputs, targets, rate_factor=1.0).loss
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from gpt.device import random_state, restore_random_state
from gpt.model import GPT
from gpt.training import processes
from gpt.training.evaluation import Evaluation, Validation, evaluate
from gpt.training.loss import NonFiniteLossError
from gpt.training.memory import MicroBatch
from gpt.training.optimizer import LearningRates, Optimizer
from gpt.training.step import StepResult, accumulate_gradients, train_step
from gpt.training.weight_average import WeightAverage

import torch
from torch import Tensor


class Trainer:
    """Trains a model that is on its device already, with matrix products in `dtype`. It reads and writes no files.

    `micro_batch_size` rows are on the device at once; gradients longer than `max_gradient_norm` are scaled down to it.
    What is measured and used is the mean of the weights over the last `average_span` of the steps.
    """

    def __init__(
        self,
        model: GPT,
        rates: LearningRates,
        dtype: torch.dtype,
        micro_batch_size: int,
        max_gradient_norm: float,
        average_span: float = 0.0,
    ) -> None:
        self.model, self.dtype = model, dtype
        self.average = WeightAverage(model, average_span)
        self.device = model.embedding.weight.device
        self.optimizer = Optimizer(model, rates, dtype)
        self.micro_batch = MicroBatch(micro_batch_size, self.device)
        self.max_gradient_norm = max_gradient_norm
        # From the inside out: forward and backward; again with fewer rows if memory runs out; the sum over processes.
        compute = partial(accumulate_gradients, model, dtype=dtype)
        compute_in_memory = self.micro_batch.retrying(compute, clear=self.optimizer.zero_grad)
        self.compute_gradients = processes.sum_gradients(model, compute_in_memory)

    def step(self, inputs: Tensor, targets: Tensor, rate_factor: float) -> StepResult:
        """Train on a batch, (batch_size, block_size) each, with `rate_factor` times the full learning rates.

        Raises NonFiniteLossError, with the weights as they were.
        """
        self.optimizer.set_rate(rate_factor)
        result = train_step(self.model, self.optimizer, inputs, targets, self.compute_gradients, self.max_gradient_norm)
        self.average.update()
        return result

    def evaluate(self, validation: Validation, show: Callable[[int], None] = lambda _: None) -> Evaluation:
        """Measure the mean of the weights on the validation set; `show` gets the number of tokens measured so far.

        Raises NonFiniteLossError.
        """
        return evaluate(self.average.model, validation, self.micro_batch, self.dtype, show)

    def require_finite_weights(self) -> None:
        """Raise NonFiniteLossError where a weight, or the mean of one, is not a finite number."""
        for model in (self.model, self.average.model):
            if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
                raise NonFiniteLossError

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on, apart from its batch and its rate."""
        return {
            **self.average.state_dict(),
            "weights": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": random_state(self.device),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state, which may have more entries; gradients of an unfinished step are dropped."""
        self.optimizer.zero_grad()
        self.average.load_state_dict(state)
        self.model.load_state_dict(state.get("weights", state["model"]))  # saves of earlier versions have no mean
        self.optimizer.load_state_dict(state["optimizer"])
        restore_random_state(self.device, state["random"])
        processes.draw_apart()
