"""The key-value cache: with it, a new token costs one position instead of the whole text."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor

CACHE_BLOCK = 64  # positions

Indices = tuple[slice | Tensor, ...]


class KeyValueCache:
    """The keys and values of the positions that each of B texts has so far.

    The memory is taken once, for `length` positions: (n_layer, B, G, length, D) for each of the two. Every row
    has a length of its own, so texts of different lengths continue together. Attention reads whole blocks of
    CACHE_BLOCK positions, masked after the last: shapes repeat, because mps keeps memory for every new one.

    G is n_kv_head, D is head_dim.
    """

    def __init__(
        self,
        n_layer: int,
        n_kv_head: int,
        head_dim: int,
        *,
        batch_size: int,
        length: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        length = CACHE_BLOCK * math.ceil(length / CACHE_BLOCK)
        shape = (n_layer, batch_size, n_kv_head, length, head_dim)
        self.keys = torch.zeros(shape, device=device, dtype=dtype)
        self.values = torch.zeros(shape, device=device, dtype=dtype)
        self.lengths = torch.zeros(batch_size, dtype=torch.int64)  # positions filled; on the CPU, where they are read

    def rows(self, start: int, end: int) -> "KeyValueCache":
        """The cache of some rows, (n_layer, end - start, G, length, D): a view, so what it stores is stored here."""
        view = copy.copy(self)
        view.keys, view.values = self.keys[:, start:end], self.values[:, start:end]
        view.lengths = self.lengths[start:end]
        return view

    def with_rows(self, batch_size: int) -> "KeyValueCache":
        """A copy for `batch_size` texts, at least as many as now; the new rows are empty."""
        copied = copy.copy(self)
        new = batch_size - len(self.lengths)
        copied.keys, copied.values = (F.pad(each, (0, 0) * 3 + (0, new)) for each in (self.keys, self.values))
        copied.lengths = F.pad(self.lengths, (0, new))
        return copied

    def next_positions(self, count: int) -> Tensor:
        """The positions of the next `count` tokens of each row, (B, count), on the CPU."""
        return self.lengths[:, None] + torch.arange(count)

    def next_indices(self, count: int) -> Indices:
        """Where a layer's keys (B, G, length, D) get those of the next `count` tokens, (B, G, count, D)."""
        start = int(self.lengths[0])
        if (self.lengths == start).all():
            return slice(None), slice(None), slice(start, start + count)  # of all indices the fastest to write to
        _, B, G, _, _ = self.keys.shape
        indices = torch.arange(B)[:, None, None], torch.arange(G)[:, None], self.next_positions(count)[:, None]
        return tuple(index.to(self.keys.device) for index in indices)

    def append(self, layer: int, keys: Tensor, values: Tensor, indices: Indices, end: int) -> tuple[Tensor, Tensor]:
        """Store (B, G, T, D) in a layer; return the layer's first `end` positions, (B, G, end, D)."""
        self.keys[layer][indices] = keys.to(self.keys.dtype)
        self.values[layer][indices] = values.to(self.values.dtype)
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]
