"""Rows that go through the device at once: half as many each time that its memory runs out."""

import gc
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from gpt.device import empty_cache, random_state, restore_random_state
from pipeline import StepError, is_out_of_memory

import torch
from torch import Tensor

Result = TypeVar("Result")


class MicroBatch:
    """The rows on the device at once; the gradients of several micro-batches make up those of a batch."""

    def __init__(self, rows: int, device: torch.device) -> None:
        self.rows, self.device = rows, device

    def retrying(
        self, compute: Callable[[Tensor, Tensor, int], float], clear: Callable[[], None]
    ) -> Callable[[Tensor, Tensor], float]:
        """`compute(inputs, targets, rows)` as a function of inputs and targets: `fit` chooses the rows."""

        def compute_in_memory(inputs: Tensor, targets: Tensor) -> float:
            return self.fit(partial(compute, inputs, targets), clear)

        return compute_in_memory

    def fit(self, attempt: Callable[[int], Result], clear: Callable[[], None]) -> Result:
        """`attempt(rows)`, again with half the rows while memory runs out; `clear` drops what a failure left.

        A retry draws the same random numbers as the failed attempt. Raises StepError when one row is too much.
        """
        state = random_state(self.device)
        while True:
            result = self._try(attempt)
            if result is not None:
                return result
            # Here, outside the except block: there the traceback would keep the tensors alive.
            clear()
            gc.collect()
            empty_cache(self.device)
            restore_random_state(self.device, state)
            if self.rows == 1:
                raise StepError(
                    f"out of memory on {self.device} with one row at a time; close other programs, lower BLOCK_SIZE, "
                    "or start a smaller model: lower N_EMBD or N_LAYER"
                )
            self.rows = (self.rows + 1) // 2
            print(
                f"out of memory: going on with {self.rows} rows at a time; each step still learns from the whole batch"
            )

    def _try(self, attempt: Callable[[int], Result]) -> Result | None:
        try:
            return attempt(self.rows)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        return None
