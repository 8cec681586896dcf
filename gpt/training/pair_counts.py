"""Start from pair counts: an embedding and a head that know, before any training, which token follows which.

A transformer without its layers predicts the next token from the current one alone: the logits are a product of two
narrow matrices, embedding and head. The best such product need not be learned step by step. Count the pairs of
neighbouring tokens; the logarithm of how much more often a pair occurs than chance would have it is the matrix to
approximate (Levy and Goldberg, 2014), and a truncated singular value decomposition gives the best narrow factors.

Measured on 12 MB of petitions, 8,192 tokens, width 256: 1.88 bits per byte before the first step, where counts of
single tokens give 2.18.
"""

import math
from dataclasses import dataclass

from gpt.model import GPT, GPTConfig

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

CONSTANT = 4.0  # of the number in each embedding that serves as the input of a bias; the others are about 1
SMOOTHING = 50.0  # occurrences that chance is given; 10 gave 1.630 bits per byte after 250 steps instead of 1.624
COUNTED_TOKENS = 20_000_000  # of a longer text, a sample is enough
COUNTED_PIECES = 200  # stretches of text that the sample consists of
EXTRA_DIRECTIONS = 16  # beyond the wanted ones, which make the random projection accurate
POWER_ITERATIONS = 3
RIDGE = 1e-3  # share of the mean variance; keeps the regression from dividing by almost nothing

Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PairCounts:
    """How often each pair of neighbouring tokens occurs in a text: parallel arrays, sorted by pair."""

    first: Array
    second: Array
    count: Array
    vocab_size: int

    @classmethod
    def of(cls, tokens: npt.NDArray[np.integer], vocab_size: int) -> "PairCounts":
        """Count the pairs of a text, or of stretches from all over it if it is long."""
        pieces = min(COUNTED_PIECES, 1 + len(tokens) // (COUNTED_TOKENS // COUNTED_PIECES))
        length = min(COUNTED_TOKENS, len(tokens)) // pieces
        starts = np.linspace(0, len(tokens) - length, pieces).astype(np.int64)
        pairs: list[Array] = []
        for start in starts:
            piece = tokens[start : start + length].astype(np.int64)
            pairs.append(piece[:-1] * vocab_size + piece[1:])
        pair, count = np.unique(np.concatenate(pairs), return_counts=True)
        return cls(pair // vocab_size, pair % vocab_size, count, vocab_size)

    def first_counts(self) -> Tensor:
        """How often each token is the first of a pair, (V,)."""
        return torch.from_numpy(np.bincount(self.first, self.count, self.vocab_size)).float()

    def second_shares(self) -> Tensor:
        """The share of each token among the second ones, (V,); none is zero."""
        counts = torch.from_numpy(np.bincount(self.second, self.count, self.vocab_size)).float() + 0.5
        return counts / counts.sum()


def constant_after_norm(config: GPTConfig) -> float:
    """What a norm makes of the constant, in an embedding whose other numbers are about 1."""
    return CONSTANT / math.sqrt((config.n_embd - 1 + CONSTANT**2) / config.n_embd)


@torch.no_grad()
def start_from_counts(model: GPT, counts: Tensor) -> None:
    """Let a new model predict every token as often as it occurs: counts (V,), of any text like its own.

    One number of each embedding becomes a constant, which the head reads as a bias. Every run learns this much
    first; measured on two cores, it took the first tenth of a run of two minutes. An embedding that is tied to the
    head keeps its random numbers: the head's column would be the constant itself.
    """
    if model.config.tie_embeddings:
        return
    logarithms = (counts.float() + 0.5).log()
    model.embedding.weight[:, 0] = CONSTANT
    bias = (logarithms - logarithms.mean()) / constant_after_norm(model.config)
    model.head.weight[:, 0] = bias.to(model.head.weight)


@torch.no_grad()
def start_from_pairs(model: GPT, pairs: PairCounts) -> None:
    """Set embedding and head of a new model from pair counts; its layers must still add nothing.

    An embedding that is tied to the head keeps its random numbers: the pairs need two different matrices.
    """
    if model.config.tie_embeddings:
        return
    model.embedding.weight[:, 0] = CONSTANT
    model.embedding.weight[:, 1:] = embed(pairs, model.config.n_embd - 1).to(model.embedding.weight.device)
    normed = model.norm(model.embedding.weight).cpu()  # (V, C), what the head sees of each token
    head = regress(log_ratios(pairs), pairs, normed)
    logarithms = pairs.second_shares().log()
    head[:, 0] += (logarithms - logarithms.mean()) / normed[:, 0].mean()  # the constant column: a bias
    model.head.weight.copy_(head)


@dataclass(frozen=True)
class SparseMatrix:
    """A matrix that is mostly zeros, by rows: the columns and values of row i begin at row_starts[i]."""

    row_starts: Tensor
    columns: Tensor
    values: Tensor

    @classmethod
    def of(cls, rows: Array, columns: Array, values: Tensor, size: int) -> "SparseMatrix":
        """The matrix (size, size) with these entries, in any order."""
        order = np.lexsort((columns, rows))
        starts = np.searchsorted(rows[order], np.arange(size))
        return cls(torch.from_numpy(starts), torch.from_numpy(columns[order]), values[torch.from_numpy(order)])

    def times(self, dense: Tensor) -> Tensor:
        """The product with a dense matrix: each row of it is a weighted sum of rows of `dense`.

        An embedding bag computes just that, on every device and on all cores; products of torch's own sparse
        matrices were no faster, or ten times slower by entries (COO).
        """
        product: Tensor = F.embedding_bag(
            self.columns, dense, self.row_starts, mode="sum", per_sample_weights=self.values
        )
        return product


def log_ratios(pairs: PairCounts) -> Tensor:
    """How much likelier each pair is than chance, in nats, (pairs,); a pair that does not occur has 0.

    Of c occurrences where chance expects e: the logarithm of (c + s e) / (s e), for a smoothing s.
    """
    return torch.log1p(torch.from_numpy(pairs.count) / (SMOOTHING * pairs.second_shares()[pairs.second]))


def embed(pairs: PairCounts, rank: int) -> Tensor:
    """An embedding (V, rank) of which log_ratios is nearly a linear function; the root mean square of a row is 1.

    The left factor of a truncated singular value decomposition in which frequent tokens weigh more, by the method
    of Halko, Martinsson and Tropp (2011): a few products with a random narrow matrix find the main directions.
    """
    size, first_counts = pairs.vocab_size, pairs.first_counts()
    row_weights, column_weights = (first_counts + 1).sqrt(), (pairs.second_shares() * size).sqrt()
    values = log_ratios(pairs) * row_weights[pairs.first] * column_weights[pairs.second]
    matrix = SparseMatrix.of(pairs.first, pairs.second, values, size)
    transposed = SparseMatrix.of(pairs.second, pairs.first, values, size)
    generator = torch.Generator().manual_seed(0)
    basis = matrix.times(torch.randn(size, min(size, rank + EXTRA_DIRECTIONS), generator=generator))
    for _ in range(POWER_ITERATIONS):
        basis = matrix.times(orthonormal(transposed.times(orthonormal(basis))))
    basis = orthonormal(basis)  # (V, rank + EXTRA_DIRECTIONS)
    projected = transposed.times(basis)
    directions, squares, _ = torch.linalg.svd(projected.t() @ projected)
    embedding: Tensor = (basis @ directions * squares.pow(0.25))[:, :rank]  # U S^0.5, (V, rank)
    if embedding.size(1) < rank:  # a vocabulary that is smaller than the width
        embedding = F.pad(embedding, (0, rank - embedding.size(1)))
    embedding = embedding * torch.rsqrt(embedding.pow(2).mean(1, keepdim=True) + 1e-12)
    unseen = first_counts == 0
    embedding[unseen] = torch.randn(int(unseen.sum()), rank, generator=generator)
    return embedding


def orthonormal(matrix: Tensor) -> Tensor:
    """An orthonormal basis of the columns of a matrix."""
    basis: Tensor = torch.linalg.qr(matrix).Q
    return basis


def regress(values: Tensor, pairs: PairCounts, inputs: Tensor) -> Tensor:
    """The head (V, C) whose products with the inputs (V, C) come nearest to a matrix with these values for the pairs.

    Ridge regression, in which a token weighs as much as it occurs: the solution of (X' w X + r) head' = X' w M.
    """
    weighted = inputs * pairs.first_counts()[:, None]
    gram = inputs.t() @ weighted  # (C, C)
    gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram))
    transposed = SparseMatrix.of(pairs.second, pairs.first, values, pairs.vocab_size)
    head: Tensor = torch.linalg.solve(gram, transposed.times(weighted).t()).t()
    return head
