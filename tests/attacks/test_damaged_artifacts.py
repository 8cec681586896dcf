"""Every step on artifacts that were damaged or edited: it does its work or refuses in one line, and changes no file.

Two thousand changes, drawn by chance: of the bytes of any file, of any value of a JSON file, of any entry of a
checkpoint. Half of those that the manifest would notice are entered into it, as somebody would who edits both.
"""

import hashlib
import json
import random
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import StepError
from tests.attacks.mutations import mutate_bytes, mutate_checkpoint, mutate_json
from tests.house import House

import pytest
import torch

pytestmark = pytest.mark.slow
LONGEST = 20  # seconds of a step, which takes less than one here
QUESTION = {"question": "여권을 잃어버렸어요", "max_new_tokens": 200}
READERS = {
    "raw": [("01", {})],
    "samples": [("02", {}), ("03", {}), ("05", QUESTION)],
    "contacts": [("05", {**QUESTION, "closed_book": True})],
    "tokenizer": [("03", {}), ("04", {})],
    "train_bin": [("04", {})],
    "val_bin": [("04", {})],
    "index": [("05", QUESTION)],
    "manifest": [("02", {}), ("03", {}), ("04", {}), ("05", QUESTION)],
    "checkpoint": [("04", {"max_steps": 5}), ("05", QUESTION), ("export", {})],
}


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where the block takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"it hangs for more than {seconds} seconds")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def enter_into_manifest(house: House, path: Path) -> None:
    """Let the manifest say that the file is as it should be."""
    manifest = path.parent / "manifest.json"
    entries = json.loads(manifest.read_bytes())
    content = path.read_bytes()
    for entry in entries.values():
        if isinstance(entry, dict) and path.name in entries:
            entries[path.name] |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            break
    manifest.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")


def attack(house: House, step: str, settings: dict, what: str) -> bool:
    """Run a step; whether it refused. Anything but an end or one line is a failure."""
    before = house.contents()
    try:
        with at_most(LONGEST), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            house.run(step, **settings)
    except StepError as refusal:
        assert "\n" not in str(refusal), (what, refusal)
        assert house.contents() == before, what
        return True
    except OSError as error:  # pipeline.run makes one line of it
        assert error.filename or error.errno, (what, error)
        assert house.contents() == before, what
        return True
    except BaseException as error:
        error.add_note(f"{step} on {what}")
        raise
    return False


def restore(house: House, contents: dict[str, bytes]) -> None:
    """Make all files what they were."""
    for name in house.contents().keys() - contents.keys():
        (house.folder / name).unlink()
    for name, content in contents.items():
        path = house.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)


def attack_all(house: House, name: str, mutate: Callable[[bytes, random.Random], bytes], count: int) -> int:
    """Change a file `count` times, each time otherwise, and run the steps that read it in turn; count refusals."""
    if name == "checkpoint":  # alone, without the save before it, which would take its place
        for other in ("ckpt.previous.pt", "best.pt"):
            house.checkpoint.with_name(other).unlink()
    contents, path = house.contents(), getattr(house, name)
    original, refused = path.read_bytes(), 0
    for seed in range(count):
        chance = random.Random(seed)
        path.write_bytes(mutate(original, chance))
        if name not in ("raw", "manifest", "checkpoint") and chance.random() < 0.5:
            enter_into_manifest(house, path)
        step, settings = READERS[name][seed % len(READERS[name])]
        refused += attack(house, step, settings, f"{name}, seed {seed}")
        restore(house, contents)
    return refused


@pytest.mark.parametrize("name", READERS)
def test_changed_bytes(house, name):
    refused = attack_all(house, name, mutate_bytes, 60)
    assert name == "raw" or refused > 20


@pytest.mark.parametrize(("name", "count"), [("manifest", 400), ("contacts", 200), ("tokenizer", 300)])
def test_changed_values(house, name, count):
    assert attack_all(house, name, mutate_json, count) > count / 4


def test_changed_checkpoints(house):
    original = torch.load(house.checkpoint, weights_only=True)

    def mutate(_: bytes, chance: random.Random) -> bytes:
        torch.save(mutate_checkpoint(original, chance), house.checkpoint)
        return house.checkpoint.read_bytes()

    assert attack_all(house, "checkpoint", mutate, 400) > 100


def test_changed_checkpoints_as_the_start_of_another_model(house):
    original, given = torch.load(house.checkpoint, weights_only=True), house.folder / "given.pt"
    contents = house.contents()
    for seed in range(100):
        torch.save(mutate_checkpoint(original, random.Random(seed)), given)
        attack(house, "04", {"init_from": given, "restart": True, "max_steps": 1}, f"INIT_FROM, seed {seed}")
        restore(house, contents)


@pytest.mark.parametrize(("file", "mutate"), [("config.json", mutate_json), ("tokenizer.json", mutate_json)])
def test_changed_exports(house, file, mutate):
    house.run("export")
    contents, original = house.contents(), (house.exported / file).read_bytes()
    for seed in range(150):
        (house.exported / file).write_bytes(mutate(original, random.Random(seed)))
        settings = {"checkpoint_path": house.exported, **QUESTION}
        if seed % 3 == 0:
            settings = {"init_from": house.exported, "restart": True, "max_steps": 1}
        attack(house, "04" if seed % 3 == 0 else "05", settings, f"{file} of an export, seed {seed}")
        restore(house, contents)


def test_changed_weights_of_an_export(house):
    house.run("export")
    contents, path = house.contents(), house.exported / "model.safetensors"
    for seed in range(60):
        path.write_bytes(mutate_bytes(contents["exported/model.safetensors"], random.Random(seed)))
        attack(house, "05", {"checkpoint_path": house.exported, **QUESTION}, f"safetensors, seed {seed}")
        restore(house, contents)
