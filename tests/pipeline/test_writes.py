"""A file takes its name only when it is whole."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pipeline
from pipeline import StepError, atomic_write, atomic_writes

import pytest

ROOT = Path(pipeline.__file__).parent.parent


def test_a_write_takes_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    with atomic_write(path) as file:
        file.write("새 글")
        file.flush()
        assert path.read_text() == "옛 글"
    assert path.read_text() == "새 글"
    assert os.listdir(tmp_path) == ["samples.txt"]


def test_text_is_written_as_utf8_with_plain_line_ends(tmp_path):
    with atomic_write(tmp_path / "글.txt") as file:
        file.write("첫째 줄\n둘째 줄\n")
    assert (tmp_path / "글.txt").read_bytes() == "첫째 줄\n둘째 줄\n".encode()


def test_a_write_makes_the_folder_that_it_needs(tmp_path):
    with atomic_write(tmp_path / "a" / "b" / "ckpt.pt", "wb") as file:
        file.write(b"\x00\xff")
    assert (tmp_path / "a" / "b" / "ckpt.pt").read_bytes() == b"\x00\xff"


@pytest.mark.parametrize("error", [ValueError("a mistake"), StepError("bad input"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    with pytest.raises(type(error)), atomic_write(path) as file:
        file.write("새 글의 앞부분")
        raise error
    assert path.read_text() == "옛 글"
    assert os.listdir(tmp_path) == ["samples.txt"]


def test_files_that_belong_together_are_replaced_together_or_not_at_all(tmp_path):
    train, val = tmp_path / "train.bin", tmp_path / "val.bin"
    train.write_bytes(b"old train")
    val.write_bytes(b"old val")
    with pytest.raises(StepError), atomic_writes([train, val], "wb") as (train_file, val_file):
        train_file.write(b"new train")
        val_file.write(b"new")
        raise StepError("the second half is missing")
    assert (train.read_bytes(), val.read_bytes()) == (b"old train", b"old val")
    with atomic_writes([train, val], "wb") as (train_file, val_file):
        train_file.write(b"new train")
        val_file.write(b"new val")
    assert (train.read_bytes(), val.read_bytes()) == (b"new train", b"new val")
    assert sorted(os.listdir(tmp_path)) == ["train.bin", "val.bin"]


def test_a_disk_that_is_full_at_the_end_leaves_the_old_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"samples\.txt"), atomic_write(path) as file:
        file.write("새 글")
    assert path.read_text() == "옛 글"
    assert os.listdir(tmp_path) == ["samples.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, a disk that is always full")
def test_a_disk_that_fills_up_while_writing_leaves_the_old_files(tmp_path):
    train, val = tmp_path / "train.bin", tmp_path / "val.bin"
    train.write_bytes(b"old train")
    val.write_bytes(b"old val")
    (tmp_path / "val.bin.partial").symlink_to("/dev/full")
    with pytest.raises(OSError) as full, atomic_writes([train, val], "wb") as (train_file, val_file):
        train_file.write(b"new train")
        for _ in range(100):
            val_file.write(b"\x01" * 4096)
    assert full.value.errno == errno.ENOSPC
    assert (train.read_bytes(), val.read_bytes()) == (b"old train", b"old val")
    assert sorted(os.listdir(tmp_path)) == ["train.bin", "val.bin"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_write_leaves_the_old_file_and_the_next_one_succeeds(tmp_path):
    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    program = (
        "import pipeline, sys, time\n"
        "with pipeline.atomic_write(sys.argv[1]) as file:\n"
        "    file.write('새 글의 앞부분 ' * 10_000)\n"
        "    file.flush()\n"
        "    print('half way', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "half way\n"
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    assert path.read_text() == "옛 글"
    with atomic_write(path) as file:
        file.write("새 글")
    assert path.read_text() == "새 글"
    assert os.listdir(tmp_path) == ["samples.txt"]
