"""Every step and the export, killed at every change that they make to the disk: nothing is lost, and a rerun ends well."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pipeline

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="only Unix forks")]
ROOT = Path(pipeline.__file__).resolve().parent.parent
STEPS = {
    "01": ("new", {}),
    "02": ("built", {"vocab_size": 650}),
    "03": ("built", {"val_ratio": 0.4}),
    "04": ("built", {"max_steps": 5, "sample_tokens": 0}),
    "export": ("built", {}),
    "export --force": ("exported", {"dtype": "bf16"}),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_kill_at_any_change_loses_nothing(house, new_house, name):
    step, (state, changes) = name.split()[0], STEPS[name]
    folder = new_house if state == "new" else house
    if state == "exported":
        house.run("export")
    command = [sys.executable, "-m", "tests.attacks.killing", step, str(folder.folder), *folder.flags(step, **changes)]
    if "--force" in name:
        command.append("--force")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0, result.stderr
    assert [what for _, what in reports if what] == []
    assert reports[-1][0] > 5
