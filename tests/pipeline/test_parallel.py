"""Results come in the order of the items, from several processes where there are many."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pipeline
from pipeline.parallel import FIRST_ITEMS, map_in_order

import pytest

# A program of its own: pytest's process has threads, which a fork does not copy.
PROGRAM = """\
import json, os
from itertools import count, islice
from pipeline import parallel

def square_and_process(number):
    return number * number, os.getpid()

if __name__ == "__main__":
    parallel.FIRST_ITEMS, parallel.BATCH_ITEMS = 3, 2
    results = list(parallel.map_in_order(square_and_process, range(30), workers=2))
    endless = count()
    some = parallel.map_in_order(square_and_process, endless, workers=1)
    first = [square for square, _ in islice(some, 5)]
    print(json.dumps([os.getpid(), results, first, next(endless), parallel.BATCHES_PER_WORKER]))
    some.close()
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory) -> list:
    program = tmp_path_factory.mktemp("parallel") / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    root = Path(pipeline.__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    result = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def test_many_items_are_done_in_other_processes_and_come_back_in_order(output):
    this_process, results, *_ = output
    assert [square for square, _ in results] == [number * number for number in range(30)]
    assert {process for _, process in results[:3]} == {this_process}
    assert this_process not in {process for _, process in results[3:]}


def test_only_as_many_items_are_read_as_are_needed(output):
    """So that memory does not grow with the input, which may be endless."""
    *_, first, items_read, batches_per_worker = output
    assert first == [0, 1, 4, 9, 16]
    assert items_read <= 3 + 2 * (batches_per_worker + 2)


def test_a_few_items_start_no_process():
    processes = list(map_in_order(lambda _: os.getpid(), range(FIRST_ITEMS), workers=2))
    assert set(processes) == {os.getpid()}
