"""The rows of one model: answers that are written at once by one thread, and those that wait for a row."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from answering.assistant import Assistant, Piece, PreparedAnswer


@dataclass(frozen=True, eq=False)
class Job:
    """An answer to be written, and who receives its pieces. `deliver` is called by the thread of the rows."""

    prepared: PreparedAnswer
    deliver: Callable[[Piece | Exception], None]


class Rows(Iterator[PreparedAnswer]):
    """Writes `count` answers at a time; a row whose answer ends takes the next one that waits.

    `Assistant.write_all` asks this iterator for the next answer whenever a row is free. Where nothing waits, it goes on
    with the other rows, or sleeps until an answer is begun if there are none.
    """

    def __init__(self, assistant: Assistant, count: int) -> None:
        self.assistant, self.count = assistant, count
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._under_way: dict[int, Job] = {}  # by its number in the current call of `write_all`
        self._begun = 0  # answers in that call
        self._closing = False
        self._has_thread = False

    def begin(self, job: Job) -> None:
        """Write an answer as soon as a row is free."""
        with self._changed:
            self._waiting.append(job)
            self._changed.notify()
            if not self._has_thread:
                self._has_thread = True
                threading.Thread(target=self._write, name="rows", daemon=True).start()

    def forget(self, job: Job) -> None:
        """Take back an answer that still waits for a row; one under way ends when its request is cancelled."""
        with self._changed, suppress(ValueError):
            self._waiting.remove(job)

    def close(self) -> None:
        """End the thread when all that was begun is written."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def taken(self) -> int:
        """How many rows are being written."""
        return len(self._under_way)

    def waiting(self) -> int:
        """How many answers wait for a row."""
        return len(self._waiting)

    def __next__(self) -> PreparedAnswer:
        with self._changed:
            while not self._waiting:
                if self._under_way or self._closing:
                    raise StopIteration
                self._changed.wait()
            job = self._waiting.popleft()
            self._under_way[self._begun] = job
            self._begun += 1
        return job.prepared

    def _write(self) -> None:
        while True:
            self._begun = 0
            try:
                for piece in self.assistant.write_all(self, self.count):
                    job = self._under_way[piece.number]
                    if piece.answer:
                        del self._under_way[piece.number]
                    job.deliver(piece)
            except Exception as error:  # one answer's failure must not end the server
                for job in self._under_way.values():
                    job.deliver(error)
                self._under_way.clear()
            with self._changed:
                if self._closing and not self._waiting:
                    self._has_thread = False
                    return
