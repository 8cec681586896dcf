"""log.csv: every step once, whatever interrupts the run, and no run lost for a row."""

import errno
import importlib
import io
import itertools
import math
import os
import shutil
import signal
from pathlib import Path

from gpt.checkpoint import beside, best_of, load_checkpoint
from gpt.training import loop, trainer
from gpt.training.log import COLUMNS, FIRST_COLUMNS, TrainingLog, read_log
from tests.gpt.training.logs import EVERY_STEP, learned, log_with, rows_of, run_at, steps_in

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

train_script = importlib.import_module("04_train_gpt_from_scratch")


# --- The rows of a run ---


def test_a_run_leaves_a_row_every_few_steps_and_at_each_evaluation(house):
    path = house.folder / "new" / "ckpt.pt"
    house.run("04", checkpoint_path=path, max_steps=10, eval_interval=4, log_interval=3)
    rows = rows_of(path.with_name("log.csv"))
    assert [row["step"] for row in rows] == ["3", "4", "6", "8", "9", "10"]
    assert list(rows[0]) == list(COLUMNS)
    history = load_checkpoint(path)["run"]["history"]
    evaluated = [row for row in rows if row["validation_bits_per_byte"]]
    assert [row["step"] for row in evaluated] == ["4", "8", "10"]
    for row, entry in zip(evaluated, history, strict=True):
        assert float(row["train_loss"]) == pytest.approx(entry["loss"], abs=1e-4)
        assert float(row["validation_bits_per_byte"]) == pytest.approx(entry["bits_per_byte"], abs=1e-4)


def test_tokens_time_rate_and_norm_are_what_the_run_did(house):
    path = house.folder / "new" / "ckpt.pt"
    house.run("04", checkpoint_path=path, max_steps=20, eval_interval=20, warmup_steps=4, **EVERY_STEP)
    rows = [{name: float(cell) for name, cell in row.items() if cell} for row in rows_of(path.with_name("log.csv"))]
    for name in ("tokens", "seconds"):
        values = [row[name] for row in rows]
        assert values == sorted(values) and values[-1] > values[0] >= 0
    assert all(0 < later["tokens"] - row["tokens"] <= 2 * 384 for row, later in itertools.pairwise(rows))
    rates = [row["rate"] for row in rows]
    assert rates[0] == pytest.approx(0.01 / 5) and rates[5] == 0.01
    last_share = 1 - 0.9 * (1 - 0.15)  # the last of 20 steps, 0.9 of the way from DECAY_SHARE 0.5 to FINAL_RATE 0.15
    assert rates[-1] == pytest.approx(0.01 * last_share, rel=1e-3)
    assert all(row["gradient_norm"] > 0 for row in rows)
    assert "tokens_per_second" not in rows[0] and all(row["tokens_per_second"] > 0 for row in rows[1:])


def test_the_files_stand_beside_the_checkpoint_and_bear_its_name():
    assert beside("a/ckpt.pt", "log.csv") == Path("a/log.csv")
    assert beside("a/mine.pt", "loss.svg") == Path("a/mine.loss.svg")
    assert (best_of("a/ckpt.pt"), best_of("a/mine.pt")) == (Path("a/best.pt"), Path("a/mine.best.pt"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("killed_in", [5, 6, 8, 9])
def test_a_killed_run_ends_with_the_rows_of_an_unbroken_one(house, killed_in):
    """Killed after rows that no save holds: the resumed run makes these steps again, and their rows stand once."""
    settings = {"max_steps": 12, "eval_interval": 4, "dropout": 0.1, **EVERY_STEP}
    unbroken, broken = (house.folder / name / "ckpt.pt" for name in ("unbroken", "broken"))
    house.run("04", checkpoint_path=unbroken, **settings)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        append = TrainingLog.append

        def append_and_die(log, run, *values):
            append(log, run, *values)
            if run.step == killed_in:
                os.kill(os.getpid(), signal.SIGKILL)

        TrainingLog.append = append_and_die
        house.run("04", checkpoint_path=broken, **settings)
        os._exit(0)
    os.waitpid(child, 0)
    assert steps_in(broken.with_name("log.csv")) == list(range(1, killed_in + 1))
    house.run("04", checkpoint_path=broken, **settings)
    one, other = (rows_of(path.with_name("log.csv")) for path in (unbroken, broken))
    assert learned(other) == learned(one)


def test_a_retreat_takes_its_rows_back(house, monkeypatch):
    path = house.folder / "new" / "ckpt.pt"
    accumulate, calls = trainer.accumulate_gradients, []

    def explode_once(*arguments, **named):
        calls.append(1)
        loss = accumulate(*arguments, **named)
        return math.nan if len(calls) == 4 + loop.TRIES else loss

    monkeypatch.setattr(trainer, "accumulate_gradients", explode_once)
    house.run("04", checkpoint_path=path, max_steps=6, eval_interval=2, **EVERY_STEP)
    assert steps_in(path.with_name("log.csv")) == [1, 2, 3, 4, 5, 6]
    house.run("04", checkpoint_path=path, max_steps=8, eval_interval=2, **EVERY_STEP)
    assert steps_in(path.with_name("log.csv")) == list(range(1, 9))


def test_a_new_run_keeps_the_log_of_the_one_before_it(house):
    before = house.checkpoint.with_name("log.csv").read_bytes()
    house.checkpoint.unlink()
    house.run("04", **EVERY_STEP)
    assert house.checkpoint.with_name("log.older.csv").read_bytes() == before
    assert steps_in(house.checkpoint.with_name("log.csv")) == [1, 2, 3, 4]


# --- The file ---


@settings(max_examples=60, deadline=None)
@given(
    steps=st.sets(st.integers(1, 200), min_size=1).map(sorted), back_to=st.integers(0, 220), cut=st.integers(0, 10_000)
)
def test_going_back_from_a_file_cut_off_anywhere_leaves_whole_rows_up_to_that_step(
    tmp_path_factory, steps, back_to, cut
):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    log_with(path, steps)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(len(",".join(COLUMNS)) + 1, cut)])
    held = [
        int(line.split(b",")[0]) for line in path.read_bytes().splitlines(keepends=True)[1:] if line.endswith(b"\n")
    ]
    log = TrainingLog(path, 4.1)
    log.go_back_to(back_to)
    assert steps_in(path) == [step for step in held if step <= back_to]
    assert whole.startswith(path.read_bytes())
    log.append(run_at(back_to + 1), 3.5, 1.0, 0.01)
    assert steps_in(path)[-1] == back_to + 1
    assert [row["step"] for row in log.read()] == steps_in(path)


@pytest.mark.parametrize("bytes_left", [0, 1, 20])
def test_a_full_disk_costs_no_row_once_there_is_room_again(tmp_path, monkeypatch, capsys, bytes_left):
    log = log_with(tmp_path / "log.csv", [1, 2])
    before = log.path.read_bytes()

    class FullDisk(io.FileIO):
        def write(self, content):
            if not bytes_left:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(content[:bytes_left])

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", lambda path, mode, buffering: FullDisk(path, "a"))
        log.append(run_at(3), 3.5, 1.0, 0.01)
        log.append(run_at(4), 3.5, 1.0, 0.01)
    assert log.path.read_bytes() == before
    assert capsys.readouterr().err.count(f"{log.path}: no space left on device; training goes on") == 1
    log.append(run_at(5), 3.5, 1.0, 0.01)
    assert steps_in(log.path) == [1, 2, 3, 4, 5]


def test_rows_that_wait_for_room_go_with_a_retreat(tmp_path):
    log = TrainingLog(tmp_path / "not there yet" / "log.csv", 4.1)
    for step in (1, 2, 3):
        log.append(run_at(step), 3.5, 1.0, 0.01)
    log.go_back_to(1)
    log.path.parent.mkdir()
    log.append(run_at(2), 3.5, 1.0, 0.01)
    assert steps_in(log.path) == [1, 2]


def test_training_goes_on_without_its_log_and_chart(house, monkeypatch, capsys):
    """Both names are taken by folders, which nothing can be written to."""
    for name in ("log.csv", "loss.svg"):
        path = house.checkpoint.with_name(name)
        path.unlink()
        path.mkdir()
    house.run("04", max_steps=8)
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 8
    said = capsys.readouterr().err
    assert said.count("log.csv: ") == 1 and said.count("loss.svg: ") == 2


def test_a_log_deleted_while_training_begins_anew(tmp_path):
    log = log_with(tmp_path / "log.csv", [1, 2])
    log.path.unlink()
    log.append(run_at(3), 3.5, 1.0, 0.01)
    assert steps_in(log.path) == [3] and log.path.read_bytes().startswith(",".join(COLUMNS).encode())


@pytest.mark.parametrize("content", ["단계;손실\n1;3,5\n".encode(), "step\t손실\n".encode("utf-16"), b"\xff\xd8\xff"])
def test_a_file_of_another_kind_is_put_aside_whole(tmp_path, content):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    TrainingLog(path, 4.1).go_back_to(5)
    log_with(path, [6])
    assert steps_in(path) == [6]
    assert path.with_name("log.older.csv").read_bytes() == content


def test_a_log_that_a_spreadsheet_saved_again_is_gone_on_with(tmp_path):
    """With its line ends, and a note that somebody wrote in between."""
    path = tmp_path / "log.csv"
    log_with(path, [1, 2])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + "메모,,,,,,,\r\n".encode())
    log = TrainingLog(path, 4.1)
    log.go_back_to(2)
    log.append(run_at(3), 3.5, 1.0, 0.01)
    assert [row["step"] for row in log.read()] == [1, 2, 3]


def test_a_log_of_the_first_version_is_gone_on_with_in_its_columns(tmp_path):
    path = tmp_path / "log.csv"
    lines = [
        b",".join(line.split(b",")[: len(FIRST_COLUMNS)])
        for line in log_with(path, [1, 2, 3]).path.read_bytes().splitlines()
    ]
    assert lines[0].decode().split(",") == list(FIRST_COLUMNS)
    path.write_bytes(b"\n".join([*lines, b""]))
    log = TrainingLog(path, 4.1)
    log.go_back_to(2)
    log.append(run_at(3), 3.5, 1.0, 0.01)
    assert path.read_bytes().splitlines()[:4] == lines and not path.with_name("log.older.csv").exists()
    assert [row["step"] for row in read_log(path)] == [1, 2, 3]
    assert all(row["train_bits_per_byte"] == pytest.approx(3.5 / math.log(2) / 4.1) for row in log.read())


def test_the_training_loss_is_logged_in_the_unit_of_the_validation_loss_too(tmp_path):
    [row] = read_log(log_with(tmp_path / "log.csv", [1]).path)
    assert row["train_bits_per_byte"] == pytest.approx(row["train_loss"] / math.log(2) / 4.1, abs=1e-4)


def test_the_log_of_a_hundred_thousand_steps_is_small(tmp_path):
    log = log_with(tmp_path / "log.csv", [99_990, 100_000])
    row = len(log.path.read_bytes().splitlines(keepends=True)[-1])
    assert row * 100_000 / train_script.LOG_INTERVAL < 1_000_000


def test_the_house_can_be_moved_with_its_log(house, tmp_path):
    moved = Path(shutil.copytree(house.checkpoint.parent, tmp_path / "moved"))
    house.run("04", checkpoint_path=moved / "ckpt.pt", max_steps=6, **EVERY_STEP)
    assert steps_in(moved / "log.csv") == [2, 4, 5, 6]
