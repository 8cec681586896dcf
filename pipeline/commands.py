"""Commands that messages show: the user can copy and run them."""

import ast
import contextlib
import os
import re
import shutil
import sys
from pathlib import Path

from pipeline.environment import shell_line

SETTING_LINE = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]*) = (?P<value>.*?)(?:  # (?P<comment>.*))?$", re.MULTILINE)
FOLDER = Path(__file__).resolve().parent.parent


def command(script: str, *words: str, **settings: object) -> str:
    """Return the command that runs a script of this project from the current folder.

    `words` are arguments without a flag. `settings` become flags; those that equal the constants of the script are
    left out. The interpreter is the current one: `python` if the shell finds it by that name, else its path.
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
    """Return the words that start this Python from the current folder."""
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return [name]
    return [_shown_path(Path(sys.executable))]


def read_constants(script_path: Path) -> dict[str, object]:
    """Return the settings at the top of a script by their lower-case names, without running the script."""
    constants: dict[str, object] = {}
    for line in SETTING_LINE.finditer(script_path.read_text(encoding="utf-8")):
        with contextlib.suppress(ValueError, SyntaxError):
            constants[line["name"].lower()] = ast.literal_eval(line["value"])
    return constants


def _shown_path(path: Path) -> str:
    """Return a path relative to the current folder if it lies below that, else the absolute path."""
    absolute = os.path.abspath(path)  # not resolved: the Python of a virtual environment is a link to another folder
    here = os.getcwd()
    return os.path.relpath(absolute, here) if absolute.startswith(here + os.sep) else absolute
