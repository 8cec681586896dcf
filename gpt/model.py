"""The model: a decoder-only transformer of the Qwen3 shape (dense), from token ids to logits.

Token ids become vectors; in each layer every position first looks back at the earlier ones (attention), then
processes what it has read (feed-forward); the last vectors become logits, one score for each token of the
vocabulary that could come next. Its parameters carry over to `Qwen3ForCausalLM` by renaming alone.

Shapes: B sequences in the batch, T positions, C = n_embd, H query heads, G key-value heads, D = head_dim,
V = vocab_size.
"""

import math
from dataclasses import dataclass

from gpt.attention import Attention, AttentionContext, needs_mask, rotary_table
from gpt.cache import CACHE_BLOCK, KeyValueCache
from gpt.decoding_weights import DecodingWeights, Way, Weights
from gpt.layers import Linear, RMSNorm, join, products, to_product_dtype

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class GPTConfig:
    """The shape of a model. Raises ValueError when the numbers do not fit together."""

    vocab_size: int
    block_size: int = 1024  # the most positions that the model sees at once
    n_layer: int = 6
    n_head: int = 6
    n_kv_head: int = 6  # fewer than n_head: grouped-query attention (Ainslie et al., 2023)
    n_embd: int = 384
    head_dim: int = 64
    n_hidden: int = 1024  # width of the feed-forward layer
    rope_theta: float = 1_000_000.0  # as Qwen3's; checkpoints have their own
    norm_eps: float = 1e-6
    tie_embeddings: bool = False  # whether the head shares the matrix of the embedding
    dropout: float = 0.0  # share of the residual updates that training leaves out

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_kv_head", "n_embd", "head_dim", "n_hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.n_head % self.n_kv_head:
            raise ValueError(f"n_head {self.n_head} is not a multiple of n_kv_head {self.n_kv_head}")
        if self.head_dim % 2:
            raise ValueError(f"head_dim {self.head_dim} is odd; rotary positions rotate pairs of numbers")

    def parameter_count(self) -> int:
        """How many parameters a model of this shape has."""
        attention = self.n_embd * self.head_dim * 2 * (self.n_head + self.n_kv_head) + 2 * self.head_dim
        feed_forward = 3 * self.n_embd * self.n_hidden
        embeddings = self.vocab_size * self.n_embd * (1 if self.tie_embeddings else 2)
        return embeddings + self.n_layer * (attention + feed_forward + 2 * self.n_embd) + self.n_embd

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and the shape of each weight of a model of this shape, without making one."""
        attention = {
            "q_proj": (self.n_head * self.head_dim, self.n_embd),
            "k_proj": (self.n_kv_head * self.head_dim, self.n_embd),
            "v_proj": (self.n_kv_head * self.head_dim, self.n_embd),
            "o_proj": (self.n_embd, self.n_head * self.head_dim),
            "q_norm": (self.head_dim,),
            "k_norm": (self.head_dim,),
        }
        feed_forward = {
            "gate_proj": (self.n_hidden, self.n_embd),
            "up_proj": (self.n_hidden, self.n_embd),
            "down_proj": (self.n_embd, self.n_hidden),
        }
        layer: dict[str, tuple[int, ...]] = {
            "attention_norm": (self.n_embd,),
            **{f"attention.{name}": shape for name, shape in attention.items()},
            "feed_forward_norm": (self.n_embd,),
            **{f"feed_forward.{name}": shape for name, shape in feed_forward.items()},
        }
        return {
            "embedding.weight": (self.vocab_size, self.n_embd),
            **{f"layers.{number}.{name}.weight": layer[name] for number in range(self.n_layer) for name in layer},
            "norm.weight": (self.n_embd,),
            "head.weight": (self.vocab_size, self.n_embd),
        }


class GPT(nn.Module):
    """Embedding, layers, final norm, head."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.n_embd)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layer))
        self.norm = RMSNorm(config.n_embd, config.norm_eps)
        self.head = Linear(config.n_embd, config.vocab_size)
        cos, sin = rotary_table(config.block_size, config.head_dim, config.rope_theta)
        self.register_buffer("cos", cos, persistent=False)  # (block_size, D)
        self.register_buffer("sin", sin, persistent=False)
        self.initialize()
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight

    @torch.no_grad()
    def initialize(self) -> None:
        """Draw the initial weights; the matrices whose results are added to the residual stream start at zero.

        With zero output projections every layer begins as the identity, so that no random values are added to the
        stream; the scale 1/sqrt(fan_in) keeps the variance of what flows through a matrix.
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

    def attention_of(self, layer: int) -> Attention:
        """The attention of a layer, by its number."""
        attention = self.layers[layer].attention
        assert isinstance(attention, Attention)
        return attention

    def prepare_for_decoding(self, weights: Weights = "fp32") -> None:
        """Choose how few tokens at once are multiplied, on the device that the model is on; weights stay from now on.

        Parameters keep their names and values. In int8 each row of a matrix has a scale of its own.
        """
        timed: dict[torch.Size, tuple[Way, Way]] = {}
        for module in self.modules():
            if isinstance(module, Attention):
                joined = join((module.q_proj, module.k_proj, module.v_proj))
                module.qkv_joined = DecodingWeights.of(joined, weights, timed)
                module.o_proj.decoding = DecodingWeights.of(module.o_proj.weight.detach(), weights, timed)
            elif isinstance(module, FeedForward):
                joined = join((module.gate_proj, module.up_proj))
                module.gate_up_joined = DecodingWeights.of(joined, weights, timed)
                module.down_proj.decoding = DecodingWeights.of(module.down_proj.weight.detach(), weights, timed)
        self.head.decoding = DecodingWeights.of(self.head.weight.detach(), weights, timed)

    def forward(self, tokens: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """Logits (B, T, V) for the token that follows each position of tokens (B, T)."""
        logits: Tensor = self.head(self.hidden_states(tokens, cache))
        return logits

    def hidden_states(self, tokens: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """The last layer's normed vectors, (B, T, C); with a cache, tokens (B, T) continue after its positions."""
        context = self._context_after(cache, tokens) if cache else self._context_at_start(tokens)
        x: Tensor = self.embedding(tokens)  # (B, T) -> (B, T, C)
        for number, layer in enumerate(self.layers):
            x = layer(x, context, number)
        if cache:
            cache.lengths += tokens.size(1)
        hidden: Tensor = self.norm(x)
        return hidden

    def new_cache(self, batch_size: int, length: int) -> KeyValueCache:
        """An empty cache for `batch_size` texts of at most `length` positions, on the device of the weights."""
        config, weight = self.config, self.embedding.weight
        return KeyValueCache(
            config.n_layer,
            config.n_kv_head,
            config.head_dim,
            batch_size=batch_size,
            length=length,
            device=weight.device,
            dtype=weight.dtype,
        )

    def _context_at_start(self, tokens: Tensor) -> AttentionContext:
        """Of tokens (B, T) that begin a text."""
        length = tokens.size(1)
        self._require_length(length)
        mask = None
        if needs_mask(tokens.device.type, training=torch.is_grad_enabled()):
            mask = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
        return AttentionContext((self.cos[:length], self.sin[:length]), mask)

    def _context_after(self, cache: KeyValueCache, tokens: Tensor) -> AttentionContext:
        """Of tokens (B, T) that continue after the cached ones, each row from its own position."""
        positions = cache.next_positions(tokens.size(1))
        last = int(positions.max())
        self._require_length(last + 1)
        end = CACHE_BLOCK * (last // CACHE_BLOCK + 1)
        positions = positions.to(tokens.device)
        mask = torch.arange(end, device=tokens.device) <= positions[:, None, :, None]  # (B, 1, T, end)
        if tokens.is_cpu:  # whose kernel would make it numbers again in every layer
            mask = torch.zeros(mask.shape, dtype=cache.keys.dtype).masked_fill(~mask, -math.inf)
        rotation = self.cos[positions].unsqueeze(1), self.sin[positions].unsqueeze(1)  # (B, 1, T, D)
        return AttentionContext(rotation, mask, cache, cache.next_indices(tokens.size(1)), end)

    def _require_length(self, length: int) -> None:
        if length > self.config.block_size:
            raise ValueError(f"{length} positions are more than the block size of {self.config.block_size}")


class Layer(nn.Module):
    """Attention, then feed-forward, each on a normed copy whose result is added to the residual stream."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.n_embd, config.norm_eps)
        self.attention = Attention(config.n_embd, config.n_head, config.n_kv_head, config.head_dim, config.norm_eps)
        self.feed_forward_norm = RMSNorm(config.n_embd, config.norm_eps)
        self.feed_forward = FeedForward(config)
        self.dropout = nn.Dropout(config.dropout) if config.dropout else nn.Identity()

    def forward(self, x: Tensor, context: AttentionContext, number: int) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), context, number))
        x = x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))
        return x


class FeedForward(nn.Module):
    """SwiGLU (Shazeer, 2020): one projection gates the other."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.gate_proj = Linear(config.n_embd, config.n_hidden)
        self.up_proj = Linear(config.n_embd, config.n_hidden)
        self.gate_up_joined: DecodingWeights | None = None  # the two above, once the model is prepared for decoding
        self.down_proj = Linear(config.n_hidden, config.n_embd)

    def forward(self, x: Tensor) -> Tensor:
        # (B, T, C) -> (B, T, n_hidden) twice
        gate, up = products(to_product_dtype(x), (self.gate_proj, self.up_proj), self.gate_up_joined)
        x = self.down_proj(F.silu(gate) * up)  # (B, T, n_hidden) -> (B, T, C)
        return x
