"""What holds while a script is still loading its packages; this module also runs on Python 3.8."""

import os
import signal
import sys
from pathlib import Path


def is_script_of(folder: Path) -> bool:
    """Whether this is the process of a script of this project, not a notebook, a test, or a process that it started."""
    main = sys.modules["__main__"]
    script = getattr(main, "__file__", None) if main.__name__ == "__main__" else None
    return script is not None and Path(script).resolve().parent in (folder, folder / "lessons", folder / "benchmarks")


def open_standard_streams() -> None:
    """Open the null device for each standard stream that is closed, as with `>&-`.

    Otherwise the first file that is opened would take its place, and receive what is printed.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115  stays open
            setattr(sys, name, stream)


def end_in_one_line_while_loading() -> None:
    """Let Ctrl-C end the program in one line, until `run` takes over.

    Python would raise KeyboardInterrupt wherever it is, and print the traceback of a package that is half loaded.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else a program has set another, or ignores it
        signal.signal(signal.SIGINT, _end_in_one_line)


def is_loading() -> bool:
    """Whether Ctrl-C still does what `end_in_one_line_while_loading` says."""
    return signal.getsignal(signal.SIGINT) is _end_in_one_line


def _end_in_one_line(number: int, _frame: object) -> None:
    os.write(2, f"\n{Path(sys.argv[0]).name}: stopped before it began\n".encode())
    os._exit(128 + number)
