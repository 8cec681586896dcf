"""The rules of the house, read from the source: who may import whom, docstrings, lengths, and one list of packages."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pipeline

import pytest

ROOT = Path(pipeline.__file__).resolve().parent.parent
ROOMS = ("answering", "corpus", "gpt", "pipeline")

# Step 04 has 75 lines of constants and a field of its Settings for each; a reader wants its one story whole.
LONG_FILES = {"04_train_gpt_from_scratch.py"}

LONGEST_FILE = 300  # lines
LONGEST_FUNCTION = 40  # lines, from def to the last statement


# --- Reading the source ---


def module_name(path: Path) -> str:
    """corpus/raw/reading.py -> corpus.raw.reading; corpus/__init__.py -> corpus."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SCRIPTS = {module_name(path): path for path in ROOT.glob("*.py")}
IN_ROOMS = {module_name(path): path for room in ROOMS for path in (ROOT / room).rglob("*.py")}
BENCHMARKS = {module_name(path): path for path in (ROOT / "benchmarks").rglob("*.py")}
LESSONS = {module_name(path): path for path in (ROOT / "lessons").rglob("*.py")}
PRODUCT = SCRIPTS | IN_ROOMS
ALL = PRODUCT | BENCHMARKS | LESSONS


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_in(tree: ast.Module, known: set[str]) -> set[str]:
    """What a module imports, also inside functions: our modules by their full names, others as they are written."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            full_names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = full_names & known
            found |= modules | ({node.module} if modules != full_names else set())
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            found |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    return found


@cache
def imports_of(name: str) -> frozenset[str]:
    return frozenset(imports_in(tree_of(ALL[name]), set(ALL)))


def is_in(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def packages_above(name: str) -> set[str]:
    """Python imports these before the module itself: corpus.raw.reading -> corpus, corpus.raw."""
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def everything_that_loads(name: str) -> set[str]:
    """The module, what it imports, what that imports, and so on."""
    loaded: set[str] = set()
    waiting = {name}
    while waiting:
        current = waiting.pop()
        loaded.add(current)
        imported = imports_of(current) if current in ALL else set()
        waiting |= {each for one in imported for each in {one, *packages_above(one)}} - loaded
    return loaded


def definitions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """Each function and class with its name within the module: `Model.forward`."""

    def visit(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield prefix + child.name, child
                yield from visit(child, f"{prefix}{child.name}.")
            else:
                yield from visit(child, prefix)

    yield from visit(tree, "")


# --- Who may import whom ---


MAY_IMPORT = {
    "pipeline": ("pipeline",),
    "corpus": ("pipeline", "corpus"),
    "gpt": ("pipeline", "gpt"),
    "answering": ROOMS,
}


def is_allowed(importer: str, imported: str) -> bool:
    """Whether one of our modules may import another."""
    if importer not in IN_ROOMS:
        return True
    if imported.split(".")[0] not in MAY_IMPORT[importer.split(".")[0]]:
        return False
    if is_in(importer, "corpus.raw"):
        return not is_in(imported, "corpus.extraction")
    if is_in(importer, "gpt") and not is_in(importer, "gpt.training") and not is_in(importer, "gpt.formats"):
        return not is_in(imported, "gpt.training") and not is_in(imported, "gpt.formats")
    return True


def test_every_module_imports_only_what_it_may():
    ours = {(importer, imported) for importer in PRODUCT for imported in imports_of(importer) if imported in ALL}
    assert not {(importer, imported) for importer, imported in ours if not is_allowed(importer, imported)}


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("05_generate", "answering.assistant", True),
        ("answering.assistant", "05_generate", False),
        ("answering.assistant", "corpus.retrieval", True),
        ("answering.assistant", "gpt.model", True),
        ("corpus.retrieval", "gpt.token_file", False),
        ("corpus.retrieval", "answering.form", False),
        ("gpt.model", "corpus.template", False),
        ("corpus.raw.documents", "corpus.extraction.contacts", False),
        ("corpus.raw.documents", "corpus.template", True),
        ("corpus.extraction.answers", "corpus.raw.documents", True),
        ("gpt.checkpoint", "gpt.training.plan", False),
        ("gpt.checkpoint", "gpt.formats.huggingface", False),
        ("gpt.training.initial_weights", "gpt.formats.huggingface", True),
        ("pipeline.manifest", "corpus.samples", False),
        ("gpt.training.run", "benchmarks.race", False),
    ],
)
def test_the_rules_of_the_rooms(importer, imported, allowed):
    assert is_allowed(importer, imported) == allowed


# export.py and serve.py read the constants at the top of step 05, which users edit there.
SCRIPTS_THAT_IMPORT_SCRIPTS = {("export", "05_generate"), ("serve", "05_generate")}


def test_no_script_imports_another_but_export_and_serve():
    found = {(name, imported) for name in SCRIPTS for imported in imports_of(name) if imported in SCRIPTS}
    assert found == SCRIPTS_THAT_IMPORT_SCRIPTS


@pytest.mark.parametrize("step", [name for name in sorted(SCRIPTS) if name[:2] in ("01", "02", "03")])
def test_the_first_three_steps_never_wait_for_torch(step):
    assert "torch" not in {name.split(".")[0] for name in everything_that_loads(step)}


def test_the_way_from_a_script_to_torch_is_found():
    assert {"torch", "gpt.model", "pipeline.errors"} <= everything_that_loads("05_generate")


@pytest.mark.parametrize("room", ["corpus", "pipeline"])
def test_text_and_what_all_share_need_no_torch(room):
    for name in (name for name in IN_ROOMS if is_in(name, room)):
        assert "torch" not in {imported.split(".")[0] for imported in imports_of(name)}, name


def test_nothing_imports_a_lesson():
    assert not {(name, each) for name in PRODUCT | BENCHMARKS for each in imports_of(name) if is_in(each, "lessons")}


def find_circle(edges: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, or an empty list."""
    finished: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        for imported in sorted(edges.get(name, set())) if name not in finished else ():
            if circle := follow(imported, [*path, name]):
                return circle
        finished.add(name)
        return []

    return next((circle for name in sorted(edges) if (circle := follow(name, []))), [])


def test_no_modules_import_each_other_in_a_circle():
    assert find_circle({name: set(imports_of(name)) & set(ALL) for name in ALL}) == []


def test_a_circle_is_found():
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert find_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_module_changes_the_path_of_imports():
    for name, path in ALL.items():
        assert "sys.path" not in {ast.unparse(node) for node in ast.walk(tree_of(path))}, name


# --- Docstrings ---


def is_public(name: str, node: ast.AST, tree: ast.Module) -> bool:
    """Whether a definition needs a docstring: a public name, not within a function, not `main` and no override."""
    parts = name.split(".")
    if any(part.startswith("_") for part in parts):
        return False
    parents = [each for each_name, each in definitions(tree) if name.startswith(each_name + ".")]
    if any(not isinstance(parent, ast.ClassDef) for parent in parents) or name == "main":
        return False
    # torch calls forward, and the docstring of the class says what it computes.
    is_overload = any(ast.unparse(decorator).endswith("overload") for decorator in getattr(node, "decorator_list", []))
    return not is_overload and not (parents and parts[-1] == "forward")


def test_every_module_has_a_docstring():
    assert {name for name, path in ALL.items() if not ast.get_docstring(tree_of(path))} == set()


def test_every_public_function_and_class_has_a_docstring():
    missing = {
        f"{name}:{definition}"
        for name, path in (PRODUCT | LESSONS).items()
        for definition, node in definitions(tree_of(path))
        if is_public(definition, node, tree_of(path)) and not ast.get_docstring(node)
    }
    assert not missing


def misplaced_docstrings(tree: ast.Module) -> list[int]:
    """The lines of texts that stand alone below the first statement, where Python takes them for nothing."""
    bodies = [tree, *(node for _, node in definitions(tree))]
    return [
        statement.lineno
        for node in bodies
        for statement in node.body[1:]
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    ]


def test_no_docstring_stands_below_the_first_statement():
    assert not {name for name, path in ALL.items() if misplaced_docstrings(tree_of(path))}


def test_a_docstring_below_the_first_statement_is_found():
    assert misplaced_docstrings(ast.parse('def f():\n    x = 1\n    """Says nothing."""\n')) == [3]


# --- Lengths ---


def test_no_file_is_longer_than_a_reader_can_follow():
    too_long = {
        path.relative_to(ROOT).as_posix()
        for path in (PRODUCT | LESSONS).values()
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    }
    assert too_long == LONG_FILES


def test_no_function_is_longer_than_a_reader_can_follow():
    too_long = {
        f"{name}:{definition}"
        for name, path in (PRODUCT | LESSONS).items()
        for definition, node in definitions(tree_of(path))
        if not isinstance(node, ast.ClassDef) and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert not too_long


def test_tests_lie_in_folders_of_the_same_names():
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    # Attacks go through all steps from outside.
    assert {folder.as_posix() for folder in folders if not (ROOT / folder).is_dir()} == {"attacks"}


# --- pyproject.toml ---


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements_in(name: str) -> set[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-r"))}


def test_requirements_txt_says_what_pyproject_says(project):
    assert requirements_in("requirements.txt") == set(project["project"]["dependencies"])


def test_requirements_serve_txt_says_what_pyproject_says(project):
    assert requirements_in("requirements-serve.txt") == set(project["project"]["optional-dependencies"]["serve"])


def test_requirements_dev_txt_says_what_pyproject_says(project):
    extras = project["project"]["optional-dependencies"]
    wanted = set(extras["dev"])
    for extra in re.findall(r"korean-gpt-from-scratch\[(\w+)\]", "\n".join(wanted)):
        wanted |= set(extras[extra])
    assert requirements_in("requirements-dev.txt") == {each for each in wanted if "korean-gpt" not in each}
    assert (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").startswith("-r requirements.txt\n")


def test_the_five_steps_need_four_packages_and_one_version_of_torch(project):
    needed = project["project"]["dependencies"]
    assert [re.match(r"[\w-]+", each)[0] for each in needed] == ["torch", "tokenizers", "numpy", "tqdm"]
    assert needed[0] == "torch==2.13.0"


def test_pyproject_names_every_package_and_its_data(project):
    packages = {module_name(path) for path in IN_ROOMS.values() if path.name == "__init__.py"}
    assert set(project["tool"]["setuptools"]["packages"]) == packages
    data = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    named = project["tool"]["setuptools"]["package-data"]
    folders = {ROOT / package.replace(".", "/"): patterns for package, patterns in named.items()}
    found = {path for folder, patterns in folders.items() for pattern in patterns for path in folder.glob(pattern)}
    assert data == {path.relative_to(ROOT).as_posix() for path in found}


def test_no_file_is_exempt_from_the_types_and_forms_of_the_others(project):
    assert set(project["tool"]["ruff"]["lint"]["per-file-ignores"]) == {"tests/*", "pipeline/__init__.py"}
    assert not any(each.get("ignore_errors") for each in project["tool"]["mypy"]["overrides"])
