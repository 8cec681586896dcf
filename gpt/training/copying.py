"""Start with copying: attention heads, written by hand, that find an earlier place like this one and copy what follows.

An answer repeats its document, so the ability that it needs first is to copy. By itself it appears only after tens of
millions of tokens, as an "induction circuit" of two layers (Elhage et al., 2021; Olsson et al., 2022). This is the
circuit, in the weights of an ordinary transformer, which training then goes on to change:

- Layer 0: heads that attend to the token 1, 2 or 3 positions before, and write it into free directions of the stream.
  From then on, every position knows its predecessors.
- Layer 1: heads that compare the current tokens with the predecessors of every earlier position. Where they agree, the
  token at that position is what followed the last time; the heads write it into other free directions. The first
  head compares one token, the second two, the third three: a longer match is rarer and surer. Where nothing agrees,
  they rest on the first token of the sample, which writes nothing.
- The head of the model reads the copied token there, and raises its logit.

Measured on samples of petitions of at most 512 tokens (4 layers of width 256), nats per token of grounded answers in
the held-out set, after 0 and 60 steps of 4,096 tokens: 6.2 and 5.6 from pair counts alone, 1.4 and 0.95 with copying.
"""

import math
from dataclasses import dataclass

from gpt.attention import Attention
from gpt.model import GPT, GPTConfig
from gpt.training.pair_counts import constant_after_norm

import torch
import torch.nn.functional as F
from torch import Tensor

# Each figure: grounded answers of the text above, in nats per token.
LONGEST_MATCH = 3  # tokens, and heads in both layers; 2: 1.17 after 60 steps instead of 0.98
MATCH_SHARE = 20 / 256  # of the width, for each predecessor; 24: 1.63 at the start instead of 1.38, 16: 1.42
COPIED_SHARE = 56 / 256  # of the width, for the copied token; 40: 1.51 at the start instead of 1.38
LEAST_NUMBERS = 8  # needed to tell tokens apart; with fewer, different tokens look alike
GAIN = 2.0  # of the norms of queries and keys; with 1.6 the token before gets 0.92 of the attention, with 2.0 0.995
STRENGTH = 1.5  # of what is written, in the scale of the embedding; 3: 3.8 at the start where 1.5 gave 2.8
BOOST = 16.0  # nats that a copied token gains; 8: 1.63 after 60 steps where 12 gave 1.44 (16: 1.21, 12: 1.28)
REST = 0.7  # share of a whole match from which on a head does not rest; 0.9: 5.2 at the start where 0.7 gave 4.8
REST_KEY = 4.0  # how much the key of the first token is for resting, in whole matches
HOLD = 3.0  # scale of queries and keys: the norm takes it out again, but steps turn a longer vector less
# Frequent tokens weigh more in what counts as a direction in use; all alike: 4.8 at the start, by their number 3.0,
# by its power of 1.25 2.4.
FREQUENCY_POWER = 1.25


def why_not(config: GPTConfig) -> str:
    """Why a model of this shape cannot start with copying; empty where it can."""
    if config.tie_embeddings:
        return "with TIE_EMBEDDINGS no matrix is free to read what was copied"
    if config.n_layer < 2 or config.n_head < 2:
        return "that takes two layers of two heads"
    if match_numbers(config) < LEAST_NUMBERS:
        return "its heads are too narrow to tell tokens apart, or BLOCK_SIZE is too long for its rope_theta"
    return ""


@torch.no_grad()
def start_with_copying(model: GPT, counts: Tensor, first_token: int) -> None:
    """Write the circuit into a new model, whose layers must still add nothing.

    counts (V,) are of the training text; `first_token` is the one that begins every sample. Raises ValueError where
    `why_not` has a reason.
    """
    config = model.config
    if reason := why_not(config):
        raise ValueError(reason)
    embedding = model.norm(model.embedding.weight).cpu()  # (V, C), as the first layer reads it
    numbers, copied_numbers = match_numbers(config), copy_numbers(config)
    lengths = range(1, match_count(config) + 1)
    directions = Directions.of(embedding, counts, used_for_writing=len(lengths) * numbers + copied_numbers)
    generator = torch.Generator().manual_seed(0)
    read = directions.reader(numbers, generator)  # (numbers, C): tells tokens apart
    predecessors = [directions.writer((length - 1) * numbers, numbers) for length in lengths]  # (C, numbers) each
    first, second = model.attention_of(0), model.attention_of(1)
    write_predecessor_heads(first, config, read, predecessors, float(embedding[:, 0].mean()))

    copied = without(directions.reader(copied_numbers, generator), embedding[first_token])
    target = directions.writer(len(lengths) * numbers, copied_numbers)  # (C, copied_numbers)
    rest = directions.detector(embedding[first_token])  # (C,)
    write_matching_heads(second, config, read, predecessors, rest, copied, target)

    tokens = embedding @ copied.t()  # (V, copied_numbers), what the head finds when a token was copied
    lengths_of_tokens = tokens.norm(dim=1, keepdim=True)
    typical = lengths_of_tokens[counts.argsort(descending=True)[:1000]].mean()
    tokens = tokens * (typical / lengths_of_tokens.clamp(min=0.1 * typical))  # or rare tokens would win everywhere
    model.head.weight += (BOOST / (copied_numbers * STRENGTH) * tokens @ target.t()).to(model.head.weight)


def match_count(config: GPTConfig) -> int:
    """How many heads copy: each compares one token more than the one before."""
    return min(LONGEST_MATCH, config.n_head)


def match_numbers(config: GPTConfig) -> int:
    """How many numbers two tokens are compared by; one more number of a head is reserved for resting."""
    return min(round(MATCH_SHARE * config.n_embd), len(slow_places(config)) - 1, config.head_dim)


def copy_numbers(config: GPTConfig) -> int:
    """How many numbers represent a copied token."""
    return min(round(COPIED_SHARE * config.n_embd), config.head_dim)


def turns(config: GPTConfig) -> Tensor:
    """By how much each pair of numbers of a head turns from one position to the next, (D / 2,), in radians."""
    return config.rope_theta ** (-torch.arange(0, config.head_dim, 2) / config.head_dim)


def slow_places(config: GPTConfig) -> list[int]:
    """The numbers of a head that rotary positions hardly turn: less than one radian over a whole row, slowest first.

    Comparisons must not depend on the distance. That is why rope_theta is a million, as in Qwen3: with 10,000 a head
    of 64 numbers has 14 such places for a row of 1,024 tokens, with a million 30.
    """
    half = config.head_dim // 2
    slow = [pair for pair in reversed(range(half)) if turns(config)[pair] * config.block_size < 1]
    return [place for pair in slow for place in (pair, pair + half)]


@dataclass(frozen=True)
class Directions:
    """The directions of the embedding space, apart from its constant column, by how much the text uses them."""

    mean: Tensor  # (C - 1,) of the embedding
    constant: float  # the constant column
    free: Tensor  # (C - 1, W) with the least variance: to write into
    used: Tensor  # (C - 1, R) the others: to read tokens from
    variance: Tensor  # (R,) of the latter

    @classmethod
    def of(cls, embedding: Tensor, counts: Tensor, used_for_writing: int) -> "Directions":
        """The directions of an embedding (V, C); frequent tokens weigh more in them."""
        weights = (counts.double() + 1).pow(FREQUENCY_POWER).float()
        weights = (weights / weights.sum())[:, None]
        tokens = embedding[:, 1:]
        mean = (weights * tokens).sum(0)
        centred = tokens - mean
        variance, vectors = torch.linalg.eigh(centred.t() @ (weights * centred))  # from the smallest
        free, used = vectors[:, :used_for_writing], vectors[:, used_for_writing:]
        return cls(mean, float(embedding[:, 0].mean()), free, used, variance[used_for_writing:].clamp(min=1e-6))

    def reader(self, numbers: int, generator: torch.Generator) -> Tensor:
        """A matrix (numbers, C) that turns a token into independent numbers of mean 0 and variance 1.

        Random mixtures of all used directions, each divided by its standard deviation: without that, the few
        directions in which all tokens differ most would decide alone, and similar tokens would pass for equal.
        """
        mixture = torch.linalg.qr(torch.randn(self.used.size(1), numbers, generator=generator)).Q.t()
        return self._centred(mixture @ (self.variance.rsqrt()[:, None] * self.used.t()))

    def writer(self, start: int, numbers: int) -> Tensor:
        """A matrix (C, numbers) that adds numbers to the stream in free directions of their own."""
        matrix = torch.zeros(len(self.mean) + 1, numbers)
        matrix[1:] = self.free[:, start : start + numbers]
        return matrix

    def detector(self, token: Tensor) -> Tensor:
        """A vector (C,) whose product is 1 with the embedding of this token, (C,), and near 0 with the others."""
        deviation = token[1:] - self.mean
        vector = self.used @ (self.used.t() @ deviation / self.variance)  # Fisher's linear discriminant
        return self._centred((vector / (vector @ deviation))[None])[0]

    def _centred(self, matrix: Tensor) -> Tensor:
        """The matrix (N, C - 1) with one column more, which takes the mean away by way of the constant column."""
        return torch.cat([-(matrix @ self.mean)[:, None] / self.constant, matrix], dim=1)


def write_predecessor_heads(
    attention: Attention, config: GPTConfig, read: Tensor, predecessors: list[Tensor], constant: float
) -> None:
    """Layer 0: the head for a distance attends to the position so far back, and writes its token there.

    Queries and keys read only the constant column, so that the rotation alone decides: the key is the same
    everywhere, and the query is turned back by the distance. Fast pairs of numbers tell neighbours apart, and weigh
    more.
    """
    turn = turns(config)
    key = torch.cat([turn.sqrt(), torch.zeros_like(turn)]) / constant
    for head, target in enumerate(predecessors):
        angle = (head + 1) * turn
        query = torch.cat([turn.sqrt() * angle.cos(), -turn.sqrt() * angle.sin()]) / constant
        start = head * config.head_dim
        key_start = key_head_of(head, config) * config.head_dim
        write_rows(attention.q_proj.weight, start, constant_column(query, config))
        write_rows(attention.k_proj.weight, key_start, constant_column(key, config))
        attention.v_proj.weight[key_start : key_start + len(read)] = read.to(attention.v_proj.weight)
        attention.o_proj.weight[:, start : start + len(read)] = (STRENGTH * target).to(attention.o_proj.weight)
    attention.q_norm.weight.fill_(GAIN)
    attention.k_norm.weight.fill_(GAIN)


def write_matching_heads(
    attention: Attention,
    config: GPTConfig,
    read: Tensor,
    predecessors: list[Tensor],
    rest: Tensor,
    copied: Tensor,
    target: Tensor,
) -> None:
    """Layer 1: a head for each length of a match finds what followed these tokens, and writes that token.

    A head of keys serves one length. Where there are fewer of them than lengths, the longest matches get them.
    """
    places = slow_places(config)
    lengths = range(1, len(predecessors) + 1)[-config.n_kv_head :]
    for key_head, length in enumerate(lengths):
        numbers = min(len(read), (len(places) - 1) // length)
        query, key = torch.zeros(2, config.head_dim, config.n_embd)
        for back in range(length):
            chosen = places[1 + back * numbers : 1 + (back + 1) * numbers]
            query[chosen] = (predecessors[back - 1].t() / STRENGTH if back else read)[:numbers]
            key[chosen] = predecessors[back].t()[:numbers]
        whole_match = math.sqrt(length * numbers)
        query[places[0]] = REST * whole_match * constant_unit(config)
        key[places[0]] = REST_KEY * STRENGTH * whole_match * rest
        start = key_head * (config.n_head // config.n_kv_head) * config.head_dim
        key_start = key_head * config.head_dim
        write_rows(attention.q_proj.weight, start, query)
        write_rows(attention.k_proj.weight, key_start, key)
        attention.v_proj.weight[key_start : key_start + len(copied)] = copied.to(attention.v_proj.weight)
        share = 2 * STRENGTH / len(lengths) * target
        attention.o_proj.weight[:, start : start + len(copied)] = share.to(attention.o_proj.weight)
    attention.q_norm.weight.fill_(GAIN)
    attention.k_norm.weight.fill_(GAIN)


def key_head_of(head: int, config: GPTConfig) -> int:
    """The head of keys and values that a head of queries uses."""
    return head // (config.n_head // config.n_kv_head)


def constant_unit(config: GPTConfig) -> Tensor:
    """A vector (C,) that reads the constant column as about 1."""
    return constant_column(torch.ones(1), config)[0] / constant_after_norm(config)


def constant_column(values: Tensor, config: GPTConfig) -> Tensor:
    """A matrix (N, C) that reads nothing but the constant column, with these values (N,)."""
    return F.pad(values[:, None], (0, config.n_embd - 1))


def write_rows(weight: Tensor, start: int, rows: Tensor) -> None:
    """Replace rows of a projection of queries or keys."""
    weight[start : start + len(rows)] = (HOLD * rows).to(weight)


def without(reader: Tensor, token: Tensor) -> Tensor:
    """The reader (N, C), blind to one token (C,): the direction in which it would read it is taken out."""
    seen = reader @ token
    return reader - torch.outer(seen / (seen @ seen), seen @ reader)
