"""log.csv and loss.svg: every step once, whatever interrupts the run, and no run lost for a row."""

import csv
import errno
import importlib
import io
import itertools
import math
import os
import re
import shutil
import signal
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from gpt.checkpoint import beside, best_of, load_checkpoint
from gpt.log import COLUMNS, HEADER, TrainingLog
from gpt.loss_chart import MOST_POINTS, draw_chart, label, round_ticks, smooth, thin, write_chart
from gpt.run import Run

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

train_script = importlib.import_module("04_train_gpt_from_scratch")
EVERY_STEP = {"log_interval": 1, "sample_tokens": 0}


def rows_of(path: Path) -> list[dict[str, str]]:
    """The log as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="ascii"))))


def learned(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """The rows without what a clock measured."""
    return [
        tuple(value for name, value in row.items() if "seconds" not in name and "second" not in name) for row in rows
    ]


def log_with(path: Path, steps) -> TrainingLog:
    """A log with a row for each of these steps."""
    log = TrainingLog(path)
    for step in steps:
        log.append(run_at(step), 3.5, 1.0, 0.01)
    return log


def run_at(step: int) -> Run:
    run = Run(100, 0)
    run.step, run.tokens, run.seconds = step, 1000 * step, 0.5 * step
    return run


def steps_in(path: Path) -> list[int]:
    return [int(row["step"]) for row in rows_of(path)]


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
    assert rates[0] == pytest.approx(0.01 / 5) and rates[5] == 0.01 and rates[-1] < 0.002
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
    accumulate, calls = train_script.accumulate_gradients, []

    def explode_once(*arguments):
        calls.append(1)
        loss = accumulate(*arguments)
        return math.nan if len(calls) == 4 else loss

    monkeypatch.setattr(train_script, "accumulate_gradients", explode_once)
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
    path.write_bytes(whole[: max(len(HEADER) + 1, cut)])
    held = [
        int(line.split(b",")[0]) for line in path.read_bytes().splitlines(keepends=True)[1:] if line.endswith(b"\n")
    ]
    log = TrainingLog(path)
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
    log = TrainingLog(tmp_path / "not there yet" / "log.csv")
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
    assert steps_in(log.path) == [3] and log.path.read_bytes().startswith(HEADER)


@pytest.mark.parametrize("content", ["단계;손실\n1;3,5\n".encode(), "step\t손실\n".encode("utf-16"), b"\xff\xd8\xff"])
def test_a_file_of_another_kind_is_put_aside_whole(tmp_path, content):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    TrainingLog(path).go_back_to(5)
    log_with(path, [6])
    assert steps_in(path) == [6]
    assert path.with_name("log.older.csv").read_bytes() == content


def test_a_log_that_a_spreadsheet_saved_again_is_gone_on_with(tmp_path):
    """With its line ends, and a note that somebody wrote in between."""
    path = tmp_path / "log.csv"
    log_with(path, [1, 2])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + "메모,,,,,,,\r\n".encode())
    log = TrainingLog(path)
    log.go_back_to(2)
    log.append(run_at(3), 3.5, 1.0, 0.01)
    assert [row["step"] for row in log.read()] == [1, 2, 3]


def test_the_log_of_a_hundred_thousand_steps_is_small(tmp_path):
    log = log_with(tmp_path / "log.csv", [99_990, 100_000])
    row = len(log.path.read_bytes().splitlines(keepends=True)[-1])
    assert row * 100_000 / train_script.LOG_INTERVAL < 1_000_000


# --- The chart ---


def rows(losses, evaluations=None, first=1) -> list[dict[str, float]]:
    """Rows of a log, one a step, with validation losses at some steps."""
    made = [
        {"step": step, "seconds": step, "tokens": 1000 * step, "train_loss": loss}
        for step, loss in enumerate(losses, start=first)
    ]
    for step, bits in (evaluations or {}).items():
        made[step - first]["validation_bits_per_byte"] = bits
    return made


def drawn(svg: str):
    """The SVG as a tree: well-formed, or this raises."""
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [element.text for element in drawn(svg).iter("{http://www.w3.org/2000/svg}text")]


def curves(svg: str) -> list[list[tuple[float, float]]]:
    lines = drawn(svg).iter("{http://www.w3.org/2000/svg}polyline")
    return [[tuple(map(float, place.split(","))) for place in line.get("points").split()] for line in lines]


def test_a_run_leaves_a_chart_with_its_best_evaluation(house):
    svg = house.checkpoint.with_name("loss.svg").read_text(encoding="utf-8")
    best = min(load_checkpoint(house.checkpoint)["run"]["history"], key=lambda entry: entry["bits_per_byte"])
    assert f"best: {best['bits_per_byte']:.4f} at step {best['step']}" in texts(svg)
    assert {"bits per byte", "step", "training", "validation"} <= set(texts(svg))


def test_both_losses_share_one_axis():
    """A training loss of 2 bits per byte stands as high as a validation loss of 2 bits per byte."""
    nats = 2.0 * math.log(2) * 4.1
    train, validation = curves(draw_chart(rows([nats] * 3 + [nats / 2], {1: 2.0, 4: 1.0}), bytes_per_token=4.1))
    assert train[0][1] == validation[0][1] < train[-1][1] == validation[-1][1]


@settings(max_examples=100, deadline=None)
@given(
    losses=st.lists(st.floats(1e-3, 1e3), max_size=60),
    evaluations=st.dictionaries(st.integers(1, 60), st.floats(1e-3, 1e3), max_size=8),
    first=st.integers(1, 10**6),
)
def test_any_log_makes_a_chart_whose_words_and_evaluations_lie_within_it(losses, evaluations, first):
    evaluations = {first + step - 1: bits for step, bits in evaluations.items() if step <= len(losses)}
    svg = draw_chart(rows(losses, evaluations, first), 4.1)
    root = drawn(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    for element in root.iter():
        for x, y in (("x", "y"), ("cx", "cy")):
            if element.get(x):
                assert 0 <= float(element.get(x)) <= width and 0 <= float(element.get(y)) <= height
    assert "nan" not in svg and "inf" not in svg


def test_one_wild_batch_presses_nothing_flat():
    quiet = curves(draw_chart(rows([6.0 - 0.02 * step for step in range(100)]), 4.1))[-2]
    losses = [6.0 - 0.02 * step for step in range(100)]
    losses[50] = 500.0
    wild = curves(draw_chart(rows(losses), 4.1))[-2]
    assert max(abs(one[1] - other[1]) for one, other in zip(quiet, wild, strict=True)) < 5


def test_a_long_run_makes_no_larger_chart():
    sizes = [len(draw_chart(rows([5.0] * steps), 4.1)) for steps in (2 * MOST_POINTS, 20 * MOST_POINTS)]
    assert sizes[1] < 1.3 * sizes[0] < 40_000


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 9)), min_size=1, max_size=1500))
@settings(max_examples=30, deadline=None)
def test_thinning_keeps_the_mean_of_what_it_joins_and_smoothing_the_ends(points):
    points = [(step, loss) for step, (_, loss) in enumerate(points)]
    thinned = thin(points)
    assert len(thinned) <= MOST_POINTS
    assert thinned[0][0] < 4 and min(p[1] for p in points) - 1e-9 <= thinned[0][1] <= max(p[1] for p in points) + 1e-9
    smoothed = smooth(points)
    assert (smoothed[0], smoothed[-1], len(smoothed)) == (points[0], points[-1], len(points))


@given(low=st.floats(-1e4, 1e4), spread=st.floats(0, 1e5), about=st.integers(2, 10))
@settings(max_examples=200, deadline=None)
def test_ticks_are_round_numbers_around_the_values(low, spread, about):
    ticks = round_ticks(low, low + spread, about)
    gap = ticks[1] - ticks[0]
    assert ticks[0] <= low + gap / 1e6 and ticks[-1] >= low + spread - gap / 1e6
    assert 2 <= len(ticks) <= about + 3
    assert re.fullmatch(r"[125]0*|10*", f"{gap / 10 ** math.floor(math.log10(gap * 1.000001)):.0f}")
    assert [float(label(tick, ticks).replace(",", "")) for tick in ticks] == pytest.approx(ticks, abs=gap / 1e6)


def test_a_failed_drawing_leaves_the_chart_before_it(tmp_path, monkeypatch, capsys):
    log, path = log_with(tmp_path / "log.csv", [1]), tmp_path / "loss.svg"
    write_chart(path, log, 4.1)
    before = path.read_bytes()
    log.append(run_at(2), 3.0, 1.0, 0.01)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    write_chart(path, log, 4.1)
    assert path.read_bytes() == before and sorted(os.listdir(tmp_path)) == ["log.csv", "loss.svg"]
    assert "no space left on device" in capsys.readouterr().err


def test_the_house_can_be_moved_with_its_log(house, tmp_path):
    moved = Path(shutil.copytree(house.checkpoint.parent, tmp_path / "moved"))
    house.run("04", checkpoint_path=moved / "ckpt.pt", max_steps=6, **EVERY_STEP)
    assert steps_in(moved / "log.csv") == [2, 4, 5, 6]
