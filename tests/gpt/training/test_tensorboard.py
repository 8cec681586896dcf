"""TensorBoard shows the numbers of the log."""

import errno
import importlib
import math
import subprocess
import sys
import types
from pathlib import Path
from typing import ClassVar

from gpt.training import loop, trainer
from gpt.training.log import open_log
from tests.gpt.training.logs import EVERY_STEP, rows_of, run_at, steps_in

import pytest

train_script = importlib.import_module("04_train_gpt_from_scratch")


class FakeSummaryWriter:
    """What TensorBoard would show of the events in each folder, with its rule for purge_step."""

    shown: ClassVar[dict[Path, list[tuple[int, str, float]]]] = {}
    broken = False

    def __init__(self, log_dir: str, purge_step: int | None = None):
        Path(log_dir).mkdir(parents=True, exist_ok=True)
        self.folder, self.open = Path(log_dir), True
        events = self.shown.setdefault(self.folder, [])
        if purge_step is not None:
            events[:] = [event for event in events if event[0] < purge_step]

    def add_scalar(self, tag: str, value: float, global_step: int) -> None:
        assert self.open
        if FakeSummaryWriter.broken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.shown[self.folder].append((global_step, tag, value))

    def flush(self) -> None:
        assert self.open

    def close(self) -> None:
        self.open = False


@pytest.fixture
def fake_tensorboard(monkeypatch):
    monkeypatch.setattr(FakeSummaryWriter, "shown", {})
    monkeypatch.setitem(sys.modules, "tensorboard", types.ModuleType("tensorboard"))
    module = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = FakeSummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    return FakeSummaryWriter


def shown_steps(writer: type[FakeSummaryWriter], folder: Path, tag: str = "train_loss") -> list[int]:
    return [step for step, name, _ in writer.shown[folder] if name == tag]


def test_tensorboard_shows_the_numbers_of_the_log(house, fake_tensorboard):
    path = house.folder / "new" / "ckpt.pt"
    house.run("04", checkpoint_path=path, max_steps=6, eval_interval=3, tensorboard=True, **EVERY_STEP)
    events = fake_tensorboard.shown[path.parent / "runs" / "ckpt"]
    logged = {
        (int(row["step"]), name): float(cell)
        for row in rows_of(path.with_name("log.csv"))
        for name, cell in row.items()
        if cell and name != "step"
    }
    assert {(step, tag) for step, tag, _ in events} == set(logged)
    for step, tag, value in events:
        assert value == pytest.approx(logged[step, tag], rel=1e-3, abs=0.5 if tag == "tokens_per_second" else 0.06)


def test_tensorboard_shows_no_step_twice_after_a_retreat_and_a_restart(house, fake_tensorboard, monkeypatch):
    path = house.folder / "new" / "mine.pt"
    accumulate, calls = trainer.accumulate_gradients, []

    def explode_once(*arguments, **named):
        calls.append(1)
        loss = accumulate(*arguments, **named)
        return math.nan if len(calls) == 4 + loop.TRIES else loss

    monkeypatch.setattr(trainer, "accumulate_gradients", explode_once)
    house.run("04", checkpoint_path=path, max_steps=5, eval_interval=2, tensorboard=True, **EVERY_STEP)
    house.run("04", checkpoint_path=path, max_steps=8, eval_interval=2, tensorboard=True, **EVERY_STEP)
    assert shown_steps(fake_tensorboard, path.parent / "runs" / "mine") == list(range(1, 9))


def test_a_new_run_keeps_the_events_of_the_one_before_it(house, fake_tensorboard):
    path = house.folder / "new" / "ckpt.pt"
    runs = path.parent / "runs"
    for _ in range(3):
        house.run("04", checkpoint_path=path, max_steps=2, tensorboard=True, **EVERY_STEP)
        (runs / "ckpt" / "events").write_bytes(b"")
        path.unlink()
    assert sorted(item.relative_to(runs).as_posix() for item in runs.rglob("events")) == [
        "ckpt.older/events",
        "ckpt/events",
    ]


def test_training_goes_on_without_events_when_the_disk_is_full(house, fake_tensorboard, monkeypatch, capsys):
    monkeypatch.setattr(FakeSummaryWriter, "broken", True)
    house.run("04", max_steps=8, tensorboard=True, **EVERY_STEP)
    assert steps_in(house.checkpoint.with_name("log.csv"))[-1] == 8
    assert capsys.readouterr().err.count("no space left on device; training goes on without TensorBoard events") == 1


def test_only_the_first_of_several_processes_writes_events(tmp_path, fake_tensorboard, monkeypatch):
    log = open_log(tmp_path / "ckpt.pt", 4.1, tensorboard=True)
    for first in (False, True):
        monkeypatch.setattr("gpt.training.processes.is_first", lambda first=first: first)
        log.go_back_to(0)
        log.append(run_at(2 if first else 1), 3.5, 1.0, 0.01)
    assert shown_steps(fake_tensorboard, tmp_path / "runs" / "ckpt") == [2]


def test_without_the_package_tensorboard_training_does_not_start(house, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert house.complaint("04", tensorboard=True) == (
        "TENSORBOARD needs the package tensorboard; run: pip install tensorboard"
    )


def test_tensorboard_itself_shows_each_step_once(tmp_path):
    """Where the package is installed; in a process of its own, whose warnings are not this project's."""
    pytest.importorskip("tensorboard")
    program = (
        "import sys\n"
        "from gpt.training.log import TensorBoardEvents\n"
        "for back_to, last in ((0, 4), (2, 5)):\n"
        "    events = TensorBoardEvents(sys.argv[1])\n"
        "    events.go_back_to(back_to)\n"
        "    for step in range(back_to + 1, last + 1):\n"
        "        events.append({'step': step, 'train_loss': step + 10 * back_to})\n"
        "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
        "found = EventAccumulator(sys.argv[1]).Reload().Scalars('train_loss')\n"
        "print([(event.step, event.value) for event in found])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "runs" / "ckpt")],
        capture_output=True,
        text=True,
        cwd=Path(train_script.__file__).parent,
    )
    assert result.stdout == "[(1, 1.0), (2, 2.0), (3, 23.0), (4, 24.0), (5, 25.0)]\n", result.stderr
