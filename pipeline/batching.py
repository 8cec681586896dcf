"""Items in groups."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of up to `size` items, in order (itertools.batched does not exist in Python 3.11)."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
