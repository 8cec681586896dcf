"""The documents that answer a question: BM25 over weighted terms, and what the parts of a post say together."""

import math
from collections.abc import Sequence

from corpus.retrieval.bm25 import score_documents, take_best
from corpus.retrieval.facts import asked_facts
from corpus.retrieval.index import DocumentIndex, FoundDocument, IndexedDocument
from corpus.retrieval.pieces import Piece, QuestionWord, document_terms, question_groups, question_words

import numpy as np

# Beside two syllables of a word that consists of them alone, which count 1:
WHOLE_WORD = 0.5  # added where the document contains the same word
ONE_SYLLABLE = 0.6  # of a word of one syllable, which is also the beginning of many others
WITH_PARTICLE = 0.3  # of such a word with what follows it
GROUP = 1.3  # a word for the same thing
OF_PREDICATE = 0.6  # of all of this in a verb or an adjective
FACT_ASKED_FOR = 0.6  # of the score of a passage, added for the fact that is asked for
OTHER_PARTS = 0.3  # of the score of the best other part of the same post


def search(index: DocumentIndex, question: str, count: int) -> list[FoundDocument]:
    """The `count` best documents for a question, the best first, of equal ones the earlier first.

    There are fewer, or none, if fewer documents share a word with the question.
    """
    scores = score_documents(index, weigh_terms(index, question))
    return take_best(scores + OTHER_PARTS * _best_other_part(scores, index.posts) * (scores > 0), count)


def index_texts(texts: Sequence[tuple[str, str]]) -> DocumentIndex:
    """An index of a few texts, each as (title, text)."""
    return DocumentIndex.build(
        IndexedDocument(document_terms(title, text), position=number, post=number)
        for number, (title, text) in enumerate(texts)
    )


def score_passages(question: str, passages: Sequence[str]) -> list[float]:
    """How much each passage of a text says about a question; 0 for nothing.

    A passage that holds the kind of fact which is asked for scores more.
    """
    scores = [0.0] * len(passages)
    for found in search(index_texts([("", passage) for passage in passages]), question, len(passages)):
        facts = sum(bool(fact.search(passages[found.number])) for fact in asked_facts(question))
        scores[found.number] = found.score * (1 + FACT_ASKED_FOR * facts)
    return scores


def weigh_terms(index: DocumentIndex, question: str) -> dict[int, float]:
    """The terms of a question, with their weights."""
    weights: dict[int, float] = dict.fromkeys(question_groups(question), GROUP)
    for word in question_words(question):
        for term, weight in _weigh_word(index, word).items():
            weights[term] = max(weights.get(term, 0.0), weight * (OF_PREDICATE if word.is_predicate else 1))
    return weights


def _weigh_word(index: DocumentIndex, word: QuestionWord) -> dict[int, float]:
    if word.whole is None:
        return dict(zip((piece.term for piece in word.pieces), (ONE_SYLLABLE, WITH_PARTICLE), strict=False))
    weights = {piece.term: word_share(index, piece) for piece in word.pieces}
    total = sum(weights.values())  # at least 1, the weight of the first piece
    weights = {term: weight / math.sqrt(total) for term, weight in weights.items()}
    weights[word.whole] = weights.get(word.whole, 0.0) + WHOLE_WORD
    return weights


def word_share(index: DocumentIndex, piece: Piece) -> float:
    """How likely two syllables inside a word are a word themselves: 여권 in 긴급여권 is one, 급여 less, 증금 not.

    It is the share of the documents containing them in which a word begins with them.
    """
    if piece.start is None:
        return 1.0
    return index.count_holders(piece.start) / max(1, index.count_holders(piece.term))


def _best_other_part(scores: np.ndarray, posts: np.ndarray) -> np.ndarray:
    """Of each document: the highest score among the other parts of its post; 0 if the post has no other part."""
    order = np.lexsort((-scores, posts))  # (documents,) post by post, the best part first
    starts = np.flatnonzero(np.diff(posts[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    best, second = scores[order[starts]], np.where(sizes > 1, scores[order[np.minimum(starts + 1, len(order) - 1)]], 0)
    others = np.empty(len(scores))
    others[order] = np.repeat(best, sizes)
    others[order[starts]] = second
    return others
