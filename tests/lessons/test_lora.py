"""LoRA: an adapted model begins as the old one, only the thin matrices learn, and merging changes nothing."""

from gpt.model import GPT, GPTConfig
from lessons.lora import AdaptedLinear, add_adapters, merge_adapters

import pytest
import torch

TOKENS = torch.tensor([[5, 9, 2, 33, 1, 7]])


@pytest.fixture
def model() -> GPT:
    torch.manual_seed(2)
    model = GPT(GPTConfig(40, block_size=16, n_layer=2, n_head=4, n_kv_head=2, n_embd=32, head_dim=8, n_hidden=48))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(std=0.2)
    return model


def randomize(parameters) -> None:
    with torch.no_grad():
        for parameter in parameters:
            parameter.normal_(std=0.3)


def test_an_adapted_model_begins_as_the_old_one(model):
    before = model(TOKENS)
    add_adapters(model, rank=3, alpha=6.0)
    assert torch.equal(model(TOKENS), before)


def test_every_matrix_of_the_layers_is_adapted_and_nothing_else_learns(model):
    learning = add_adapters(model, rank=3, alpha=6.0)
    adapted = [module for module in model.modules() if isinstance(module, AdaptedLinear)]
    assert len(adapted) == 2 * 7 and len(learning) == 2 * len(adapted)
    model(TOKENS).sum().backward()
    assert all((parameter.grad is not None) == parameter.requires_grad for parameter in model.parameters())
    assert model.embedding.weight.grad is None and adapted[0].linear.weight.grad is None


def test_the_merged_model_computes_what_the_adapted_one_does(model):
    names, before = set(model.state_dict()), model(TOKENS)
    randomize(add_adapters(model, rank=3, alpha=6.0))
    adapted = model(TOKENS)
    assert not torch.allclose(adapted, before, atol=0.1)
    merge_adapters(model)
    torch.testing.assert_close(model(TOKENS), adapted, atol=1e-5, rtol=1e-5)
    assert set(model.state_dict()) == names and all(parameter.requires_grad for parameter in model.parameters())


def test_the_size_of_the_change_does_not_depend_on_the_rank(model):
    linear = model.attention_of(0).q_proj
    for rank in (1, 2, 8):
        assert AdaptedLinear(linear, rank, alpha=4.0).scale == 4.0 / rank
