"""Lesson 5: attention."""

import re

from gpt.checkpoint import load_checkpoint, model_from
from gpt.model import GPT, GPTConfig
from gpt.training.start import initialize
from lessons import attention_by_hand
from lessons.attention_by_hand import WAYS, attend_by_library, weights_of

import numpy as np
import pytest
import torch


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_every_way_gives_the_same_numbers(name, groups):
    torch.manual_seed(groups)
    q, k, v = torch.randn(4, 30, 16), *torch.randn(2, groups, 30, 16)
    if name == "matrices":
        k, v = (each.repeat_interleave(4 // groups, dim=0) for each in (k, v))
    assert torch.allclose(WAYS[name](q, k, v), attend_by_library(q, k, v), atol=1e-5)


def test_the_weights_of_a_model_are_those_that_it_uses(built_house, tokenizer):
    """The values averaged by them, through the rest of the layer, give the model's own vectors."""
    model = model_from(load_checkpoint(built_house.checkpoint))
    tokens = tokenizer.encode("여권을 잃어버렸어요").ids
    (weights,) = weights_of(model, tokens)
    assert torch.allclose(weights.sum(-1), torch.ones(weights.shape[:2]), atol=1e-5)
    with torch.no_grad():
        layer, x = model.layers[0], model.embedding(torch.tensor([tokens]))
        v = layer.attention.v_proj(layer.attention_norm(x)).view(len(tokens), 2, -1).transpose(0, 1)
        x = x + layer.attention.o_proj((weights @ v).transpose(0, 1).reshape(1, len(tokens), -1))
        x = x + layer.feed_forward(layer.feed_forward_norm(x))
        assert torch.allclose(model.norm(x), model.hidden_states(torch.tensor([tokens])), atol=1e-5)


def test_the_heads_of_the_start_with_copying_are_found(tokenizer, capsys):
    torch.manual_seed(0)
    model = GPT(GPTConfig(700, block_size=256, n_layer=2, n_head=4, n_kv_head=4, n_embd=128, head_dim=32, n_hidden=64))
    counts = torch.ones(700)
    initialize(model, np.arange(700), counts, tokenizer.token_to_id("[BOS]"), False, True)
    paths = dict.fromkeys(("samples_path", "checkpoint_path", "sentence", "picture_path"), "")
    settings = attention_by_hand.Settings(**paths, positions=8, random_tokens=64, seed=1)
    attention_by_hand.show_heads(model, settings)
    roles = re.findall(r"^\| (\d) \| \d \| [\d.]+ \| [\d.]+ \| ([a-z ]*) \|$", capsys.readouterr().out, re.MULTILINE)
    assert ("0", "looks at the token before") in roles and ("1", "copies") in roles
    assert ("1", "looks at the token before") not in roles and ("0", "copies") not in roles


def test_the_lesson_draws_a_square_for_each_head(built_house, tmp_path, capsys):
    picture = tmp_path / "attention_by_hand.svg"
    values = {"samples-path": built_house.samples, "checkpoint-path": built_house.checkpoint, "picture-path": picture}
    attention_by_hand.main([text for name, value in values.items() for text in (f"--{name}", str(value))])
    differences = [float(each) for each in re.findall(r"\| (\d\.\de-\d+) \|", capsys.readouterr().out)]
    assert differences and max(differences) < 1e-5
    assert len(re.findall("layer 0, head", picture.read_text(encoding="utf-8"))) == 2
