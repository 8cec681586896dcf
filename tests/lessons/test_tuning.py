"""The loss of answers alone: which tokens count, and that their probabilities are the model's."""

from corpus.template import ANSWER, DOC, EOS, marker_id
from gpt.model import GPT, GPTConfig
from gpt.token_file import read_token_file
from gpt.training.batches import IGNORED
from lessons import tuning
from lessons.tuning import Example, log_probabilities, make_batch, read_samples

import pytest
import torch


@pytest.fixture(scope="module")
def model() -> GPT:
    torch.manual_seed(2)
    model = GPT(GPTConfig(40, block_size=16, n_layer=1, n_head=2, n_kv_head=2, n_embd=16, head_dim=8, n_hidden=24))
    with torch.no_grad():
        model.head.weight.normal_()
    return model


def test_only_the_tokens_of_answers_are_targets():
    inputs, targets = make_batch([Example([1, 2, 3], [4, 5]), Example([6], [7])], pad=0)
    no = IGNORED
    assert inputs.tolist() == [[1, 2, 3, 4], [6, 0, 0, 0]]
    assert targets.tolist() == [[no, no, 4, 5], [7, no, no, no]]


def test_log_probabilities_are_those_of_the_softmax(model, monkeypatch):
    monkeypatch.setattr(tuning, "choose_dtype", lambda *_: torch.float32)
    inputs, targets = make_batch([Example([1, 2, 3], [4, 5]), Example([6], [7])], pad=0)
    found = log_probabilities(model, inputs, targets)
    wanted = model(inputs).log_softmax(-1)
    assert found.shape == targets.shape
    torch.testing.assert_close(found[0, 2:], torch.stack([wanted[0, 2, 4], wanted[0, 3, 5]]))
    torch.testing.assert_close(found[1, 0], wanted[1, 0, 7])
    assert found[0, :2].tolist() == [0, 0] and found[1, 1:].tolist() == [0, 0, 0]
    found.sum().backward()
    assert model.head.weight.grad.abs().sum() > 0


def test_a_temperature_divides_the_logits(model, monkeypatch):
    monkeypatch.setattr(tuning, "choose_dtype", lambda *_: torch.float32)
    inputs, targets = make_batch([Example([1, 2], [3])], pad=0)
    wanted = (model(inputs)[0, 1] / 0.5).log_softmax(-1)[3]
    torch.testing.assert_close(log_probabilities(model, inputs, targets, temperature=0.5)[0, 1], wanted)


def test_a_sample_is_cut_behind_the_line_of_its_answer_marker(built_house, tokenizer):
    _, tokens = read_token_file(built_house.train_bin)
    examples = read_samples(str(built_house.train_bin), tokenizer, len(tokens))
    assert [token for each in examples for token in (*each.prompt, *each.answer)] == tokens.tolist()
    assert {marker_id(tokenizer, DOC) in each.prompt for each in examples} == {True, False}
    for each in examples:
        assert tokenizer.decode(each.prompt, skip_special_tokens=False).endswith(f"{ANSWER}\n")
        answer = tokenizer.decode(each.answer, skip_special_tokens=False)
        assert answer.startswith("요약:\n") and answer.endswith(f"[/ANSWER]{EOS}")
