"""A training run over all the times that it is started and stopped."""

import signal
import time


class Run:
    """How far training has come, in steps and in minutes, over all the times that it was started."""

    def __init__(self, max_steps: int, max_minutes: float):
        self.max_steps, self.max_minutes = max_steps, max_minutes
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict] = []  # one entry for each evaluation
        self.started_at = self.seconds_before = 0.0
        self.tokens_since_start = 0

    def start_clock(self) -> None:
        self.started_at, self.seconds_before = time.monotonic(), self.seconds

    def count_step(self, tokens: int) -> None:
        self.step += 1
        self.tokens_since_start += tokens
        self.seconds = self.seconds_before + time.monotonic() - self.started_at

    def progress(self) -> float:
        """The share of the run that is over, from 0 to 1: of MAX_MINUTES where they are set, else of MAX_STEPS."""
        if self.max_minutes:
            return min(1.0, self.seconds / (60 * self.max_minutes))
        return min(1.0, self.step / self.max_steps) if self.max_steps else 1.0

    def expected_steps(self) -> int:
        return max(self.step, round(self.step / self.progress())) if self.max_minutes else self.max_steps

    def tokens_per_second(self) -> float:
        return self.tokens_since_start / max(1e-9, self.seconds - self.seconds_before)

    def state_dict(self) -> dict:
        return {"step": self.step, "seconds": self.seconds, "history": self.history}

    def load_state_dict(self, state: dict) -> None:
        self.step, self.seconds, self.history = state["step"], state["seconds"], list(state["history"])


class StopSignals:
    """Inside the block, Ctrl-C and SIGTERM ask for a stop after the step; a second one stops at once."""

    def __init__(self):
        self.requested = 0

    def __enter__(self):
        self.previous = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_):
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _ask(self, number, _frame):
        if self.requested:
            raise KeyboardInterrupt
        self.requested = number
