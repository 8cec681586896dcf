"""How a script ends: one line for an error that the user can correct, a traceback for an error in the program."""

import os
import subprocess
import sys
from pathlib import Path

import pipeline
from pipeline import StepError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(pipeline.__file__).parent.parent


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", timeout=60, **options
    )


@pytest.mark.parametrize(
    ("script", "flags"),
    [
        ("01_prepare_samples.py", ["--raw-path", "없는 글.txt"]),
        ("02_train_tokenizer.py", []),
        ("03_build_bin_dataset.py", ["--val-ratio", "많이"]),
        ("01_prepare_samples.py", ["--raw-pth", "글.txt"]),
    ],
)
def test_a_refusal_is_exit_code_2_and_one_line(tmp_path, script, flags):
    result = python(ROOT / script, *flags, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("raised", "code", "shown"),
    [
        ("pipeline.StepError('val.bin: run 03')", 2, "val.bin: run 03"),
        ("OSError(28, 'No space left on device', 'data/train.bin')", 2, "data/train.bin"),
        ("PermissionError(13, 'Permission denied', 'data/raw.txt')", 2, "data/raw.txt"),
        ("MemoryError()", 2, "memory"),
        ("KeyboardInterrupt()", 130, "stopped"),
    ],
)
def test_an_error_that_the_user_can_correct_is_one_line_and_an_exit_code(raised, code, shown):
    program = f"import pipeline\ndef main(_):\n    raise {raised}\npipeline.run(main)\n"
    result = python("-c", program, cwd=ROOT)
    assert result.returncode == code
    assert shown in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_error_in_the_program_keeps_its_traceback():
    program = "import pipeline\ndef main(_):\n    return {}['missing']\npipeline.run(main)\n"
    assert "Traceback" in python("-c", program, cwd=ROOT).stderr


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    program = "import pipeline\ndef main(_):\n    print('답 ' * 1_000_000)\npipeline.run(main)\n"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        writer.stdout.read(10)
        writer.stdout.close()
        assert writer.stderr.read() == b""
    assert writer.returncode == 0


def test_importing_a_script_does_nothing_and_the_first_three_never_load_torch(tmp_path):
    program = (
        "import importlib, sys\n"
        "for name in ('01_prepare_samples', '02_train_tokenizer', '03_build_bin_dataset'):\n"
        "    importlib.import_module(name)\n"
        "assert 'torch' not in sys.modules\n"
    )
    result = python("-c", program, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert os.listdir(tmp_path) == []


def test_a_package_that_is_missing_is_asked_for_by_the_name_to_install():
    assert pipeline.require_package("json.decoder", "reading").__name__ == "json.decoder"
    with pytest.raises(
        StepError, match=r"^writing for nobody needs the package nopackage; run: pip install nopackage$"
    ):
        pipeline.require_package("nopackage.torch", "writing for nobody")


# --- Small things ---


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (1536, "1.5 KB"), (5 << 20, "5.0 MB"), (3 << 30, "3.0 GB")],
)
def test_sizes_are_shown_in_the_unit_that_suits_them(size, shown):
    assert pipeline.human_size(size) == shown


@given(st.lists(st.integers()), st.integers(1, 7))
@settings(max_examples=50, deadline=None)
def test_batches_hold_every_item_once_in_order(items, size):
    batches = list(pipeline.batched(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(0 < len(batch) <= size for batch in batches)
