"""All lessons in a row, and the file with their results."""

import importlib
import re
from pathlib import Path

import lessons
from lessons import run_all
from pipeline import StepError

import pytest

FOLDER = Path(lessons.__file__).parent
SHARED = {"__init__", "shared", "run_all", "lora", "tuning"}


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_lessons_are_those_of_the_table_in_its_order(readme):
    table = re.findall(r"^\| \d+ \|.*`(\w+)\.py`", (FOLDER / readme).read_text(encoding="utf-8"), re.MULTILINE)
    assert list(run_all.LESSONS) == table
    assert set(table) == {path.stem for path in FOLDER.glob("*.py")} - SHARED


@pytest.mark.parametrize("name", run_all.LESSONS)
def test_a_lesson_says_its_number_and_has_settings_and_a_main(name):
    lesson = importlib.import_module(f"lessons.{name}")
    assert re.match(r"Lesson \d+: .+\.", lesson.__doc__ or "")
    assert callable(lesson.main) and lesson.Settings.__dataclass_fields__


def test_the_results_of_all_are_in_one_file(monkeypatch, tmp_path):
    monkeypatch.setattr(run_all, "LESSONS", ("bpe_by_hand", "count_model"))
    monkeypatch.setattr(run_all, "run_lesson", lambda name: f"## {run_all.title_of(name)}\n\n| 표 |\n")
    path = tmp_path / "RESULTS.md"
    run_all.main(["--results-path", str(path)])
    titles = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    assert titles == ["## Lesson 1: byte-pair encoding by hand", "## Lesson 2: a language model that only counts"]


def test_a_lesson_that_fails_is_named_and_nothing_is_written(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_all, "LESSONS", ("count_model",))
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    with pytest.raises(StepError, match="the lesson count_model has failed"):
        run_all.main(["--results-path", "RESULTS.md"])
    assert not (tmp_path / "RESULTS.md").exists() and "train.bin" in capfd.readouterr().err
