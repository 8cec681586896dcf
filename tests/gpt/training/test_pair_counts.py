"""The start from pair counts, on a text whose pairs are known."""

from gpt.model import GPT, GPTConfig
from gpt.training.pair_counts import (
    COUNTED_TOKENS,
    PairCounts,
    SparseMatrix,
    embed,
    log_ratios,
    start_from_counts,
    start_from_pairs,
)

import numpy as np
import pytest
import torch
import torch.nn.functional as F

VOCABULARY = 40
SHAPE = {"n_layer": 2, "n_head": 2, "n_kv_head": 2, "n_embd": 32, "head_dim": 16, "n_hidden": 32}
CONFIG = GPTConfig(vocab_size=VOCABULARY, block_size=16, **SHAPE)


def cyclic_text(length: int = 4000) -> np.ndarray:
    """A text in which token n is followed by n + 1 nine times of ten."""
    random = np.random.default_rng(0)
    tokens = np.zeros(length, dtype=np.uint16)
    for at in range(1, length):
        tokens[at] = (tokens[at - 1] + 1) % VOCABULARY if random.random() < 0.9 else random.integers(VOCABULARY)
    return tokens


def loss_of(model: GPT, tokens: np.ndarray) -> float:
    rows = torch.from_numpy(tokens[: len(tokens) // 16 * 16].astype(np.int64)).view(-1, 16)
    with torch.no_grad():
        return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()).item()


def test_pairs_are_counted():
    pairs = PairCounts.of(np.array([3, 1, 3, 1, 2], dtype=np.uint16), 4)
    assert list(zip(pairs.first, pairs.second, pairs.count, strict=True)) == [(1, 2, 1), (1, 3, 1), (3, 1, 2)]


def test_a_long_text_is_counted_in_stretches_from_all_over_it():
    tokens = np.zeros(COUNTED_TOKENS + 5_000_000, dtype=np.uint8)
    tokens[-1_000_000:] = 1
    pairs = PairCounts.of(tokens, 2)
    assert pairs.count.sum() <= COUNTED_TOKENS
    share = pairs.count[(pairs.first == 1) & (pairs.second == 1)].sum() / pairs.count.sum()
    assert share == pytest.approx(0.04, abs=0.01)


def test_a_sparse_product_is_the_dense_one():
    generator = torch.Generator().manual_seed(1)
    dense = torch.randn(5, 5, generator=generator) * (torch.rand(5, 5, generator=generator) < 0.4)
    rows, columns = np.nonzero(dense.numpy())
    shuffled = np.random.default_rng(0).permutation(len(rows))
    matrix = SparseMatrix.of(rows[shuffled], columns[shuffled], dense[rows[shuffled], columns[shuffled]], 5)
    other = torch.randn(5, 3, generator=generator)
    torch.testing.assert_close(matrix.times(other), dense @ other)


def test_an_embedding_of_full_rank_is_the_left_factor_of_the_decomposition():
    pairs = PairCounts.of(cyclic_text(), VOCABULARY)
    row, column = (pairs.first_counts() + 1).sqrt(), (pairs.second_shares() * VOCABULARY).sqrt()
    matrix = torch.zeros(VOCABULARY, VOCABULARY)
    matrix[pairs.first, pairs.second] = log_ratios(pairs)
    left, values, _ = torch.linalg.svd(row[:, None] * matrix * column)
    expected = F.normalize(left * values.sqrt(), dim=1)
    found = F.normalize(embed(pairs, VOCABULARY), dim=1)
    torch.testing.assert_close(found @ found.t(), expected @ expected.t(), atol=1e-3, rtol=0)


def test_a_new_model_predicts_the_next_token_from_the_current_one_before_any_training():
    model, text = GPT(CONFIG), cyclic_text()
    counts = torch.from_numpy(np.bincount(text, minlength=VOCABULARY))
    start_from_counts(model, counts)
    from_counts = loss_of(model, cyclic_text())
    start_from_pairs(model, PairCounts.of(text, VOCABULARY))
    assert from_counts > 3.5  # nearly the logarithm of 40
    assert loss_of(model, cyclic_text()) < 2.0


def test_a_vocabulary_that_is_smaller_than_the_width_is_possible():
    model = GPT(GPTConfig(vocab_size=8, block_size=16, **SHAPE))
    start_from_pairs(model, PairCounts.of(np.arange(100, dtype=np.uint16) % 8, 8))
    assert model(torch.arange(7)[None]).argmax(-1).tolist() == [[1, 2, 3, 4, 5, 6, 7]]


def test_tied_embeddings_stay_as_they_are():
    model = GPT(GPTConfig(vocab_size=VOCABULARY, block_size=16, **SHAPE, tie_embeddings=True))
    before = model.embedding.weight.clone()
    start_from_pairs(model, PairCounts.of(cyclic_text(), VOCABULARY))
    assert torch.equal(model.embedding.weight, before)
