"""How sure it is that a document answers a question."""

import math
from collections.abc import Collection

from corpus.retrieval.index import DocumentIndex
from corpus.retrieval.pieces import QuestionWord, document_terms, question_words
from corpus.retrieval.ranking import word_share

SAME_THING = 0.9  # the share of a word that counts as contained in a document with a synonym of it
INFORMATION_OF_PREDICATE = 0.4  # of that of a noun which as many documents contain
# A logistic regression, learned on the labelled questions of the tuning half: `benchmarks.finding --learn`.
BIAS, EVIDENCE_WEIGHTS = -5.19, (3.15, 2.74, 1.63, 0.30)  # of what `find_evidence` returns
WEAK_MATCH = 0.28  # a document that is less likely to answer the question is only offered


def likelihood(index: DocumentIndex, question: str, title: str, text: str) -> float:
    """How likely it is, from 0 to 1, that a document which was found for a question answers it."""
    evidence = find_evidence(index, question, title, text)
    return 1 / (
        1 + math.exp(-BIAS - sum(weight * value for weight, value in zip(EVIDENCE_WEIGHTS, evidence, strict=True)))
    )


def find_evidence(index: DocumentIndex, question: str, title: str, text: str) -> tuple[float, float, float, float]:
    """How much of a question a document contains.

    The share of the question's information that it contains, the share that its title contains, the information that
    it contains in units of a word of one document alone, and the number of words of the question. A word has the more
    information, the fewer documents contain it, and most if none does.
    """
    words = question_words(question)
    information = [_information(index, word) for word in words]
    total = sum(information) or 1.0

    def contained(terms: Collection[int]) -> float:
        return sum(part * _contained_share(index, word, terms) for part, word in zip(information, words, strict=True))

    in_title = contained(set(document_terms(title, "").tolist()))
    in_document = contained(set(document_terms(title, text).tolist()))
    return in_document / total, in_title / total, in_document / math.log1p(len(index)), len(words)


def _information(index: DocumentIndex, word: QuestionWord) -> float:
    most = max(index.rarity(piece.term) for piece in word.pieces)
    return most * (INFORMATION_OF_PREDICATE if word.is_predicate else 1)


def _contained_share(index: DocumentIndex, word: QuestionWord, terms: Collection[int]) -> float:
    """How much of a word a document with these terms contains, from 0 to 1."""
    if word.whole in terms or (word.whole is None and word.pieces[0].term in terms):
        return 1.0
    # Syllables that no document contains say that the word is unknown: 양자 of 양자역학 may be that of 양자 결연.
    weights = {
        piece.term: index.rarity(piece.term) * (word_share(index, piece) if index.count_holders(piece.term) else 1)
        for piece in word.pieces
    }
    share = sum(weight for term, weight in weights.items() if term in terms) / sum(weights.values())
    return max(share, SAME_THING if any(group in terms for group in word.groups) else 0.0)
