"""The two building blocks that attention and feed-forward share: a matrix and a norm.

Shapes: B sequences in the batch, T positions, C = n_embd.
"""

from collections.abc import Sequence

from gpt.decoding_weights import DecodingWeights, are_few

import torch
import torch.nn as nn
from torch import Tensor


class Linear(nn.Linear):
    """A matrix without bias, (out, in); `decoding` is how it multiplies few vectors, once that is chosen."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features, bias=False)
        self.decoding: DecodingWeights | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.decoding and are_few(x):
            return self.decoding.product(x)
        return super().forward(x)


def products(x: Tensor, linears: Sequence[nn.Module], joined: DecodingWeights | None) -> Sequence[Tensor]:
    """(..., in) -> (..., out) of each: one product with few vectors, if the matrices are joined; else one each."""
    if joined and are_few(x):
        sizes = [linear.out_features for linear in linears if isinstance(linear, Linear)]
        parts: Sequence[Tensor] = torch.split(joined.product(x), sizes, -1)
        return parts
    return [linear(x) for linear in linears]


def join(linears: Sequence[Linear]) -> Tensor:
    """One matrix of all rows, (sum of outs, in), of which each weight becomes a view: nothing is held twice."""
    joined = torch.cat([linear.weight.detach() for linear in linears])
    for linear, part in zip(linears, joined.split([linear.out_features for linear in linears]), strict=True):
        linear.weight.data = part
    return joined


class RMSNorm(nn.Module):
    """Divide by the root of the mean square (Zhang and Sennrich, 2019).

    Written out, in fp32: the library's own has no autocast rule on mps.
    """

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def to_product_dtype(x: Tensor) -> Tensor:
    """Cast x to the type that matrix products run in: once, not again in each of the products that read it."""
    device_type = x.device.type
    return x.to(torch.get_autocast_dtype(device_type)) if torch.is_autocast_enabled(device_type) else x
