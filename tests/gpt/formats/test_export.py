"""What export.py takes and what it refuses: its settings, the folder that it writes, and one line that says why not."""

import importlib
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pipeline
from pipeline import StepError
from tests.gpt.formats.exports import (
    export,
)

import pytest
import torch

ROOT = Path(pipeline.__file__).parent.parent
answer_script = importlib.import_module("05_generate")


# --- Settings ---


def test_elsewhere_tokens_are_chosen_as_step_05_chooses_them():
    for name in ("CHECKPOINT_PATH", "TEMPERATURE", "TOP_K", "TOP_P", "REPETITION_PENALTY"):
        assert getattr(export, name) == getattr(answer_script, name), name


def test_who_edits_step_05_exports_a_model_that_answers_alike(monkeypatch):
    monkeypatch.setattr(answer_script, "TEMPERATURE", 0.9)
    assert runpy.run_path(export.__file__)["TEMPERATURE"] == 0.9


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "onnx"),
        ("dtype", "int4"),
        ("dtype", "q8_0"),  # of hf
        ("name", " "),
        ("temperature", -1),
        ("temperature", "nan"),
        ("top_k", -1),
        ("top_p", 0),
        ("repetition_penalty", 0),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_name_of_its_setting(house, name, value):
    assert name.upper() in house.complaint("export", **{name: value})


# --- Bad input ---


def test_a_checkpoint_that_is_not_there_is_named_with_the_step_that_makes_it(house):
    house.checkpoint.unlink()
    message = house.complaint("export")
    assert str(house.checkpoint) in message and "python 04_train_gpt_from_scratch.py" in message


def test_a_checkpoint_of_another_version_is_refused(house):
    torch.save({"format": "gpt-checkpoint-0"}, house.checkpoint)
    assert "gpt-checkpoint-0" in house.complaint("export")


@pytest.mark.parametrize("format", ["hf", "gguf", "ollama"])
def test_a_folder_with_something_in_it_is_kept(house, format):
    house.run("export")
    message = house.complaint("export", format=format)
    assert str(house.exported) in message and "--force" in message


def test_force_replaces_an_earlier_export(house):
    house.run("export")
    (house.exported / ".DS_Store").write_bytes(b"")
    house.main("export")([*house.flags("export", format="gguf"), "--force"])
    assert os.listdir(house.exported) == ["model.gguf"]
    assert not list(house.folder.glob("exported.*"))


def test_force_touches_nothing_that_no_export_wrote(house):
    house.run("export")
    (house.exported / "내 메모.txt").write_text("소중한 글", encoding="utf-8")
    before = house.contents()
    with pytest.raises(StepError, match=r"내 메모\.txt"):
        house.main("export")([*house.flags("export"), "--force"])
    assert house.contents() == before


def test_a_file_in_the_place_of_the_folder_is_refused(house):
    house.exported.write_text("글")
    assert "OUT_DIR" in house.complaint("export")


@pytest.mark.parametrize(("format", "package"), [("hf", "safetensors"), ("gguf", "gguf"), ("ollama", "gguf")])
def test_a_package_that_is_missing_is_asked_for(house, monkeypatch, format, package):
    for name in (package, f"{package}.torch"):
        monkeypatch.setitem(sys.modules, name, None)
    assert f"pip install {package}" in house.complaint("export", format=format)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("format", ["hf", "gguf"])
@pytest.mark.parametrize("before", ["nothing", "an export"])
def test_a_disk_that_takes_no_more_leaves_what_was_there_and_one_line(house, format, before):
    """A limit on the size of a file stands for a full disk: the write itself fails, in the middle."""
    if before == "an export":
        house.run("export", dtype="bf16")
    contents = house.contents()
    program = (
        "import resource, sys, importlib, pipeline\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "pipeline.run(importlib.import_module('export').main)\n"
    )
    command = [sys.executable, "-c", program, *house.flags("export", format=format), "--force"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1 and str(house.exported) in result.stderr
    assert house.contents() == contents
