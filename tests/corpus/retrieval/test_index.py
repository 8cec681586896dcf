"""The index of step 03: what it keeps, and that one which does not belong to its samples is refused."""

import json
from pathlib import Path

import pipeline
from corpus.retrieval.index import INDEX_FORMAT, DocumentIndex, FoundDocument, open_index
from corpus.samples import read_sample, read_samples
from pipeline import StepError
from tests.corpus.retrieval.indexes import index_of

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# --- The file ---


@pytest.fixture
def index_path(tmp_path) -> Path:
    """An index of a few documents, saved."""
    path = tmp_path / "index.npz"
    with open(path, "wb") as file:
        index_of([1, 2, 3], [2, 2], [4, 5, 6, 7], []).save(file)
    return path


def arrays_of(index: DocumentIndex) -> dict[str, list]:
    return {name: array.tolist() for name, array in vars(index).items()}


def refusal(path: Path) -> str:
    """The one line with which an index is refused."""
    with pytest.raises(StepError) as error:
        DocumentIndex.open(path)
    message = str(error.value)
    assert str(path) in message and "python 03_build_bin_dataset.py" in message and "\n" not in message
    return message


def test_an_index_comes_back_from_its_file(index_path):
    assert arrays_of(DocumentIndex.open(index_path)) == arrays_of(index_of([1, 2, 3], [2, 2], [4, 5, 6, 7], []))


def test_a_missing_index_is_named(tmp_path):
    assert "file not found" in refusal(tmp_path / "index.npz")


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_index_is_refused_or_says_the_same(index_path, data):
    whole = index_path.read_bytes()
    damaged = bytearray(whole)
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del damaged[place:]
    else:
        damaged[place] ^= data.draw(st.integers(1, 255))
    path = index_path.with_name("damaged.npz")
    path.write_bytes(damaged)
    try:
        index = DocumentIndex.open(path)
    except StepError as error:
        assert str(path) in str(error)
    else:
        assert arrays_of(index) == arrays_of(DocumentIndex.open(index_path))


def test_files_of_other_kinds_are_refused(tmp_path):
    path = tmp_path / "index.npz"
    for content in (b"", "여권을 잃어버렸을 때\n".encode() * 50, b"PK\x03\x04"):
        path.write_bytes(content)
        assert "damaged" in refusal(path)
    with open(path, "wb") as file:
        np.save(file, np.arange(5))
    assert "damaged" in refusal(path)
    np.savez(path, weights=np.arange(5))
    assert "damaged" in refusal(path)
    np.savez(path, format=INDEX_FORMAT.replace("2", "0"))
    assert "'document-index-0'" in refusal(path)
    path.unlink()
    path.mkdir()
    assert "damaged" in refusal(path)


# --- In its place in the chain ---


def tokenizer_sha256(house) -> str:
    return pipeline.sha256_of(house.tokenizer)


def test_step_03_enters_the_index_in_the_manifest_with_what_it_was_made_from(built_house):
    entry = json.loads(built_house.manifest.read_text(encoding="utf-8"))["index.npz"]
    assert entry["made_by"] == "03_build_bin_dataset.py"
    assert entry["sha256"] == pipeline.sha256_of(built_house.index)
    assert entry["inputs"] == {
        path.name: pipeline.sha256_of(path) for path in (built_house.samples, built_house.tokenizer)
    }


def test_step_03_says_how_many_documents_the_index_holds(house, capsys):
    house.run("03")
    documents = sum(sample.kind == "grounded" for sample in read_samples(house.samples))
    assert documents > 10
    assert f"index.npz: {documents} documents" in capsys.readouterr().out


def test_the_documents_of_summaries_are_indexed_too(new_house):
    new_house.run("01", style="summary")
    new_house.run("02")
    new_house.run("03")
    index = open_index(new_house.index, new_house.samples, tokenizer_sha256(new_house))
    found = index.read(FoundDocument(len(index) - 1, 1.0), new_house.samples)
    assert found == list(read_samples(new_house.samples))[-1]
    assert found.document in found.text and "통학 버스" in found.document


def open_refusal(house, sha256: str = "") -> str:
    with pytest.raises(StepError) as error:
        open_index(house.index, house.samples, sha256 or tokenizer_sha256(house))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "command"),
    [("index", "python 03_build_bin_dataset.py"), ("samples", "python 01_prepare_samples.py")],
)
def test_a_missing_or_shortened_file_is_named(house, name, command):
    path = getattr(house, name)
    path.write_bytes(path.read_bytes()[:-1])
    message = open_refusal(house)
    assert str(path) in message and command in message
    path.unlink()
    message = open_refusal(house)
    assert str(path) in message and command in message


def test_an_index_of_other_samples_is_refused(house):
    house.run("01", max_document_characters=200)
    message = open_refusal(house)
    assert str(house.index) in message and str(house.samples) in message
    assert "python 03_build_bin_dataset.py" in message


def test_an_index_of_another_tokenizer_is_refused(house):
    message = open_refusal(house, "ab12" * 16)
    assert str(house.index) in message and "another tokenizer" in message
    assert "04_train_gpt_from_scratch.py --restart" in message


def test_a_raw_text_that_was_changed_later_is_no_reason_to_refuse(house):
    house.raw.write_text("다른 글입니다.", encoding="utf-8")
    assert len(open_index(house.index, house.samples, tokenizer_sha256(house)))


def test_samples_edited_at_the_same_size_are_refused_where_no_sample_begins(house):
    index = open_index(house.index, house.samples, tokenizer_sha256(house))
    content = house.samples.read_bytes()
    house.samples.write_bytes(content[10:] + content[:10])
    for number in range(1, len(index)):
        with pytest.raises(StepError) as error:
            index.read(FoundDocument(number, 1.0), house.samples)
        assert str(house.samples) in str(error.value)
    with pytest.raises(StepError, match="no sample begins"):
        read_sample(house.samples, len(content))
