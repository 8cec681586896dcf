"""Rows of whole samples: every token is predicted once, and the order can be taken up again."""

import itertools
from collections import Counter

from gpt.training.batches import IGNORED, TrainingRows, find_samples, pack_rows, validation_batches

import numpy as np
import torch
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
