"""Self-attention with rotary positions: the only operation that moves information between positions.

Shapes: B sequences in the batch, T positions, C = n_embd, H query heads, G key-value heads, D = head_dim,
`end` positions to attend to.
"""

import math
from dataclasses import dataclass

from gpt.cache import Indices, KeyValueCache
from gpt.decoding_weights import DecodingWeights
from gpt.layers import Linear, RMSNorm, products, to_product_dtype

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

ATTENTION_BLOCK = 128  # queries


@dataclass(frozen=True)
class AttentionContext:
    """What attention must know about the tokens of one forward pass, the same for every layer."""

    rotation: tuple[Tensor, Tensor]  # cosines and sines of their positions
    mask: Tensor | None  # as `attend` takes it; None: each position to itself and all earlier ones
    cache: KeyValueCache | None = None
    cache_indices: Indices = ()  # where the cache stores their keys and values
    end: int = 0  # cached positions to read


class Attention(nn.Module):
    """Each position compares its query with the keys of the earlier ones and itself, and averages their values."""

    def __init__(self, n_embd: int, n_head: int, n_kv_head: int, head_dim: int, norm_eps: float) -> None:
        super().__init__()
        self.n_head, self.n_kv_head, self.head_dim = n_head, n_kv_head, head_dim
        self.q_proj = Linear(n_embd, n_head * head_dim)
        self.k_proj = Linear(n_embd, n_kv_head * head_dim)
        self.v_proj = Linear(n_embd, n_kv_head * head_dim)
        self.o_proj = Linear(n_head * head_dim, n_embd)
        self.qkv_joined: DecodingWeights | None = None  # the three above, once the model is prepared for decoding
        self.q_norm = RMSNorm(head_dim, norm_eps)
        self.k_norm = RMSNorm(head_dim, norm_eps)

    def forward(self, x: Tensor, context: AttentionContext, layer: int) -> Tensor:
        """(B, T, C) -> (B, T, C); `layer` is the number of this layer in the cache."""
        B, T, _ = x.shape
        x = to_product_dtype(x)
        qkv = products(x, (self.q_proj, self.k_proj, self.v_proj), self.qkv_joined)
        q, k, v = (y.view(B, T, -1, self.head_dim) for y in qkv)  # (B, T, H, D), (B, T, G, D) twice
        q = self.q_norm(q).transpose(1, 2)  # (B, H, T, D)
        k, v = self.k_norm(k).transpose(1, 2), v.transpose(1, 2)  # (B, G, T, D)
        q, k = rotate(q, *context.rotation).to(v.dtype), rotate(k, *context.rotation).to(v.dtype)
        if context.cache:
            k, v = context.cache.append(layer, k, v, context.cache_indices, context.end)  # (B, G, end, D)
        if x.device.type == "mps":  # which has given wrong results for tensors that are not contiguous
            q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
        y = attend(q.to(k.dtype), k, v, context.mask)
        output: Tensor = self.o_proj(y.transpose(1, 2).reshape(B, T, -1))  # (B, H, T, D) -> (B, T, H * D) -> (B, T, C)
        return output


# --- Rotary positions ---


def rotary_table(positions: int, head_dim: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines, (positions, D) each, of rotary positions (Su et al., 2021).

    The number i of the first half of a head and the number i of its second half are one pair, turned by
    position * theta^(-2i/D). The sines of the first half are negative, as `rotate` needs them.
    """
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    angles = torch.arange(positions, dtype=torch.float32)[:, None] * frequencies  # (positions, D / 2)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)  # (positions, D)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of x, (B, heads, T, D), by its position's angle: (a, b) becomes (a cos - b sin, b cos + a sin)."""
    return x * cos + x.roll(x.size(-1) // 2, dims=-1) * sin


# --- One attention, computed in the way that is fastest for its shape ---


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention, (B, H, T, D), of queries (B, H, T, D) to keys and values (B, G, end, D), by the library's kernels.

    `mask`, (T, end) or (B, 1, T, end), is true (or 0, not minus infinity) where a query may attend; None is causal.
    """
    B, H, T, D = q.shape
    G = k.size(1)
    if mask is not None:
        # Queries that share a head of keys are stacked, so that no head of the cache is copied.
        stacked = q.reshape(B, G, H // G * T, D)
        y = F.scaled_dot_product_attention(stacked, k, v, attn_mask=torch.cat([mask] * (H // G), dim=-2))
        return y.view(B, H, T, D)
    if G < H:
        k = k.repeat_interleave(H // G, dim=1)  # (B, G, end, D) -> (B, H, end, D)
        v = v.repeat_interleave(H // G, dim=1)
    if q.device.type == "cpu" and q.dtype == torch.bfloat16 and torch.is_grad_enabled():
        return attend_in_blocks(q, k, v)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def attend_in_blocks(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention (B, H, T, D) in blocks of queries that attend only to the keys up to their own.

    Equal to `F.scaled_dot_product_attention(q, k, v, is_causal=True)`, whose forward and backward pass in bf16 take
    1.5 times as long on a CPU (measured with 1024 positions; with 256, twice as long); in fp32 no longer.
    """
    q, k = q * q.size(-1) ** -0.5, k.transpose(-1, -2)  # (B, H, D, T)
    later = torch.full((ATTENTION_BLOCK, ATTENTION_BLOCK), -math.inf, dtype=q.dtype).triu(1)
    blocks = []
    for start in range(0, q.size(2), ATTENTION_BLOCK):
        end = min(start + ATTENTION_BLOCK, q.size(2))
        mask = F.pad(later[: end - start, : end - start], (start, 0))  # (block, end): 0 where a query may attend
        scores = q[:, :, start:end] @ k[..., :end] + mask  # (B, H, block, end)
        blocks.append(scores.softmax(-1) @ v[:, :, :end])
    return torch.cat(blocks, dim=2)


def needs_mask(device_type: str, training: bool) -> bool:
    """Whether the causal mask must be passed as a tensor.

    Outside training, `is_causal` in half precision has let positions on mps see later ones.
    """
    return device_type == "mps" and not training
