"""Errors that the user can correct: one line on standard error, exit code 2."""

import errno
import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO

# torch raises RuntimeErrors for memory, each device with other words.
OUT_OF_MEMORY = re.compile("out of memory|t allocate memory|buffer size", re.IGNORECASE)


class StepError(Exception):
    """Something the user can correct: one line that says what, where and what to do next."""


def run(main: Callable[[Sequence[str]], None], to_lower: str = "MICRO_BATCH_SIZE or BLOCK_SIZE") -> None:
    """Run a script's `main` with the command line; turn what a person can mend into one line on stderr.

    `to_lower` names the settings that take less memory when they are lower.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        _allow_any_text(stream)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)  # in a log file its lines stand in order with those of stderr
    try:
        main(sys.argv[1:])
        sys.stdout.flush()
    except StepError as error:
        _stop(str(error), exit_code=2)
    except KeyboardInterrupt:
        _stop("stopped; the files of finished steps are as they were", exit_code=130)
    except BrokenPipeError:
        # The reader (`| head`) has gone. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _stop(_describe_os_error(error), exit_code=2)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _stop(f"out of memory; close other programs, or lower {to_lower}", exit_code=2)


def require_package(name: str, purpose: str) -> ModuleType:
    """Import a package that the five steps do without; where it is missing, say for what it is and how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.split(".")[0]
        raise StepError(f"{purpose} needs the package {package}; run: pip install {package}") from None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of any device says that memory ran out."""
    return isinstance(error, MemoryError) or bool(OUT_OF_MEMORY.search(str(error)))


def _allow_any_text(stream: IO | None) -> None:
    """Let a stream have any text: as UTF-8 where its own encoding knows no Hangul, a mark for what is none."""
    if not hasattr(stream, "reconfigure"):  # there is none, or it is no file of the system
        return
    try:
        "가".encode(stream.encoding)
        stream.reconfigure(errors="replace")
    except UnicodeEncodeError:
        stream.reconfigure(encoding="utf-8", errors="replace")


def _stop(message: str, exit_code: int) -> None:
    print(f"\n{Path(sys.argv[0]).name}: {message}" if exit_code == 130 else message, file=sys.stderr)
    sys.exit(exit_code)


def _describe_os_error(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}the disk is full, and this file is as it was; free some space and run this step again"
    return f"{where}{(error.strerror or str(error)).lower()}; correct that, then run this step again"
