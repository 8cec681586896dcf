"""Find: the documents that say most about a question, in the user's own text or among the posts of a given one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from answering.request import Request
from answering.source import Source
from corpus.retrieval import WEAK_MATCH, DocumentIndex, FoundDocument, matching_share, open_index, searchable
from corpus.samples import Sample

from tokenizers import Tokenizer


@dataclass(frozen=True)
class Candidates:
    """The documents that an answer may be made from, the best first."""

    documents: list[Source]
    searched: bool  # for the question in the user's own text; False: the user gave the document, or wants none


@dataclass(frozen=True)
class DocumentSearch:
    """The documents of the user's own text, which steps 01 and 03 wrote. Their files are read at the first search."""

    index_path: str
    samples_path: str
    tokenizer: Tokenizer
    tokenizer_sha256: str

    @cached_property
    def index(self) -> DocumentIndex:
        """The index of step 03. Raises StepError if it does not belong to the samples and the tokenizer."""
        return open_index(self.index_path, self.samples_path, self.tokenizer_sha256)

    def find_candidates(self, request: Request, question: str) -> Candidates:
        """The given document or its posts; otherwise documents of the user's own text; none for a closed book."""
        if request.document:
            return Candidates(choose_posts(question, request.document, self.tokenizer), searched=False)
        if request.closed_book:
            return Candidates([], searched=False)
        return Candidates(self.find(question, request.documents), searched=True)

    def find(self, question: str, count: int) -> list[Source]:
        """The `count` documents that say most about a question, the best first."""

        def read(found: FoundDocument) -> Sample:
            return self.index.read(found, self.samples_path)

        def text_of(found: FoundDocument) -> str:
            sample = read(found)
            return f"{sample.title}\n{sample.document}"

        samples = map(read, self.index.find(question, count, self._encode, text_of))
        return [Source(sample.document, sample.title, sample.source, sample.line) for sample in samples]

    def is_weak_match(self, question: str, source: Source) -> bool:
        """Whether a document that was found for a question contains little of it."""

        def rarity(word: str) -> float:
            return self.index.rarity(self._encode(f" {word}"))

        return matching_share(question, f"{source.title}\n{source.text}", rarity) < WEAK_MATCH

    def _encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text).ids


def choose_posts(question: str, document: Source, tokenizer: Tokenizer) -> list[Source]:
    """The posts of a given document that share a word with the question, the best first; if none does, all posts."""
    posts = document.cut(len(document.text))
    if len(posts) == 1:
        return [document]
    return rank(question, posts, len(posts), tokenizer) or posts


def rank(question: str, sources: Sequence[Source], count: int, tokenizer: Tokenizer) -> list[Source]:
    """The `count` best of some texts that share a word with the question, the best first."""

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text).ids

    texts = [f"{source.title}\n{source.text}" for source in sources]
    tokens = enumerate(encode(searchable(text)) for text in texts)
    index = DocumentIndex.build(tokens, tokenizer.get_vocab_size())
    found = index.find(question, count, encode, lambda each: texts[each.number])
    return [sources[each.number] for each in found]
