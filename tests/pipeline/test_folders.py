"""A folder is written whole or not at all, wherever a kill comes, and only what was made for it is deleted."""

import errno
import os
import sys
from pathlib import Path

from pipeline import StepError, atomic_folder

import pytest


def test_a_folder_takes_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "exported"
    path.mkdir()
    (path / "옛 글.txt").write_text("옛 글")
    with atomic_folder(path) as folder:
        (folder / "새 글.txt").write_text("새 글")
        assert os.listdir(path) == ["옛 글.txt"]
    assert os.listdir(path) == ["새 글.txt"]
    assert os.listdir(tmp_path) == ["exported"]


def test_a_folder_is_made_where_there_is_none(tmp_path):
    with atomic_folder(tmp_path / "a" / "exported") as folder:
        (folder / "글.txt").write_text("글")
    assert os.listdir(tmp_path / "a") == ["exported"]


@pytest.mark.parametrize("error", [ValueError("a mistake"), StepError("bad input"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_folder_and_nothing_else(tmp_path, error):
    path = tmp_path / "exported"
    path.mkdir()
    (path / "옛 글.txt").write_text("옛 글")
    with pytest.raises(type(error)), atomic_folder(path) as folder:
        (folder / "새 글.txt").write_text("새 글의 앞부분")
        raise error
    assert os.listdir(path) == ["옛 글.txt"]
    assert os.listdir(tmp_path) == ["exported"]


@pytest.mark.parametrize("full_at", [1, 2])
def test_a_disk_that_is_full_at_the_end_leaves_the_old_folder(tmp_path, monkeypatch, full_at):
    synced = []

    def full(_):
        synced.append(1)
        if len(synced) == full_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "exported"
    path.mkdir()
    (path / "옛 글.txt").write_text("옛 글")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="exported"), atomic_folder(path) as folder:
        (folder / "하나.txt").write_text("새 글")
        (folder / "둘.txt").write_text("새 글")
    assert os.listdir(path) == ["옛 글.txt"]
    assert os.listdir(tmp_path) == ["exported"]


CHANGES = ("os.rename", "os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree")


def write_and_die(path: Path, at: int) -> None:
    """Write a new folder, in a process that ends at its change number `at`, before it is made; 0 if there is none."""
    changes = 0

    def count(event: str, _arguments: tuple) -> None:
        nonlocal changes
        changes += event in CHANGES
        if changes == at:
            os._exit(9)

    sys.addaudithook(count)
    with atomic_folder(path) as folder:
        (folder / "글.txt").write_text("새 글")
    os._exit(0)


def in_a_child(function, *arguments) -> int:
    child = os.fork()
    if child == 0:
        try:
            function(*arguments)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_kill_at_any_change_leaves_the_old_folder_or_the_new_one_to_the_next_run(tmp_path):
    codes = []
    for at in range(1, 40):
        path = tmp_path / str(at) / "exported"
        path.mkdir(parents=True)
        (path / "글.txt").write_text("옛 글")
        codes.append(in_a_child(write_and_die, path, at))
        with pytest.raises(StepError), atomic_folder(path):  # the next run fails
            raise StepError("no model")
        assert (path / "글.txt").read_text() in ("옛 글", "새 글")
        assert os.listdir(path.parent) == ["exported"]
        with atomic_folder(path) as folder:
            (folder / "글.txt").write_text("더 새 글")
        assert (path / "글.txt").read_text() == "더 새 글"
    assert codes.count(9) > 5 and codes[-1] == 0


@pytest.mark.parametrize("name", ["exported.partial", "exported.replaced", ".exported.unfinished"])
def test_a_folder_of_the_user_is_never_deleted(tmp_path, name):
    mine = tmp_path / name
    mine.mkdir()
    (mine / "글.txt").write_text("내 글")
    try:
        with atomic_folder(tmp_path / "exported") as folder:
            (folder / "글.txt").write_text("새 글")
    except StepError as refusal:
        assert name in str(refusal)
    assert (mine / "글.txt").read_text() == "내 글"
