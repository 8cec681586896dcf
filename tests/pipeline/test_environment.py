"""A script that is run with the wrong Python says in one line which command works."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pipeline
from pipeline.environment import PACKAGES

import pytest

ROOT = Path(pipeline.__file__).parent.parent
SCRIPTS = [*sorted(path.name for path in ROOT.glob("0?_*.py")), "export.py"]
NAMES = "torch, tokenizers, numpy and tqdm"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands here are those of a POSIX shell")


def run(python: Path | str, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(python), *arguments],
        cwd=cwd,
        env={"PATH": "/nonexistent", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def refusal(python: Path | str, *arguments: str, cwd: Path, **environment: str) -> tuple[str, list[str]]:
    """The complaint and the proposed command of a script that ends with one line and exit code 2."""
    result = run(python, *arguments, cwd=cwd, **environment)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    complaint, command = result.stderr.strip().split("; run: ")
    return complaint, shlex.split(command)


def make_environment(folder: Path, *packages: str) -> Path:
    """The Python of a new virtual environment that has nothing but empty packages of these names."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True)
    (library,) = folder.glob("lib/python3.*/site-packages")
    for name in packages:
        (library / name).mkdir()
        (library / name / "__init__.py").touch()
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory) -> Path:
    """A Python without any package, not even pip."""
    return make_environment(tmp_path_factory.mktemp("bare") / "environment")


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the code, in a folder whose name has a space, without a virtual environment."""
    folder = tmp_path / "my project"
    folder.mkdir()
    for path in ROOT.glob("*.py"):
        shutil.copy(path, folder)
    for name in ("corpus", "gpt", "pipeline"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


# Runs a script as this version of Python would: the check sees the version, the rest is never reached.
AS_VERSION = (
    "import runpy, sys; sys.version_info = {}; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], {{}}, '__main__')"
)


# --- Packages are missing ---


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_names_the_command_with_the_virtual_environment_that_has_the_packages(bare_python, project, script):
    make_environment(project / ".venv", *PACKAGES)
    complaint, command = refusal(bare_python, script, "--question", "여권을 잃어버렸어요", cwd=project)
    assert complaint == f"{NAMES} are not installed for {bare_python}"
    assert command == [".venv/bin/python", script, "--question", "여권을 잃어버렸어요"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_a_virtual_environment_it_names_the_commands_that_make_one(bare_python, project, script):
    # This Python has no pip, so it cannot install anything for itself.
    complaint, command = refusal(bare_python, script, cwd=project)
    assert complaint == f"{NAMES} are not installed for {bare_python}"
    create, install = [str(bare_python), "-m", "venv", ".venv"], ["-m", "pip", "install", "-r", "requirements.txt"]
    assert command == [*create, "&&", ".venv/bin/python", *install]


def test_a_python_with_pip_installs_for_itself(project, tmp_path):
    python = make_environment(tmp_path / "environment", "pip", "numpy", "tokenizers", "tqdm")
    complaint, command = refusal(python, "05_generate.py", cwd=project)
    assert complaint == f"torch is not installed for {python}"
    assert command == [str(python), "-m", "pip", "install", "-r", "requirements.txt"]


def test_a_virtual_environment_whose_installation_was_broken_off_is_not_proposed(bare_python, project):
    make_environment(project / ".venv", "numpy")
    assert refusal(bare_python, "05_generate.py", cwd=project)[1][0] == str(bare_python)


def test_from_another_folder_the_paths_in_the_command_are_whole(bare_python, project, tmp_path):
    python, script = make_environment(project / ".venv", *PACKAGES), str(project / "05_generate.py")
    assert refusal(bare_python, script, cwd=tmp_path)[1] == [str(python), script]


def test_the_packages_that_are_looked_for_are_the_requirements():
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^[\w-]+", requirements, flags=re.MULTILINE)) == PACKAGES


# --- Python is too old ---


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_old_python_names_the_virtual_environment(bare_python, project, script):
    make_environment(project / ".venv", *PACKAGES)
    complaint, command = refusal(bare_python, "-c", AS_VERSION.format((3, 10, 12)), script, cwd=project)
    assert complaint == "Python 3.10.12 is too old: these scripts need 3.11 or later"
    assert command == [".venv/bin/python", script]


def test_an_old_python_names_a_newer_one_on_the_path(bare_python, project, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3.13").symlink_to(bare_python)
    (programs / "python3.12").write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")  # there, but it does not run
    (programs / "python3.12").chmod(0o755)
    program = AS_VERSION.format((3, 8, 18))
    _, command = refusal(bare_python, "-c", program, "05_generate.py", cwd=project, PATH=str(programs))
    assert command[:4] == ["python3.13", "-m", "venv", ".venv"]


def test_where_there_is_no_newer_python_it_says_where_to_get_one(bare_python, project):
    result = run(bare_python, "-c", AS_VERSION.format((3, 8, 18)), "05_generate.py", cwd=project)
    assert result.returncode == 2
    assert result.stderr.endswith("; install Python 3.12 from https://www.python.org/downloads/\n")


@pytest.mark.parametrize("name", ["pipeline/__init__.py", "pipeline/environment.py", *SCRIPTS])
def test_python_3_8_can_read_what_comes_before_the_check(name):
    ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("name", SCRIPTS)
def test_only_the_standard_library_is_imported_before_the_check(name):
    modules = []
    for node in ast.parse((ROOT / name).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules += [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    before = modules[: modules.index("pipeline")]
    assert {module.split(".")[0] for module in before} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10"])
def test_a_python_that_really_is_old_says_so(project, version):
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], capture_output=True).returncode != 0:
        pytest.skip(f"there is no Python {version}")
    make_environment(project / ".venv", *PACKAGES)
    complaint, command = refusal(python, "05_generate.py", cwd=project, PATH=os.environ["PATH"])
    assert complaint.startswith(f"Python {version}.")
    assert command == [".venv/bin/python", "05_generate.py"]


# --- All is well, or it is not a script of the project ---


def test_the_check_finds_the_packages_without_importing_them(tmp_path, project):
    python = make_environment(tmp_path / "environment", *PACKAGES)
    for package in tmp_path.glob("environment/lib/python3.*/site-packages/*/__init__.py"):
        package.write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    assert run(python, "-c", "import pipeline; print('ready')", cwd=project).stdout == "ready\n"


def test_another_program_that_imports_the_module_is_not_ended(bare_python, project):
    program = "import pipeline; print('imported'); import torch"
    result = run(bare_python, "-c", program, cwd=project)
    assert result.stdout == "imported\n"
    assert "ModuleNotFoundError: No module named 'torch'" in result.stderr
