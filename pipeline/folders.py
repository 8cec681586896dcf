"""Folders that are written whole or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import StepError

OWN_FILE = "made by export"  # a file that shows that a working folder is one of these


@contextlib.contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Create an empty folder for the block to fill; it replaces `path` only if the block ends without an exception.

    The new folder is filled, and the old one kept until the new one has its name, in a working folder beside `path`:
    `.NAME.unfinished`. If a kill comes between the two renames, the next call puts the old folder back first. Raises
    OSError, with a file name, if writing fails, and StepError if the working folder is not of this function.
    """
    target = Path(path).resolve()
    work = target.with_name(f".{target.name}.unfinished")
    old, new = work / "old", work / "new"
    _recover(target, work, old)
    new.mkdir(parents=True)
    (work / OWN_FILE).touch()
    try:
        yield new
        for file_path in new.iterdir():
            with open(file_path, "r+b") as file:
                os.fsync(file.fileno())
        if target.exists():
            os.replace(target, old)
        os.replace(new, target)
    except BaseException as error:
        _recover(target, work, old)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise
    _delete(work)


def _recover(target: Path, work: Path, old: Path) -> None:
    """Put the old folder back if it has lost its name, and delete the working folder."""
    if not work.exists():
        return
    if not (work / OWN_FILE).exists() and any(each.name != "new" or any(each.iterdir()) for each in work.iterdir()):
        raise StepError(f"{work}: this folder is in the way; rename it, then run this again")
    if old.exists() and not target.exists():
        os.replace(old, target)
    _delete(work)


def _delete(work: Path) -> None:
    """Delete a working folder, its mark last: a kill may come at any moment."""
    for part in ("new", "old"):
        shutil.rmtree(work / part, ignore_errors=True)
    with contextlib.suppress(OSError):
        (work / OWN_FILE).unlink(missing_ok=True)
        work.rmdir()
