"""Low-rank adaptation, LoRA (Hu et al., 2021): a matrix is frozen, and the product of two thin matrices is added.

W x becomes W x + (alpha / rank) B A x with A (rank, in) and B (out, rank). Only A and B learn: of a matrix of
256 x 1,024 with rank 8, one number in 26. B starts at zero, so that the adapted model starts as the old one.
Afterwards W + (alpha / rank) B A is one matrix again, and the model is as large and as fast as before.
"""

import math
from typing import TypeVar

from gpt.layers import Linear
from gpt.model import GPT

import torch
import torch.nn as nn
from torch import Tensor

Kind = TypeVar("Kind", bound=nn.Module)


class AdaptedLinear(nn.Module):
    """A frozen matrix (out, in) and the two thin ones whose product is added to it."""

    def __init__(self, linear: Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.linear = linear
        weight = linear.weight
        self.a = nn.Parameter(torch.randn(rank, weight.size(1), device=weight.device) / math.sqrt(weight.size(1)))
        self.b = nn.Parameter(torch.zeros(weight.size(0), rank, device=weight.device))
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.linear(x) + self.scale * ((x @ self.a.t()) @ self.b.t())
        return output

    @torch.no_grad()
    def merged(self) -> Linear:
        """The frozen matrix with the product added."""
        self.linear.weight += self.scale * self.b @ self.a
        return self.linear


def add_adapters(model: GPT, rank: int, alpha: float) -> list[nn.Parameter]:
    """Freeze a model and adapt every matrix of its layers; return the parameters that learn."""
    model.requires_grad_(False)
    for block, name, linear in _matrices(model, Linear):
        setattr(block, name, AdaptedLinear(linear, rank, alpha))
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def merge_adapters(model: GPT) -> None:
    """Make a model with adapters an ordinary one that computes the same; all its parameters can learn again."""
    for block, name, adapted in _matrices(model, AdaptedLinear):
        setattr(block, name, adapted.merged())
    model.requires_grad_(True)


def _matrices(model: GPT, kind: type[Kind]) -> list[tuple[nn.Module, str, Kind]]:
    """The modules of one kind directly within attention and feed-forward: where each is, its name, itself."""
    blocks = [block for layer in model.layers for block in layer.children()]
    return [
        (block, name, child) for block in blocks for name, child in block.named_children() if isinstance(child, kind)
    ]
