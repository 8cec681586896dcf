"""What a message tells people to type works as it is printed: each command is run in a shell, word for word."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pipeline

import pytest

ROOT = Path(pipeline.__file__).resolve().parent.parent
SMALL = "--n-layer 1 --n-head 1 --n-embd 32 --batch-size 1 --max-steps 2 --sample-tokens 0 --device cpu"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands here are those of a POSIX shell")


class Person:
    """Somebody at a shell in a folder of their own, who does what the messages say."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.typed: list[str] = []

    def type(self, command: str) -> subprocess.CompletedProcess:
        """Run a command; step 04 gets a size that suits a test, which changes nothing about its words."""
        self.typed.append(command)
        if "04_train" in command and "--n-layer" not in command:
            command = f"{command} {SMALL}"
        return subprocess.run(
            command, shell=True, cwd=self.folder, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL
        )

    def follow(self, command: str, most: int = 12) -> str:
        """Run a command; where it ends with exit code 2, run what its message says, and then the command again."""
        assert most > 0, self.typed
        result = self.type(command)
        if result.returncode == 2:
            (line,) = result.stderr.strip().splitlines()[-1:]
            self.follow(re.search(r"run: (.+?)(?:; |$)", line)[1], most - 1)
            return self.follow(command, most - 1)
        assert result.returncode == 0, result.stderr
        return result.stdout


@pytest.fixture
def person(tmp_path, raw_text) -> Person:
    """In a folder with data/raw.txt, and no step done."""
    folder = tmp_path / "내 글"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "raw.txt").write_text(raw_text, encoding="utf-8")
    return Person(folder)


def step(name: str) -> str:
    return f"'{sys.executable}' '{ROOT / name}'"


def test_who_starts_with_the_last_step_is_led_through_all_of_them(person):
    answer = person.follow(f"{step('05_generate.py')} '여권을 잃어버렸어요'")
    assert "요약:" in answer
    order = [re.search(r"0\d_", command)[0] for command in person.typed]
    assert order[:4] == ["05_", "04_", "03_", "01_"] and order[-1] == "05_"


def test_what_step_04_says_at_its_end_can_be_typed(person):
    said = person.follow(step("04_train_gpt_from_scratch.py"))
    ask, train_on = (re.search(rf"^{name}: (.+)$", said, flags=re.MULTILINE)[1] for name in ("Ask it", "Train on"))
    assert "요약:" in person.follow(ask)
    assert "resumed at step 2" in person.follow(train_on)


def test_a_setting_that_differs_from_the_checkpoint_leads_to_two_ways_on(person):
    person.follow(step("04_train_gpt_from_scratch.py"))
    refusal = person.type(f"{step('04_train_gpt_from_scratch.py')} --n-layer 2 --max-steps 3 --device cpu").stderr
    go_on, anew = (re.search(rf"to {way}, run: (.+?)(?:; |$)", refusal.strip())[1] for way in ("go on", "start anew"))
    assert "resumed at step 2" in person.follow(go_on)
    assert "kept as checkpoints/ckpt.older.pt" in person.follow(anew)


def test_a_text_that_has_changed_leads_back_to_step_01_with_the_settings_of_the_last_time(person):
    person.follow(f"{step('01_prepare_samples.py')} --max-document-characters 200")
    person.follow(step("03_build_bin_dataset.py"))
    raw = person.folder / "data" / "raw.txt"
    raw.write_text(raw.read_text(encoding="utf-8") + "\n\n새 글: 비자 연장은 이민국에서 합니다.\n", encoding="utf-8")
    person.typed.clear()
    person.follow(step("03_build_bin_dataset.py"))
    assert any(
        "01_prepare_samples.py" in command and "--max-document-characters 200" in command for command in person.typed
    )
