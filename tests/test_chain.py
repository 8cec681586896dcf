"""The chain broken at every link: the next step names the file and the command, and touches nothing."""

import errno
import json
import os
import sys
from pathlib import Path

import pipeline
from gpt.checkpoint import previous_of

import pytest
import torch

SCRIPT_OF = {
    "samples": "01_prepare_samples.py",
    "tokenizer": "02_train_tokenizer.py",
    "train_bin": "03_build_bin_dataset.py",
    "val_bin": "03_build_bin_dataset.py",
}
# Every artifact with every step that reads it.
READERS = [
    ("samples", "02"),
    ("samples", "03"),
    ("tokenizer", "03"),
    ("tokenizer", "04"),
    ("train_bin", "04"),
    ("val_bin", "04"),
]
# Each step that writes, with a setting that makes its output another one.
CHANGED_RUNS = [
    ("01", {"max_document_characters": 200}),
    ("02", {"vocab_size": 600}),
    ("03", {"val_ratio": 0.3}),
    ("04", {"max_steps": 6}),
]


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    os.truncate(path, 0)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def edit_one_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def take_from_manifest(path: Path) -> None:
    manifest = path.with_name(pipeline.MANIFEST_NAME)
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    del entries[path.name]
    manifest.write_text(json.dumps(entries), encoding="utf-8")


@pytest.mark.parametrize("damage", [remove, empty, truncate, edit_one_byte, take_from_manifest])
@pytest.mark.parametrize(("artifact", "step"), READERS)
def test_a_step_refuses_a_damaged_input_and_names_the_file_and_the_command(house, artifact, step, damage):
    path = getattr(house, artifact)
    damage(path)
    message = house.complaint(step)
    assert str(path) in message
    assert f"python {SCRIPT_OF[artifact]}" in message


@pytest.mark.parametrize("step", ["02", "03", "04"])
def test_raw_text_changed_after_step_01_sends_back_to_it(house, step):
    house.raw.write_text(house.raw.read_text(encoding="utf-8") + "\n\n\n한 줄 더 적습니다.\n", encoding="utf-8")
    message = house.complaint(step)
    assert str(house.samples) in message and "raw.txt" in message
    assert "python 01_prepare_samples.py" in message


@pytest.mark.parametrize("step", ["02", "03", "04"])
def test_raw_text_put_away_stops_nothing(house, step):
    house.raw.unlink()
    house.run(step)


def test_samples_remade_after_step_02_make_the_tokenizer_stale(house):
    house.run("01", max_document_characters=200)
    message = house.complaint("03")
    assert str(house.tokenizer) in message and "samples.txt" in message
    assert "python 02_train_tokenizer.py" in message


def test_samples_remade_after_step_03_make_the_bins_stale(house):
    house.run("01", max_document_characters=200)
    house.run("02")
    message = house.complaint("04")
    assert str(house.train_bin) in message and "python 03_build_bin_dataset.py" in message


def test_bins_of_another_tokenizer_of_the_same_size_are_refused(house, new_house, raw_text):
    new_house.raw.write_text(raw_text.replace("여권", "운전면허증").replace("비자", "체류 허가"), encoding="utf-8")
    new_house.run("01")
    new_house.run("02")
    old, new = (json.loads(each.tokenizer.read_text(encoding="utf-8")) for each in (house, new_house))
    assert len(old["model"]["vocab"]) == len(new["model"]["vocab"])
    assert old["model"]["vocab"] != new["model"]["vocab"]

    message = house.complaint("04", tokenizer_path=new_house.tokenizer)
    assert str(house.train_bin) in message and str(new_house.tokenizer) in message
    assert "python 03_build_bin_dataset.py" in message


def test_bins_of_a_tokenizer_that_was_remade_are_refused(house):
    house.run("02", vocab_size=600)
    message = house.complaint("04")
    assert str(house.train_bin) in message and "tokenizer.json" in message
    assert "python 03_build_bin_dataset.py" in message


def test_a_tokenizer_of_other_samples_is_refused(house, new_house, raw_text):
    new_house.raw.write_text(raw_text[:2000], encoding="utf-8")
    new_house.run("01")
    message = house.complaint("03", samples_path=new_house.samples)
    assert str(house.tokenizer) in message and str(new_house.samples) in message
    assert "python 02_train_tokenizer.py" in message


def test_step_01_gives_the_same_bytes_again_and_the_chain_still_holds(house):
    before = house.samples.read_bytes(), house.contacts.read_bytes()
    house.run("01")
    assert (house.samples.read_bytes(), house.contacts.read_bytes()) == before
    house.run("04")


def test_steps_02_and_03_give_the_same_bytes_again(house):
    outputs = (house.tokenizer, house.train_bin, house.val_bin, house.index)
    before = [path.read_bytes() for path in outputs]
    house.run("02")
    house.run("03")
    assert [path.read_bytes() for path in outputs] == before


def test_the_number_of_workers_changes_nothing(house):
    before = house.samples.read_bytes(), house.contacts.read_bytes()
    house.run("01", workers=2)
    assert (house.samples.read_bytes(), house.contacts.read_bytes()) == before


@pytest.mark.parametrize(("step", "changes"), CHANGED_RUNS)
def test_a_damaged_manifest_stops_a_step_before_it_changes_anything(house, step, changes):
    manifest = house.checkpoint.with_name("manifest.json") if step == "04" else house.manifest
    manifest.write_text("{", encoding="utf-8")
    assert str(manifest) in house.complaint(step, **changes)


# --- The checkpoint ---


def test_step_05_says_that_there_is_no_checkpoint(house):
    house.checkpoint.unlink()
    message = house.complaint("05")
    assert str(house.checkpoint) in message and "python 04_train_gpt_from_scratch.py" in message


@pytest.fixture
def one_save(house):
    """A house without the save before the last, which would be taken in place of a damaged one."""
    previous_of(house.checkpoint).unlink()
    return house


@pytest.mark.parametrize("step", ["04", "05"])
@pytest.mark.parametrize("left", [0, 100, 0.5, -1], ids=["none", "100 bytes", "half", "all but one byte"])
def test_a_truncated_checkpoint_is_refused(one_save, step, left):
    size = one_save.checkpoint.stat().st_size
    kept = int(size * left) if isinstance(left, float) else left % size
    os.truncate(one_save.checkpoint, kept)
    message = one_save.complaint(step)
    assert str(one_save.checkpoint) in message and f"{kept:,} bytes" in message
    assert "python 04_train_gpt_from_scratch.py" in message


@pytest.mark.parametrize("step", ["04", "05"])
def test_a_file_that_is_no_checkpoint_of_ours_is_refused(one_save, step):
    for foreign in ({"weight": torch.zeros(3)}, torch.zeros(3)):
        torch.save(foreign, one_save.checkpoint)
        assert str(one_save.checkpoint) in one_save.complaint(step)
    one_save.checkpoint.write_text("체크포인트가 아닙니다.")
    assert str(one_save.checkpoint) in one_save.complaint(step)


def test_a_checkpoint_that_would_run_a_program_is_refused_and_runs_nothing(one_save, tmp_path):
    class Program:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "it ran"),)

    torch.save({"format": "gpt-checkpoint-1", "model": Program()}, one_save.checkpoint)
    assert str(one_save.checkpoint) in one_save.complaint("05")
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize(
    ("constant", "there", "here"), [("N_LAYER", 1, 2), ("BLOCK_SIZE", 384, 256), ("N_EMBD", 32, 64), ("N_HEAD", 2, 4)]
)
def test_a_checkpoint_of_another_model_is_refused_and_the_constant_named(house, constant, there, here):
    message = house.complaint("04", **{constant.lower(): here})
    assert str(house.checkpoint) in message
    assert f"{constant} is {there} there and {here} here" in message


def test_a_checkpoint_of_another_tokenizer_is_refused(house, raw_text):
    house.raw.write_text(raw_text.replace("여권", "운전면허증"), encoding="utf-8")
    for step in ("01", "02", "03"):
        house.run(step)
    message = house.complaint("04")
    assert str(house.checkpoint) in message and str(house.tokenizer) in message


def test_a_checkpoint_goes_on_with_a_new_split_of_the_same_samples(house, capsys):
    house.run("03", val_ratio=0.3)
    house.run("04", max_steps=6)
    assert "training data has changed" in capsys.readouterr().out


# --- A full disk ---

FIRST_OUTPUT = {"01": "samples", "02": "tokenizer", "03": "train_bin", "04": "checkpoint"}
LAST_OUTPUT = {"01": "contacts", "02": "tokenizer", "03": "index", "04": "checkpoint"}


def artifacts(house) -> dict[str, bytes]:
    """Every file but the log, in which steps stand that no save holds: they vanish when the run goes on."""
    return {name: content for name, content in house.contents().items() if not name.endswith("log.csv")}


@pytest.fixture
def last_words(monkeypatch, capsys):
    """Run a step as its script does; return the last line on stderr when it ends with exit code 2."""

    def run(house, step, changes) -> str:
        monkeypatch.setattr(sys, "argv", [step, *house.flags(step, **changes)])
        with pytest.raises(SystemExit) as end:
            pipeline.run(house.main(step))
        assert end.value.code == 2
        return capsys.readouterr().err.splitlines()[-1]

    return run


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, a disk that is always full")
@pytest.mark.parametrize("outputs", [FIRST_OUTPUT, LAST_OUTPUT], ids=["first output", "last output"])
@pytest.mark.parametrize(("step", "changes"), CHANGED_RUNS)
def test_a_disk_that_fills_up_leaves_the_old_artifacts(house, step, changes, outputs, last_words):
    before = artifacts(house)
    path = getattr(house, outputs[step])
    path.with_name(path.name + ".partial").symlink_to("/dev/full")
    message = last_words(house, step, changes)
    assert "disk is full" in message and str(house.folder) in message
    assert artifacts(house) == before


@pytest.mark.parametrize(("step", "changes"), CHANGED_RUNS)
def test_a_disk_that_is_full_at_the_last_moment_leaves_the_old_artifacts(house, step, changes, last_words, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = artifacts(house)
    monkeypatch.setattr(os, "fsync", full)
    message = last_words(house, step, changes)
    assert "disk is full" in message and str(house.folder) in message
    assert artifacts(house) == before
