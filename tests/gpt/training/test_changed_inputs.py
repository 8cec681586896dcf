"""What a run does when its inputs change while it trains: it goes on with what it opened, and names that."""

import json
import os
import shutil

import pipeline
from gpt.checkpoint import load_checkpoint
from gpt.training import run_files

import pytest


@pytest.fixture
def at_first_save(monkeypatch):
    """Call a function before the first save of a run."""

    def at_first_save(act) -> None:
        save, calls = run_files.save_checkpoint, [act]

        def save_after(path, content):
            if calls:
                calls.pop()()
            save(path, content)

        monkeypatch.setattr(run_files, "save_checkpoint", save_after)

    return at_first_save


def run_steps_again(house) -> None:
    for step, changes in (("01", {"max_document_characters": 200}), ("02", {"vocab_size": 600}), ("03", {})):
        house.run(step, **changes)


def move_data(house) -> None:
    shutil.move(house.folder / "data", house.folder / "moved")


@pytest.mark.parametrize("change", [run_steps_again, move_data])
def test_a_run_goes_on_with_the_files_that_it_opened_and_records_their_digests(house, at_first_save, change):
    undisturbed, disturbed = (house.folder / name / "ckpt.pt" for name in ("undisturbed", "disturbed"))
    house.run("04", checkpoint_path=undisturbed)
    inputs = json.loads(undisturbed.with_name("manifest.json").read_text(encoding="utf-8"))["ckpt.pt"]["inputs"]
    at_first_save(lambda: change(house))
    house.run("04", checkpoint_path=disturbed)

    one, other = (load_checkpoint(path) for path in (undisturbed, disturbed))
    assert one["run"]["history"] == other["run"]["history"] and one["inputs"] == other["inputs"]
    manifest = json.loads(disturbed.with_name("manifest.json").read_text(encoding="utf-8"))
    assert manifest["ckpt.pt"]["inputs"] == inputs
    assert set(inputs.values()) == set(one["inputs"].values())


def test_files_that_change_while_they_are_read_are_refused(house, monkeypatch):
    """Between the check of a file and its reading, step 03 replaces it."""
    require = pipeline.require_made_from

    def require_and_replace(path, *arguments):
        require(path, *arguments)
        shutil.copyfile(house.train_bin, house.train_bin.with_name("new"))
        os.replace(house.train_bin.with_name("new"), house.train_bin)

    before = house.checkpoint.read_bytes()
    monkeypatch.setattr(pipeline, "require_made_from", require_and_replace)
    with pytest.raises(pipeline.StepError, match=r"train\.bin: another program has changed it just now; run this step"):
        house.run("04", max_steps=6)
    assert house.checkpoint.read_bytes() == before


@pytest.mark.parametrize(("step", "next_step"), [("01", "02"), ("02", "03"), ("03", "04")])
def test_a_text_that_changes_while_a_step_reads_it_makes_the_result_stale(house, monkeypatch, step, next_step):
    """The entry names the text that the step began with, so that the next step does not take the result for fresh."""
    path = house.raw if step == "01" else house.samples
    record = pipeline.record_artifacts

    def change_and_record(*arguments):
        path.write_text(path.read_text(encoding="utf-8") + "\n\n\n새 글입니다.\n", encoding="utf-8")
        if step != "01":
            record([path], "01_prepare_samples.py", {}, pipeline.digests_of(house.raw))
        record(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "record_artifacts", change_and_record)
        house.run(step)
    assert path.name in house.complaint(next_step)
