"""Commands that messages tell the user to run: they work as they are printed."""

import ast
import contextlib
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from pipeline.environment import shell_line

SETTING_LINE = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]*) = (?P<value>.*?)(?:  # (?P<comment>.*))?$", re.MULTILINE)
FOLDER = Path(__file__).resolve().parent.parent


def command(script: str, *words: str, **settings: object) -> str:
    """The command that runs a script of this project with these words and settings, as the current folder needs it.

    Settings that are what the script's constants say are left out. The interpreter is the one that runs now:
    as `python` where the shell finds it by that name, else by its path.
    """
    constants = read_constants(FOLDER / script)
    flags: list[str] = []
    for name, value in settings.items():
        if name in constants and value != constants[name]:
            flag = "--" + name.replace("_", "-")
            if isinstance(value, bool):
                flags.append(flag if value else flag.replace("--", "--no-", 1))
            else:
                flags += [flag, str(value)]
    return shell_line([*interpreter(), _shown_path(FOLDER / script), *words, *flags])


def interpreter() -> list[str]:
    """The words that start this Python from the current folder."""
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return [name]
    return [_shown_path(Path(sys.executable))]


def read_constants(script_path: Path) -> dict[str, Any]:
    """The settings at the top of a script by their lower-case names; the script is not run."""
    constants = {}
    for line in SETTING_LINE.finditer(script_path.read_text(encoding="utf-8")):
        with contextlib.suppress(ValueError, SyntaxError):
            constants[line["name"].lower()] = ast.literal_eval(line["value"])
    return constants


def _shown_path(path: Path) -> str:
    """A path relative to the current folder where it lies below it."""
    absolute = os.path.abspath(path)  # not resolved: the python of a virtual environment is a link out of it
    here = os.getcwd()
    return os.path.relpath(absolute, here) if absolute.startswith(here + os.sep) else absolute
