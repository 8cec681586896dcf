"""The best documents for some tokens by the formula, and an index that does not belong to them is refused."""

import json
import math
from collections import Counter
from pathlib import Path

import pipeline
from corpus.retrieval import (
    INDEX_FORMAT,
    K1,
    B,
    DocumentIndex,
    FoundDocument,
    matching_share,
    open_index,
    searchable,
)
from corpus.samples import read_sample, read_samples
from pipeline import StepError

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VOCABULARY = 12


def index_of(*documents: list[int]) -> DocumentIndex:
    """An index of documents given by their tokens."""
    return DocumentIndex.build(enumerate(documents), VOCABULARY)


def numbers(found: list[FoundDocument]) -> list[int]:
    return [document.number for document in found]


# --- What is searched of a text ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("여권을 잃어버렸어요", "여권이 잃어버린"),
        ("비자를 연장하려면", "비자 연장했습니다"),
        ("병원에서는", "병원까지"),
        ("ACR 카드", "acr카드를"),
        ("9(g)", "9 G"),
    ],
)
def test_endings_and_capitals_make_no_difference(one, other):
    assert searchable(one) == searchable(other).replace("acr카드", "acr 카드") != ""


def test_how_something_is_asked_is_not_searched():
    assert searchable("여권은 어떻게 해야 하나요? 알려주세요.") == " 여권"
    assert searchable("어떻게 해야 되나요?!") == ""


def test_that_a_number_is_wanted_is_not_searched_but_what_became_of_one_is():
    assert searchable("연락처 알려줘") == searchable("전화번호가 뭐예요?").removesuffix(" 뭐예") == ""
    assert searchable("연락이 끊겼어요, 번호가 바뀌어서") == " 연락 끊겼 번호 바뀌"


@given(st.text(max_size=60))
def test_any_text_can_be_searched_and_holds_no_marker(text):
    words = searchable(text + "[DOC]").split(" ")
    assert words[0] == "" and words[-1] == "doc"
    assert not set("[]\n") & set("".join(words))


# --- BM25 ---

TOKENS = st.lists(st.integers(0, VOCABULARY - 1), max_size=15)


def bm25(documents: list[list[int]], question: list[int]) -> list[tuple[int, float]]:
    """The formula, document by document."""
    mean = sum(map(len, documents)) / len(documents) if documents else 0
    scores = []
    for number, document in enumerate(documents):
        score = 0.0
        for token in set(question):
            holders = sum(token in other for other in documents)
            rarity = math.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))
            times = Counter(document)[token]
            if times:
                score += rarity * times * (K1 + 1) / (times + K1 * (1 - B + B * len(document) / mean))
        if score:
            scores.append((number, score))
    return sorted(scores, key=lambda pair: -pair[1])


@given(st.lists(TOKENS, max_size=12), TOKENS)
@settings(max_examples=300)
def test_scores_are_those_of_the_formula(documents, question):
    expected = dict(bm25(documents, question))
    found = index_of(*documents).search(question, len(documents) + 1)
    assert {document.number: pytest.approx(document.score) for document in found} == expected
    scores = [document.score for document in found]
    assert scores == sorted(scores, reverse=True)


@given(st.lists(TOKENS, max_size=12), TOKENS, st.integers(1, 12))
def test_a_few_are_the_first_of_all(documents, question, count):
    index = index_of(*documents)
    assert index.search(question, count) == index.search(question, len(documents) + 1)[:count]


def test_of_equals_the_earlier_document_comes_first():
    index = index_of([1, 2], [3, 4], [2, 1], [1, 2])
    assert numbers(index.search([1], 4)) == [0, 2, 3]
    assert numbers(index.search([1], 2)) == [0, 2]


def test_a_rare_token_weighs_more_than_one_that_stands_everywhere():
    assert numbers(index_of([1, 2], [1, 3], [1, 2]).search([1, 3], 3)) == [1, 0, 2]


@pytest.mark.parametrize("question", [[], [0], [0, 0, 9]])
def test_a_question_that_shares_no_token_finds_nothing(question):
    assert index_of([1, 2], [3]).search(question, 3) == []


@pytest.mark.parametrize("documents", [[], [[]], [[], []]])
def test_where_there_is_no_token_nothing_is_found(documents):
    index = index_of(*documents)
    assert len(index) == len(documents)
    assert index.search([1], 3) == []


def test_a_token_repeated_without_end_still_counts_for_its_own_document():
    index = index_of([5], [5] * 100_000, [5, 1])
    assert numbers(index.search([5, 1], 3))[0] == 2
    assert set(numbers(index.search([5], 3))) == {0, 1, 2}


def test_thousands_of_documents_are_indexed_in_their_order():
    index = index_of(*([number % 7, 7 + number % 5] for number in range(5000)))
    assert numbers(index.search([3], 5000)) == list(range(3, 5000, 7))
    assert numbers(index.search([3, 11], 100)) == [number for number in range(5000) if number % 35 == 24][:100]


# --- Words, not pieces of words ---


def find_among(question: str, *texts: str, count: int = 9) -> list[int]:
    """What is found among some texts where every syllable is a token."""
    letters = sorted(set("".join(texts) + question + " "))

    def encode(text: str) -> list[int]:
        return [letters.index(letter) for letter in text]

    index = DocumentIndex.build(enumerate(encode(searchable(text)) for text in texts), len(letters))
    return numbers(index.find(question, count, encode, lambda found: texts[found.number]))


def test_the_pieces_of_a_word_are_not_the_word():
    robber, dog, other = "총 든 강도, 강남 아파트 아래", "동물병원에서 강아지를 진찰했고 값이 쌉니다.", "회비 안내"
    assert find_among("강아지는요?", robber, dog, other) == [1]
    assert find_among("강아지는요?", robber, other) == []
    assert find_among("강아지는요?", robber, dog, dog, count=1) == [1]


# --- How much of a question a text holds ---


@given(st.lists(TOKENS, max_size=12), TOKENS.filter(len))
def test_the_rarity_of_a_word_is_that_of_a_token_which_as_many_documents_hold(documents, word):
    holders = sum(set(word) <= set(document) for document in documents)
    index = index_of(*documents)
    assert index.rarity(word) == pytest.approx(math.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5)))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("여권과 비자를 잃어버린 이야기", 1.0),
        ("여권이 나왔습니다", 0.25),
        ("비자 연장", 0.25),
        ("잃어버린 가방", 0.5),
        ("", 0.0),
    ],
)
def test_rare_words_of_a_question_count_for_more(text, share):
    rarity = {"여권": 1.0, "비자": 1.0, "잃어": 2.0}
    assert matching_share("여권, 비자를 다 잃어버렸어요. 여권요!", text, lambda word: rarity.get(word, 0.0)) == share


def test_of_a_question_without_words_a_text_holds_nothing():
    assert matching_share("어떻게 하나요?", "어떻게 하나요?", lambda word: 1.0) == 0.0


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
    np.savez(path, format=INDEX_FORMAT.replace("1", "0"))
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
