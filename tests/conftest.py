"""What the tests share: folders in which the steps have run, and what answers are made with there."""

import importlib
import os
import random
import shutil
from pathlib import Path

import pipeline
from corpus.template import MARKERS
from tests.house import RAW_TEXT, House

import pytest
from tokenizers import Tokenizer

# Models as small as these are fastest on one thread, above all where several test runs share the cores. And some
# tests fork: a child of a process that has used several threads would wait forever for those it has not got.
os.environ["OMP_NUM_THREADS"] = "1"


def pytest_collection_modifyitems(items):
    """The tests that fork come first: a fork takes over the locks, but not the threads, of what ran before it."""
    items.sort(key=lambda item: item.path.name != "test_processes.py")


@pytest.fixture(scope="session")
def raw_text() -> str:
    """Thirteen posts of Korean text, one of them twice."""
    return RAW_TEXT


@pytest.fixture(scope="session")
def open_house():
    """Make a House with this raw text in it, and nothing else."""

    def open_at(folder: Path, text: str = RAW_TEXT) -> House:
        house = House(folder)
        house.raw.parent.mkdir(parents=True)
        house.raw.write_text(text, encoding="utf-8")
        return house

    return open_at


@pytest.fixture
def new_house(open_house, tmp_path) -> House:
    """A folder with the raw text; no step has run."""
    return open_house(tmp_path / "new")


@pytest.fixture(scope="session")
def built_house(open_house, tmp_path_factory) -> House:
    """Steps 01 to 04 have run here once. Only to look at: `house` is for tests that change something."""
    house = open_house(tmp_path_factory.mktemp("built"))
    for step in ("01", "02", "03", "04"):
        house.run(step)
    return house


@pytest.fixture
def house(built_house, tmp_path) -> House:
    """A copy of the built house that a test may break."""
    return House(Path(shutil.copytree(built_house.folder, tmp_path / "house")))


@pytest.fixture(scope="session")
def bundled_house(open_house, tmp_path_factory) -> House:
    """Steps 01 and 02 have run here on the bundled text, as `make` runs them."""
    text = Path(__file__).parent.parent / "data" / "sample_raw.txt"
    house = open_house(tmp_path_factory.mktemp("bundled"), text.read_text(encoding="utf-8"))
    house.run("01", max_document_characters=house.default("01", "MAX_DOCUMENT_CHARACTERS"))
    house.run("02", vocab_size=4096, bytes_per_token=house.default("02", "BYTES_PER_TOKEN"))
    return house


@pytest.fixture(scope="session")
def tokenizer(built_house) -> Tokenizer:
    """The tokenizer of the built house: 700 tokens, so that many characters are spread over several."""
    return Tokenizer.from_file(str(built_house.tokenizer))


@pytest.fixture(scope="session")
def wander(tokenizer):
    """Write a text that a guide allows, each token drawn by chance, so that all it would ever allow may come.

    What could spoil a text is drawn more often: digits, labels, line ends, spaces, single bytes. Returns the
    tokens up to a marker, or up to a most number of them.
    """
    tokens = range(tokenizer.get_vocab_size())
    markers = {tokenizer.token_to_id(marker) for marker in MARKERS}
    risky = [token for token in tokens if len(tokenizer.id_to_token(token)) == 1]
    for text in ("0123456789", "TEL: ", "ADDR:", "KAKAO:", "\n\n", "  - ", " (02) 0000-1234", "www.", "[/ANSWER]"):
        risky += 5 * tokenizer.encode(text).ids

    def wander(guide, seed: int, most: int = 2000) -> list[int]:
        chance, written = random.Random(seed), []
        while len(written) < most:
            allowed = guide.allowed()
            if allowed is None:
                drawn = (chance.choice(risky if chance.random() < 0.5 else tokens) for _ in range(200))
                some_order = chance.sample(tokens, len(tokens))
                # Raises StopIteration where nothing may come: a guide must never lead into a dead end.
                token = next(token for those in (drawn, some_order) for token in those if guide.accepts(token))
            else:
                token = chance.choice(allowed)
            if token in markers:
                break
            guide.take(token)
            written.append(token)
        return written

    return wander


@pytest.fixture(scope="session")
def raw_house(open_house, raw_text, built_house, tmp_path_factory):
    """The built house's data, and a model of two layers that has seen next to nothing."""
    house = open_house(tmp_path_factory.mktemp("raw"), raw_text)
    for step in ("01", "02", "03"):
        house.run(step)
    house.run("04", n_layer=2, max_steps=6, eval_interval=6, sample_tokens=0)
    return house


@pytest.fixture(scope="session")
def load():
    """Load the assistant of a house."""

    def load(house):
        script = importlib.import_module("05_generate")
        return script.Assistant.load(script.artifacts_of(_settings_of_step_05(house)))

    return load


@pytest.fixture(scope="session")
def request_of():
    """A request with the settings of step 05 in the tests, and these changes to them."""

    def request_of(question="", document=None, **changes):
        script = importlib.import_module("05_generate")
        return script.request_of(_settings_of_step_05(House(Path()), **changes), question, document)

    return request_of


def _settings_of_step_05(house: House, **changes):
    script = importlib.import_module("05_generate")
    return pipeline.read_settings(script.Settings, vars(script), house.flags("05", **changes))
