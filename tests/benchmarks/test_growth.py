"""The texts of the benchmark of growth are as large as they say, and step 01 reads each of them."""

from benchmarks import growth
from corpus.extraction.contacts import find_contacts

import pytest


@pytest.mark.parametrize("name", growth.TEXTS)
def test_step_01_reads_the_text(name):
    write, size = growth.TEXTS[name]
    small = write(size // 20)
    assert len(small) < len(write(size // 10))
    growth.prepare(small)


@pytest.mark.parametrize("name", growth.UNCUT_TEXTS)
def test_every_contact_of_an_uncut_text_is_found(name):
    write, _ = growth.UNCUT_TEXTS[name]
    assert len(find_contacts(write(40))) == 40
