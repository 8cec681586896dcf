"""The documents that answer a question: BM25 over terms, what the parts of a post say together, and how sure that is.

BM25 (Robertson and Zaragoza, 2009) adds to the score of a document for each term that it shares with the question:
more if few documents contain the term, more if this one contains it often, less if this one is long.
"""

import math
from collections.abc import Collection, Sequence

from corpus.retrieval.facts import asked_facts
from corpus.retrieval.index import DocumentIndex, FoundDocument, IndexedDocument
from corpus.retrieval.pieces import Piece, QuestionWord, document_terms, question_groups, question_words

import numpy as np

K1 = 1.2  # how much further occurrences of a term add; 0 = nothing
B = 0.4  # how much the length of a document reduces its score; 0 = not at all, 1 = in proportion

# Beside two syllables of a word that consists of them alone, which count 1:
WHOLE_WORD = 0.5  # added where the document contains the same word
ONE_SYLLABLE = 0.6  # of a word of one syllable, which is also the beginning of many others
WITH_PARTICLE = 0.3  # of such a word with what follows it
GROUP = 1.3  # a word for the same thing
OF_PREDICATE = 0.6  # of all of this in a verb or an adjective
FACT = 0.6  # of the score of a passage, added for the fact that is asked for
OTHER_PARTS = 0.3  # of the score of the best other part of the same post

# How sure it is that a document answers a question (`likelihood`): a logistic regression, learned on the labelled
# questions that are not kept out of it (`benchmarks.finding --learn`).
SAME_THING = 0.9  # how much of a word a document contains that holds a synonym
INFORMATION_OF_PREDICATE = 0.4
BIAS, WEIGHTS = -5.19, (3.15, 2.74, 1.63, 0.30)  # of what `find_evidence` returns
WEAK_MATCH = 0.28  # a document that is less likely to answer the question is only offered


def search(index: DocumentIndex, question: str, count: int) -> list[FoundDocument]:
    """The `count` best documents for a question, the best first, of equal ones the earlier first.

    There are fewer, or none, if fewer documents share a word with the question.
    """
    if not len(index.postings):
        return []
    scores = np.zeros(len(index))
    damping = K1 * (1 - B + B * index.lengths / index.lengths.mean())  # (documents,)
    for term, weight in _weigh_terms(index, question).items():
        documents, times = index.find_postings(term)
        scores[documents] += weight * index.rarity(term) * (K1 + 1) * times / (times + damping[documents])
    scores += OTHER_PARTS * _best_other_part(scores, index.posts) * (scores > 0)
    found = np.flatnonzero(scores)
    if len(found) > count:
        # Sorting all of them would take longer than the search: sort only those that may be among the best.
        found = found[scores[found] >= np.partition(scores[found], -count)[-count]]
    best = found[np.argsort(-scores[found], kind="stable")][:count]
    return [FoundDocument(int(number), float(scores[number])) for number in best]


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
        scores[found.number] = found.score * (1 + FACT * facts)
    return scores


def likelihood(index: DocumentIndex, question: str, title: str, text: str) -> float:
    """How likely it is, from 0 to 1, that a document which was found for a question answers it."""
    evidence = find_evidence(index, question, title, text)
    return 1 / (1 + math.exp(-BIAS - sum(weight * value for weight, value in zip(WEIGHTS, evidence, strict=True))))


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


def _weigh_terms(index: DocumentIndex, question: str) -> dict[int, float]:
    """The terms of a question, with their weights."""
    weights: dict[int, float] = dict.fromkeys(question_groups(question), GROUP)
    for word in question_words(question):
        for term, weight in _weigh_word(index, word).items():
            weights[term] = max(weights.get(term, 0.0), weight * (OF_PREDICATE if word.is_predicate else 1))
    return weights


def _weigh_word(index: DocumentIndex, word: QuestionWord) -> dict[int, float]:
    if word.whole is None:
        return dict(zip((piece.term for piece in word.pieces), (ONE_SYLLABLE, WITH_PARTICLE), strict=False))
    weights = {piece.term: _word_share(index, piece) for piece in word.pieces}
    total = sum(weights.values())  # at least 1, the weight of the first piece
    weights = {term: weight / math.sqrt(total) for term, weight in weights.items()}
    weights[word.whole] = weights.get(word.whole, 0.0) + WHOLE_WORD
    return weights


def _word_share(index: DocumentIndex, piece: Piece) -> float:
    """How likely two syllables inside a word are a word themselves: 여권 in 긴급여권 is one, 급여 less, 증금 not.

    It is the share of the documents containing them in which a word begins with them.
    """
    if piece.start is None:
        return 1.0
    return index.count_holders(piece.start) / max(1, index.count_holders(piece.term))


def _best_other_part(scores: np.ndarray, posts: np.ndarray) -> np.ndarray:
    """For each document, the score of the best other part of its post; 0 if there is none."""
    order = np.lexsort((-scores, posts))  # (documents,) post by post, the best part first
    starts = np.flatnonzero(np.diff(posts[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    best, second = scores[order[starts]], np.where(sizes > 1, scores[order[np.minimum(starts + 1, len(order) - 1)]], 0)
    others = np.empty(len(scores))
    others[order] = np.repeat(best, sizes)
    others[order[starts]] = second
    return others


def _information(index: DocumentIndex, word: QuestionWord) -> float:
    most = max(index.rarity(piece.term) for piece in word.pieces)
    return most * (INFORMATION_OF_PREDICATE if word.is_predicate else 1)


def _contained_share(index: DocumentIndex, word: QuestionWord, terms: Collection[int]) -> float:
    """How much of a word a document with these terms contains, from 0 to 1."""
    if word.whole in terms or (word.whole is None and word.pieces[0].term in terms):
        return 1.0
    # Syllables that no document contains say that the word is unknown: 양자 of 양자역학 may be that of 양자 결연.
    weights = {
        piece.term: index.rarity(piece.term) * (_word_share(index, piece) if index.count_holders(piece.term) else 1)
        for piece in word.pieces
    }
    share = sum(weight for term, weight in weights.items() if term in terms) / sum(weights.values())
    return max(share, SAME_THING if any(group in terms for group in word.groups) else 0.0)
