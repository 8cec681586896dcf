"""While packages load, and whatever its streams are, a script ends in one line or does its work."""

import itertools
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
STATES = {"open": "", "closed": ">&-", "full": ">/dev/full"}


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


@pytest.mark.parametrize("package", ["numpy", "tokenizers", "torch"])
@pytest.mark.parametrize("script", ["04_train_gpt_from_scratch.py", "05_generate.py", "export.py"])
def test_ctrl_c_while_a_package_loads_is_one_line(script, package, tmp_path):
    # Python prints each module that it has loaded: the signal comes in the middle of the package.
    words = python("-X", "importtime", str(ROOT / script), "--help")
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if f"{package}." in line:
                process.send_signal(signal.SIGINT)
                break
        said = [line for line in process.stderr.read().split("\n") if line and not line.startswith("import time:")]
    assert process.returncode == 130
    assert said == [f"{script}: stopped before it began"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("stdin", ["", "<&-"])
@pytest.mark.parametrize(("stdout", "stderr"), list(itertools.product(STATES, STATES)))
def test_closed_and_full_streams_end_in_no_traceback_and_spoil_no_file(new_house, stdin, stdout, stderr):
    words = python(str(ROOT / "01_prepare_samples.py"), *new_house.flags("01"))
    error = STATES[stderr].replace(">", "2>")
    result = subprocess.run(
        ["sh", "-c", f'exec "$@" {stdin} {STATES[stdout]} {error}', "sh", *words], capture_output=True, text=True
    )
    is_full = stdout == "full"  # the progress bars, which go to stderr, are no result
    assert result.returncode == (2 if is_full else 0)
    assert "Traceback" not in result.stdout + result.stderr
    if stdout == "full" and stderr == "open":
        assert result.stderr.split("\n")[-2].endswith("the disk is full; free some space and run this step again")
    if not is_full:
        assert new_house.samples.read_text(encoding="utf-8").endswith("[/ANSWER]\n\n")
    assert not list(new_house.folder.rglob("*.partial"))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_refusal_keeps_its_exit_code_where_nobody_can_read_it(tmp_path, closed):
    words = python(str(ROOT / "02_train_tokenizer.py"), "--samples-path", "missing.txt")
    result = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *words], cwd=tmp_path, capture_output=True)
    assert result.returncode == 2
    assert b"Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_neither_unfinished_files_nor_processes(new_house, number, code):
    chance, lines = random.Random(0), new_house.raw.read_text(encoding="utf-8").split("\n")
    posts = ["\n".join(chance.sample(lines, 12)) for _ in range(2000)]
    new_house.raw.write_text("\n==========\n".join(posts), encoding="utf-8")
    words = python(str(ROOT / "01_prepare_samples.py"), *new_house.flags("01", workers=2))
    partial = new_house.samples.with_name("samples.txt.partial")
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, **streams, text=True, start_new_session=True) as process:
        while process.poll() is None and not (partial.exists() and partial.stat().st_size):
            pass
        process.send_signal(number)
        said = process.stderr.read().strip().split("\n")
    assert process.returncode == code
    assert said[-1] == "01_prepare_samples.py: stopped; the files of finished steps are unchanged"
    assert list(new_house.contents()) == ["data/raw.txt"]
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_the_processes_of_a_killed_step_end_too(new_house):
    program = (
        "import time; from pipeline import parallel; parallel.FIRST_ITEMS = 0\n"
        "def wait(_): print('begun', flush=True); time.sleep(600)\n"
        "if __name__ == '__main__': list(parallel.map_in_order(wait, range(1000), 2))\n"
    )
    script = new_house.folder / "program.py"
    script.write_text(program, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = python(str(script))
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == b"begun\n"
        process.kill()
        process.wait()
        assert process.stdout.read() in (b"", b"begun\n")  # ends when the last process that may print has ended


def test_a_process_that_dies_is_one_line(new_house):
    program = (
        "import os, pipeline; from pipeline import parallel; parallel.FIRST_ITEMS = 0\n"
        "def die(_): os.kill(os.getpid(), 9)\n"
        "def main(_): list(parallel.map_in_order(die, range(1000), 2))\n"
        "if __name__ == '__main__': pipeline.run(main)\n"
    )
    script = new_house.folder / "program.py"
    script.write_text(program, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(python(str(script)), env=environment, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and "one of 2 processes has died" in result.stderr
