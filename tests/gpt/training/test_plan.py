"""The plan of a run: size, length, what is kept by a rerun, and when it is evaluated."""

import re

from gpt.checkpoint import load_checkpoint
from gpt.training import plan
from gpt.training.plan import advise, choose_length, choose_size, describe_time
from gpt.training.run import Run

import pytest
import torch


def test_the_plan_is_told_before_the_first_step_with_the_speed_that_was_measured(house, capsys, monkeypatch):
    house.run("04", max_steps=12, eval_interval=6)
    said = capsys.readouterr().out
    assert said.count("plan: ") == 1
    assert said.index("plan: ") < said.index("step 6: ")
    assert "from step 4 to about 12" in said and re.search(r"[1-9][\d,]* tokens/s", said)


@pytest.mark.parametrize(
    ("tokens", "seconds_per_step", "length"),
    [
        (5_000, 0.1, (100, 0.0)),  # the smallest text has steps enough to learn the form
        (300_000, 0.1, (600, 0.0)),  # four times over, where that is soon done
        (300_000, 1.0, (0, 1.8)),  # a slow machine stops by the clock …
        (1_000_000, 1.0, (0, 6.0)),  # … later where there is more to learn
        (100_000_000, 1.0, (0, 60.0)),  # … but within the hour
    ],
)
def test_the_length_of_a_run_suits_the_text_and_the_machine(tokens, seconds_per_step, length):
    assert choose_length(tokens, tokens / 2000, seconds_per_step) == length


@pytest.mark.parametrize(
    ("tokens", "device", "shape"),
    [(800, "cpu", (4, 256, 1)), (3e5, "mps", (4, 256, 2)), (2e7, "cpu", (4, 256, 8)), (2e7, "mps", (6, 384, 8))],
)
def test_the_size_of_a_model_suits_the_text_and_the_device(tokens, device, shape):
    size = choose_size(int(tokens), torch.device(device))
    assert (size.n_layer, size.n_embd, size.batch_size) == shape


def test_a_run_without_a_length_gets_one_that_a_rerun_keeps(house, capsys):
    path = house.folder / "new" / "ckpt.pt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "LEAST_STEPS", 3)
        patch.setattr(plan, "EPOCHS", 0.1)
        house.run("04", checkpoint_path=path, max_steps=0)
    assert load_checkpoint(path)["plan"] == {"batch_size": 2, "max_steps": 3, "max_minutes": 0.0}
    capsys.readouterr()
    house.run("04", checkpoint_path=path, max_steps=0)
    said = capsys.readouterr().out
    assert load_checkpoint(path)["run"]["step"] == 3 and "--max-steps 6" in said and "plan: " not in said


def test_a_rerun_takes_the_shape_of_the_checkpoint(house):
    shape = load_checkpoint(house.checkpoint)["config"]
    house.run("04", max_steps=5, n_layer=0, n_head=0, n_embd=0)
    assert load_checkpoint(house.checkpoint)["config"] == shape


def test_another_shape_than_the_checkpoint_has_is_refused_with_commands_that_work(house):
    message = house.complaint("04", n_embd=64)
    assert "N_EMBD is 32 there and 64 here" in message
    go_on, anew = (
        re.search(pattern, message)[1] for pattern in (r"to go on, run: (.*?);", r"to start anew, run: (.*)")
    )
    assert "--n-embd 32" in go_on and "--n-embd 64" in anew and "--restart" in anew


def test_a_restart_keeps_the_checkpoints_of_the_run_before(house):
    before = house.checkpoint.read_bytes()
    house.run("04", restart=True, max_steps=1)
    house.run("04", restart=True, max_steps=1)
    assert house.checkpoint.with_name("ckpt.older.pt").read_bytes() == before
    assert house.checkpoint.with_name("ckpt.older2.pt").exists()
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 1


@pytest.mark.parametrize(
    ("parameters", "tokens", "epochs", "advice"),
    [
        (10e6, 20e6, 1.0, None),
        (10e6, 20e6, 8.0, None),
        (10e6, 20e6, 0.1, "raise MAX_MINUTES"),
        (10e6, 20e6, 30.0, "more text makes a better model"),
        (5e6, 0.3e6, 6.0, "smaller model"),
        (5e6, 0.3e6, 1.0, None),
        (1e6, 100e6, 3.0, "larger model"),
    ],
)
def test_a_run_or_a_model_that_does_not_suit_the_text_is_told_so(parameters, tokens, epochs, advice):
    lines = advise(int(parameters), int(tokens), epochs)
    assert bool(lines) == bool(advice) and (not advice or advice in lines[0])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "1 minute"), (150, "2 minutes"), (3600, "60 minutes"), (9000, "2.5 hours"), (432000, "5.0 days")],
)
def test_time_is_told_in_a_unit_that_suits_it(seconds, words):
    assert describe_time(seconds) == words


# --- Evaluations by the clock ---


def test_an_evaluation_is_due_by_steps_or_by_minutes(monkeypatch):
    run = Run(100)
    run.step, run.seconds = 10, 100.0
    assert run.is_evaluation_due(10, 0.0) and not run.is_evaluation_due(20, 0.0)
    assert run.is_evaluation_due(20, 1.0) and not run.is_evaluation_due(20, 2.0)


def test_evaluations_by_the_clock_take_a_tenth_of_the_time_at_most():
    run = Run(100)
    run.step, run.seconds, run.evaluation_seconds = 10, 100.0, 30.0
    assert not run.is_evaluation_due(20, 1.0)
    run.seconds = 300.0
    assert run.is_evaluation_due(20, 1.0)
