"""Texts that end an answer where it contains them, also across the pieces in which it arrives."""

from collections.abc import Sequence


class StopFinder:
    """Passes the pieces of an answer on; the first stop text ends it, and what may become one waits."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = stops
        self.found = False
        self._held = ""

    def add(self, text: str) -> str:
        """The characters that can be passed on now that these have followed."""
        if self.found:
            return ""
        held = self._held + text
        positions = [at for at in map(held.find, self.stops) if at >= 0]
        if positions:
            self.found, self._held = True, ""
            return held[: min(positions)]
        waiting = max((beginning_at_end(held, stop) for stop in self.stops), default=0)
        self._held = held[len(held) - waiting :]
        return held[: len(held) - waiting]

    def finish(self) -> str:
        """The characters that waited, because no others follow."""
        held, self._held = self._held, ""
        return held


def beginning_at_end(text: str, stop: str) -> int:
    """How many characters at the end of a text are the beginning of a stop text."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
