"""The documents that answer a question, found by BM25 over the tokens of the tokenizer.

BM25 (Robertson and Zaragoza, 2009) adds to the score of a document for each token that it shares with the question:
more if few documents contain the token, more if this one contains it often, less if this one is long. The index
therefore lists for each token the documents that contain it, its postings.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, reduce
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pipeline
from corpus.samples import Sample, read_sample
from pipeline import StepError

import numpy as np

K1 = 1.5  # how much further occurrences of a token add; 0 = nothing
B = 0.75  # how much the length of a document reduces its score; 0 = not at all, 1 = in proportion

# A document that contains less than this share of the question (`matching_share`) is probably about something else. Of
# the labelled questions in tests/, 1 of the 38 that find their document is below it; of 40 about other topics, 25 are
# below it, and 6 find no document.
WEAK_MATCH = 0.3

CANDIDATES = 30  # the best documents by their tokens, of which those that contain a word of the question are kept

INDEX_FORMAT = "document-index-1"
DOCUMENTS_AT_ONCE = 1024  # sorted at once while the index is built; more need more memory and are not faster
COUNT_BITS = 8  # of a posting; more than 255 occurrences of a token in a document count as 255

# Korean puts particles and endings behind a word (여권을, 여권이; 연장하려면, 연장했다), so questions and documents
# rarely share whole words. The first two syllables of a word usually determine its meaning.
SEARCH_WORD = re.compile(r"[가-힣]+|[^\W\d_가-힣]+|[0-9]+")
SYLLABLES = 2
# Words, cut to two syllables, that tell how a question is asked and not its topic: they would find other questions.
QUESTION_WORD = re.compile(
    "어[떻떡떤디느]|무[엇슨]|뭐가?|[뭘뭔왜]|언제|얼마|누가|알려|가르|주세|싶[은어습]|있[나을는어다]|하[나죠려면고는]|해[야요]|할[까지]?"
    "|되[나는면죠]|돼요?|될까|좋[아을]|필요|방법|받[을으아]|저는|제가?|[그이]런|같[은아]|때문|대[해한]|관[해한]|함께|정리|요약"
    "|궁금|부탁|일[에을은]|[것게거걸좀수데꼭때]"
)
# Every answer contains them; 연락 and 번호 alone may be the topic of a question: "연락이 끊겼습니다".
PARTS_OF_ANSWERS = ("연락처", "전화번호")


def searchable(text: str) -> str:
    """The search words of a text, for the tokenizer; the same for documents and questions.

    >>> searchable("여권을 잃어버렸어요. 어떻게 하나요?")
    ' 여권 잃어'
    """
    return "".join(map(_search_word, SEARCH_WORD.findall(text)))


@lru_cache(maxsize=1 << 16)  # a few words make up most of a text
def _search_word(word: str) -> str:
    cut = word[:SYLLABLES] if "가" <= word[0] <= "힣" else word.lower()
    # A space precedes every word, because the tokenizer has different tokens for words without one.
    return "" if QUESTION_WORD.fullmatch(cut) or word.startswith(PARTS_OF_ANSWERS) else " " + cut


def matching_share(question: str, text: str, rarity: Callable[[str], float]) -> float:
    """The share of a question's words that a text contains, weighted by rarity; 0 without words."""
    weights = {word: rarity(word) for word in searchable(question).split()}
    words_of_text = set(searchable(text).split())
    return sum(weight for word, weight in weights.items() if word in words_of_text) / (sum(weights.values()) or 1)


@dataclass(frozen=True)
class FoundDocument:
    """A document that shares tokens with the question."""

    number: int  # in the order of the samples, counted from 0
    score: float  # BM25, above 0


@dataclass(frozen=True)
class DocumentIndex:
    """For each token, the documents that contain it. The text of a document is read from the samples."""

    starts: np.ndarray  # (vocabulary + 1,) index of the first posting of each token; the last is the number of postings
    postings: np.ndarray  # (postings,) document number << COUNT_BITS | occurrences of the token in it
    lengths: np.ndarray  # (documents,) tokens
    positions: np.ndarray  # (documents,) bytes before the document's sample in samples.txt

    @classmethod
    def build(cls, documents: Iterable[tuple[int, Sequence[int]]], vocab_size: int) -> "DocumentIndex":
        """Index documents, each given as its position in samples.txt and its token ids.

        They are read as a stream: six bytes for each token of a document are kept in memory, and four at the end.
        Raises StepError for too many documents.
        """
        lengths: list[int] = []
        positions: list[int] = []
        runs = []
        sizes = np.zeros(vocab_size, dtype=np.int64)
        for batch in pipeline.batched(documents, DOCUMENTS_AT_ONCE):
            first = len(lengths)
            lengths += [len(token_ids) for _, token_ids in batch]
            positions += [position for position, _ in batch]
            runs.append(_sort_postings([token_ids for _, token_ids in batch], first, vocab_size))
            sizes += np.bincount(runs[-1][0], minlength=vocab_size)
        if len(lengths) > 1 << (32 - COUNT_BITS):
            raise StepError(f"{len(lengths):,} documents are more than an index can hold; use a shorter raw text")
        starts = np.concatenate([[0], np.cumsum(sizes)])
        postings = _merge_runs(runs, starts)
        return cls(starts, postings, np.array(lengths, dtype=np.uint32), np.array(positions, dtype=np.int64))

    def save(self, file: BinaryIO) -> None:
        """Write the index to an open file, as plain arrays."""
        np.savez(file, format=INDEX_FORMAT, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def open(cls, path: Path | str) -> "DocumentIndex":
        """Read an index. Raises StepError if the file is missing or damaged."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                if str(arrays["format"]) != INDEX_FORMAT:
                    raise StepError(
                        f"{path}: its format is {str(arrays['format'])!r}, not {INDEX_FORMAT!r}; {_remedy(path)}"
                    )
                return cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except FileNotFoundError:
            raise StepError(f"{path}: file not found; {_remedy(path)}") from None
        # What zipfile and numpy raise for damaged files; the array of a plain .npy file does not support `with`.
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, LookupError, RuntimeError, TypeError):
            raise StepError(f"{path}: damaged, or not an index of documents; {_remedy(path)}") from None

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.lengths)

    def search(self, token_ids: Iterable[int], count: int) -> list[FoundDocument]:
        """The `count` best documents for the tokens of a question, the best first, of equal ones the earlier first.

        There are fewer, or none, if fewer documents contain one of the tokens.
        """
        if not len(self.postings):
            return []
        scores = np.zeros(len(self))
        damping = K1 * (1 - B + B * self.lengths / self.lengths.mean())  # (documents,)
        for token in sorted(set(token_ids)):
            postings = self._postings_of(token)
            documents, times = postings >> COUNT_BITS, postings & ((1 << COUNT_BITS) - 1)
            scores[documents] += self._weigh(len(postings)) * (K1 + 1) * times / (times + damping[documents])
        found = np.flatnonzero(scores)
        if len(found) > count:
            # Sorting all of them would take longer than the search: sort only those that may be among the best.
            found = found[scores[found] >= np.partition(scores[found], -count)[-count]]
        best = found[np.argsort(-scores[found], kind="stable")][:count]
        return [FoundDocument(int(number), float(scores[number])) for number in best]

    def find(
        self, question: str, count: int, encode: Callable[[str], list[int]], text_of: Callable[[FoundDocument], str]
    ) -> list[FoundDocument]:
        """The `count` best documents that share a word with a question.

        Tokens alone would confuse parts of words with words: 강아지, cut to 강아, may consist of the tokens 강 and 아.
        """
        words = set(searchable(question).split())
        found = self.search(encode(searchable(question)), max(count, CANDIDATES))
        return list(islice((each for each in found if words & set(searchable(text_of(each)).split())), count))

    def read(self, found: FoundDocument, samples_path: Path | str) -> Sample:
        """The sample that contains a found document, with its title, source, line and text (`sample.document`)."""
        return read_sample(samples_path, int(self.positions[found.number]))

    def rarity(self, word: Iterable[int]) -> float:
        """The weight of the word with these tokens, above 0: the fewer documents contain them all, the larger."""
        holders = (self._postings_of(token) >> COUNT_BITS for token in set(word))
        return self._weigh(len(reduce(np.intersect1d, holders)))

    def _postings_of(self, token: int) -> np.ndarray:
        return self.postings[self.starts[token] : self.starts[token + 1]]

    def _weigh(self, holders: int) -> float:
        # log1p instead of log, unlike in the article: a token of most documents would otherwise reduce the score.
        return float(np.log1p((len(self) - holders + 0.5) / (holders + 0.5)))


def _remedy(path: Path | str) -> str:
    return f"run: {pipeline.remake(path, '03_build_bin_dataset.py')}"


def open_index(path: Path | str, samples_path: Path | str, tokenizer_sha256: str) -> DocumentIndex:
    """The index, after a check that it was made from these samples and with this tokenizer; raises StepError if not.

    The check compares the manifest and the sizes of the files, so that it does not read hundreds of megabytes.
    """
    entry = pipeline.require_entry(path, made_by="03_build_bin_dataset.py")
    samples = pipeline.require_entry(samples_path, made_by="01_prepare_samples.py")
    made_from = entry["inputs"].values()
    if samples["sha256"] not in made_from:
        raise StepError(f"{path}: it was not made from {samples_path} as it is now; {_remedy(path)}")
    if tokenizer_sha256 not in made_from:
        raise StepError(
            f"{path}: the checkpoint was trained with another tokenizer; to train a new one, "
            f"run: {pipeline.command('04_train_gpt_from_scratch.py', restart=True)}"
        )
    return DocumentIndex.open(path)


def _sort_postings(batch: list[Sequence[int]], first: int, vocab_size: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of some documents, ascending, and the posting of each; `first` is the number of the first document."""
    numbers = np.repeat(np.arange(first, first + len(batch)), [len(token_ids) for token_ids in batch])
    tokens = np.concatenate([np.asarray(token_ids, dtype=np.int64) for token_ids in batch])
    pairs, times = np.unique(tokens << 32 | numbers, return_counts=True)
    numbers, times = pairs & 0xFFFFFFFF, np.minimum(times, (1 << COUNT_BITS) - 1)
    return (pairs >> 32).astype(np.min_scalar_type(vocab_size)), (numbers << COUNT_BITS | times).astype(np.uint32)


def _merge_runs(runs: list[tuple[np.ndarray, np.ndarray]], starts: np.ndarray) -> np.ndarray:
    """All postings, ordered by token and then by document: those of a run come after those of the runs before it."""
    merged = np.empty(starts[-1], dtype=np.uint32)
    free = starts[:-1].copy()  # (vocabulary,) index for the next posting of each token
    for tokens, postings in runs:
        sizes = np.bincount(tokens, minlength=len(free))
        run_starts = np.cumsum(sizes) - sizes
        merged[(free - run_starts)[tokens] + np.arange(len(tokens))] = postings
        free += sizes
    return merged
