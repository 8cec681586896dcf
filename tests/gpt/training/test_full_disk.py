"""A disk that is full while step 04 saves: one line, and the last save is intact."""

import subprocess
import sys
from pathlib import Path

import pipeline

import pytest

ROOT = Path(pipeline.__file__).resolve().parent.parent
PROGRAM = """\
import importlib, resource, sys, pipeline
most = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
pipeline.run(importlib.import_module("04_train_gpt_from_scratch").main)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_a_full_disk_is_one_line_and_the_last_save_is_intact(house, share):
    most = int(share * house.checkpoint.stat().st_size)
    before = house.contents()
    command = [sys.executable, "-c", PROGRAM, str(most), *house.flags("04", max_steps=8)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = result.stderr.strip().split("\n")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr and said[-1].startswith(f"{house.checkpoint}: ")
    after = house.contents()
    assert {name for name in after if after[name] != before.get(name)} <= {"checkpoints/log.csv"}
    house.run("04", max_steps=8)
