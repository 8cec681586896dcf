"""A function applied to many items in several processes."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from pipeline.batching import batched
from pipeline.errors import StepError

FIRST_ITEMS = 500  # done in this process, so that a small input starts no others
BATCH_ITEMS = 200  # sent to a process at once
BATCHES_PER_WORKER = 3  # submitted ahead, so that no process waits and memory stays small
MOST_WORKERS = 32

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(function: Callable[[Item], Result], items: Iterable[Item], workers: int = 0) -> Iterator[Result]:
    """Yield the results of `function` in the order of the items; 0 workers = one process per core.

    Items are read as they are needed, so memory does not grow with their number. Raises StepError if a process dies.
    """
    workers = workers or min(MOST_WORKERS, os.cpu_count() or 1)
    items = iter(items)
    yield from map(function, list(islice(items, FIRST_ITEMS)))
    with ProcessPoolExecutor(workers, initializer=_begin_worker) as pool:
        submitted: deque[Future[list[Result]]] = deque()
        try:
            for batch in batched(items, BATCH_ITEMS):
                submitted.append(pool.submit(_map_batch, function, batch))
                if len(submitted) > BATCHES_PER_WORKER * workers:
                    yield from submitted.popleft().result()
            while submitted:
                yield from submitted.popleft().result()
        except BrokenExecutor:
            raise StepError(
                f"one of {workers} processes has died, perhaps because memory ran out; close other programs, or lower "
                "WORKERS, and run this step again"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # nobody waits for what was submitted ahead


def _begin_worker() -> None:
    """Leave the signals to the process that has started this one, and end with it, even where it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _map_batch(function: Callable[[Item], Result], batch: list[Item]) -> list[Result]:
    return [function(item) for item in batch]
