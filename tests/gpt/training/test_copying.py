"""The start with copying: a model that has never learned anything continues a text that repeats itself."""

from dataclasses import replace

from gpt.model import GPT, GPTConfig
from gpt.training.copying import start_with_copying, why_not
from gpt.training.evaluation import measure_copying
from gpt.training.pair_counts import PairCounts, start_from_counts, start_from_pairs

import numpy as np
import pytest
import torch

VOCABULARY = 300
CONFIG = GPTConfig(
    vocab_size=VOCABULARY, block_size=512, n_layer=2, n_head=4, n_kv_head=4, n_embd=256, head_dim=64, n_hidden=64
)
SHAPES = {
    "plain": CONFIG,
    "grouped-query": replace(CONFIG, n_kv_head=2),
    "one head of keys": replace(CONFIG, n_kv_head=1),
    "two heads": replace(CONFIG, n_head=2, n_kv_head=2, head_dim=128),
    "default width": replace(CONFIG, n_layer=3, n_head=6, n_kv_head=6, n_embd=384),
    "short rows, lower base": replace(CONFIG, block_size=128, rope_theta=100_000.0),
}
FIRST_TOKEN = 0


def random_text() -> np.ndarray:
    """Samples of random tokens, each of which begins with FIRST_TOKEN; a few tokens are frequent."""
    random = np.random.default_rng(0)
    tokens = (VOCABULARY * random.random(40_000) ** 2).astype(np.uint16)
    tokens[::200] = FIRST_TOKEN
    return tokens


def new_model(config: GPTConfig, with_copying: bool = True) -> GPT:
    torch.manual_seed(0)
    model, text = GPT(config).eval(), random_text()
    counts = torch.from_numpy(np.bincount(text, minlength=VOCABULARY))
    start_from_counts(model, counts)
    start_from_pairs(model, PairCounts.of(text, VOCABULARY))
    if with_copying:
        start_with_copying(model, counts, FIRST_TOKEN)
    return model


def accuracy_of(model: GPT) -> float:
    return measure_copying(model, torch.ones(VOCABULARY, dtype=torch.int64), torch.float32)


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES.keys())
def test_a_repeated_random_sequence_is_continued_before_any_training(config: GPTConfig):
    assert accuracy_of(new_model(config, with_copying=False)) < 0.05
    assert accuracy_of(new_model(config)) > 0.8


def test_where_nothing_matches_the_heads_change_little():
    without, copying = new_model(CONFIG, with_copying=False), new_model(CONFIG)
    row = torch.arange(200)[None]  # every token once, the first token first
    with torch.no_grad():
        change = (copying(row) - without(row)).std(-1)
    assert change[0, 5:].mean() < 1.0  # nats, of the 16 that a copied token gains


def test_an_embedding_that_is_random_copies_as_well():
    model = GPT(CONFIG).eval()
    counts = torch.from_numpy(np.bincount(random_text(), minlength=VOCABULARY))
    start_from_counts(model, counts)
    start_with_copying(model, counts, FIRST_TOKEN)
    assert accuracy_of(model) > 0.8


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (replace(CONFIG, n_layer=1), "two layers"),
        (replace(CONFIG, n_head=1, n_kv_head=1), "two heads"),
        (replace(CONFIG, tie_embeddings=True), "TIE_EMBEDDINGS"),
        (replace(CONFIG, n_embd=64, head_dim=16), "too narrow"),
        (replace(CONFIG, rope_theta=100.0), "too long"),
    ],
)
def test_a_model_that_cannot_says_why(config: GPTConfig, reason: str):
    assert reason in why_not(config)
    with pytest.raises(ValueError, match=reason):
        start_with_copying(GPT(config), torch.ones(VOCABULARY), FIRST_TOKEN)
