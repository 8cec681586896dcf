"""The model: a decoder-only transformer of the Qwen3 shape (dense), from token ids to logits.

Token ids become vectors; each layer lets every position look back at the ones before it (attention) and
then thinks about what it saw (feed-forward); the last vectors become logits, one score for each token of
the vocabulary that could come next. Its parameters carry over to `Qwen3ForCausalLM` by renaming alone.

Shapes: B sequences in the batch, T positions, C = n_embd, H query heads, G key-value heads, D = head_dim,
V = vocab_size.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

ATTENTION_BLOCK = 128  # queries
CONSTANT = 4.0  # of the number in each embedding that stands for a bias; the others are about 1


@dataclass(frozen=True)
class GPTConfig:
    """The shape of a model. Raises ValueError when the numbers do not fit together."""

    vocab_size: int
    block_size: int = 1024  # most positions that the model sees at once
    n_layer: int = 6
    n_head: int = 6
    n_kv_head: int = 6  # fewer than n_head: grouped-query attention (Ainslie et al., 2023)
    n_embd: int = 384
    head_dim: int = 64
    n_hidden: int = 1024  # width of the feed-forward layer
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-6
    tie_embeddings: bool = False  # whether the head is the embedding, read the other way round
    dropout: float = 0.0  # share of the residual updates that training leaves out

    def __post_init__(self):
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_kv_head", "n_embd", "head_dim", "n_hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.n_head % self.n_kv_head:
            raise ValueError(f"n_head {self.n_head} is not a multiple of n_kv_head {self.n_kv_head}")
        if self.head_dim % 2:
            raise ValueError(f"head_dim {self.head_dim} is odd; rotary positions turn pairs of numbers")

    def parameter_count(self) -> int:
        """How many parameters a model of this shape has."""
        attention = self.n_embd * self.head_dim * 2 * (self.n_head + self.n_kv_head) + 2 * self.head_dim
        feed_forward = 3 * self.n_embd * self.n_hidden
        embeddings = self.vocab_size * self.n_embd * (1 if self.tie_embeddings else 2)
        return embeddings + self.n_layer * (attention + feed_forward + 2 * self.n_embd) + self.n_embd


class KeyValueCache:
    """The keys and values of the positions seen so far, so that each new token costs one position.

    The memory is taken once, for `length` positions: (n_layer, B, G, length, D) for each of the two.
    """

    def __init__(self, config: GPTConfig, batch_size: int, length: int, device: torch.device, dtype: torch.dtype):
        shape = (config.n_layer, batch_size, config.n_kv_head, length, config.head_dim)
        self.keys = torch.zeros(shape, device=device, dtype=dtype)
        self.values = torch.zeros(shape, device=device, dtype=dtype)
        self.length = 0  # positions filled

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store (B, G, T, D) of new positions in a layer; return all of that layer's, (B, G, length + T, D)."""
        end = self.length + keys.size(2)
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


class GPT(nn.Module):
    """Embedding, layers, final norm, head."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.n_embd)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layer))
        self.norm = RMSNorm(config.n_embd, config.norm_eps)
        self.head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        cos, sin = rotary_table(config)
        self.register_buffer("cos", cos, persistent=False)  # (block_size, D)
        self.register_buffer("sin", sin, persistent=False)
        self.initialize()
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight

    @torch.no_grad()
    def initialize(self) -> None:
        """Draw the initial weights; what writes into the residual stream starts at zero.

        With zero output projections every layer begins as the identity and the first gradients are
        clean; the scale 1/sqrt(fan_in) keeps the variance of what flows through a matrix.
        """
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                nn.init.ones_(parameter)
            elif name.endswith(("o_proj.weight", "down_proj.weight", "head.weight")):
                nn.init.zeros_(parameter)
            elif name == "embedding.weight":
                nn.init.normal_(parameter, std=0.02 if self.config.tie_embeddings else 1.0)
            else:
                nn.init.normal_(parameter, std=1 / math.sqrt(parameter.size(1)))

    @torch.no_grad()
    def start_from_counts(self, counts: Tensor) -> None:
        """Let a new model predict every token as often as it occurs: counts (V,), of any text like its own.

        One number of each embedding becomes a constant, which the head reads as a bias. That much every run
        learns first; measured on two cores, it took the first tenth of a run of two minutes.
        """
        if self.config.tie_embeddings:
            return  # the head's column would be the constant itself
        shares = (counts.float() + 0.5).log()
        self.embedding.weight[:, 0] = CONSTANT
        constant_after_norm = CONSTANT / math.sqrt((self.config.n_embd - 1 + CONSTANT**2) / self.config.n_embd)
        self.head.weight[:, 0] = (shares - shares.mean()).to(self.head.weight) / constant_after_norm

    def forward(self, tokens: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """Logits (B, T, V) for the token that follows each position of tokens (B, T)."""
        return self.head(self.hidden_states(tokens, cache))

    def hidden_states(self, tokens: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """The last layer's normed vectors, (B, T, C); with a cache, tokens (B, T) go on after its positions."""
        start = cache.length if cache else 0
        end = start + tokens.size(1)
        if end > self.config.block_size:
            raise ValueError(f"{end} positions are more than the block size of {self.config.block_size}")
        rotation = self.cos[start:end], self.sin[start:end]
        mask = None
        if needs_mask(tokens.size(1), start, tokens.device.type, training=torch.is_grad_enabled()):
            positions = torch.arange(end, device=tokens.device)
            mask = positions[None, :] <= positions[start:, None]  # (T, start + T), true where a position may look
        x = self.embedding(tokens)  # (B, T) -> (B, T, C)
        for index, layer in enumerate(self.layers):
            x = layer(x, rotation, mask, cache, index)
        if cache:
            cache.length = end
        return self.norm(x)


def needs_mask(new: int, start: int, device_type: str, training: bool) -> bool:
    """Whether `new` positions after `start` cached ones need a mask, because no shorter rule fits.

    One new position sees everything. A chunk after a cache needs the mask, because `is_causal` starts
    counting at the first cached position; so does mps outside training, where `is_causal` in half
    precision let positions see what follows them.
    """
    return new > 1 and (start > 0 or (device_type == "mps" and not training))


class Layer(nn.Module):
    """Attention, then feed-forward, each on a normed copy whose result is added to the residual stream."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.attention_norm = RMSNorm(config.n_embd, config.norm_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.n_embd, config.norm_eps)
        self.feed_forward = FeedForward(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, rotation, mask: Tensor | None, cache: KeyValueCache | None, index: int) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), rotation, mask, cache, index))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class Attention(nn.Module):
    """Every position asks (query), is asked (key) and answers (value); it hears only earlier ones and itself."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.n_head, self.n_kv_head, self.head_dim = config.n_head, config.n_kv_head, config.head_dim
        self.q_proj = nn.Linear(config.n_embd, config.n_head * config.head_dim, bias=False)
        self.k_proj = nn.Linear(config.n_embd, config.n_kv_head * config.head_dim, bias=False)
        self.v_proj = nn.Linear(config.n_embd, config.n_kv_head * config.head_dim, bias=False)
        self.o_proj = nn.Linear(config.n_head * config.head_dim, config.n_embd, bias=False)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)

    def forward(self, x: Tensor, rotation, mask: Tensor | None, cache: KeyValueCache | None, index: int) -> Tensor:
        B, T, _ = x.shape
        x = in_product_dtype(x)
        q = self.q_norm(self.q_proj(x).view(B, T, self.n_head, self.head_dim)).transpose(1, 2)  # (B, H, T, D)
        k = self.k_norm(self.k_proj(x).view(B, T, self.n_kv_head, self.head_dim)).transpose(1, 2)  # (B, G, T, D)
        v = self.v_proj(x).view(B, T, self.n_kv_head, self.head_dim).transpose(1, 2)  # (B, G, T, D)
        q, k = rotate(q, *rotation).to(v.dtype), rotate(k, *rotation).to(v.dtype)
        if cache:
            k, v = cache.append(index, k, v)  # (B, G, start + T, D)
            q = q.to(k.dtype)
        if self.n_kv_head < self.n_head:
            k = k.repeat_interleave(self.n_head // self.n_kv_head, dim=1)  # (B, H, start + T, D)
            v = v.repeat_interleave(self.n_head // self.n_kv_head, dim=1)
        if x.device.type == "cpu" and torch.is_grad_enabled() and not cache:
            y = attend_in_blocks(q, k, v)
        else:
            y = F.scaled_dot_product_attention(
                q.contiguous(), k.contiguous(), v.contiguous(), attn_mask=mask, is_causal=mask is None and T > 1
            )
        y = y.transpose(1, 2).reshape(B, T, -1)  # (B, H, T, D) -> (B, T, H * D)
        return self.o_proj(y)


def attend_in_blocks(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention (B, H, T, D) in blocks of queries that look only at the keys up to their own.

    Equal to `F.scaled_dot_product_attention(q, k, v, is_causal=True)`, whose gradients take a CPU half as
    long again (measured at 1024 positions of bf16, twice as long at 256).
    """
    q, k = q * q.size(-1) ** -0.5, k.transpose(-1, -2)  # (B, H, D, T)
    later = torch.full((ATTENTION_BLOCK, ATTENTION_BLOCK), -math.inf, dtype=q.dtype).triu(1)
    blocks = []
    for start in range(0, q.size(2), ATTENTION_BLOCK):
        end = min(start + ATTENTION_BLOCK, q.size(2))
        mask = F.pad(later[: end - start, : end - start], (start, 0))  # (block, end): 0 where a query may look
        scores = q[:, :, start:end] @ k[..., :end] + mask  # (B, H, block, end)
        blocks.append(scores.softmax(-1) @ v[:, :, :end])
    return torch.cat(blocks, dim=2)


class FeedForward(nn.Module):
    """SwiGLU (Shazeer, 2020): one projection gates the other."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.gate_proj = nn.Linear(config.n_embd, config.n_hidden, bias=False)
        self.up_proj = nn.Linear(config.n_embd, config.n_hidden, bias=False)
        self.down_proj = nn.Linear(config.n_hidden, config.n_embd, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = in_product_dtype(x)
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))  # (B, T, C) -> (B, T, n_hidden) -> (B, T, C)


def in_product_dtype(x: Tensor) -> Tensor:
    """x in the type that matrix products run in: cast once, not again by each of the products that read it."""
    kind = x.device.type
    return x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else x


class RMSNorm(nn.Module):
    """Divide by the root of the mean square (Zhang and Sennrich, 2019).

    Written out, in fp32: the library's own has no autocast rule on mps.
    """

    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def rotary_table(config: GPTConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines, (block_size, D) each, of rotary positions (Su et al., 2021).

    The number i of the first half of a head and the number i of its second half are one pair, turned by
    position * theta^(-2i/D).
    """
    frequencies = config.rope_theta ** (-torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim)
    angles = torch.arange(config.block_size, dtype=torch.float32)[:, None] * frequencies  # (block_size, D / 2)
    angles = torch.cat([angles, angles], dim=-1)  # (block_size, D)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of x, (B, heads, T, D), by its position's angle."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin
