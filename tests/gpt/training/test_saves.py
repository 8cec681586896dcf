"""Saves that outlive a kill and a damaged file, and the best checkpoint."""

import math
import os
import random
import signal
import time

from gpt.checkpoint import best_of, load_checkpoint, previous_of
from gpt.training import run_files, trainer
from gpt.training.evaluation import Evaluation, Loss
from gpt.training.kinds import KINDS

import pytest
import torch

PARTS = ("model", "optimizer", "data", "random")


def assert_same_training(one: dict, other: dict) -> None:
    """Weights, optimiser, data order and random numbers, equal to the bit."""

    def flat(value, path):
        if isinstance(value, dict):
            for key, item in value.items():
                yield from flat(item, f"{path}.{key}")
        else:
            yield path, value

    for part in PARTS:
        for (path, left), (_, right) in zip(flat(one[part], part), flat(other[part], part), strict=True):
            assert torch.equal(left, right) if isinstance(left, torch.Tensor) else left == right, path
    assert one["run"]["step"] == other["run"]["step"]
    assert one["run"]["history"] == other["run"]["history"]


# --- A kill ---


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_twenty_kills_at_any_moment_change_nothing(house):
    """Dropout draws random numbers in every step, and a save comes every third: what a kill loses is made again."""
    settings = {"max_steps": 60, "eval_interval": 3, "dropout": 0.1, "sample_tokens": 0}
    unbroken, broken = (house.folder / name / "ckpt.pt" for name in ("unbroken", "broken"))
    start = time.monotonic()
    house.run("04", checkpoint_path=unbroken, **settings)
    whole_run = time.monotonic() - start

    chance = random.Random(20)
    kills = 0
    while kills < 20:
        child = os.fork()
        if child == 0:  # the process to be killed
            try:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 1)
                os.dup2(null, 2)
                house.run("04", checkpoint_path=broken, **settings)
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0, whole_run / 4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        if broken.exists():
            load_checkpoint(broken)  # never half-written
    house.run("04", checkpoint_path=broken, **settings)
    assert_same_training(load_checkpoint(unbroken), load_checkpoint(broken))


def test_a_run_saves_at_its_start_and_after_so_many_minutes(house, monkeypatch):
    path = house.folder / "new" / "ckpt.pt"
    saves = []
    save = run_files.save_checkpoint
    monkeypatch.setattr(
        run_files,
        "save_checkpoint",
        lambda place, content: (saves.append(content["run"]["step"]), save(place, content)),
    )
    house.run("04", checkpoint_path=path, max_steps=4, eval_interval=100, save_minutes=1e-9)
    assert saves == [0, 1, 2, 3, 4, 4]


# --- A damaged save ---


@pytest.mark.parametrize("step", ["04", "05"])
def test_the_save_before_the_last_is_used_where_the_last_is_damaged(house, step, capsys):
    os.truncate(house.checkpoint, 1000)
    house.run(step, **({"max_steps": 6} if step == "04" else {}))
    said = capsys.readouterr().err
    assert f"{house.checkpoint}: 1,000 bytes" in said
    assert "going on with ckpt.previous.pt, the save before it, at step 2" in said


def test_training_goes_on_from_the_save_before_to_the_same_end(house):
    whole = load_checkpoint(house.checkpoint)
    os.truncate(house.checkpoint, 1000)
    house.run("04")
    assert_same_training(whole, load_checkpoint(house.checkpoint))


def test_the_next_save_keeps_the_good_one_and_not_the_damaged_one(house):
    os.truncate(house.checkpoint, 1000)
    house.run("04")  # from step 2 to one more save, at step 4
    assert load_checkpoint(previous_of(house.checkpoint))["run"]["step"] == 2


def test_a_save_keeps_the_one_before(house):
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 4
    assert load_checkpoint(previous_of(house.checkpoint))["run"]["step"] == 2


# --- The best ---


def measure(monkeypatch, *bits_per_byte: float) -> None:
    """Let the evaluations find these validation losses, one after another."""
    losses = (Loss(nats=bits * math.log(2), tokens=1, text_bytes=1) for bits in bits_per_byte)
    by_kind = dict.fromkeys(KINDS, Loss())
    monkeypatch.setattr(trainer, "evaluate", lambda *_: Evaluation(next(losses), by_kind, copying=0.0))


def test_the_best_checkpoint_stays_when_later_ones_are_worse(house, monkeypatch, capsys):
    """Validation losses as they are when a model begins to learn its text by heart."""
    path = house.folder / "new" / "ckpt.pt"
    measure(monkeypatch, 3.0, 2.0, 2.5, 2.7)
    house.run("04", checkpoint_path=path, max_steps=8, eval_interval=2, max_rise=0)
    assert load_checkpoint(path)["run"]["step"] == 8
    assert load_checkpoint(best_of(path))["run"]["step"] == 4
    said = capsys.readouterr().out
    assert "The best validation was 2.0000 at step 4" in said and f"--checkpoint-path {best_of(path)}" in said
    house.run("05", checkpoint_path=best_of(path))


def test_a_run_ends_by_itself_when_the_validation_loss_has_risen(house, monkeypatch, capsys):
    path = house.folder / "risen" / "ckpt.pt"
    measure(monkeypatch, 3.0, 2.0, 2.1, 2.3)
    house.run("04", checkpoint_path=path, max_steps=20, eval_interval=2, max_rise=0.2)
    assert load_checkpoint(path)["run"]["step"] == 8
    assert (
        "Ended early: the validation loss is 0.30 bits per byte above its best (MAX_RISE)." in capsys.readouterr().out
    )

    measure(monkeypatch, 2.2, 2.6)
    house.run("04", checkpoint_path=path, max_steps=20, eval_interval=2, max_rise=0.5)
    assert load_checkpoint(path)["run"]["step"] == 12  # the rise before this start does not end it
