"""The texts of the benchmark of growth are as large as they say, and step 01 reads each of them."""

from benchmarks import growth

import pytest


@pytest.mark.parametrize("name", growth.TEXTS)
def test_step_01_reads_the_text(name):
    write, size = growth.TEXTS[name]
    small = write(size // 20)
    assert len(small) < len(write(size // 10))
    growth.prepare(small)
