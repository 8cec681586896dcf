"""Find: the documents that say most about a question, in the user's own text or among the posts of a given one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from answering.request import Request
from answering.source import Source
from corpus.retrieval.confidence import WEAK_MATCH, find_evidence, likelihood
from corpus.retrieval.index import DocumentIndex, FoundDocument, open_index
from corpus.retrieval.pieces import question_words
from corpus.retrieval.ranking import index_texts, search

CHOICES = 3  # posts that are offered when none is likely to answer the question
CANDIDATES = 30  # documents that are looked at; several may be parts of one post
COMPARED_BY_TITLE = 10  # posts with the highest scores
IN_TITLE = 0.3  # of its score that a post gains if its title contains the whole question; a quarter of it for half
SAYS_SOMETHING = 0.8  # of what the best part of a post says: another part that says as much is used too
ANSWERS_ANOTHER_PART = 0.6  # how likely a document must be the answer to a part of the question that no other answers

# Where a question of several parts is cut: 비자 연장 비용이랑 여권 재발급 기간 알려 주세요.
BETWEEN_PARTS = re.compile(r"[.?!,;\n]+|\s그리고\s|(?<=[가-힣])(?:이랑|랑|하고|[와과])\s")
LEAST_WORDS = 2  # of a part of a question


@dataclass(frozen=True)
class Candidates:
    """The documents that an answer may be made from, the best first."""

    documents: list[Source]
    searched: bool  # for the question in the user's own text; False: the user gave the document, or wants none
    needed: int = 1  # how many of the first documents the answer needs, which share the context
    offer: list[Source] = field(default_factory=list)  # to choose from, where none is likely to answer the question


@dataclass(frozen=True)
class DocumentSearch:
    """The documents of the user's own text, which steps 01 and 03 wrote. Their files are read at the first search."""

    index_path: str
    samples_path: str
    tokenizer_sha256: str

    @cached_property
    def index(self) -> DocumentIndex:
        """The index of step 03. Raises StepError if it does not belong to the samples and the tokenizer."""
        return open_index(self.index_path, self.samples_path, self.tokenizer_sha256)

    def find_candidates(self, request: Request, question: str) -> Candidates:
        """The given document or its posts; otherwise documents of the user's own text; none for a closed book."""
        if request.document and request.document.id is not None:
            return Candidates([request.document], searched=True)
        if request.document:
            return Candidates(choose_posts(question, request.document), searched=False)
        if request.closed_book:
            return Candidates([], searched=False)
        return self.find(question, request.documents)

    def find(self, question: str, count: int) -> Candidates:
        """The `count` posts that say most about a question, the best first; of a weak match, some to choose from.

        Behind the best one come its other parts that say something, and what answers another part of the question.
        """
        posts = self._find_posts(question, max(count, CHOICES))
        if not posts:
            return Candidates([], searched=True)
        best = posts[0][0]
        others = self._answers_to_other_parts(question, best)
        if not others and not self._is_likely(question, best, WEAK_MATCH):
            return Candidates([], searched=True, offer=[parts[0] for parts in posts[:CHOICES]])
        more = [part for parts in posts[:count] for part in parts if part is not best and part not in others]
        return Candidates([best, *others, *more], searched=True, needed=1 + len(others))

    def find_scored(self, question: str, count: int) -> list[tuple[Source, float]]:
        """The `count` documents that say most about a question, each with its score, the best first."""
        found = [(self._read(each), each.score) for each in search(self.index, question, max(count, CANDIDATES))]
        found = [(source, score * self._weight_of_title(question, source)) for source, score in found]
        return sorted(found, key=lambda scored: -scored[1])[:count]

    def document(self, id: int) -> Source | None:
        """The document with this number; None if there is none."""
        return self._read(FoundDocument(id, 0.0)) if 0 <= id < len(self.index) else None

    def _find_posts(self, question: str, count: int) -> list[list[Source]]:
        """The parts that say something of each of the best posts, the best part first.

        A title that contains the question says what the post is about; a post can mention anything.
        """
        most = max(count, COMPARED_BY_TITLE)
        posts: dict[int, list[FoundDocument]] = {}
        for found in search(self.index, question, CANDIDATES):
            posts.setdefault(int(self.index.posts[found.number]), []).append(found)
        read = [([self._read(found) for found in parts], parts[0].score) for parts in list(posts.values())[:most]]
        read.sort(key=lambda post: -post[1] * self._weight_of_title(question, post[0][0]))
        return [[parts[0], *self._others_that_say_something(question, *parts)] for parts, _ in read[:count]]

    def _weight_of_title(self, question: str, source: Source) -> float:
        """By how much the title of a document that contains the question raises its score."""
        return 1 + IN_TITLE * find_evidence(self.index, question, source.title, "")[1] ** 2

    def _others_that_say_something(self, question: str, best: Source, *others: Source) -> list[Source]:
        """The other parts of a post whose own text contains about as much of the question as the best part's."""

        def share(source: Source) -> float:
            return find_evidence(self.index, question, "", source.text)[0]

        return [part for part in others if share(part) >= SAYS_SOMETHING * share(best) > 0]

    def _answers_to_other_parts(self, question: str, best: Source) -> list[Source]:
        """For each part of a question that the best document does not answer, the one that does, if there is one."""
        answers: list[Source] = []
        for part in split_question(question):
            if any(self._is_likely(part, source, ANSWERS_ANOTHER_PART) for source in (best, *answers)):
                continue
            found = self._find_posts(part, 1)
            if found and self._is_likely(part, found[0][0], ANSWERS_ANOTHER_PART):
                answers.append(found[0][0])
        return answers

    def _is_likely(self, question: str, source: Source, least: float) -> bool:
        return likelihood(self.index, question, source.title, source.text) >= least

    def _read(self, found: FoundDocument) -> Source:
        sample = self.index.read(found, self.samples_path)
        return Source(sample.document, sample.title, sample.source, sample.line, part=sample.part, id=found.number)


def split_question(question: str) -> list[str]:
    """The parts of a question that ask about different things; none for a question of one part."""
    parts = [part for part in BETWEEN_PARTS.split(question) if len(question_words(part)) >= LEAST_WORDS]
    return parts if len(parts) > 1 else []


def choose_posts(question: str, document: Source) -> list[Source]:
    """The posts of a given document that share a word with the question, the best first; if none does, all posts."""
    posts = document.cut(len(document.text))
    if len(posts) == 1:
        return [document]
    found = search(index_texts([(post.title, post.text) for post in posts]), question, len(posts))
    return [posts[each.number] for each in found] or posts


def say_something(question: str, parts: Sequence[Source]) -> list[Source]:
    """Those parts of a post that say about as much about a question as the best one, the best first."""
    # Without the title, which all parts have in common.
    found = search(index_texts([("", part.text) for part in parts]), question, len(parts))
    return [parts[each.number] for each in found if each.score >= SAYS_SOMETHING * found[0].score]
