"""The model against Qwen3, read independently of it and written out here with plain loops."""

import itertools
import math

from gpt.attention import ATTENTION_BLOCK, attend_in_blocks, needs_mask
from gpt.layers import RMSNorm
from gpt.model import GPT, GPTConfig
from gpt.training.pair_counts import start_from_counts

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

PLAIN = GPTConfig(vocab_size=97, block_size=24, n_layer=2, n_head=4, n_kv_head=4, n_embd=32, head_dim=8, n_hidden=48)
# Heads wider than the model's width divided by their number, and another base and epsilon than the defaults.
GROUPED = GPTConfig(
    97,
    block_size=24,
    n_layer=3,
    n_head=4,
    n_kv_head=2,
    n_embd=24,
    head_dim=10,
    n_hidden=40,
    rope_theta=500.0,
    norm_eps=0.1,
)
ONE_KEY_HEAD_TIED = GPTConfig(
    97, block_size=24, n_layer=1, n_head=3, n_kv_head=1, n_embd=20, head_dim=6, n_hidden=36, tie_embeddings=True
)
CONFIGS = pytest.mark.parametrize("config", [PLAIN, GROUPED, ONE_KEY_HEAD_TIED], ids=["plain", "grouped", "tied"])


def random_model(config: GPTConfig) -> GPT:
    """A model whose every parameter is random: new ones have zeros where mistakes could hide."""
    model = GPT(config).eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.3 * noise if parameter.dim() == 1 else noise / math.sqrt(parameter.size(1)))
    return model


def random_tokens(*shape: int) -> torch.Tensor:
    return torch.randint(97, shape, generator=torch.Generator().manual_seed(11))


# --- Qwen3 in plain words, in float64, with the names of transformers' Qwen3ForCausalLM ---


def name_in_transformers(name: str) -> str:
    """The name that Qwen3ForCausalLM has for one of our tensors."""
    if name == "head.weight":
        return "lm_head.weight"
    replacements = {
        "embedding.": "embed_tokens.",
        "attention_norm.": "input_layernorm.",
        "feed_forward_norm.": "post_attention_layernorm.",
        "attention.": "self_attn.",
        "feed_forward.": "mlp.",
    }
    for ours, theirs in replacements.items():
        name = name.replace(ours, theirs)
    return "model." + name


def qwen3_logits(weights: dict[str, torch.Tensor], config: GPTConfig, tokens: list[int]) -> torch.Tensor:
    """Logits (T, V) of one sequence, each position and each head by itself."""
    w = {name_in_transformers(name): tensor.double() for name, tensor in weights.items()}
    H, G, D = config.n_head, config.n_kv_head, config.head_dim

    def norm(x, gain):
        return gain * x / torch.sqrt((x * x).mean() + config.norm_eps)

    def rotate_half(x):
        return torch.cat([-x[D // 2 :], x[: D // 2]])

    def turn(x, position):
        angles = torch.tensor([position / config.rope_theta ** (2 * (i % (D // 2)) / D) for i in range(D)]).double()
        return x * angles.cos() + rotate_half(x) * angles.sin()

    stream = [w["model.embed_tokens.weight"][token] for token in tokens]
    for layer in range(config.n_layer):
        own = {n.split(".", 3)[3].removesuffix(".weight"): t for n, t in w.items() if f".layers.{layer}." in n}
        queries, keys, values = [], [], []
        for position, x in enumerate(stream):
            x = norm(x, own["input_layernorm"])
            q = (own["self_attn.q_proj"] @ x).split(D)
            k = (own["self_attn.k_proj"] @ x).split(D)
            queries.append([turn(norm(head, own["self_attn.q_norm"]), position) for head in q])
            keys.append([turn(norm(head, own["self_attn.k_norm"]), position) for head in k])
            values.append((own["self_attn.v_proj"] @ x).split(D))
        for position in range(len(tokens)):
            heard = []
            for head in range(H):
                group = head // (H // G)
                scores = [queries[position][head] @ keys[p][group] / math.sqrt(D) for p in range(position + 1)]
                shares = torch.stack(scores).softmax(0)
                heard.append(sum(shares[p] * values[p][group] for p in range(position + 1)))
            stream[position] = stream[position] + own["self_attn.o_proj"] @ torch.cat(heard)
            x = norm(stream[position], own["post_attention_layernorm"])
            gate = own["mlp.gate_proj"] @ x
            hidden = gate * torch.sigmoid(gate) * (own["mlp.up_proj"] @ x)
            stream[position] = stream[position] + own["mlp.down_proj"] @ hidden
    head = w["model.embed_tokens.weight"] if config.tie_embeddings else w["lm_head.weight"]
    return torch.stack([head @ norm(x, w["model.norm.weight"]) for x in stream])


@CONFIGS
def test_the_logits_are_those_of_qwen3(config):
    model, tokens = random_model(config), random_tokens(2, 17)
    with torch.no_grad():
        logits = model(tokens)
    for row in range(2):
        expected = qwen3_logits(model.state_dict(), config, tokens[row].tolist())
        torch.testing.assert_close(logits[row], expected.float(), atol=2e-5, rtol=1e-5)


@CONFIGS
def test_the_tensors_have_the_names_and_shapes_of_qwen3_for_causal_lm(config):
    C, D, V = config.n_embd, config.head_dim, config.vocab_size
    queries, keys, hidden = config.n_head * D, config.n_kv_head * D, config.n_hidden
    expected = {"model.embed_tokens.weight": (V, C), "model.norm.weight": (C,), "lm_head.weight": (V, C)}
    for layer in range(config.n_layer):
        expected |= {
            f"model.layers.{layer}.input_layernorm.weight": (C,),
            f"model.layers.{layer}.self_attn.q_proj.weight": (queries, C),
            f"model.layers.{layer}.self_attn.k_proj.weight": (keys, C),
            f"model.layers.{layer}.self_attn.v_proj.weight": (keys, C),
            f"model.layers.{layer}.self_attn.o_proj.weight": (C, queries),
            f"model.layers.{layer}.self_attn.q_norm.weight": (D,),
            f"model.layers.{layer}.self_attn.k_norm.weight": (D,),
            f"model.layers.{layer}.post_attention_layernorm.weight": (C,),
            f"model.layers.{layer}.mlp.gate_proj.weight": (hidden, C),
            f"model.layers.{layer}.mlp.up_proj.weight": (hidden, C),
            f"model.layers.{layer}.mlp.down_proj.weight": (C, hidden),
        }
    tensors = GPT(config).state_dict()
    renamed = {name_in_transformers(name): tuple(tensor.shape) for name, tensor in tensors.items()}
    assert len(renamed) == len(tensors)
    assert renamed == expected


def test_the_norm_is_taken_in_fp32_even_of_half_precision():
    norm = RMSNorm(3, eps=1e-6)
    x = torch.tensor([300.0, -1.5, 0.25], dtype=torch.bfloat16)
    root = math.sqrt((300.0**2 + 1.5**2 + 0.25**2) / 3 + 1e-6)
    torch.testing.assert_close(norm(x), torch.tensor([300.0, -1.5, 0.25]) / root, atol=1e-7, rtol=1e-6)


# --- Causality and the cache ---


@CONFIGS
@pytest.mark.parametrize("gradients", [False, True], ids=["answering", "training"])
def test_a_changed_token_leaves_all_earlier_logits_as_they_were(config, gradients):
    model, tokens = random_model(config), random_tokens(1, 20)
    with torch.set_grad_enabled(gradients):
        before = model(tokens)
        for position in (1, 9, 19):
            changed = tokens.clone()
            changed[0, position] = (changed[0, position] + 1) % config.vocab_size
            after = model(changed)
            assert torch.equal(after[:, :position], before[:, :position])
            # The change is heard at its own position and at every later one.
            assert (after[:, position:] != before[:, position:]).any(-1).all()


@CONFIGS
def test_one_token_at_a_time_with_a_cache_gives_the_logits_of_the_whole(config):
    model, tokens = random_model(config), random_tokens(2, 20)
    cache = model.new_cache(2, 20)
    with torch.no_grad():
        steps = [model(tokens[:, position : position + 1], cache) for position in range(20)]
        torch.testing.assert_close(torch.cat(steps, dim=1), model(tokens), atol=1e-5, rtol=1e-5)


@given(cuts=st.sets(st.integers(1, 19), max_size=6))
@settings(max_examples=30, deadline=None)
def test_chunks_of_any_length_with_a_cache_give_the_logits_of_the_whole(cuts):
    model, tokens = random_model(GROUPED), random_tokens(2, 20)
    cache = model.new_cache(2, 20)
    edges = [0, *sorted(cuts), 20]
    with torch.no_grad():
        chunks = [model(tokens[:, start:end], cache) for start, end in itertools.pairwise(edges)]
        torch.testing.assert_close(torch.cat(chunks, dim=1), model(tokens), atol=1e-5, rtol=1e-5)


def test_rows_of_different_lengths_go_on_together():
    model, tokens = random_model(GROUPED), random_tokens(2, 20)
    lengths = [7, 12]
    cache = model.new_cache(2, 20)
    with torch.no_grad():
        for row, length in enumerate(lengths):
            # Padding behind a text is no part of it: the length says where the text goes on.
            model(F.pad(tokens[row : row + 1, :length], (0, 3)), cache.rows(row, row + 1))
            cache.lengths[row] = length
        for step in range(5):
            next_tokens = torch.stack([tokens[row, length + step] for row, length in enumerate(lengths)])[:, None]
            logits = model(next_tokens, cache)
            for row, length in enumerate(lengths):
                whole = model(tokens[row : row + 1, : length + step + 1])
                torch.testing.assert_close(logits[row, -1], whole[0, -1], atol=1e-5, rtol=1e-5)


def test_more_positions_than_the_block_size_are_refused():
    model = random_model(PLAIN)
    assert model(random_tokens(1, 24)).shape == (1, 24, 97)
    with pytest.raises(ValueError, match=r"25.*24"):
        model(random_tokens(1, 25))


def test_a_cache_cannot_carry_the_model_past_the_block_size():
    model = random_model(PLAIN)
    cache = model.new_cache(1, 30)
    model(random_tokens(1, 24), cache)
    with pytest.raises(ValueError, match=r"25.*24"):
        model(random_tokens(1, 1), cache)


# --- Shapes and first weights ---


@CONFIGS
def test_the_parameter_count_and_the_shapes_are_those_of_the_parameters(config):
    model = GPT(config)
    assert config.parameter_count() == sum(parameter.numel() for parameter in model.parameters())
    assert config.weight_shapes() == {name: tuple(weight.shape) for name, weight in model.state_dict().items()}


def test_a_tied_model_lacks_exactly_one_matrix_of_the_vocabulary():
    shape = {"vocab_size": 24_000, "n_layer": 6, "n_head": 6, "n_kv_head": 6, "n_embd": 384, "head_dim": 64}
    untied, tied = GPTConfig(**shape), GPTConfig(**shape, tie_embeddings=True)
    assert untied.parameter_count() - tied.parameter_count() == 24_000 * 384


@pytest.mark.parametrize(
    "size", ["vocab_size", "block_size", "n_layer", "n_head", "n_kv_head", "n_embd", "head_dim", "n_hidden"]
)
def test_every_size_must_be_at_least_one(size):
    with pytest.raises(ValueError):
        GPTConfig(**{"vocab_size": 97, size: 0})


def test_query_heads_must_share_the_key_heads_evenly():
    with pytest.raises(ValueError, match="n_kv_head 4"):
        GPTConfig(97, n_head=6, n_kv_head=4)


def test_a_head_needs_pairs_of_numbers_to_turn():
    with pytest.raises(ValueError, match="head_dim 7"):
        GPTConfig(97, head_dim=7)


def test_a_new_model_holds_every_token_equally_likely():
    torch.manual_seed(1)
    assert not GPT(PLAIN)(random_tokens(1, 20)).any()


def test_the_layers_of_a_new_model_change_nothing():
    torch.manual_seed(1)
    model, tokens = GPT(GROUPED), random_tokens(1, 20)
    assert torch.equal(model.hidden_states(tokens), model.norm(model.embedding(tokens)))


def test_the_same_seed_draws_the_same_weights():
    def weights(seed):
        torch.manual_seed(seed)
        return torch.cat([parameter.flatten() for parameter in GPT(PLAIN).parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("silent", ["o_proj", "down_proj"], ids=["feed-forward", "attention"])
def test_dropout_acts_on_both_halves_of_a_layer_and_in_training_only(silent):
    config = GPTConfig(97, 24, n_layer=1, n_head=2, n_kv_head=2, n_embd=16, head_dim=8, n_hidden=32, dropout=0.5)
    model, tokens = random_model(config), random_tokens(1, 20)
    for name, parameter in model.named_parameters():
        if silent in name:
            torch.nn.init.zeros_(parameter)
    assert torch.equal(model(tokens), model(tokens))
    model.train()
    assert not torch.equal(model(tokens), model(tokens))


# What these two were when the model agreed with Qwen3 above, in torch 2.13 on an x86 CPU.
GOLDEN_LOSS = 4.96065
GOLDEN_SIZE = 0.79464


def test_the_golden_model_still_says_what_it_said():
    model, tokens = random_model(GROUPED), random_tokens(2, 21)
    with torch.no_grad():
        logits = model(tokens[:, :-1])
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    assert loss.item() == pytest.approx(GOLDEN_LOSS, abs=1e-4)
    assert logits.abs().mean().item() == pytest.approx(GOLDEN_SIZE, abs=1e-4)


@pytest.mark.parametrize(
    ("device_type", "training", "needed"),
    [
        ("cpu", False, False),
        ("cuda", False, False),
        ("mps", True, False),  # with gradients mps takes the path that masks rightly
        ("mps", False, True),
    ],
)
def test_a_mask_is_written_out_where_the_causal_rule_would_be_wrong(device_type, training, needed):
    assert needs_mask(device_type, training) == needed


def test_a_mask_that_is_written_out_changes_nothing(monkeypatch):
    model = random_model(PLAIN)
    tokens = torch.arange(12)[None]
    with torch.no_grad():
        by_rule = model(tokens)
        monkeypatch.setattr("gpt.model.needs_mask", lambda *_, **__: True)
        torch.testing.assert_close(model(tokens), by_rule, atol=1e-5, rtol=1e-5)


# --- Attention in blocks, as a CPU trains ---

LENGTHS = [1, 2, ATTENTION_BLOCK - 1, ATTENTION_BLOCK, ATTENTION_BLOCK + 1, 3 * ATTENTION_BLOCK - 5]


@pytest.mark.parametrize("length", LENGTHS)
def test_attention_in_blocks_is_the_attention_of_the_library(length):
    generator = torch.Generator().manual_seed(length)
    ours = [torch.randn(2, 3, length, 8, generator=generator, requires_grad=True) for _ in range(3)]
    theirs = [tensor.detach().clone().requires_grad_() for tensor in ours]
    weights = torch.randn(2, 3, length, 8, generator=generator)
    found, wanted = attend_in_blocks(*ours), F.scaled_dot_product_attention(*theirs, is_causal=True)
    torch.testing.assert_close(found, wanted)
    (found * weights).sum().backward()
    (wanted * weights).sum().backward()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_training_and_answering_see_the_same_model():
    """One writes attention out, the other takes the library's."""
    model = random_model(PLAIN)
    tokens = random_tokens(2, 24)
    trained_on = model(tokens)
    with torch.no_grad():
        answered_by = model(tokens)
    torch.testing.assert_close(trained_on, answered_by)


# --- A new model's first guess ---


def test_a_new_model_predicts_tokens_as_often_as_they_occur():
    torch.manual_seed(0)
    model = GPT(PLAIN)
    counts = torch.arange(PLAIN.vocab_size) ** 2
    start_from_counts(model, counts)
    guessed = model(random_tokens(2, 24)).softmax(-1)
    wanted = (counts + 0.5) / (counts + 0.5).sum()
    assert (guessed - wanted).abs().max() < 0.01


def test_a_tied_model_starts_as_it_was():
    torch.manual_seed(0)
    model = GPT(ONE_KEY_HEAD_TIED)
    before = model.embedding.weight.clone()
    start_from_counts(model, torch.arange(ONE_KEY_HEAD_TIED.vocab_size))
    assert torch.equal(model.embedding.weight, before)
