"""A function applied to many items in several processes."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from pipeline.batching import batched

FIRST_ITEMS = 500  # done in this process, so that a small input starts no others
BATCH_ITEMS = 200  # sent to a process at once
BATCHES_PER_WORKER = 3  # submitted ahead, so that no process waits and memory stays small
MOST_WORKERS = 32

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(function: Callable[[Item], Result], items: Iterable[Item], workers: int = 0) -> Iterator[Result]:
    """Yield the results of `function` in the order of the items; 0 workers = one process per core.

    Items are read as they are needed, so memory does not grow with their number.
    """
    workers = workers or min(MOST_WORKERS, os.cpu_count() or 1)
    items = iter(items)
    yield from map(function, list(islice(items, FIRST_ITEMS)))
    # Only this process handles Ctrl-C; the workers end with it, without a message.
    with ProcessPoolExecutor(workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        submitted: deque[Future[list[Result]]] = deque()
        for batch in batched(items, BATCH_ITEMS):
            submitted.append(pool.submit(_map_batch, function, batch))
            if len(submitted) > BATCHES_PER_WORKER * workers:
                yield from submitted.popleft().result()
        while submitted:
            yield from submitted.popleft().result()


def _map_batch(function: Callable[[Item], Result], batch: list[Item]) -> list[Result]:
    return [function(item) for item in batch]
