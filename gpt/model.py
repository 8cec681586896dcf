"""The model: a decoder-only transformer of the Qwen3 shape (dense), from token ids to logits.

Token ids become vectors; each layer lets every position look back at the ones before it (attention) and
then thinks about what it saw (feed-forward); the last vectors become logits, one score for each token of
the vocabulary that could come next. Its parameters carry over to `Qwen3ForCausalLM` by renaming alone.

Shapes: B sequences in the batch, T positions, C = n_embd, H query heads, G key-value heads, D = head_dim,
V = vocab_size.
"""

import copy
import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

ATTENTION_BLOCK = 128  # queries
CACHE_BLOCK = 64  # positions
MATRIX_PARTS = 8  # of a matrix, for its product with few vectors
FEW_VECTORS = 16
CONSTANT = 4.0  # of the number in each embedding that stands for a bias; the others are about 1

Indices = tuple[slice | Tensor, ...]


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
    """The keys and values of the positions seen so far in each of B texts, so that a new token costs one position.

    The memory is taken once, for `length` positions: (n_layer, B, G, length, D) for each of the two. Every row
    has a length of its own, so texts of different lengths go on together. Attention reads whole blocks of
    CACHE_BLOCK positions, masked after the last: shapes repeat, because mps keeps memory for every new one.
    """

    def __init__(self, config: GPTConfig, batch_size: int, length: int, device: torch.device, dtype: torch.dtype):
        length = CACHE_BLOCK * math.ceil(length / CACHE_BLOCK)
        shape = (config.n_layer, batch_size, config.n_kv_head, length, config.head_dim)
        self.keys = torch.zeros(shape, device=device, dtype=dtype)
        self.values = torch.zeros(shape, device=device, dtype=dtype)
        self.lengths = torch.zeros(batch_size, dtype=torch.int64)  # positions filled; on the CPU, where it is asked for

    def row(self, index: int) -> "KeyValueCache":
        """The cache of one row, (n_layer, 1, G, length, D): a view, what it stores is stored here."""
        view = copy.copy(self)
        view.keys, view.values = self.keys[:, index : index + 1], self.values[:, index : index + 1]
        view.lengths = self.lengths[index : index + 1]
        return view

    def positions_of_next(self, count: int) -> Tensor:
        """Where the next tokens of each row will stand, (B, count), on the CPU."""
        return self.lengths[:, None] + torch.arange(count)

    def indices_of_next(self, count: int) -> Indices:
        """Where the keys of the next tokens of each row, (B, G, count, D), stand in those of a layer."""
        start = int(self.lengths[0])
        if (self.lengths == start).all():
            return slice(None), slice(None), slice(start, start + count)  # of all, this is the fastest to write to
        _, B, G, _, _ = self.keys.shape
        indices = torch.arange(B)[:, None, None], torch.arange(G)[:, None], self.positions_of_next(count)[:, None]
        return tuple(index.to(self.keys.device) for index in indices)

    def append(self, layer: int, keys: Tensor, values: Tensor, indices: Indices, end: int) -> tuple[Tensor, Tensor]:
        """Store (B, G, T, D) in a layer; return the layer's first `end` positions, (B, G, end, D)."""
        self.keys[layer][indices] = keys.to(self.keys.dtype)
        self.values[layer][indices] = values.to(self.values.dtype)
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


@dataclass(frozen=True)
class Place:
    """Where the tokens of a forward pass stand, and what they may look at; the same for every layer."""

    rotation: tuple[Tensor, Tensor]  # cosines and sines of the positions
    mask: Tensor | None  # true where a position may look; None: at itself and all before it
    cache: KeyValueCache | None = None
    indices: Indices = ()  # of the tokens in the cache
    end: int = 0  # cached positions to read


class GPT(nn.Module):
    """Embedding, layers, final norm, head."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.n_embd)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layer))
        self.norm = RMSNorm(config.n_embd, config.norm_eps)
        self.head = Linear(config.n_embd, config.vocab_size)
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
        place = self.place_after(cache, tokens) if cache else self.place_at_start(tokens)
        x = self.embedding(tokens)  # (B, T) -> (B, T, C)
        for index, layer in enumerate(self.layers):
            x = layer(x, place, index)
        if cache:
            cache.lengths += tokens.size(1)
        return self.norm(x)

    def place_at_start(self, tokens: Tensor) -> Place:
        """Tokens (B, T) that begin a text."""
        length = tokens.size(1)
        self.require_room(length)
        mask = None
        if needs_mask(tokens.device.type, training=torch.is_grad_enabled()):
            mask = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
        return Place((self.cos[:length], self.sin[:length]), mask)

    def place_after(self, cache: KeyValueCache, tokens: Tensor) -> Place:
        """Tokens (B, T) that go on after the cached ones, each row from its own position."""
        positions = cache.positions_of_next(tokens.size(1))
        last = int(positions.max())
        self.require_room(last + 1)
        end = CACHE_BLOCK * (last // CACHE_BLOCK + 1)
        positions = positions.to(tokens.device)
        mask = torch.arange(end, device=tokens.device) <= positions[:, None, :, None]  # (B, 1, T, end)
        rotation = self.cos[positions].unsqueeze(1), self.sin[positions].unsqueeze(1)  # (B, 1, T, D)
        return Place(rotation, mask, cache, cache.indices_of_next(tokens.size(1)), end)

    def require_room(self, length: int) -> None:
        if length > self.config.block_size:
            raise ValueError(f"{length} positions are more than the block size of {self.config.block_size}")


def needs_mask(device_type: str, training: bool) -> bool:
    """Whether causal attention must be written out: outside training `is_causal` in half precision has let
    positions on mps see what follows them."""
    return device_type == "mps" and not training


class Linear(nn.Linear):
    """A matrix without bias, (out, in), whose products with few vectors keep all cores of a CPU busy.

    The library's product with one vector runs on one core; with the matrix in parts, each has work to do.
    Measured on two cores with 24,000 x 384: 0.7 ms instead of 3.6 for one vector, 4.1 instead of 6.2 for 16.
    """

    def __init__(self, in_features: int, out_features: int):
        super().__init__(in_features, out_features, bias=False)
        self.parts = math.gcd(out_features, MATRIX_PARTS)

    def forward(self, x: Tensor) -> Tensor:
        count = x.numel() // self.in_features
        if count > FEW_VECTORS or self.parts == 1 or not x.is_cpu or torch.is_grad_enabled():
            return super().forward(x)
        matrices = self.weight.view(self.parts, -1, self.in_features)
        vectors = x.reshape(count, -1).t().expand(self.parts, -1, -1)  # (parts, in, count)
        products = torch.bmm(matrices, vectors)  # (parts, out / parts, count)
        return products.view(-1, count).t().reshape(*x.shape[:-1], -1)


class Layer(nn.Module):
    """Attention, then feed-forward, each on a normed copy whose result is added to the residual stream."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.attention_norm = RMSNorm(config.n_embd, config.norm_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.n_embd, config.norm_eps)
        self.feed_forward = FeedForward(config)
        self.dropout = nn.Dropout(config.dropout) if config.dropout else nn.Identity()

    def forward(self, x: Tensor, place: Place, index: int) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), place, index))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class Attention(nn.Module):
    """Every position asks (query), is asked (key) and answers (value); it hears only earlier ones and itself."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.n_head, self.n_kv_head, self.head_dim = config.n_head, config.n_kv_head, config.head_dim
        self.q_proj = Linear(config.n_embd, config.n_head * config.head_dim)
        self.k_proj = Linear(config.n_embd, config.n_kv_head * config.head_dim)
        self.v_proj = Linear(config.n_embd, config.n_kv_head * config.head_dim)
        self.o_proj = Linear(config.n_head * config.head_dim, config.n_embd)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)

    def forward(self, x: Tensor, place: Place, index: int) -> Tensor:
        B, T, _ = x.shape
        x = in_product_dtype(x)
        q = self.q_norm(self.q_proj(x).view(B, T, self.n_head, self.head_dim)).transpose(1, 2)  # (B, H, T, D)
        k = self.k_norm(self.k_proj(x).view(B, T, self.n_kv_head, self.head_dim)).transpose(1, 2)  # (B, G, T, D)
        v = self.v_proj(x).view(B, T, self.n_kv_head, self.head_dim).transpose(1, 2)  # (B, G, T, D)
        q, k = rotate(q, *place.rotation).to(v.dtype), rotate(k, *place.rotation).to(v.dtype)
        if place.cache:
            k, v = place.cache.append(index, k, v, place.indices, place.end)  # (B, G, end, D)
        if x.device.type == "mps":  # which has computed wrongly with strides
            q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
        attend = attend_with_few if place.cache and T <= FEW_VECTORS else attend_with_many
        y = attend(q.to(k.dtype), k, v, place.mask)
        y = y.transpose(1, 2).reshape(B, T, -1)  # (B, H, T, D) -> (B, T, H * D)
        return self.o_proj(y)


def attend_with_many(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention, (B, H, T, D), of queries (B, H, T, D) to keys and values (B, G, end, D), by the library's kernels."""
    if k.size(1) < q.size(1):
        k = k.repeat_interleave(q.size(1) // k.size(1), dim=1)  # (B, G, end, D) -> (B, H, end, D)
        v = v.repeat_interleave(q.size(1) // v.size(1), dim=1)
    if mask is None and q.device.type == "cpu" and torch.is_grad_enabled():
        return attend_in_blocks(q, k, v)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)


def attend_with_few(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Attention, (B, H, T, D), of few queries (B, H, T, D) to many keys and values (B, G, end, D), by the definition.

    `F.scaled_dot_product_attention` copies the whole cache when it scales the keys, which took a fifth of the
    time of 16 texts at once; for many queries, as in a prompt of 1,024 tokens, it is faster by a quarter.
    Queries that share a head of keys stand below each other, so that no head is copied either.
    """
    B, H, T, D = q.shape
    G, end = k.size(1), k.size(2)
    q = (q * D**-0.5).reshape(B, G, H // G * T, D)
    scores = (q @ k.transpose(-1, -2)).view(B, H, T, end)
    scores = scores.where(mask, -math.inf)
    return (scores.softmax(-1).view(B, G, H // G * T, end) @ v).view(B, H, T, D)


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
        self.gate_proj = Linear(config.n_embd, config.n_hidden)
        self.up_proj = Linear(config.n_embd, config.n_hidden)
        self.down_proj = Linear(config.n_hidden, config.n_embd)

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
    """Cosines and signed sines, (block_size, D) each, of rotary positions (Su et al., 2021).

    The number i of the first half of a head and the number i of its second half are one pair, turned by
    position * theta^(-2i/D). The sines of the first half are negative, as `rotate` needs them.
    """
    frequencies = config.rope_theta ** (-torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim)
    angles = torch.arange(config.block_size, dtype=torch.float32)[:, None] * frequencies  # (block_size, D / 2)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)  # (block_size, D)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of x, (B, heads, T, D), by its position's angle: (a, b) becomes (a cos - b sin, b cos + a sin)."""
    return x * cos + x.roll(x.size(-1) // 2, dims=-1) * sin
