"""Items in groups."""

from collections.abc import Iterable, Iterator
from itertools import islice


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Lists of up to `size` items, in order (itertools.batched is not in Python 3.11)."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
