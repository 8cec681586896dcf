"""The documents that answer a question, found by BM25 over the tokenizer's tokens.

BM25 (Robertson and Zaragoza, 2009) gives a document points for each token that it shares with the
question: more where few documents hold the token, more where this one holds it often, fewer where this
one is long. So the index keeps for each token the documents that hold it, called its postings.
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

K1 = 1.5  # how much a second and a third occurrence of a token add; 0 = nothing
B = 0.75  # how much of a document's length is held against it; 0 = nothing, 1 = all

# A document that holds less than this share of the question (`matching_share`) is likely about something else. Of the
# labelled questions in tests/, 1 of the 38 that find their document falls below it; of 40 about other things 25, while
# 6 find none.
WEAK_MATCH = 0.3

CANDIDATES = 30  # the best by their tokens, among which are looked for those that hold a word of the question

FORMAT = "document-index-1"
DOCUMENTS_AT_ONCE = 1024  # sorted at once while the index is built; more takes more memory and is no faster
COUNT_BITS = 8  # of a posting; a token that a document holds more than 255 times counts as 255

# Korean puts particles and endings behind a word (여권을, 여권이; 연장하려면, 연장했다), so questions and documents
# rarely share whole words. The first two syllables of a word mostly say what it is about.
WORD = re.compile(r"[가-힣]+|[^\W\d_가-힣]+|[0-9]+")
SYLLABLES = 2
# Such words, when cut, say how something is asked and not what about: they would find other questions.
QUESTION_WORD = re.compile(
    "어[떻떡떤디느]|무[엇슨]|뭐가?|[뭘뭔왜]|언제|얼마|누가|알려|가르|주세|싶[은어습]|있[나을는어다]|하[나죠려면고는]|해[야요]|할[까지]?"
    "|되[나는면죠]|돼요?|될까|좋[아을]|필요|방법|받[을으아]|저는|제가?|[그이]런|같[은아]|때문|대[해한]|관[해한]|함께|정리|요약"
    "|궁금|부탁|일[에을은]|[것게거걸좀수데꼭때]"
)
# Every answer has them; 연락 and 번호 alone may be what a question is about: "연락이 끊겼습니다".
PARTS_OF_ANSWERS = ("연락처", "전화번호")


def searchable(text: str) -> str:
    """What a text is found by, to be given to the tokenizer; the same for documents and questions.

    >>> searchable("여권을 잃어버렸어요. 어떻게 하나요?")
    ' 여권 잃어'
    """
    return "".join(map(_search_word, WORD.findall(text)))


@lru_cache(maxsize=1 << 16)  # the few words that are most of a text come again and again
def _search_word(word: str) -> str:
    cut = word[:SYLLABLES] if "가" <= word[0] <= "힣" else word.lower()
    # A space stands before every word, for the tokenizer has other tokens for words without one.
    return "" if QUESTION_WORD.fullmatch(cut) or word.startswith(PARTS_OF_ANSWERS) else " " + cut


def matching_share(question: str, text: str, rarity: Callable[[str], float]) -> float:
    """The share of a question's words, each counted by its rarity, that stand in a text; of no words 0."""
    weights = {word: rarity(word) for word in searchable(question).split()}
    told = set(searchable(text).split())
    return sum(weight for word, weight in weights.items() if word in told) / (sum(weights.values()) or 1)


@dataclass(frozen=True)
class FoundDocument:
    """A document that shares tokens with the question."""

    number: int  # in the order of the samples, counted from 0
    score: float  # BM25; over 0


@dataclass(frozen=True)
class DocumentIndex:
    """For each token, the documents that hold it. What a document says is read from the samples."""

    starts: np.ndarray  # (vocabulary + 1,) where each token's postings begin; the last is where all end
    postings: np.ndarray  # (postings,) document number << COUNT_BITS | how often it holds the token
    lengths: np.ndarray  # (documents,) tokens
    positions: np.ndarray  # (documents,) bytes before the document's sample in the file of samples

    @classmethod
    def build(cls, documents: Iterable[tuple[int, Sequence[int]]], vocab_size: int) -> "DocumentIndex":
        """Index documents, each given as its position in the file of samples and its token ids.

        They are read as a stream: of each token of a document six bytes are kept, and four at the end.
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
        np.savez(file, format=FORMAT, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def open(cls, path: Path | str) -> "DocumentIndex":
        """Read an index. Raises StepError where there is none or it is damaged."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                if str(arrays["format"]) != FORMAT:
                    raise StepError(f"{path}: its format is {str(arrays['format'])!r}, not {FORMAT!r}; {_remedy(path)}")
                return cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except FileNotFoundError:
            raise StepError(f"{path}: file not found; {_remedy(path)}") from None
        # What zipfile and numpy raise for damaged files; an ndarray (of a plain .npy) knows no `with`.
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, LookupError, RuntimeError, TypeError):
            raise StepError(f"{path}: damaged, or not an index of documents; {_remedy(path)}") from None

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.lengths)

    def search(self, token_ids: Iterable[int], count: int) -> list[FoundDocument]:
        """The `count` best documents for the tokens of a question, the best first, of equals the earlier one.

        There are fewer, or none, where fewer documents hold one of the tokens.
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
            # Sorting all would take longer than the search: only those as good as the last that is wanted are.
            found = found[scores[found] >= np.partition(scores[found], -count)[-count]]
        best = found[np.argsort(-scores[found], kind="stable")][:count]
        return [FoundDocument(int(number), float(scores[number])) for number in best]

    def find(
        self, question: str, count: int, encode: Callable[[str], list[int]], text_of: Callable[[FoundDocument], str]
    ) -> list[FoundDocument]:
        """The `count` best documents that share a word with a question.

        Tokens alone would take pieces of words for words: 강아지, cut to 강아, may be spelled 강 and 아.
        """
        words = set(searchable(question).split())
        found = self.search(encode(searchable(question)), max(count, CANDIDATES))
        return list(islice((each for each in found if words & set(searchable(text_of(each)).split())), count))

    def read(self, found: FoundDocument, samples_path: Path | str) -> Sample:
        """The sample that holds a found document, with its title, source, line and text (`sample.document`)."""
        return read_sample(samples_path, int(self.positions[found.number]))

    def rarity(self, word: Iterable[int]) -> float:
        """What a word that these tokens spell weighs: more, the fewer documents hold all of them. Over 0."""
        holders = (self._postings_of(token) >> COUNT_BITS for token in set(word))
        return self._weigh(len(reduce(np.intersect1d, holders)))

    def _postings_of(self, token: int) -> np.ndarray:
        return self.postings[self.starts[token] : self.starts[token + 1]]

    def _weigh(self, holders: int) -> float:
        # Not in the article: the one that log1p adds. Without it a token of most documents would take points away.
        return np.log1p((len(self) - holders + 0.5) / (holders + 0.5))


def _remedy(path: Path | str) -> str:
    return f"run: {pipeline.remake(path, '03_build_bin_dataset.py')}"


def open_index(path: Path | str, samples_path: Path | str, tokenizer_sha256: str) -> DocumentIndex:
    """The index, after proving that it was made from these samples and with this tokenizer.

    Goes by the manifest and the sizes of the files, so that answering need not wait until hundreds of
    megabytes are read. Raises StepError.
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
    """The tokens of some documents, ascending, and the posting of each; `first` is the first document's number."""
    numbers = np.repeat(np.arange(first, first + len(batch)), [len(token_ids) for token_ids in batch])
    tokens = np.concatenate([np.asarray(token_ids, dtype=np.int64) for token_ids in batch])
    pairs, times = np.unique(tokens << 32 | numbers, return_counts=True)
    numbers, times = pairs & 0xFFFFFFFF, np.minimum(times, (1 << COUNT_BITS) - 1)
    return (pairs >> 32).astype(np.min_scalar_type(vocab_size)), (numbers << COUNT_BITS | times).astype(np.uint32)


def _merge_runs(runs: list[tuple[np.ndarray, np.ndarray]], starts: np.ndarray) -> np.ndarray:
    """All postings by token, and of one token by document: each run's go behind those of the runs before it."""
    merged = np.empty(starts[-1], dtype=np.uint32)
    free = starts[:-1].copy()  # (vocabulary,) where each token's next posting goes
    for tokens, postings in runs:
        sizes = np.bincount(tokens, minlength=len(free))
        run_starts = np.cumsum(sizes) - sizes
        merged[(free - run_starts)[tokens] + np.arange(len(tokens))] = postings
        free += sizes
    return merged
