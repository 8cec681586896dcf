"""Checks Python and its packages before a script imports them; this module also runs on Python 3.8."""

import importlib.util
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Sequence  # noqa: UP035  collections.abc has no Sequence[str] in Python 3.8

from pipeline.startup import is_script_of

OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = (
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.11",
)  # in the order in which a message proposes them
PLAIN_IN_QUOTES = re.compile(r"""(?=.*[^\w@%+=:,./\-]|.*[^\x00-\x7f])[^"$`\\!%]+""", re.DOTALL)
PACKAGES = ("torch", "tokenizers", "numpy", "tqdm")  # those in requirements.txt


def require_environment(folder: Path) -> None:
    """End a script in `folder` with one line and exit code 2 if Python is too old or a package is missing.

    Programs outside `folder` that import this module, such as a notebook or a test, get Python's own ImportError.
    """
    missing = [name for name in PACKAGES if name not in sys.modules and importlib.util.find_spec(name) is None]
    if sys.version_info >= OLDEST_PYTHON and not missing:
        return
    if not is_script_of(folder):
        return
    if sys.version_info < OLDEST_PYTHON:
        version, oldest = (".".join(map(str, parts)) for parts in (sys.version_info[:3], OLDEST_PYTHON))
        fault = f"Python {version} is too old: these scripts need {oldest} or later"
    else:
        names = ", ".join(missing[:-1]) + (" and " if missing[1:] else "") + missing[-1]
        fault = f"{names} {'are' if missing[1:] else 'is'} not installed for {sys.executable}"
    print(f"{fault}; {_propose_remedy(folder)}", file=sys.stderr)
    sys.exit(2)


def _propose_remedy(folder: Path) -> str:
    """Return what to do: run the virtual environment in `folder`, create one, or install the packages."""

    def here(path: Path) -> str:
        return str(path.relative_to(folder) if Path.cwd() == folder else path)

    environment = folder / ".venv"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ["-m", "pip", "install", "-r", here(folder / "requirements.txt")]
    if _is_usable(str(python), PACKAGES):
        return f"run: {shell_line([here(python), *sys.argv])}"
    if sys.version_info >= OLDEST_PYTHON and _can_install():
        return f"run: {shell_line([sys.executable, *install])}"
    new_enough = [sys.executable] if sys.version_info >= OLDEST_PYTHON else NEWER_PYTHONS
    for name in new_enough:
        if shutil.which(name) and _is_usable(name):
            create = shell_line([name, "-m", "venv", here(environment)])
            return f"run: {create} && {shell_line([here(python), *install])}"
    return "install Python 3.12 from https://www.python.org/downloads/"


def _is_usable(python: str, packages: Sequence[str] = ()) -> bool:
    """Return whether `python` runs, is new enough and has these packages."""
    import subprocess  # only needed when the check fails

    program = "import importlib.util, sys; packages = sys.argv[3:]; "
    program += "old = sys.version_info < (int(sys.argv[1]), int(sys.argv[2])); "
    program += "sys.exit(old or not all(map(importlib.util.find_spec, packages)))"
    try:
        command = [python, "-c", program, *map(str, OLDEST_PYTHON), *packages]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:  # the program does not exist
        return False


def _can_install() -> bool:
    """Return whether this Python has pip, and the operating system lets pip install packages for it."""
    import sysconfig

    in_environment = sys.prefix != sys.base_prefix
    reserved = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()  # PEP 668: Homebrew, Debian, Ubuntu
    return importlib.util.find_spec("pip") is not None and (in_environment or not reserved)


def shell_line(words: Sequence[str]) -> str:
    """Join words into a shell command; a word that needs quotation marks gets double ones, which every shell knows."""
    return " ".join(f'"{word}"' if PLAIN_IN_QUOTES.fullmatch(word) else shlex.quote(word) for word in words)
