"""A trained checkpoint, others of its kind, and a tokenizer of a larger text."""

from gpt.checkpoint import load_checkpoint
from tests.gpt.formats.exports import MODELS

import pytest
from tokenizers import Tokenizer


@pytest.fixture(scope="module", params=MODELS)
def checkpoint(request, built_house) -> dict:
    """The checkpoint of the built house, as it is and with other weights and shapes."""
    return MODELS[request.param](load_checkpoint(built_house.checkpoint))


@pytest.fixture(scope="module")
def trained(built_house) -> dict:
    return load_checkpoint(built_house.checkpoint)


@pytest.fixture(scope="module")
def our_tokenizer(bundled_house) -> Tokenizer:
    return Tokenizer.from_file(str(bundled_house.tokenizer))
