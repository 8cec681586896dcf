"""Servers for the tests of the API."""

from tests.answering.serving.served import serving

import pytest


@pytest.fixture
def serve():
    """Serve a house: `with serve(house, rows=2) as served:`."""
    return serving


@pytest.fixture(scope="module")
def served(raw_house):
    """A server that the tests of a file share."""
    with serving(raw_house, history_path="") as served:
        yield served
