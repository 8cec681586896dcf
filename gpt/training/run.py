"""How far a training run has come over all its starts, and the signals that stop it."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pipeline
from gpt.training.processes import highest, process_count
from pipeline import StepError

EVALUATED_SHARE = 0.1  # of the time at most: on a long validation set, evaluations by the clock become rarer
MOST_RETREATS = 3


class Run:
    """How far a training run has come, in steps and in minutes, over all its starts."""

    def __init__(self, max_steps: int = 0, max_minutes: float = 0.0) -> None:
        self.max_steps, self.max_minutes = max_steps, max_minutes
        self.tried_seconds_per_step = 0.0
        self.step = 0
        self.seconds = 0.0
        self.tokens = 0  # learned from
        self.history: list[dict[str, Any]] = []  # one entry for each evaluation
        self.started_at = self.seconds_before = 0.0
        self.tokens_since_start = self.steps_since_start = 0
        self.measured_from = 0.0
        self.evaluated_at = self.evaluation_seconds = 0.0
        self.saved_at = time.monotonic()
        self.rate_share = 1.0  # of the learning rates; halved at each retreat to the last save
        self.retreats = 0

    def plan(self, max_steps: int, max_minutes: float, seconds_per_step: float = 0.0) -> None:
        """Set the length of the run, and how long its first steps are expected to take."""
        self.max_steps, self.max_minutes = max_steps, max_minutes
        self.tried_seconds_per_step = seconds_per_step

    def start_clock(self) -> None:
        """Count the time from now on."""
        self.started_at, self.seconds_before = time.monotonic(), self.seconds
        self.evaluated_at = self.seconds

    def count_step(self, tokens: int) -> None:
        """Count a step that has learned from so many tokens, and the time until now."""
        self.step += 1
        self.tokens += tokens
        self.steps_since_start += 1
        # The first step is left out of the speed: it compiles kernels and allocates memory.
        if self.steps_since_start == 1:
            self.measured_from = time.monotonic()
        else:
            self.tokens_since_start += tokens
        # One clock for all processes: the end of the run and its learning rates depend on it.
        self.seconds = highest(self.seconds_before + time.monotonic() - self.started_at)

    def progress(self) -> float:
        """The share of the run that is over, from 0 to 1: of MAX_MINUTES where they are set, else of MAX_STEPS."""
        if self.max_minutes:
            return min(1.0, self.seconds / (60 * self.max_minutes))
        return min(1.0, self.step / self.max_steps) if self.max_steps else 1.0

    def expected_steps(self) -> int:
        """How many steps the run will have in all: MAX_STEPS, or as many as fit into the time that is left."""
        if not self.max_minutes:
            return self.max_steps
        return self.step + round(self.seconds_left() / self.seconds_per_step())

    def seconds_left(self) -> float:
        """Until the end of the run at the speed so far."""
        if self.max_minutes:
            return max(0.0, 60 * self.max_minutes - self.seconds)
        return (self.max_steps - self.step) * self.seconds_per_step()

    def tokens_per_second(self) -> float:
        """The speed since this start; 0 until the second step."""
        if self.steps_since_start < 2:
            return 0.0
        return self.tokens_since_start / max(1e-9, time.monotonic() - self.measured_from)

    def seconds_per_step(self) -> float:
        """The seconds of a step since this start; until the second step, of those that were tried before it."""
        if self.steps_since_start < 2:
            return max(1e-9, self.tried_seconds_per_step)
        return max(1e-9, time.monotonic() - self.measured_from) / (self.steps_since_start - 1)

    def is_evaluation_due(self, interval: int, minutes: float) -> bool:
        """Whether so many steps or minutes have passed since the last evaluation; 0 minutes: only steps count."""
        if self.step % interval == 0:
            return True
        wait = max(60 * minutes, self.evaluation_seconds / EVALUATED_SHARE)
        return minutes > 0 and self.seconds - self.evaluated_at >= wait

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """The block is an evaluation; measure its time."""
        started = time.monotonic()
        yield
        self.evaluation_seconds = highest(time.monotonic() - started)
        self.evaluated_at = self.seconds

    def saved(self) -> None:
        """Count the minutes since the last save from now on."""
        self.saved_at = time.monotonic()

    def minutes_since_save(self) -> float:
        """Minutes since the last save; before the first one, since the start."""
        return (time.monotonic() - self.saved_at) / 60

    def is_best(self) -> bool:
        """Whether the last evaluation has the lowest loss of all."""
        return self.history[-1] == min(self.history, key=lambda entry: entry["bits_per_byte"])

    def rise(self) -> float:
        """By how many bits per byte the last evaluation is above the best; 0 before the first."""
        losses = [entry["bits_per_byte"] for entry in self.history]
        return float(losses[-1] - min(losses)) if losses else 0.0

    def describe_best(self, path: Path, question: str) -> str:
        """A line about the best evaluation where that is not the last; else nothing."""
        if not self.history or self.is_best() or not path.exists():
            return ""
        best = min(self.history, key=lambda entry: entry["bits_per_byte"])
        return (
            f"The best validation was {best['bits_per_byte']:.4f} at step {best['step']:,}, kept as {path}; since then "
            "the model has rather learned its text by heart. Ask that one: "
            f"{pipeline.command('05_generate.py', question, checkpoint_path=str(path))}\n"
        )

    def retreat(self) -> str:
        """Halve the rates after a loss that is not finite; return the message. Raises StepError the fourth time."""
        if self.retreats == MOST_RETREATS:
            raise StepError(
                f"the loss is no longer a number, and lower rates did not help {MOST_RETREATS} times; the last save is "
                "intact: lower MATRIX_RATE, EMBEDDING_RATE and HEAD_RATE by half and run this step again"
            )
        self.retreats += 1
        self.rate_share /= 2
        back = f"back to the last save, with {self.rate_share:.1%} of the learning rates"
        return f"step {self.step + 1:,}: the loss is no longer a number; {back}"

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "history": self.history,
            "rate_share": self.rate_share,
            "retreats": self.retreats,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint; what a retreat has changed since it was saved stays changed."""
        self.step, self.history = state["step"], list(state["history"])
        self.tokens = state.get("tokens", 0)  # saves from before there was a log have none
        self.seconds = max(self.seconds, state["seconds"])  # time that a retreat lost is lost
        self.rate_share = min(self.rate_share, state["rate_share"])
        self.retreats = max(self.retreats, state["retreats"])


class StopSignals:
    """Inside the block, Ctrl-C and SIGTERM ask for a stop after the step; a second one stops at once.

    Not at once where there are several processes: of one Ctrl-C each gets the signal of the terminal and a
    second one that torchrun passes on.
    """

    def __init__(self) -> None:
        self.received = 0
        self.requested = 0  # in any process; all of them stop after the same step

    def asked(self) -> bool:
        """Whether any process was asked to stop."""
        self.requested = int(highest(self.received))
        return bool(self.requested)

    def __enter__(self) -> "StopSignals":
        self.previous = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if self.received and process_count() == 1:
            raise KeyboardInterrupt
        self.received = number
