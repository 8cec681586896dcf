"""Of several runs on one file, one works; the others say which, and a lock that was left behind is taken over."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pipeline
from pipeline import StepError

import pytest

ROOT = Path(pipeline.__file__).resolve().parent.parent


def hold(path: str) -> subprocess.Popen:
    """A process that holds the lock until its standard input ends."""
    program = f"import sys, pipeline\nwith pipeline.locked({path!r}): print('held', flush=True); sys.stdin.read()"
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, **streams)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_names_the_first_and_writes_nothing(house):
    before = house.contents()
    with hold(str(house.checkpoint)) as first:
        with pytest.raises(StepError) as refusal:
            house.run("04", max_steps=8)
        assert f"another run is writing it (process {first.pid}, since 20" in str(refusal.value)
        first.stdin.close()
    assert house.contents() == before
    house.run("04", max_steps=8)
    assert not list(house.folder.rglob("*.lock"))


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path):
    path = str(tmp_path / "ckpt.pt")
    with hold(path) as killed:
        killed.kill()
    assert os.path.exists(f"{path}.lock")
    with pipeline.locked(path):
        assert Path(f"{path}.lock").read_text().startswith(f"process {os.getpid()},")
    assert not os.listdir(tmp_path)


def test_a_refusal_leaves_no_folder_behind(tmp_path):
    with pytest.raises(StepError), pipeline.locked(tmp_path / "new" / "ckpt.pt"):
        raise StepError("nothing to read")
    assert not os.listdir(tmp_path)


def count_up(path: str, times: int) -> None:
    for _ in range(times):
        while True:
            try:
                with pipeline.locked(path):
                    number = int(Path(path).read_text())
                    Path(path).write_text(str(number + 1))
                    break
            except StepError:
                continue


def test_no_two_are_ever_inside(tmp_path):
    path = tmp_path / "number"
    path.write_text("0")
    start = multiprocessing.get_context("spawn").Process
    counters = [start(target=count_up, args=(str(path), 200)) for _ in range(4)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join()
    assert path.read_text() == "800"
