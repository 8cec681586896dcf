"""Token files say what they hold, and are refused when they do not hold it."""

import json

from gpt.token_file import HEADER_BYTES, TokenFileWriter, dtype_for, read_token_file
from pipeline import StepError
from tests.gpt.training.test_batches import BOS, EOS, TEXTS, tokens_of

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def write_token_file(path, samples, vocab_size: int) -> None:
    with open(path, "wb") as file:
        writer = TokenFileWriter(file, vocab_size, "ab12" * 16, "answer")
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
    assert "file not found" in token_refusal(tmp_path / "train.bin")


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
