"""A model that is prepared for decoding is the same model: only its products with few vectors take another way."""

import time

from gpt.decoding_weights import FEW_VECTORS, DecodingWeights
from gpt.model import GPT, GPTConfig

import pytest
import torch
import torch.nn.functional as F

CONFIG = GPTConfig(96, block_size=64, n_layer=2, n_head=4, n_kv_head=2, n_embd=32, head_dim=8, n_hidden=48)


def new_model(tied: bool = False) -> GPT:
    torch.manual_seed(0)
    model = GPT(GPTConfig(**{**vars(CONFIG), "tie_embeddings": tied})).eval()
    for parameter in model.parameters():
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=parameter.size(1) ** -0.5)
    return model


@pytest.fixture(params=[False, True], ids=["untied", "tied"])
def models(request) -> tuple[GPT, GPT]:
    """The same model twice, the second prepared."""
    plain, prepared = new_model(request.param), new_model(request.param)
    prepared.prepare_for_decoding()
    return plain, prepared


@pytest.mark.parametrize("length", [1, 3, FEW_VECTORS, FEW_VECTORS + 1])
def test_its_logits_are_those_of_the_model(models, length):
    tokens = torch.randint(96, (1, length), generator=torch.Generator().manual_seed(length))
    with torch.inference_mode():
        plain, prepared = (model(tokens, model.new_cache(1, 64)) for model in models)
    torch.testing.assert_close(prepared, plain, atol=1e-5, rtol=1e-5)


def test_its_parameters_keep_their_names_and_values_and_are_held_once(models):
    plain, prepared = models
    before, after = plain.state_dict(), prepared.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    attention = prepared.attention_of(0)
    assert attention.qkv_joined.matrix.data_ptr() == attention.q_proj.weight.data_ptr()


def test_it_can_be_trained_on(models):
    """Gradients need every product; the ways for few vectors are not asked."""
    plain, prepared = models
    tokens = torch.arange(4)[None]
    for model in models:
        model(tokens).square().sum().backward()
    for mine, other in zip(plain.parameters(), prepared.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


def test_eight_bits_change_the_logits_little(models):
    models[1].prepare_for_decoding("int8")
    tokens = torch.randint(96, (1, 12), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        right, found = (model(tokens, model.new_cache(1, 64)).log_softmax(-1) for model in models)
    difference = (right - found).abs()
    assert 0 < difference.max() < 0.1 and difference.mean() < 0.02


@pytest.mark.parametrize("way", ["whole", "blocks"])
@pytest.mark.parametrize("count", [1, 2, FEW_VECTORS])
@pytest.mark.parametrize("rows", [24, 35])
def test_every_way_is_the_product(way, count, rows):
    matrix, x = torch.randn(rows, 16), torch.randn(2, count, 16)[:1]
    torch.testing.assert_close(DecodingWeights(matrix, way, way).product(x), F.linear(x, matrix))


@pytest.mark.parametrize(("slow", "chosen"), [("_product_in_blocks", "whole"), ("F.linear", "blocks")])
def test_the_way_that_takes_less_time_is_chosen_and_timed_once_for_each_shape(monkeypatch, slow, chosen):
    calls = []

    def take_time(*arguments):
        calls.append(arguments)
        time.sleep(0.005)

    monkeypatch.setattr(f"gpt.decoding_weights.{slow}", take_time)
    timed: dict = {}
    weights = [DecodingWeights.of(torch.randn(32, 16), "fp32", timed) for _ in range(3)]
    assert [(each.for_one, each.for_few) for each in weights] == [(chosen, chosen)] * 3
    assert len(calls) == 6 and list(timed) == [(32, 16)]


def test_other_devices_take_the_product_of_the_library():
    weights = DecodingWeights.of(torch.empty(32, 16, device="meta"), "fp32", {})
    assert (weights.for_one, weights.for_few) == ("whole", "whole")
