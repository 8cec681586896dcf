"""The Trainer: a step is the one of the textbook, however many rows are on the device at once, and can be resumed."""

import copy

from gpt.model import GPT, GPTConfig
from gpt.training import trainer as trainer_module
from gpt.training.batches import IGNORED
from gpt.training.evaluation import Validation
from gpt.training.kinds import SampleMarkers
from gpt.training.loss import NonFiniteLossError
from gpt.training.optimizer import LearningRates, Optimizer
from gpt.training.trainer import Trainer

import pytest
import torch
import torch.nn.functional as F

RATES = LearningRates(matrix=0.01, embedding=0.05, head=0.006, norm=0.006, weight_decay=0.1)
TEXT = "여권을 잃어버리면 먼저 경찰서에서 분실 신고서를 받으세요."


def new_model(dropout: float = 0.0) -> GPT:
    torch.manual_seed(0)
    shape = {"n_layer": 2, "n_head": 2, "n_kv_head": 1, "n_embd": 16, "head_dim": 8, "n_hidden": 24}
    return GPT(GPTConfig(256, block_size=16, dropout=dropout, **shape))


def new_trainer(micro_batch_size: int = 4, dropout: float = 0.0, average_span: float = 0.0) -> Trainer:
    return Trainer(new_model(dropout), RATES, torch.float32, micro_batch_size, 1.0, average_span)


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Four rows of the bytes of a Korean sentence; the second half of the last row is padding."""
    data = torch.tensor(list(TEXT.encode()))
    inputs = torch.stack([data[start : start + 16] for start in (0, 16, 32, 48)])
    targets = torch.stack([data[start : start + 16] for start in (1, 17, 33, 49)])
    targets[3, 8:] = IGNORED
    return inputs, targets


def weights(model: GPT) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_a_step_is_forward_backward_clip_and_update():
    trainer, (inputs, targets) = new_trainer(), batch()
    model = new_model()
    optimizer = Optimizer(model, RATES, torch.float32)
    for _ in range(3):
        result = trainer.step(inputs, targets, rate_factor=0.5)

        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.set_rate(0.5)
        optimizer.step()
        optimizer.zero_grad()
        assert (result.loss, result.gradient_norm) == pytest.approx((loss.item(), norm.item()), rel=1e-4)
    torch.testing.assert_close(weights(trainer.model), weights(model), atol=1e-3, rtol=1e-2)


def test_the_rows_on_the_device_at_once_do_not_change_what_is_learned():
    one, four = new_trainer(micro_batch_size=1), new_trainer(micro_batch_size=4)
    for _ in range(3):
        assert one.step(*batch(), 1.0).loss == pytest.approx(four.step(*batch(), 1.0).loss, rel=1e-4)


def test_steps_learn_a_sentence():
    trainer = new_trainer()
    losses = [trainer.step(*batch(), 1.0).loss for _ in range(40)]
    assert losses[-1] < losses[0] / 4


def test_a_rate_of_zero_changes_no_weight():
    trainer = new_trainer()
    before = weights(trainer.model)
    trainer.step(*batch(), rate_factor=0.0)
    assert torch.equal(weights(trainer.model), before)


def test_a_restored_state_goes_on_to_the_bit_with_dropout_too():
    unbroken = new_trainer(dropout=0.1, average_span=1.0)
    unbroken.step(*batch(), 1.0)
    saved = copy.deepcopy(unbroken.state_dict())
    for _ in range(2):
        unbroken.step(*batch(), 1.0)

    resumed = new_trainer(dropout=0.1, average_span=1.0)
    torch.rand(5)  # other random numbers than the saved ones
    resumed.load_state_dict(saved)
    for _ in range(2):
        resumed.step(*batch(), 1.0)
    assert torch.equal(weights(resumed.model), weights(unbroken.model))
    assert torch.equal(weights(resumed.average.model), weights(unbroken.average.model))
    assert not torch.equal(weights(resumed.average.model), weights(resumed.model))


def test_a_save_of_a_version_without_a_mean_goes_on():
    unbroken = new_trainer()
    unbroken.step(*batch(), 1.0)
    saved = copy.deepcopy(unbroken.state_dict())
    for later in ("weights", "averaged_steps"):
        del saved[later]

    resumed = new_trainer(average_span=0.25)
    resumed.load_state_dict(saved)
    for trainer in (unbroken, resumed):
        trainer.step(*batch(), 1.0)
    assert torch.equal(weights(resumed.model), weights(unbroken.model))
    torch.testing.assert_close(weights(resumed.average.model), weights(resumed.model))


def test_a_loss_that_is_not_finite_leaves_the_weights_as_they_were(monkeypatch):
    monkeypatch.setattr(trainer_module, "accumulate_gradients", lambda *_, **__: float("nan"))
    trainer = new_trainer()
    before = weights(trainer.model)
    with pytest.raises(NonFiniteLossError):
        trainer.step(*batch(), 1.0)
    assert torch.equal(weights(trainer.model), before)


VALIDATION = Validation(
    lambda rows: [batch()],
    token_bytes=torch.ones(256, dtype=torch.int64),
    token_count=56,
    markers=SampleMarkers(-1, -1, -1, -1, -1),
)


def test_what_is_measured_and_saved_for_use_is_the_mean_of_the_weights():
    trainer, asked = new_trainer(average_span=1.0), new_trainer()
    for _ in range(10):
        trainer.step(*batch(), 1.0)
    of_mean, state = trainer.evaluate(VALIDATION), trainer.state_dict()
    asked.model.load_state_dict(state["model"])
    assert asked.evaluate(VALIDATION) == of_mean
    asked.model.load_state_dict(state["weights"])
    assert asked.evaluate(VALIDATION).loss.nats < of_mean.loss.nats  # ten steps from chance: the last ones are better


def test_a_new_model_needs_eight_bits_for_each_of_256_equally_likely_bytes():
    shown = []
    evaluation = new_trainer().evaluate(VALIDATION, shown.append)
    assert evaluation.loss.bits_per_byte == pytest.approx(8.0)
    assert all(loss.tokens == 0 for loss in evaluation.by_kind.values())
    assert shown == [56]
