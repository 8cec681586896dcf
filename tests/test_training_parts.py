"""What training is put together from: rows, loss, optimiser, checkpoint, token file, device."""

import copy
import errno
import io
import itertools
import json
import zipfile
from collections import Counter
from dataclasses import asdict

from gpt.batches import IGNORED, TrainingRows, find_samples, pack_rows, validation_batches
from gpt.checkpoint import load_checkpoint, model_from, save_checkpoint
from gpt.device import autocast, choose_device, choose_dtype
from gpt.loss import CHUNK_POSITIONS, next_token_loss
from gpt.model import GPT, GPTConfig
from gpt.optimizer import Optimizer, rate_factor
from gpt.token_file import HEADER_BYTES, TokenFileWriter, dtype_for, read_token_file
from pipeline import StepError

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

BOS, EOS, PAD = 1, 2, 0
TEXTS = (
    "관광비자는 만료되기 일주일 전에 이민국에서 연장하세요.",
    "여권을 잃어버리면 먼저 경찰서에서 분실 신고서를 받습니다.",
    "태풍이 오기 전에 물과 손전등을 준비하세요.",
    "예.",
    "바기오는 밤에 추우니 겉옷을 챙겨 가세요.",
    "콘도 보증금은 보통 두 달 치입니다. 들어가는 날 벽과 가전제품의 사진을 찍어 두면 나중에 돌려받기 쉽습니다.",
)


def tokens_of(texts) -> np.ndarray:
    """Each text as [BOS] bytes [EOS], one after another, as step 03 writes them."""
    samples = [[BOS, *(byte + 3 for byte in text.encode()), EOS] for text in texts]
    return np.array([token for sample in samples for token in sample], dtype=np.uint16)


def numbered_samples(lengths) -> tuple[np.ndarray, np.ndarray]:
    """Samples in which no token but BOS occurs twice, so that each can be followed; and their edges."""
    edges = np.concatenate([[0], np.cumsum(lengths)])
    tokens = np.arange(1000, 1000 + edges[-1], dtype=np.uint32)
    tokens[edges[:-1]] = BOS
    return tokens, edges


def predictions(inputs: torch.Tensor, targets: torch.Tensor) -> list[tuple[int, int]]:
    """(token seen last, token to predict) of every position that counts."""
    counted = targets != IGNORED
    return list(zip(inputs[counted].tolist(), targets[counted].tolist(), strict=True))


LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=25)

# --- Rows ---


def test_samples_are_found_where_they_begin():
    tokens = tokens_of(TEXTS)
    edges = find_samples(tokens, BOS)
    found = [bytes(token - 3 for token in tokens[s + 1 : e - 1]).decode() for s, e in itertools.pairwise(edges)]
    assert tuple(found) == TEXTS


def test_samples_are_found_in_a_file_larger_than_one_look():
    tokens = np.full((1 << 24) + 50, 7, dtype=np.uint16)
    starts = [0, 100, (1 << 24) - 1, 1 << 24, (1 << 24) + 30]
    tokens[starts] = BOS
    assert find_samples(tokens, BOS).tolist() == [*starts, len(tokens)]


@given(lengths=LENGTHS, block_size=st.integers(1, 40), seed=st.integers(0, 1000))
@settings(max_examples=150, deadline=None)
def test_an_epoch_predicts_every_token_exactly_once(lengths, block_size, seed):
    tokens, edges = numbered_samples(lengths)
    training = TrainingRows(tokens, edges, block_size, PAD, seed)
    inputs, targets = training.next_batch(len(training.rows))
    pairs = predictions(inputs, targets)
    # A sample's first token is no prediction; each other one is predicted from the one before it.
    expected = [(int(tokens[i - 1]), int(tokens[i])) for i in range(len(tokens)) if tokens[i] != BOS]
    assert sorted(pair for pair in pairs if pair[1] != BOS) == sorted(expected)


@given(lengths=LENGTHS, block_size=st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_validation_predicts_every_token_exactly_once(lengths, block_size):
    tokens, edges = numbered_samples(lengths)
    pairs = [p for batch in validation_batches(tokens, edges, block_size, PAD, 3) for p in predictions(*batch)]
    expected = [(int(tokens[i - 1]), int(tokens[i])) for i in range(len(tokens)) if tokens[i] != BOS]
    assert sorted(pair for pair in pairs if pair[1] != BOS) == sorted(expected)


@given(lengths=LENGTHS, row_length=st.integers(2, 40), seed=st.integers(0, 1000))
@settings(max_examples=150, deadline=None)
def test_a_sample_stands_whole_in_one_row_unless_it_is_longer_than_a_row(lengths, row_length, seed):
    _, edges = numbered_samples(lengths)
    order = np.random.default_rng(seed).permutation(len(lengths))
    rows = pack_rows(edges, row_length, order)
    assert all(sum(end - start for start, end in row) <= row_length for row in rows)
    pieces = Counter(piece for row in rows for piece in row)
    for start, end in itertools.pairwise(edges.tolist()):
        if end - start <= row_length:
            assert pieces[start, end] == 1


def test_short_samples_fill_the_space_that_long_ones_leave():
    _, edges = numbered_samples([80, 60, 20, 40])
    rows = pack_rows(edges, 100, np.arange(4))
    assert rows == [[(0, 80), (140, 160)], [(80, 140), (160, 200)]]


def test_all_batches_have_one_shape():
    tokens = tokens_of(TEXTS)
    edges = find_samples(tokens, BOS)
    training = TrainingRows(tokens, edges, 64, PAD, seed=0)
    batches = [training.next_batch(3) for _ in range(10)]
    whole = list(validation_batches(tokens, edges, 64, PAD, 4))
    # The last validation batch is a part of one, filled up.
    assert len(whole) * 4 > len(pack_rows(edges, 65, np.arange(6))) > 4
    assert {(tuple(x.shape), tuple(y.shape)) for x, y in batches} == {((3, 64), (3, 64))}
    assert {(tuple(x.shape), tuple(y.shape)) for x, y in whole} == {((4, 64), (4, 64))}
    assert {tensor.dtype for batch in batches + whole for tensor in batch} == {torch.int64}


def test_targets_are_the_inputs_one_position_on_and_padding_counts_nothing():
    tokens = tokens_of(["예."])  # 6 tokens with BOS and EOS
    training = TrainingRows(tokens, find_samples(tokens, BOS), 8, PAD, seed=0)
    inputs, targets = training.next_batch(1)
    assert inputs.tolist() == [[*tokens.tolist(), PAD, PAD]]
    assert targets.tolist() == [[*tokens[1:].tolist(), IGNORED, IGNORED, IGNORED]]


def stream(seed: int) -> TrainingRows:
    tokens = tokens_of(TEXTS * 3)
    return TrainingRows(tokens, find_samples(tokens, BOS), 100, PAD, seed)


def inputs_of(training: TrainingRows, batches: int) -> list:
    return [training.next_batch(2)[0].tolist() for _ in range(batches)]


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    assert inputs_of(stream(5), 30) == inputs_of(stream(5), 30)
    assert inputs_of(stream(5), 30) != inputs_of(stream(6), 30)


def test_each_epoch_has_an_order_of_its_own_and_begins_with_its_first_row():
    training, second = stream(5), stream(5)
    first_epoch = training.next_batch(len(training.rows))[0].tolist()
    second.load_state_dict({"epoch": 1, "row": 0})
    second_epoch = second.next_batch(len(second.rows))[0].tolist()
    assert second_epoch != first_epoch
    assert training.next_batch(len(second.rows))[0].tolist() == second_epoch


def test_a_resumed_stream_goes_on_with_the_batches_that_would_have_followed():
    rows = len(stream(5).rows)
    for taken in range(rows + 2):  # into the second epoch, whose boundary falls inside a batch and between two
        training = stream(5)
        inputs_of(training, taken)
        resumed = stream(5)
        resumed.load_state_dict(training.state_dict())
        assert inputs_of(resumed, rows) == inputs_of(training, rows)


# --- Loss ---


def loss_inputs(rows: int = 3, columns: int = CHUNK_POSITIONS // 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states, head and targets of more than one chunk, the last one partly filled; some targets are IGNORED."""
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(rows, columns, 16, generator=generator, requires_grad=True)
    head = torch.randn(50, 16, generator=generator, requires_grad=True)
    targets = torch.randint(50, (rows, columns), generator=generator)
    targets[torch.rand(rows, columns, generator=generator) < 0.2] = IGNORED
    return hidden, head, targets


def test_the_loss_and_both_its_gradients_are_those_of_cross_entropy():
    hidden, head, targets = loss_inputs()
    expected = F.cross_entropy((hidden @ head.t()).flatten(0, 1), targets.flatten(), reduction="sum")
    loss = next_token_loss(hidden, head, targets, torch.float32)
    torch.testing.assert_close(loss, expected)
    # Divided as in training: the gradient that comes back from there is not 1.
    for ours, theirs in zip(
        torch.autograd.grad(loss / 123, (hidden, head)),
        torch.autograd.grad(expected / 123, (hidden, head)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_the_loss_without_gradients_is_the_loss_with_them(dtype):
    hidden, head, targets = loss_inputs()
    with torch.no_grad():
        without = next_token_loss(hidden, head, targets, dtype)
    torch.testing.assert_close(without, next_token_loss(hidden, head, targets, dtype).detach())


def test_the_loss_in_bf16_rounds_the_factors_and_nothing_after_them():
    hidden, head, targets = loss_inputs()
    rounded = hidden.bfloat16().float() @ head.bfloat16().float().t()
    expected = F.cross_entropy(rounded.flatten(0, 1), targets.flatten(), reduction="sum")
    loss = next_token_loss(hidden, head, targets, torch.bfloat16)
    torch.testing.assert_close(loss, expected, atol=0, rtol=1e-3)
    hidden_gradient, head_gradient = torch.autograd.grad(loss, (hidden, head))
    assert hidden_gradient.dtype == head_gradient.dtype == torch.float32


def test_ignored_targets_count_nothing():
    hidden, head, targets = loss_inputs()
    loss = next_token_loss(hidden, head, targets, torch.float32)
    (gradient,) = torch.autograd.grad(loss, hidden)
    assert not gradient[targets == IGNORED].any()
    moved = hidden.detach().clone()
    moved[targets == IGNORED] += 5
    torch.testing.assert_close(next_token_loss(moved, head, targets, torch.float32), loss)


def test_a_batch_of_ignored_targets_has_no_loss_and_no_gradient():
    hidden, head, targets = loss_inputs()
    loss = next_token_loss(hidden, head, torch.full_like(targets, IGNORED), torch.float32)
    assert loss == 0
    assert not any(gradient.any() for gradient in torch.autograd.grad(loss, (hidden, head)))


# --- Optimiser ---


def small_model(tied: bool = False) -> GPT:
    torch.manual_seed(0)
    return GPT(
        GPTConfig(
            64, block_size=16, n_layer=2, n_head=2, n_kv_head=1, n_embd=16, head_dim=8, n_hidden=24, tie_embeddings=tied
        )
    )


def optimizer_of(model: GPT, matrix_rate=0.01, embedding_rate=0.05, head_rate=0.006, norm_rate=0.007) -> Optimizer:
    return Optimizer(model, matrix_rate, embedding_rate, head_rate, norm_rate, weight_decay=0.1)


def train(model: GPT, optimizer: Optimizer, steps: range) -> None:
    """Steps whose batches their numbers fix."""
    for step in steps:
        tokens = torch.randint(64, (2, 17), generator=torch.Generator().manual_seed(step))
        hidden = model.hidden_states(tokens[:, :-1])
        next_token_loss(hidden, model.head.weight, tokens[:, 1:], torch.float32).backward()
        optimizer.step()
        optimizer.zero_grad()


def rates(model: GPT, optimizer: Optimizer) -> dict[str, tuple[str, float]]:
    """Name of each parameter -> the optimiser and the rate that it gets; each must get exactly one."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [
        (names[id(parameter)], (kind, group["lr"]))
        for kind, part in (("muon", optimizer.muon), ("adamw", optimizer.adamw))
        for group in part.param_groups
        for parameter in group["params"]
    ]
    assert sorted(name for name, _ in found) == sorted(names.values())
    return dict(found)


def test_muon_has_the_matrices_of_the_layers_and_adamw_has_all_the_rest():
    model = small_model()
    for name, found in rates(model, optimizer_of(model)).items():
        if name == "embedding.weight":
            assert found == ("adamw", 0.05)
        elif name == "head.weight":
            assert found == ("adamw", 0.006)
        elif "norm" in name:
            assert found == ("adamw", 0.007)
        else:
            assert found == ("muon", 0.01)


def test_a_tied_head_is_learned_once_as_the_embedding():
    model = small_model(tied=True)
    found = rates(model, optimizer_of(model))
    assert found["embedding.weight"] == ("adamw", 0.05)
    assert "head.weight" not in found


def test_a_step_moves_every_parameter():
    model = small_model()
    before = copy.deepcopy(model.state_dict())
    train(model, optimizer_of(model), range(4))  # zero output projections stop the first gradients
    unmoved = [name for name, tensor in model.state_dict().items() if torch.equal(tensor, before[name])]
    assert unmoved == []


def test_a_factor_scales_every_full_rate_and_not_the_last_one():
    model = small_model()
    optimizer = optimizer_of(model)
    full = rates(model, optimizer)
    optimizer.set_rate(0.5)
    optimizer.set_rate(0.1)
    assert rates(model, optimizer) == {name: (kind, rate * 0.1) for name, (kind, rate) in full.items()}


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
def test_a_saved_optimizer_goes_on_bit_for_bit(tied, tmp_path):
    model = small_model(tied)
    optimizer = optimizer_of(model)
    train(model, optimizer, range(3))
    save_checkpoint(tmp_path / "ckpt.pt", {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    train(model, optimizer, range(3, 6))

    saved = load_checkpoint(tmp_path / "ckpt.pt")
    resumed = small_model(tied)
    resumed.load_state_dict(saved["model"])
    resumed_optimizer = optimizer_of(resumed)
    resumed_optimizer.load_state_dict(saved["optimizer"])
    train(resumed, resumed_optimizer, range(3, 6))
    for name, tensor in model.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_a_saved_optimizer_takes_the_rates_of_the_settings_and_not_its_old_ones():
    model = small_model()
    optimizer = optimizer_of(model)
    train(model, optimizer, range(2))
    other = optimizer_of(model, matrix_rate=0.002, embedding_rate=0.003, head_rate=0.004, norm_rate=0.005)
    wanted = rates(model, other)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert rates(model, other) == wanted
    other.set_rate(1.0)
    assert rates(model, other) == wanted


def test_the_rate_rises_stays_and_falls():
    factors = [rate_factor(step, step / 100, 10, 0.5, 0.02) for step in range(101)]
    assert factors[0] == pytest.approx(1 / 11)
    assert factors[:11] == sorted(factors[:11])
    assert factors[10:51] == [1.0] * 41
    assert factors[75] == pytest.approx(0.51)  # half way from 1 to 0.02
    assert factors[50:] == sorted(factors[50:], reverse=True)
    assert factors[100] == pytest.approx(0.02)


def test_a_run_without_warm_up_or_decay_has_the_full_rate_throughout():
    assert [rate_factor(step, step / 10, 0, 0.0, 0.02) for step in range(11)] == [1.0] * 11


@given(
    step=st.integers(0, 1000),
    progress=st.floats(0, 1),
    warmup=st.integers(0, 1000),
    share=st.floats(0, 1),
    final=st.floats(0, 1),
)
@settings(max_examples=200, deadline=None)
def test_the_rate_is_never_negative_and_never_over_the_full_one(step, progress, warmup, share, final):
    assert 0 <= rate_factor(step, progress, warmup, share, final) <= 1


# --- Checkpoint ---


def checkpoint_content(model: GPT) -> dict:
    return {
        "config": asdict(model.config),
        "model": model.state_dict(),
        "data": {"epoch": 2, "row": 11},
        "run": {"step": 40, "seconds": 12.5, "history": [{"step": 40, "bits_per_byte": 2.5}]},
        "tokenizer": '{"설명": "여권을 분실했을 때"}',
        "settings": {"device": "auto", "tie_embeddings": False},
    }


@pytest.fixture
def saved(tmp_path):
    """A checkpoint on the disk."""
    path = tmp_path / "checkpoints" / "ckpt.pt"
    save_checkpoint(path, checkpoint_content(small_model()))
    return path


def test_a_checkpoint_reads_back_as_it_was_written(saved):
    model = small_model()
    expected = checkpoint_content(model)
    content = load_checkpoint(saved)
    tensors, expected_tensors = content.pop("model"), expected.pop("model")
    assert expected.items() <= content.items()
    assert tensors.keys() == expected_tensors.keys()
    assert all(torch.equal(tensors[name], expected_tensors[name]) for name in tensors)


def test_a_checkpoint_is_plain_tensors_and_values(saved):
    content = torch.load(saved, weights_only=True)
    assert content["run"]["step"] == 40


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
def test_a_model_answers_from_a_checkpoint_as_it_did_before(tied, tmp_path):
    model = small_model(tied)
    train(model, optimizer_of(model), range(2))
    save_checkpoint(tmp_path / "ckpt.pt", checkpoint_content(model))
    restored = model_from(load_checkpoint(tmp_path / "ckpt.pt"))
    tokens = torch.arange(16)[None]
    assert not restored.training
    assert torch.equal(restored(tokens), model(tokens))


def refusal(path) -> str:
    """The one line with which a checkpoint is refused."""
    with pytest.raises(StepError) as error:
        load_checkpoint(path)
    message = str(error.value)
    assert str(path) in message
    assert "04_train_gpt_from_scratch.py" in message
    assert "\n" not in message
    return message


def test_a_missing_checkpoint_is_named(tmp_path):
    assert "no such file" in refusal(tmp_path / "ckpt.pt")


def test_a_checkpoint_cut_off_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for length in [0, 1, 3, 100, *range(1000, len(whole), len(whole) // 40), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        assert f"{length:,} bytes" in refusal(saved)


def test_a_checkpoint_with_one_changed_byte_is_refused(saved):
    whole = saved.read_bytes()
    weights = small_model().embedding.weight.detach().numpy().tobytes()
    at = whole.index(weights) + 100  # in the middle of the numbers, where it still reads as a checkpoint
    saved.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    refusal(saved)


def zip_file() -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr("비자.txt", "관광비자 연장")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    ["관광비자를 연장하는 방법\n".encode() * 20, bytes(range(256)) * 8, zip_file(), b'{"format": "gpt-checkpoint-1"}'],
    ids=["text", "bytes", "zip", "json"],
)
def test_a_foreign_file_is_no_checkpoint(tmp_path, content):
    path = tmp_path / "ckpt.pt"
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize(
    "content", [{"model": {}}, {"format": "gpt-checkpoint-0", "model": {}}, [1, 2], torch.zeros(3)]
)
def test_a_checkpoint_of_another_format_is_refused(tmp_path, content):
    path = tmp_path / "ckpt.pt"
    torch.save(content, path)
    assert "its format is" in refusal(path)


def test_nothing_in_a_checkpoint_is_executed(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").mkdir, ())

    path = tmp_path / "ckpt.pt"
    torch.save({"format": "gpt-checkpoint-1", "model": Trap()}, path)
    refusal(path)
    assert not (tmp_path / "sprung").exists()


def test_a_failed_save_leaves_the_old_checkpoint(saved, monkeypatch):
    before = saved.read_bytes()

    def write_half(content, file):
        file.write(b"half of a checkpoint")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", write_half)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(saved, checkpoint_content(small_model()))
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["ckpt.pt"]


# --- Token file ---


def write_token_file(path, samples, vocab_size: int) -> None:
    with open(path, "wb") as file:
        writer = TokenFileWriter(file, vocab_size, "ab12" * 16)
        for sample in samples:
            writer.write(sample)
        writer.finish()


@pytest.fixture
def token_file(tmp_path):
    """The texts as a token file."""
    path = tmp_path / "train.bin"
    write_token_file(path, [tokens_of([text]) for text in TEXTS], 300)
    return path


@pytest.mark.parametrize(("vocab_size", "dtype"), [(1 << 16, "uint16"), ((1 << 16) + 1, "uint32")])
def test_a_token_file_reads_back_as_it_was_written_in_the_smallest_type(tmp_path, vocab_size, dtype):
    path = tmp_path / "train.bin"
    samples = [[BOS, 7, vocab_size - 1, EOS], [BOS, 9, EOS]]
    write_token_file(path, samples, vocab_size)
    header, tokens = read_token_file(path)
    assert tokens.tolist() == samples[0] + samples[1]
    assert (header.tokens, header.samples, header.vocab_size) == (7, 2, vocab_size)
    assert header.dtype == dtype == tokens.dtype.name == dtype_for(vocab_size)
    assert header.tokenizer_sha256 == "ab12" * 16


@given(samples=st.lists(st.lists(st.integers(0, 299), min_size=1, max_size=20), min_size=1, max_size=10))
@settings(max_examples=50, deadline=None)
def test_any_tokens_read_back_from_a_token_file(tmp_path_factory, samples):
    path = tmp_path_factory.getbasetemp() / "any.bin"
    write_token_file(path, samples, 300)
    header, tokens = read_token_file(path)
    assert tokens.tolist() == [token for sample in samples for token in sample]
    assert header.samples == len(samples)


def test_the_header_is_one_line_of_json_that_a_person_can_read(token_file):
    head = token_file.read_bytes()[:HEADER_BYTES]
    assert head.endswith(b"\n")
    assert head.count(b"\n") == 1
    header = json.loads(head)
    assert header["samples"] == len(TEXTS)
    assert header["tokens"] * 2 == token_file.stat().st_size - HEADER_BYTES


def token_refusal(path) -> str:
    """The one line with which a token file is refused."""
    with pytest.raises(StepError) as error:
        read_token_file(path)
    message = str(error.value)
    assert str(path) in message
    assert "03_build_bin_dataset.py" in message
    assert "\n" not in message
    return message


def test_a_missing_token_file_is_named(tmp_path):
    assert "no such file" in token_refusal(tmp_path / "train.bin")


@pytest.mark.parametrize("missing", [1, 2, 100])
def test_a_truncated_token_file_is_refused_with_both_sizes(token_file, missing):
    whole = token_file.read_bytes()
    token_file.write_bytes(whole[:-missing])
    message = token_refusal(token_file)
    assert f"{len(whole) - missing:,}" in message
    assert f"{len(whole):,}" in message


@pytest.mark.parametrize("length", [0, 1, 200])
def test_a_token_file_cut_off_in_its_header_is_refused(token_file, length):
    token_file.write_bytes(token_file.read_bytes()[:length])
    token_refusal(token_file)


def test_a_token_file_with_more_than_its_header_says_is_refused(token_file):
    with open(token_file, "ab") as file:
        file.write(b"\x07\x00")
    token_refusal(token_file)


@pytest.mark.parametrize(
    "content",
    [
        tokens_of(TEXTS).tobytes(),
        "여권을 잃어버렸을 때\n".encode() * 60,
        b"[1, 2, 3]".ljust(HEADER_BYTES),
        b'{"vocab_size": 300}'.ljust(HEADER_BYTES),
        b"\xff\xfe" * 600,
    ],
    ids=["headerless", "text", "list", "other JSON", "bytes"],
)
def test_a_foreign_file_is_no_token_file(tmp_path, content):
    path = tmp_path / "train.bin"
    path.write_bytes(content)
    token_refusal(path)


def test_a_token_file_of_another_format_is_refused(token_file):
    token_file.write_bytes(token_file.read_bytes().replace(b"gpt-tokens-1", b"gpt-tokens-0", 1))
    assert "'gpt-tokens-0'" in token_refusal(token_file)


def test_a_token_file_without_tokens_is_refused(tmp_path):
    write_token_file(tmp_path / "val.bin", [], 300)
    assert "no tokens" in token_refusal(tmp_path / "val.bin")


# --- Device ---


def machine(monkeypatch, cuda: bool = False, mps: bool = False, version: str = "2.13.0") -> None:
    """Let torch say that this machine has these devices."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch, "__version__", version)


@pytest.mark.parametrize(
    ("cuda", "mps", "taken"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_cuda_then_mps_then_the_cpu(monkeypatch, cuda, mps, taken):
    machine(monkeypatch, cuda, mps)
    assert choose_device("auto").type == taken


@pytest.mark.parametrize("wanted", ["cpu", "mps", "cuda", "cuda:1"])
def test_a_device_that_is_there_can_be_named(monkeypatch, wanted):
    machine(monkeypatch, cuda=True, mps=True)
    assert choose_device(wanted) == torch.device(wanted)


@pytest.mark.parametrize("wanted", ["gpu", "tpu", "", "Metal"])
def test_an_unknown_device_is_refused_with_the_known_ones(monkeypatch, wanted):
    machine(monkeypatch, cuda=True, mps=True)
    with pytest.raises(StepError, match=f"DEVICE is '{wanted}'; .*auto, mps, cuda or cpu"):
        choose_device(wanted)


@pytest.mark.parametrize("wanted", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, wanted):
    machine(monkeypatch)
    with pytest.raises(StepError, match=f"DEVICE is '{wanted}', which this machine does not have"):
        choose_device(wanted)


@pytest.mark.parametrize("version", ["2.11.1", "2.9.0", "1.13.1"])
def test_mps_is_refused_with_a_torch_that_decodes_wrongly_there(monkeypatch, version):
    machine(monkeypatch, mps=True, version=version)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(StepError, match=f"torch 2.12.*{version}"):
        choose_device("mps")


@pytest.mark.parametrize("version", ["2.12.0", "2.13.0+cpu", "3.0.0"])
def test_mps_is_taken_with_torch_2_12_and_later(monkeypatch, version):
    machine(monkeypatch, mps=True, version=version)
    assert choose_device("mps").type == "mps"


@pytest.mark.parametrize("name", ["cpu", "mps"])
def test_autocast_takes_the_dtype_it_is_given_whatever_the_default_of_the_device(name):
    default = torch.get_autocast_dtype(name)
    torch.set_autocast_dtype(name, torch.float16)
    try:
        with autocast(torch.device(name), torch.bfloat16):
            assert torch.get_autocast_dtype(name) == torch.bfloat16
            assert torch.is_autocast_enabled(name)
    finally:
        torch.set_autocast_dtype(name, default)


def test_bf16_is_for_matrix_products_and_fp32_for_all():
    x = torch.ones(2, 2)
    with autocast(torch.device("cpu"), torch.bfloat16):
        assert (x @ x).dtype == torch.bfloat16
    with autocast(torch.device("cpu"), torch.float32):
        assert (x @ x).dtype == torch.float32


def test_precision_is_what_was_asked_for_and_on_mps_fp32_if_nothing_was():
    for name in ("cpu", "mps", "cuda"):
        assert choose_dtype("bf16", torch.device(name)) == torch.bfloat16
        assert choose_dtype("fp32", torch.device(name)) == torch.float32
    assert choose_dtype("auto", torch.device("mps")) == torch.float32


def test_an_unknown_precision_is_refused():
    with pytest.raises(StepError, match="PRECISION is 'fp16'; it must be auto, bf16 or fp32"):
        choose_dtype("fp16", torch.device("cpu"))
