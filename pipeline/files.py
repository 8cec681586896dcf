"""Files that are written whole or not at all; folders.py does the same for folders."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, overload


@overload
def atomic_write(
    path: Path | str, mode: Literal["w"] = "w", keep_old_as: Path | None = None
) -> AbstractContextManager[TextIO]: ...
@overload
def atomic_write(
    path: Path | str, mode: Literal["wb"], keep_old_as: Path | None = None
) -> AbstractContextManager[BinaryIO]: ...
@contextlib.contextmanager
def atomic_write(path: Path | str, mode: Literal["w", "wb"] = "w", keep_old_as: Path | None = None) -> Iterator[Any]:
    """Open a file for writing that replaces `path` only if the block ends without an exception.

    The bytes go to `path` + ".partial", are flushed to the disk, and replace `path` in one operation (`os.replace`),
    so that a kill or a full disk leaves the old file or the new one, never a part of it. `keep_old_as` is the name
    under which the old file remains; without it the old file is deleted. Text is UTF-8 with Unix line ends.
    Raises OSError, with a file name, if writing fails.
    """
    with atomic_writes([path], mode, keep_old_as) as (file,):
        yield file


@overload
def atomic_writes(
    paths: Sequence[Path | str], mode: Literal["w"] = "w", keep_old_as: Path | None = None
) -> AbstractContextManager[list[TextIO]]: ...
@overload
def atomic_writes(
    paths: Sequence[Path | str], mode: Literal["wb"], keep_old_as: Path | None = None
) -> AbstractContextManager[list[BinaryIO]]: ...
@contextlib.contextmanager
def atomic_writes(
    paths: Sequence[Path | str], mode: Literal["w", "wb"] = "w", keep_old_as: Path | None = None
) -> Iterator[Any]:
    """Do what `atomic_write` does for several files that belong together: no file is replaced before all are complete.

    `keep_old_as` is the name under which the old first file remains.
    """
    targets = [Path(path) for path in paths]
    partials = [target.with_name(target.name + ".partial") for target in targets]
    encoding, newline = (None, None) if mode == "wb" else ("utf-8", "\n")
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.ExitStack() as stack:
            files = [
                stack.enter_context(open(partial, mode, encoding=encoding, newline=newline)) for partial in partials
            ]
            yield files
            for file in files:
                file.flush()
                os.fsync(file.fileno())
    except BaseException as error:
        for partial in partials:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        # The exception of a failed write() does not name the file; it was one of these.
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(targets[0])
        raise
    if keep_old_as and targets[0].exists():
        keep_as(targets[0], keep_old_as)
    for partial, target in zip(partials, targets, strict=True):
        os.replace(partial, target)


def keep_as(path: Path, other: Path) -> None:
    """Keep the present content of `path` as `other`, also when `path` is replaced later; neither is ever incomplete."""
    partial = other.with_name(other.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        try:
            os.link(path, partial)  # a second name for the same bytes, which takes no time
        except OSError:  # the disk has no hard links, such as a USB stick with exFAT
            shutil.copyfile(path, partial)
        os.replace(partial, other)
    finally:
        partial.unlink(missing_ok=True)  # also where both are names of one file already: then a rename does nothing
