"""Training goes on where memory runs out and where numbers blow up."""

from gpt.checkpoint import load_checkpoint
from gpt.training import loop, trainer
from gpt.training.memory import MicroBatch
from gpt.training.run import MOST_RETREATS, Run
from pipeline import StepError, is_out_of_memory

import pytest
import torch

# --- Memory ---

MESSAGES = [
    RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)"),
    RuntimeError("Invalid buffer size: 12.00 GB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
]


@pytest.mark.parametrize("error", MESSAGES, ids=["mps", "mps buffer", "cpu", "cuda", "python"])
def test_every_device_has_its_own_words_for_no_memory(error):
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))


@pytest.mark.parametrize("error", MESSAGES[:3], ids=["mps", "mps buffer", "cpu"])
def test_a_step_without_memory_is_made_again_with_half_the_rows(house, monkeypatch, capsys, error):
    """From the third step on more than one row at a time is too much: the result must be the same."""
    settings = {"max_steps": 5, "batch_size": 4, "micro_batch_size": 4, "dropout": 0.0}
    paths = [house.folder / name / "ckpt.pt" for name in ("one row", "four rows")]
    house.run("04", checkpoint_path=paths[0], **{**settings, "micro_batch_size": 1})
    accumulate, steps = trainer.accumulate_gradients, []

    def accumulate_in_little_memory(model, inputs, targets, rows, dtype):
        steps.append(rows)
        if len(steps) > 2 + loop.TRIES and rows > 1:
            accumulate(model, inputs[:2], targets[:2], 1, dtype)  # gradients of a half-made step
            raise error
        return accumulate(model, inputs, targets, rows, dtype)

    monkeypatch.setattr(trainer, "accumulate_gradients", accumulate_in_little_memory)
    capsys.readouterr()
    house.run("04", checkpoint_path=paths[1], **settings)
    assert steps[loop.TRIES :] == [4, 4, 4, 2, 1, 1, 1]
    said = capsys.readouterr().out
    assert "going on with 2 rows at a time" in said and "going on with 1 rows at a time" in said
    one, other = (load_checkpoint(path)["model"] for path in paths)
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-3, atol=1e-3)


def test_one_row_too_much_says_what_to_lower():
    def never(rows):
        raise MESSAGES[0]

    with pytest.raises(StepError, match=r"one row at a time.*BLOCK_SIZE.*N_EMBD"):
        MicroBatch(4, torch.device("cpu")).fit(never, clear=lambda: None)


def test_a_retry_draws_the_same_random_numbers():
    drawn = []

    def fail_once(rows):
        drawn.append(torch.rand(3))
        if len(drawn) == 1:
            raise MESSAGES[0]
        return 1.0

    MicroBatch(2, torch.device("cpu")).fit(fail_once, clear=lambda: None)
    assert torch.equal(*drawn)


def test_another_error_is_no_lack_of_memory():
    def broken(rows):
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        MicroBatch(2, torch.device("cpu")).fit(broken, clear=lambda: None)


# --- Numbers that blow up ---


def blow_up_at(steps: set[int], monkeypatch) -> None:
    """Let the loss of these steps be no number; those that a run tries first do not count."""
    accumulate, calls = trainer.accumulate_gradients, []

    def explode(*arguments, **named):
        calls.append(1)
        loss = accumulate(*arguments, **named)
        return float("nan") if len(calls) - loop.TRIES in steps else loss

    monkeypatch.setattr(trainer, "accumulate_gradients", explode)


def test_a_loss_that_is_no_number_goes_back_to_the_last_save_with_half_the_rate(house, monkeypatch, capsys):
    blow_up_at({2}, monkeypatch)
    house.run("04", max_steps=8, eval_interval=2)
    run = load_checkpoint(house.checkpoint)["run"]
    assert (run["step"], run["rate_share"], run["retreats"]) == (8, 0.5, 1)
    assert "step 6: the loss is no longer a number; back to the last save, with 50.0%" in capsys.readouterr().out
    assert all(torch.isfinite(tensor).all() for tensor in load_checkpoint(house.checkpoint)["model"].values())


def test_a_new_run_that_blows_up_goes_back_to_its_start(house, monkeypatch):
    path = house.folder / "new" / "ckpt.pt"
    blow_up_at({1}, monkeypatch)
    house.run("04", checkpoint_path=path, max_steps=2, eval_interval=2)
    assert load_checkpoint(path)["run"]["step"] == 2


def test_after_three_times_training_stops_with_the_last_good_save(house, monkeypatch):
    blow_up_at(set(range(1, 99)), monkeypatch)
    message = house.complaint("04", max_steps=8)
    assert "MATRIX_RATE" in message and f"{MOST_RETREATS} times" in message


def test_what_a_retreat_taught_outlives_the_save_that_it_went_back_to():
    run = Run(10, 0)
    saved = run.state_dict()
    run.retreat()
    run.load_state_dict(saved)
    assert (run.rate_share, run.retreats) == (0.5, 1)


def test_weights_that_are_no_numbers_are_never_saved(house, monkeypatch):
    """A gradient can be infinite where the loss is still a number: the weights are spoiled, and a save comes first."""
    step, calls = trainer.Trainer.step, []

    def spoil(self, *arguments, **named):
        result = step(self, *arguments, **named)
        calls.append(1)
        if len(calls) == loop.TRIES + 1:
            self.model.norm.weight.data[0] = float("inf")
        return result

    monkeypatch.setattr(trainer.Trainer, "step", spoil)
    house.run("04", max_steps=8, save_minutes=1e-9)
    content = load_checkpoint(house.checkpoint)
    assert content["run"]["retreats"] == 1
    assert all(torch.isfinite(tensor).all() for tensor in content["weights"].values())
