"""The best documents for some terms by the formula."""

import math
from collections import Counter

from corpus.retrieval.bm25 import K1, B, score_documents, take_best
from corpus.retrieval.index import DocumentIndex
from tests.corpus.retrieval.indexes import index_of

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

VOCABULARY = 12
TERMS = st.lists(st.integers(0, VOCABULARY - 1), max_size=15)
WEIGHTS = st.dictionaries(st.integers(0, VOCABULARY), st.floats(0.1, 3), max_size=6)


def search(index: DocumentIndex, weights: dict[int, float], count: int) -> list[tuple[int, float]]:
    return [(found.number, found.score) for found in take_best(score_documents(index, weights), count)]


def numbers(index: DocumentIndex, terms: list[int], count: int) -> list[int]:
    return [number for number, _ in search(index, dict.fromkeys(terms, 1.0), count)]


def rarity(documents: list[list[int]], term: int) -> float:
    holders = sum(term in document for document in documents)
    return math.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))


def bm25(documents: list[list[int]], weights: dict[int, float]) -> dict[int, float]:
    """The formula, document by document."""
    mean = sum(map(len, documents)) / len(documents) if documents else 0
    scores = {}
    for number, document in enumerate(documents):
        score = 0.0
        for term, weight in weights.items():
            if times := Counter(document)[term]:
                share = times * (K1 + 1) / (times + K1 * (1 - B + B * len(document) / mean))
                score += weight * rarity(documents, term) * share
        if score:
            scores[number] = score
    return scores


@given(st.lists(TERMS, max_size=12), WEIGHTS)
@settings(max_examples=300)
def test_scores_are_those_of_the_formula(documents, weights):
    found = search(index_of(*documents), weights, len(documents) + 1)
    assert {number: pytest.approx(score) for number, score in found} == bm25(documents, weights)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


@given(st.lists(TERMS, max_size=12), WEIGHTS, st.integers(1, 12))
def test_a_few_are_the_first_of_all(documents, weights, count):
    index = index_of(*documents)
    assert search(index, weights, count) == search(index, weights, len(documents) + 1)[:count]


@given(st.lists(TERMS, min_size=1, max_size=12), st.integers(0, VOCABULARY))
def test_the_index_counts_the_documents_that_contain_a_term(documents, term):
    index = index_of(*documents)
    assert index.count_holders(term) == sum(term in document for document in documents)
    assert index.rarity(term) == pytest.approx(rarity(documents, term))


def test_of_equals_the_earlier_document_comes_first():
    index = index_of([1, 2], [3, 4], [2, 1], [1, 2])
    assert numbers(index, [1], 4) == [0, 2, 3]
    assert numbers(index, [1], 2) == [0, 2]


def test_a_rare_term_weighs_more_than_one_that_stands_everywhere():
    assert numbers(index_of([1, 2], [1, 3], [1, 2]), [1, 3], 3) == [1, 0, 2]


@pytest.mark.parametrize("terms", [[], [0], [0, 9]])
def test_terms_that_no_document_contains_find_nothing(terms):
    assert numbers(index_of([1, 2], [3]), terms, 3) == []


@pytest.mark.parametrize("documents", [[], [[]], [[], []]])
def test_where_there_is_no_term_nothing_is_found(documents):
    index = index_of(*documents)
    assert len(index) == len(documents)
    assert numbers(index, [1], 3) == []


def test_a_term_repeated_without_end_still_counts_for_its_own_document():
    index = index_of([5], [5] * 100_000, [5, 1])
    assert numbers(index, [5, 1], 3)[0] == 2
    assert set(numbers(index, [5], 3)) == {0, 1, 2}


def test_thousands_of_documents_are_indexed_in_their_order():
    index = index_of(*([number % 7, 7 + number % 5] for number in range(5000)))
    assert numbers(index, [3], 5000) == list(range(3, 5000, 7))
    assert numbers(index, [3, 11], 100) == [number for number in range(5000) if number % 35 == 24][:100]
