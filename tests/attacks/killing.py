"""A program that kills a step at every change that it makes to the disk, one after another.

python killing.py STEP FOLDER FLAGS…: FOLDER is as it is before the step. Each change is found by watching what Python
does, not by a list. Prints, for each, what was wrong after the kill and after another run.
"""

import contextlib
import importlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from gpt.checkpoint import load_checkpoint
from tests.house import SCRIPTS

import torch

CHANGES = ("os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.truncate")
WORKING_FILES = (".partial", ".lock", ".unfinished")
PARTS_IN_TIME = ("log.csv", "loss.svg", "manifest.json")  # hold times, or digests of files that hold them


def run_step(step: str, flags: list[str], folder: Path, kill_at: int = 0) -> int:
    """Run a step in a child, which ends before its change number `kill_at`; return the exit code, 9 for a kill."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _watch(folder, kill_at)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                importlib.import_module(SCRIPTS[step]).main(flags)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _watch(folder: Path, kill_at: int) -> None:
    changes, sync = 0, os.fsync

    def count() -> None:
        nonlocal changes
        changes += 1
        if changes == kill_at:
            os._exit(9)

    def see(event: str, arguments: tuple) -> None:
        is_change = event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if is_change and str(arguments[0]).startswith(str(folder)):
            count()

    def fsync(file: int) -> None:
        count()
        sync(file)

    sys.addaudithook(see)
    os.fsync = fsync


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that is not one of work in progress."""
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in names.items() if not any(word in name for word in WORKING_FILES)}


def differing(folder: Path, *allowed: dict[str, bytes]) -> list[str]:
    """The files that are as in none of the states that they may have."""
    found = contents(folder)
    wrong = []
    for name in found.keys() | set.union(*(set(state) for state in allowed)):
        states = [state.get(name) for state in allowed]
        if found.get(name) not in states and not _is_same(folder / name, states):
            wrong.append(name)
    return wrong


def _is_same(path: Path, states: list[bytes | None]) -> bool:
    """Whether a checkpoint has the weights of one of these, whatever the time that its run took; or is a log."""
    if path.name in PARTS_IN_TIME and "checkpoints" in path.parts:
        return True
    if path.suffix != ".pt" or not path.exists():
        return False
    mine = load_checkpoint(path)["weights"]
    for state in filter(None, states):
        weights = torch.load(io.BytesIO(state), weights_only=True)["weights"]
        if all(torch.equal(mine[name], weights[name]) for name in mine):
            return True
    return False


def kill_everywhere(step: str, folder: Path, flags: list[str], report: Callable[[int, str], None]) -> None:
    """Kill the step at each of its changes, and run it again; report what is wrong."""
    importlib.import_module(SCRIPTS[step])  # once, before the forks
    before, start = contents(folder), folder.with_name("start")
    again = [*flags, "--force"] if step == "export" and "--force" not in flags else flags
    shutil.copytree(folder, start)
    assert run_step(step, flags, folder) == 0
    after = contents(folder)
    for number in range(1, 1000):
        shutil.rmtree(folder)
        shutil.copytree(start, folder)
        if run_step(step, flags, folder, number) != 9:
            report(number - 1, "")
            return
        # Between its start and its end step 04 saves more than once: any whole checkpoint will do. And between the two
        # renames of an export the old one waits for the next run, which puts it back.
        is_between = step == "04" or (folder / ".exported.unfinished" / "old").exists()
        if not is_between and (wrong := differing(folder, before, after)):
            report(number, f"killed: {wrong}")
        if (code := run_step(step, again, folder)) != 0:
            report(number, f"run again: exit code {code}")
        if wrong := differing(folder, after):
            report(number, f"run again: {wrong}")
        if left := [str(path) for path in folder.rglob("*") if any(word in path.name for word in WORKING_FILES)]:
            report(number, f"left behind: {left}")


if __name__ == "__main__":
    kill_everywhere(
        sys.argv[1], Path(sys.argv[2]), sys.argv[3:], lambda number, what: print(json.dumps([number, what]), flush=True)
    )
