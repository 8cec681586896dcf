"""BM25 (Robertson and Zaragoza, 2009): how much documents say about some terms.

It adds to the score of a document for each term that it contains: more if few documents contain the term, more if this
one contains it often, less if this one is long.
"""

from collections.abc import Mapping

from corpus.retrieval.index import DocumentIndex, FoundDocument

import numpy as np

K1 = 1.2  # how much further occurrences of a term add; 0 = nothing
B = 0.4  # how much the length of a document reduces its score; 0 = not at all, 1 = in proportion


def score_documents(index: DocumentIndex, weights: Mapping[int, float]) -> np.ndarray:
    """The score of each document for some terms, each with a weight; 0 for a document that contains none of them."""
    scores = np.zeros(len(index))
    if not len(index.postings):
        return scores
    damping = K1 * (1 - B + B * index.lengths / index.lengths.mean())  # (documents,)
    for term, weight in weights.items():
        documents, times = index.find_postings(term)
        scores[documents] += weight * index.rarity(term) * (K1 + 1) * times / (times + damping[documents])
    return scores


def take_best(scores: np.ndarray, count: int) -> list[FoundDocument]:
    """The `count` documents with the highest scores above 0, the best first, of equal ones the earlier first."""
    found = np.flatnonzero(scores)
    if len(found) > count:
        # Sorting all of them would take longer than the search: sort only those that may be among the best.
        found = found[scores[found] >= np.partition(scores[found], -count)[-count]]
    best = found[np.argsort(-scores[found], kind="stable")][:count]
    return [FoundDocument(int(number), float(scores[number])) for number in best]
