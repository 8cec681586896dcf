"""Indexes that the tests of retrieval share."""

from corpus.retrieval.index import DocumentIndex, IndexedDocument
from corpus.retrieval.ranking import index_texts, search

import numpy as np


def index_of(*documents: list[int]) -> DocumentIndex:
    """An index of documents given by their terms."""
    return DocumentIndex.build(
        IndexedDocument(np.array(terms, dtype=np.uint32), number, number) for number, terms in enumerate(documents)
    )


def find_among(question: str, *texts: str) -> list[int]:
    """The numbers of the texts that are found for a question, the best first."""
    return [found.number for found in search(index_texts([("", text) for text in texts]), question, len(texts))]
