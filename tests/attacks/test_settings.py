"""Every setting of every step at values that nobody means: the step does its work, or refuses in one line, at once."""

import importlib
from dataclasses import fields
from typing import get_type_hints

from tests.attacks.test_damaged_artifacts import attack, restore
from tests.house import SCRIPTS

import pytest

pytestmark = pytest.mark.slow
NUMBERS = [
    "-1",
    "0",
    "9" * 18,
    "9" * 400,
    "9" * 5000,
    "1e308",
    "1e-320",
    "-1e32",
    "nan",
    "inf",
    "",
    "０１",
    "0x10",
    "\0",
]
TEXTS = ["", " ", ".", "/", "..", "\0", "없는/파일", "a" * 5000, "\udcff.txt"]
# A run that is meant to be longer than a lifetime is no mistake that a program can see.
ENDLESS = {("04", "max_steps"), ("04", "max_minutes")}
STEPS = ["01", "02", "03", "04", "05", "export"]


def cases(step: str) -> list[tuple[str, str]]:
    script = importlib.import_module(SCRIPTS[step])
    types = get_type_hints(script.Settings)
    names = [each.name for each in fields(script.Settings) if types[each.name] is not bool]
    values = {int: NUMBERS, float: NUMBERS}
    return [(name, value) for name in names for value in values.get(types[name], TEXTS) if (step, name) not in ENDLESS]


@pytest.mark.parametrize("step", STEPS)
def test_values_that_nobody_means(house, step, monkeypatch):
    monkeypatch.chdir(house.folder)
    contents = house.contents()
    for name, value in cases(step):
        settings = {"max_steps": 5} if step == "04" else {}
        attack(house, step, {**settings, name: value}, f"--{name} {value[:40]!r}")
        restore(house, contents)
