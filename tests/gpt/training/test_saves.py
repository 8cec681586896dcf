"""Saves that outlive a kill and a damaged file, and the best checkpoint."""

import errno
import math
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pipeline
from gpt import checkpoint
from gpt.checkpoint import best_of, load_checkpoint, previous_of
from gpt.training import run_files, trainer
from gpt.training.evaluation import Evaluation, Loss
from gpt.training.kinds import KINDS

import pytest
import torch

ROOT = Path(pipeline.__file__).parent.parent
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


def measure(monkeypatch, *bits_per_byte: float, at_last=lambda: None) -> None:
    """Let the evaluations find these validation losses, one after another; call `at_last` before the last one."""
    losses = list(bits_per_byte)

    def evaluate(*_):
        if len(losses) == 1:
            at_last()
        loss = Loss(nats=losses.pop(0) * math.log(2), tokens=1, text_bytes=1)
        return Evaluation(loss, dict.fromkeys(KINDS, Loss()), copying=0.0)

    monkeypatch.setattr(trainer, "evaluate", evaluate)


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


def test_a_file_called_damaged_is_kept_under_a_name_of_its_own(house, capsys):
    kept = [house.checkpoint.with_name(name) for name in ("ckpt.damaged.pt", "ckpt.damaged2.pt")]
    for path in kept:
        os.truncate(house.checkpoint, 1000)
        damaged = house.checkpoint.read_bytes()
        house.run("04")
        assert path.read_bytes() == damaged and path.name in capsys.readouterr().err


OUT_OF_MEMORY = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1073741824 bytes.")


def fail_with(error: BaseException):
    def fail(*_arguments, **_named):
        raise error

    return fail


@pytest.mark.parametrize("step", ["04", "05", "export"])
@pytest.mark.parametrize("error", [MemoryError(), OUT_OF_MEMORY], ids=["Python", "torch"])
@pytest.mark.parametrize("reader", ["zip", "torch"])
def test_a_sound_checkpoint_for_which_there_is_no_memory_is_not_called_damaged(house, step, error, reader, monkeypatch):
    if reader == "zip":
        monkeypatch.setattr(zipfile.ZipFile, "testzip", fail_with(error))
    else:
        monkeypatch.setattr(torch, "load", fail_with(error))
    message = house.complaint(step)
    assert message.startswith(f"{house.checkpoint}: not enough memory to read its ") and "damaged" not in message


@pytest.mark.parametrize("step", ["04", "05", "export"])
def test_a_disk_that_cannot_read_a_checkpoint_is_told_of_as_that(house, step, monkeypatch):
    """zipfile takes the error of the disk for a file that is not a zip file."""
    before = house.contents()
    monkeypatch.setattr(zipfile, "ZipFile", fail_with(zipfile.BadZipFile()))
    monkeypatch.setattr(checkpoint, "open", fail_with(OSError(errno.EIO, "Input/output error")), raising=False)
    with pytest.raises(OSError) as refusal:
        house.run(step)
    assert (refusal.value.errno, refusal.value.filename) == (errno.EIO, str(house.checkpoint))
    assert house.contents() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_run_with_little_memory_leaves_the_last_save(house, tmp_path):
    """A checkpoint that is larger than the memory that is left, read in another process."""
    content = load_checkpoint(house.checkpoint)
    content["optimizer"]["padding"] = torch.zeros(400_000_000, dtype=torch.uint8)
    torch.save(content, house.checkpoint)
    before = house.checkpoint.stat().st_size
    program = (
        "import resource, sys, torch\n"
        "from gpt.checkpoint import load_checkpoint\n"
        "from pipeline import StepError\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000,) * 2)\n"
        "try:\n"
        "    load_checkpoint(sys.argv[1], repair=True)\n"
        "except StepError as error:\n"
        "    print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, house.checkpoint], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "not enough memory to read its" in ended.stdout
    assert house.checkpoint.stat().st_size == before


def test_a_save_keeps_the_one_before(house):
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 4
    assert load_checkpoint(previous_of(house.checkpoint))["run"]["step"] == 2


# --- A kill between a save and what is written after it ---

SETTINGS = {"max_steps": 8, "eval_interval": 2, "max_rise": 0.0}


class KilledError(BaseException):
    """What a test raises where a process would be killed: nothing catches it."""


def kill(*_arguments, **_named):
    raise KilledError


@pytest.mark.parametrize("undone", ["record_artifacts", "keep_as_best", "draw_chart"])
def test_what_a_kill_after_a_save_left_undone_is_done_when_the_run_goes_on(house, monkeypatch, undone):
    """At step 4 the loss is lowest; the run is killed right after that save, and then only goes on to its end."""
    path = house.folder / "new" / "ckpt.pt"
    where = pipeline if undone == "record_artifacts" else run_files.RunFiles
    measure(monkeypatch, 3.0, 2.0, at_last=lambda: monkeypatch.setattr(where, undone, kill))
    with pytest.raises(KilledError):
        house.run("04", checkpoint_path=path, **SETTINGS)
    monkeypatch.undo()
    assert load_checkpoint(path)["run"]["step"] == 4

    measure(monkeypatch, 2.5, 2.7)
    house.run("04", checkpoint_path=path, **{**SETTINGS, "max_steps": 4})  # no step is left
    assert load_checkpoint(best_of(path))["run"]["step"] == 4
    assert pipeline.is_recorded(path)
    assert "<title>4: 2.0000</title>" in path.with_name("loss.svg").read_text(encoding="utf-8")
    house.run("04", checkpoint_path=path, **SETTINGS)
    assert load_checkpoint(best_of(path))["run"]["step"] == 4


def test_the_best_of_saves_that_were_lost_is_put_aside_until_the_run_has_made_it_again(house, monkeypatch):
    path = house.folder / "new" / "ckpt.pt"
    measure(monkeypatch, 3.0, 2.0)
    house.run("04", checkpoint_path=path, **{**SETTINGS, "max_steps": 4})
    path.unlink()  # not truncated: best.pt is a second name for the same bytes
    path.write_bytes(b"damaged")
    measure(monkeypatch, 2.9)
    house.run("04", checkpoint_path=path, **{**SETTINGS, "max_steps": 4})
    assert load_checkpoint(best_of(path))["run"]["history"][-1]["bits_per_byte"] == 2.9
    assert load_checkpoint(path.with_name("best.older.pt"))["run"]["history"][-1]["bits_per_byte"] == 2.0


@pytest.mark.parametrize("is_new", [True, False], ids=["a new run", "a run that goes on"])
def test_a_best_checkpoint_of_another_run_is_put_aside(house, is_new):
    path = house.folder / "new" / "ckpt.pt" if is_new else house.checkpoint
    path.parent.mkdir(exist_ok=True)
    best_of(path).unlink(missing_ok=True)
    best_of(path).write_text("다른 프로그램의 모델", encoding="utf-8")
    house.run("04", checkpoint_path=path, max_steps=6)
    assert path.with_name("best.older.pt").read_text(encoding="utf-8") == "다른 프로그램의 모델"
    assert load_checkpoint(best_of(path))["run"]["history"]


def test_a_run_that_is_refused_puts_nothing_aside(house):
    house.complaint("04", restart=True, n_embd=33)


def test_a_new_run_may_start_from_the_weights_that_it_replaces(house):
    trained = load_checkpoint(house.checkpoint)["model"]["embedding.weight"]
    house.run("04", restart=True, init_from=house.checkpoint, max_steps=1, eval_interval=1)
    started = load_checkpoint(previous_of(house.checkpoint))
    assert started["run"]["step"] == 0 and torch.equal(started["model"]["embedding.weight"], trained)


# --- The best ---


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
