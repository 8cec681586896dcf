"""What make says and does around the five steps: the installation, `make help` and `make clean`."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pipeline

import pytest

ROOT = Path(pipeline.__file__).parent.parent
TOOLS = ["sh", "make", "uname", "du", "cut", "sleep", "touch", "mkdir", "test", "grep", "rm", "ls", "tr", "sed", "cat"]
MADE = ("samples.txt", "contacts.json", "tokenizer.json", "train.bin", "val.bin", "index.npz")
TRAINED = ("ckpt.pt", "ckpt.previous.pt", "best.pt", "ckpt.older.pt", "log.csv", "loss.svg")

pytestmark = pytest.mark.skipif(
    os.name == "nt" or not all(map(shutil.which, TOOLS)), reason="make and the tools of a POSIX shell are missing"
)

# Stands in for every Python: it notes each command, makes a .venv with itself in it, and installs nothing.
PYTHON = """\
#!/bin/sh
echo "python $*" >> commands
if test "$1" = -c; then exit ${OLD_PYTHON:-0}; fi
if test "$2" = venv; then mkdir -p .venv/bin; cp "$0" .venv/bin/python; fi
if test "$2" = pip; then echo "Collecting torch"; /bin/sleep ${PIP_SECONDS:-0}; exit ${PIP_STATUS:-0}; fi
"""
UV = """\
#!/bin/sh
echo "uv $*" >> commands
if test "$1" = venv; then mkdir -p .venv/bin; cp "$(command -v python3)" .venv/bin/python; fi
"""


class Project:
    """A folder with the Makefile and what it reads, and a PATH that holds nothing but `TOOLS` and stand-ins."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        for tool in (*TOOLS, "cp"):
            (self.programs / tool).symlink_to(shutil.which(tool))
        self.add_program("python3", PYTHON)
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, folder)
        (folder / "data").mkdir()
        for name in ("README.md", "sample_raw.txt"):
            shutil.copy(ROOT / "data" / name, folder / "data")

    def add_program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def make(self, *arguments: str, stdin: int = subprocess.DEVNULL, **environment: str) -> subprocess.CompletedProcess:
        environment = {"PATH": str(self.programs), "LC_ALL": "C.UTF-8", **environment}
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=environment,
            stdin=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    def commands(self) -> list[str]:
        """What the stand-ins were called with, without the questions about their version."""
        lines = (self.folder / "commands").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if not line.startswith("python -c")]

    def files(self) -> set[str]:
        """Every file but the programs, and the folders without files."""
        paths = (path for path in self.folder.rglob("*") if self.programs not in (path, *path.parents))
        return {str(path.relative_to(self.folder)) for path in paths if path.is_file() or not list(path.iterdir())}


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def system(name: str) -> str:
    """A `uname` for this system."""
    return f"#!/bin/sh\necho {name}\n"


# --- The installation ---


@pytest.mark.parametrize(
    ("name", "arguments", "size", "hint"),
    [
        ("Darwin", (), "0.7 GB on disk", False),
        ("Linux", (), "4.8 GB on disk, most of it CUDA", True),
        ("Linux", ("CPU_ONLY=1",), "1 GB on disk", False),
    ],
)
def test_the_size_is_told_before_anything_is_installed(project, name, arguments, size, hint):
    project.add_program("uname", system(name))
    result = project.make(".venv/runtime", *arguments)
    assert result.returncode == 0, result.stderr
    before, _, after = result.stdout.partition("Collecting torch")
    assert size in before
    assert after  # pip ran
    assert ("make CPU_ONLY=1" in before) == hint


def test_a_linux_with_an_nvidia_card_is_not_asked_to_do_without_cuda(project):
    project.add_program("uname", system("Linux"))
    project.add_program("nvidia-smi", "#!/bin/sh\n")
    assert "CPU_ONLY" not in project.make(".venv/runtime").stdout


def test_pip_installs_the_requirements_and_shows_its_progress(project):
    assert project.make(".venv/runtime").returncode == 0
    assert project.commands() == [
        "python -m venv .venv",
        "python -m pip install --disable-pip-version-check -r requirements.txt",
    ]


def test_only_cpu_only_asks_the_index_of_the_torch_documentation(project):
    project.make(".venv/runtime", "CPU_ONLY=1")
    url = "https://download.pytorch.org/whl/cpu"
    assert project.commands()[-1].endswith(f"--extra-index-url {url} -r requirements.txt")


def test_a_long_installation_says_every_ten_seconds_how_far_it_is(project):
    project.add_program("sleep", "#!/bin/sh\nexec /bin/sleep 0.1\n")  # make's ten seconds, a hundred times as fast
    result = project.make(".venv/runtime", PIP_SECONDS="1")
    assert len(re.findall(r"^  installing: \d+ MB in \.venv$", result.stdout, flags=re.MULTILINE)) >= 2
    assert result.stderr == ""


def test_an_installation_that_fails_is_tried_again_by_the_next_make(project):
    assert project.make(".venv/runtime", PIP_STATUS="1").returncode == 2
    assert not (project.folder / ".venv" / "runtime").exists()
    assert project.make(".venv/runtime").returncode == 0
    assert project.commands()[-1].endswith("-r requirements.txt")
    assert (project.folder / ".venv" / "runtime").exists()


def test_the_packages_of_the_tests_come_with_progress_too(project):
    result = project.make(".venv/development")
    assert result.returncode == 0, result.stderr
    assert project.commands()[-1] == "python -m pip install --disable-pip-version-check -r requirements-dev.txt"


def test_uv_makes_the_environment_and_installs_in_it(project):
    project.add_program("uv", UV)
    assert project.make(".venv/runtime", "UV=1").returncode == 0
    # --seed brings pip, so that a later make without UV=1 works in the same environment.
    assert project.commands() == [
        "uv venv --seed --allow-existing --python python3 .venv",
        "uv pip install --python .venv/bin/python -r requirements.txt",
    ]


def test_uv_takes_torch_without_cuda_by_its_own_option(project):
    project.add_program("uv", UV)
    project.make(".venv/runtime", "UV=1", "CPU_ONLY=1")
    assert project.commands()[-1] == "uv pip install --python .venv/bin/python --torch-backend cpu -r requirements.txt"


@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        (("UV=1",), {}, "uv is not installed; run make without UV=1, or install uv"),
        (("PYTHON=python3.99",), {}, "python3.99 is not installed; run: make PYTHON=python3.12"),
        ((), {"OLD_PYTHON": "1"}, "python3 is older than Python 3.11; run: make PYTHON=python3.12"),
    ],
)
def test_what_is_missing_is_one_line_and_nothing_is_installed(project, arguments, environment, line):
    result = project.make(".venv/runtime", *arguments, **environment)
    assert result.returncode == 2
    # The second line is that of make itself: "make: *** [Makefile:…: .venv/runtime] Error 2".
    first, second = result.stderr.splitlines()
    assert first.startswith(line)
    assert "Error 2" in second
    assert not (project.folder / ".venv").exists()


# --- make help ---


def test_help_lists_every_target_and_setting_with_its_default(project):
    text = project.make("help").stdout
    makefile = (project.folder / "Makefile").read_text(encoding="utf-8")
    for target in ("test", "clean", "help"):
        assert re.search(rf"^make {target} +\w", text, flags=re.MULTILINE)
    for name in [*re.findall(r"^([A-Z_]+) \?= ", makefile, flags=re.MULTILINE), "CPU_ONLY", "UV"]:
        assert re.search(rf"^  {name}=\S+ +\w", text, flags=re.MULTILINE), name
    for name in ("PYTHON",):
        default = re.search(rf"^{name} \?= (.*)$", makefile, flags=re.MULTILINE)[1]
        assert f"  {name}={default} " in text
    assert max(map(len, text.splitlines())) <= 120


# --- make clean ---


def fill(project: Project, *checkpoints: str) -> set[str]:
    """Give the project the user's own files, and what the steps made; returns the user's own."""
    (project.folder / "data" / "raw.txt").write_text("마닐라에서 여권을 잃어버렸을 때\n", encoding="utf-8")
    (project.folder / "data" / "블로그.txt").write_text("세부의 병원\n", encoding="utf-8")
    (project.folder / "checkpoints").mkdir()
    (project.folder / "checkpoints" / "mine.pt").write_bytes(b"mine")
    own = project.files()
    for name in MADE:
        (project.folder / "data" / name).write_text("made\n", encoding="utf-8")
    (project.folder / "data" / "train.bin.partial").write_text("half\n", encoding="utf-8")
    for name in (*checkpoints, "trained-4"):
        (project.folder / "checkpoints" / name).write_text("made\n", encoding="utf-8")
    for name in (".mypy_cache", ".pytest_cache", "gpt/__pycache__"):
        (project.folder / name).mkdir(parents=True)
        (project.folder / name / "cache").write_text("made\n", encoding="utf-8")
    return own


def answer(project: Project, text: str) -> subprocess.CompletedProcess:
    """Run `make clean` at a terminal and type this."""
    keyboard, terminal = os.openpty()
    try:
        os.write(keyboard, text.encode())
        return project.make("clean", stdin=terminal)
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_clean_in_a_fresh_clone_does_nothing(project):
    before = project.files()
    result = project.make("clean")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert project.files() == before


def test_clean_deletes_what_the_steps_made_and_no_other_file(project):
    own = fill(project)
    result = project.make("clean")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [f"deleted data/{name}" for name in (*MADE, "train.bin.partial")]
    assert project.files() - {"gpt"} == own


def test_clean_without_a_terminal_keeps_the_trained_model(project):
    own = fill(project, *TRAINED)
    result = project.make("clean")
    assert (
        "kept checkpoints/best.pt checkpoints/ckpt.older.pt checkpoints/ckpt.previous.pt checkpoints/ckpt.pt\n"
        in result.stdout
    )
    assert project.files() - {"gpt"} == own | {f"checkpoints/{name}" for name in TRAINED}


@pytest.mark.parametrize("typed", ["\n", "no\n", "아니요\n", "\x04"])
def test_clean_keeps_the_trained_model_unless_the_answer_is_yes(project, typed):
    fill(project, *TRAINED)
    result = answer(project, typed)
    assert result.returncode == 0, result.stderr
    assert "Delete the trained model as well (checkpoints/" in result.stdout
    assert {f"checkpoints/{name}" for name in TRAINED} <= project.files()


@pytest.mark.parametrize("typed", ["yes\n", "y\n", "네\n"])
def test_clean_deletes_the_trained_model_when_the_answer_is_yes(project, typed):
    own = fill(project, *TRAINED)
    result = answer(project, typed)
    assert "deleted checkpoints/best.pt" in result.stdout
    assert project.files() - {"gpt"} == own


def manifest(*names: str) -> str:
    entries = {name: {"size": 5, "inputs": {"raw.txt": "0" * 64}} for name in names}
    return json.dumps(entries, ensure_ascii=False, indent=2)


def test_clean_keeps_a_manifest_that_describes_a_file_of_the_user(project):
    fill(project)
    (project.folder / "data" / "manifest.json").write_text(manifest("samples.txt", "index.npz"), encoding="utf-8")
    of_models = manifest("ckpt.pt", "mine.pt")
    (project.folder / "checkpoints" / "manifest.json").write_text(of_models, encoding="utf-8")
    project.make("clean")
    assert not (project.folder / "data" / "manifest.json").exists()
    assert (project.folder / "checkpoints" / "manifest.json").read_text(encoding="utf-8") == of_models


def test_clean_knows_every_file_that_the_steps_write(built_house, project):
    """A step that writes a new file under a default name has to tell make about it."""
    shutil.copytree(built_house.folder, project.folder, dirs_exist_ok=True)
    answer(project, "yes\n")
    left = {path for path in project.files() if path.startswith(("data/", "checkpoints"))}
    assert left == {"data/README.md", "data/sample_raw.txt", "data/raw.txt", "checkpoints"}
