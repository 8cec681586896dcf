"""Matrices as decoding reads them: those of one input joined, in blocks or in 8 bits, as is fastest on this CPU.

A decoded token reads every matrix once and multiplies it by one vector, or by few: what it costs is to read the
weights, and to start each operation. Training and long prompts multiply by many vectors, and need none of this.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

FEW_VECTORS = 16
MATRIX_BLOCKS = 8  # that a matrix is divided into, so that each core has work to do
TIMED_VECTORS = 1, 8
ROUNDS = 3  # of which the best counts
LEAST_GAIN = 1.1  # that blocks must bring: a choice by a hair would not be the same at the next start

Way = Literal["whole", "blocks", "int8"]
Weights = Literal["fp32", "int8"]


def are_few(x: Tensor) -> bool:
    """Whether x, (..., in), holds so few vectors that reading the matrix costs more than the arithmetic."""
    return x.numel() <= FEW_VECTORS * x.size(-1) and not torch.is_grad_enabled()


@dataclass(frozen=True)
class DecodingWeights:
    """One matrix, (out, in), and how its products with one vector and with several are computed."""

    matrix: Tensor
    for_one: Way
    for_few: Way
    int8: Tensor | None = None  # (out, in)
    scales: Tensor | None = None  # (out,), bf16: what 1 in `int8` stands for

    @classmethod
    def of(cls, matrix: Tensor, weights: Weights, timed: dict[torch.Size, tuple[Way, Way]]) -> "DecodingWeights":
        """Choose the fastest ways for a matrix: on a CPU by timing, unless `timed` has them for its shape already."""
        if not matrix.is_cpu:
            return cls(matrix, "whole", "whole")
        if weights == "int8":
            scales = (matrix.abs().amax(dim=1) / 127).clamp(min=1e-12).bfloat16()  # (out,)
            int8 = (matrix / scales.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
            return cls(matrix, "int8", "int8", int8, scales)
        if matrix.shape not in timed:
            one, several = TIMED_VECTORS
            timed[matrix.shape] = _fastest_way(matrix, one), _fastest_way(matrix, several)
        return cls(matrix, *timed[matrix.shape])

    def product(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out), for few vectors."""
        count = x.numel() // x.size(-1)
        way = self.for_one if count == 1 else self.for_few
        if way == "whole":
            return F.linear(x, self.matrix)
        if way == "blocks":
            return _product_in_blocks(self.matrix, x)
        assert self.int8 is not None and self.scales is not None
        vectors = x.reshape(count, -1).bfloat16()
        products: Tensor = torch._weight_int8pack_mm(vectors, self.int8, self.scales)  # (count, out)
        return products.to(x.dtype).view(*x.shape[:-1], -1)


def _product_in_blocks(matrix: Tensor, x: Tensor) -> Tensor:
    """The library's product with one vector may run on one core; of a matrix in blocks, each core has its share.

    Measured on two cores with 24,000 x 384: 0.7 ms instead of 3.6 for one vector on one machine, 1.9 instead of 3.8
    on a second, but 1.9 instead of 0.8 on a third.
    """
    rows, columns = matrix.shape
    blocks = math.gcd(rows, MATRIX_BLOCKS)
    count = x.numel() // columns
    vectors = x.reshape(count, -1).t().expand(blocks, -1, -1)  # (blocks, in, count)
    products = torch.bmm(matrix.view(blocks, -1, columns), vectors)  # (blocks, out / blocks, count)
    return products.view(-1, count).t().reshape(*x.shape[:-1], -1)


def _fastest_way(matrix: Tensor, count: int) -> Way:
    x = torch.ones(count, matrix.size(1), dtype=matrix.dtype)
    ways: dict[Way, Callable[[], Tensor]] = {
        "whole": lambda: F.linear(x, matrix),
        "blocks": lambda: _product_in_blocks(matrix, x),
    }
    seconds: dict[Way, float] = dict.fromkeys(ways, math.inf)
    for _ in range(ROUNDS):
        for way, multiply in ways.items():
            started = time.perf_counter()
            multiply()
            seconds[way] = min(seconds[way], time.perf_counter() - started)
    return "blocks" if LEAST_GAIN * seconds["blocks"] < seconds["whole"] else "whole"
