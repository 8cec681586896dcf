"""Files that are written whole or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def atomic_write(path: Path | str, mode: str = "w", keep_old_as: Path | None = None) -> Iterator[IO]:
    """Open a file to write that takes the name `path` only when the block ends well.

    The bytes go to `path` + ".partial", reach the disk, and are moved into place in one operation
    (`os.replace`), so that a kill or a full disk leaves the old file or the new one, never half. The old
    file stays as `keep_old_as`, if that is given.
    """
    with atomic_writes([path], mode, keep_old_as) as (file,):
        yield file


@contextlib.contextmanager
def atomic_writes(paths: Sequence[Path | str], mode: str = "w", keep_old_as: Path | None = None) -> Iterator[list[IO]]:
    """`atomic_write` for several files that belong together: all are complete before one is moved."""
    targets = [Path(path) for path in paths]
    partials = [target.with_name(target.name + ".partial") for target in targets]
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(open(partial, mode, **text)) for partial in partials]
            yield files
            for file in files:
                file.flush()
                os.fsync(file.fileno())
    except BaseException as error:
        for partial in partials:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        # A failed write() does not say which file it was about: it was one of these.
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(targets[0])
        raise
    if keep_old_as and targets[0].exists():
        keep_as(targets[0], keep_old_as)
    for partial, target in zip(partials, targets, strict=True):
        os.replace(partial, target)


@contextlib.contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the name `path` only when the block ends well.

    A folder that stood there before is put aside only when every file of the new one has reached the disk,
    and deleted only when the new one has its name.
    """
    target = Path(path).resolve()
    partial, replaced = (target.with_name(target.name + ending) for ending in (".partial", ".replaced"))
    for left_by_a_kill in (partial, replaced):
        shutil.rmtree(left_by_a_kill, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        for file_path in partial.iterdir():
            with open(file_path, "r+b") as file:
                os.fsync(file.fileno())
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise
    if target.exists():
        os.replace(target, replaced)
    os.replace(partial, target)
    shutil.rmtree(replaced, ignore_errors=True)


def keep_as(path: Path, other: Path) -> None:
    """Let `other` be what `path` is now, whatever `path` becomes later; neither is ever missing or half-written."""
    partial = other.with_name(other.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial)  # a second name for the same bytes: no copy, no time
    except OSError:  # a disk without links, such as an exFAT stick
        shutil.copyfile(path, partial)
    os.replace(partial, other)
