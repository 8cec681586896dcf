"""Progress: a bar on a terminal, whole lines in a log file."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from pipeline.sizes import human_size

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_REFRESHES = 1.0  # of a bar that nothing updates


class Ticker:
    """Calls a function every `seconds` seconds from a thread of its own, until it is stopped."""

    def __init__(self, seconds: float, call: Callable[[], object]) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(seconds, call), daemon=True)
        self._thread.start()

    def _run(self, seconds: float, call: Callable[[], object]) -> None:
        while not self._stopped.wait(seconds):
            call()

    def stop(self) -> None:
        """End the calls, and wait at most a second for a call that is running."""
        self._stopped.set()
        # Not longer: after Ctrl-C in a tqdm update, tqdm's refresh waits for a lock that nobody releases.
        self._thread.join(timeout=1.0)


class TerminalBar(tqdm):  # type: ignore[type-arg]  # tqdm takes no type arguments at run time
    """A tqdm bar whose elapsed time also advances while nothing is counted, so that a long step does not look stuck."""

    def __init__(self, title: str, total: float | None, unit: str, initial: float, leave: bool, disable: bool) -> None:
        self._ticker: Ticker | None = None  # set first, because tqdm calls close() if its __init__ fails
        super().__init__(
            desc=title,
            total=total,
            unit=unit,
            unit_scale=unit == "B",
            initial=initial,
            leave=leave,
            disable=disable,
            dynamic_ncols=True,
            bar_format=None if unit else "{desc}: {elapsed}",
        )
        if not disable:
            self._ticker = Ticker(SECONDS_BETWEEN_REFRESHES, self._refresh_when_idle)

    def _refresh_when_idle(self) -> None:
        if time.time() - self.last_print_t >= SECONDS_BETWEEN_REFRESHES:
            self.refresh()

    def close(self) -> None:
        """Draw the bar for the last time."""
        if self._ticker:
            self._ticker.stop()
            self._ticker = None
        super().close()


class ProgressLines:
    """Prints progress into a log file: a line every ten seconds and one at the end, instead of a bar.

    It has the attributes and methods of tqdm that the steps use. `clock` returns seconds.
    """

    def __init__(
        self,
        title: str,
        total: float | None = None,
        unit: str = "",
        initial: float = 0,
        leave: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title, self.total, self.unit, self.leave = title, total, unit, leave
        self.n = self.initial = initial
        self.postfix = ""
        self._clock = clock
        self._started = clock()
        self._has_shown = False
        self._ticker = Ticker(SECONDS_BETWEEN_LINES, self.show)

    def __enter__(self) -> "ProgressLines":
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if error_type is None:
            self.close()
        else:
            self._ticker.stop()  # after an error there is no last line: the error message is the last

    def update(self, n: float = 1) -> None:
        """Add `n` to the count."""
        self.n += n

    def set_postfix_str(self, text: str = "", refresh: bool = True) -> None:
        """Set the end of the next line. `refresh` exists for compatibility with tqdm and has no effect."""
        self.postfix = text

    def write(self, text: str) -> None:
        """Print a text on standard output immediately."""
        print(text, flush=True)

    def show(self) -> None:
        """Print a line with the present state."""
        self._has_shown = True
        self._print(self.describe())

    def close(self) -> None:
        """Print the last line."""
        self._ticker.stop()
        if self.leave or self._has_shown:
            self._print(self.describe(finished=True))

    def describe(self, finished: bool = False) -> str:
        """Return the line: the count and the total, the time left (at the end: the time taken), the speed.

        prepare samples: 45% 46.1 MB of 102.4 MB, 00:37 left, 1.5 MB/s
        train: step 402 of 685 (58%), 01:38 left, loss 2.404, 4,492 tokens/s
        """
        seconds = self._clock() - self._started
        speed = (self.n - self.initial) / seconds if seconds > 0 else 0.0
        # If the total is reached before the end, it was an estimate, or some work is not counted: do not show it.
        total = self.total if finished or self.n < (self.total or 0) else None
        parts = [self._describe_count(total)] if self.unit else []
        if finished:
            parts.append(f"{'done' if not parts else parts.pop()} in {tqdm.format_interval(seconds)}")
        elif total and speed:
            parts.append(f"{tqdm.format_interval((total - self.n) / speed)} left")
        else:
            parts.append(f"{tqdm.format_interval(seconds)} so far")
        if self.unit == "B" and speed:
            parts.append(f"{human_size(speed)}/s")
        if self.postfix:
            parts.append(self.postfix)
        return f"{self.title}: {', '.join(parts)}"

    def _describe_count(self, total: float | None) -> str:
        if self.unit == "B":
            return f"{self.n / total:.0%} {human_size(self.n)} of {human_size(total)}" if total else human_size(self.n)
        return f"{self.unit} {self.n:,}" + (f" of {total:,} ({self.n / total:.0%})" if total else "")

    @staticmethod
    def _print(line: str) -> None:
        # A full disk or a closed pipe must not stop the work.
        with contextlib.suppress(OSError, ValueError):
            if sys.stderr:
                sys.stderr.write(line + "\n")  # in one call, because another thread may print at the same time
                sys.stderr.flush()


# What `progress_bar` returns: both classes have total, n, update, set_postfix_str, write and close.
ProgressBar = TerminalBar | ProgressLines


def progress_bar(
    title: str,
    total: float | None = None,
    unit: str = "",
    initial: float = 0,
    leave: bool = True,
    disable: bool = False,
) -> ProgressBar:
    """Show progress on standard error: a bar on a terminal, lines in a log file. Use it in a `with` statement.

    `total` is the count at the end, if it is known, and `initial` that at the start. `unit` is the name of what is
    counted ("step"), "B" for bytes, or empty to show the elapsed time only. With `leave=False` the bar is erased at
    the end, and a log file gets no line about work of less than ten seconds. `disable` shows nothing.

    >>> with progress_bar("encode samples", total=1_000_000, unit="B") as bar:
    ...     bar.update(65_536)
    """
    if disable or _is_terminal(sys.stderr):
        return TerminalBar(title, total, unit, initial, leave, disable)
    return ProgressLines(title, total, unit, initial, leave)


def _is_terminal(stream: TextIO | None) -> bool:
    """Return whether a bar can be drawn: on a terminal whose width is known, which it is not in some containers."""
    try:
        return bool(stream and stream.isatty() and os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        return False
