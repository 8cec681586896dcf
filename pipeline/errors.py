"""Errors that the user can correct: one line on standard error, exit code 2."""

import errno
import importlib
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn, TextIO

from pipeline.startup import is_loading

# torch raises RuntimeError when memory runs out, with a different message for each device.
OUT_OF_MEMORY = re.compile("out of memory|t allocate memory|buffer size", re.IGNORECASE)


class StepError(Exception):
    """An error that the user can correct: one line that says what is wrong, where, and what to do next."""


class Terminated(BaseException):
    """Another program asked this one to end (SIGTERM): like Ctrl-C, it lets every block clean up."""


def run(main: Callable[[Sequence[str]], None], to_lower: str = "MICRO_BATCH_SIZE or BLOCK_SIZE") -> None:
    """Run a script's `main` with the command-line arguments; print errors that the user can correct in one line.

    `to_lower` names the settings that reduce memory when the user lowers them. Exit codes: 2 for an error that the
    user can correct, 130 for Ctrl-C, 143 for SIGTERM, 0 if the reader of a pipe has closed it. Other exceptions keep
    their traceback.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    if is_loading():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        _allow_any_text(stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # keeps lines in order with those of stderr in a log file
    try:
        main(sys.argv[1:])
        sys.stdout.flush()
    except StepError as error:
        _stop(str(error), exit_code=2)
    except KeyboardInterrupt:
        _stop("stopped; the files of finished steps are unchanged", exit_code=130)
    except Terminated:
        _stop("stopped; the files of finished steps are unchanged", exit_code=143)
    except BrokenPipeError:  # the reader (`| head`) has closed the pipe
        _stop("", exit_code=0)
    except OSError as error:
        _stop(_describe_os_error(error), exit_code=2)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _stop(f"out of memory; close other programs, or lower {to_lower}", exit_code=2)


def require_package(name: str, purpose: str, install: str = "") -> ModuleType:
    """Import an optional package. Raises StepError with the command that installs it if it is missing.

    `purpose` is the subject of the message: what needs the package. `install` are the packages that the command
    installs, if it needs others as well.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.split(".")[0]
        raise StepError(f"{purpose} needs the package {package}; run: pip install {install or package}") from None


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that a device or the computer ran out of memory."""
    return isinstance(error, MemoryError) or bool(OUT_OF_MEMORY.search(str(error)))


def _allow_any_text(stream: TextIO | None) -> None:
    """Let a stream carry any text: use UTF-8 if its encoding lacks Hangul, and replace what cannot be encoded."""
    if not isinstance(stream, io.TextIOWrapper):  # there is no stream, or a program has replaced it
        return
    try:
        "가".encode(stream.encoding)
        stream.reconfigure(errors="replace")
    except UnicodeEncodeError:
        stream.reconfigure(encoding="utf-8", errors="replace")


def _raise_terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def _stop(message: str, exit_code: int) -> NoReturn:
    if exit_code > 128:
        message = f"\n{Path(sys.argv[0]).name}: {message}"
    for stream, text in ((sys.stdout, ""), (sys.stderr, f"{message}\n" if message else "")):
        try:
            stream.write(text)
            stream.flush()
        except OSError:
            # The disk of a log is full, or the reader of a pipe has gone. Without this, Python would try to write the
            # rest again when it closes the stream, and end with another exit code.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(exit_code)


def _describe_os_error(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        if not where:  # of a standard stream
            return "the disk is full; free some space and run this step again"
        return f"{where}the disk is full, and this file is unchanged; free some space and run this step again"
    if error.errno is None:  # numpy, which writes tensors, knows only how much it has written
        return f"{where}it cannot be written whole; is the disk full? Free some space and run this step again"
    return f"{where}{(error.strerror or str(error)).lower()}; correct that, then run this step again"
