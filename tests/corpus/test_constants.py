"""A constant means one thing: no two modules give the same name different values."""

import ast
from collections import defaultdict
from pathlib import Path

import corpus

ROOT = Path(corpus.__file__).resolve().parent.parent
ROOMS = ("answering", "corpus", "gpt", "pipeline")
# Settings at the top of a script are the user's names, which no other module imports. So scripts are left out.
MODULES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
# The same property of several file formats, read with the name of the module: `gguf.DTYPES`, `huggingface.DTYPES`.
OF_EACH_FORMAT = {"DTYPES", "FILE", "FILES", "FORMAT"}


def constants_of(source: str) -> dict[str, str]:
    """The UPPERCASE names that a module defines, and the expression of each."""
    found = {}
    for node in ast.parse(source).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            for name in names:
                if isinstance(name, ast.Name) and name.id.isupper() and node.value is not None:
                    found[name.id] = ast.unparse(node.value)
    return found


def test_no_two_modules_define_the_same_constant_with_different_values():
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for path in MODULES:
        for name, value in constants_of(path.read_text(encoding="utf-8")).items():
            values[name][path.relative_to(ROOT).as_posix()] = value
    several = {name: list(by_module) for name, by_module in values.items() if len(set(by_module.values())) > 1}
    assert {name: modules for name, modules in several.items() if name not in OF_EACH_FORMAT} == {}


def test_constants_are_found_in_every_kind_of_assignment():
    source = "LONGEST = 40\nFIRST, SECOND = 'ab'\nTABLE: dict[str, int] = {}\nlater = 1\nNAMED: int\n"
    assert constants_of(source) == {"LONGEST": "40", "FIRST": "'ab'", "SECOND": "'ab'", "TABLE": "{}"}
