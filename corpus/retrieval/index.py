"""Which documents contain which terms: the index that step 03 writes and step 05 searches.

The index lists for each term the documents that contain it, its postings. The text of a document is read from the
samples.
"""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO

import pipeline
from corpus.samples import Sample, read_sample
from pipeline import StepError

import numpy as np

INDEX_FORMAT = "document-index-2"
DOCUMENTS_AT_ONCE = 1024  # sorted at once while the index is built; more need more memory and are not faster
COUNT_BITS = 8  # of a posting; more than 255 occurrences of a term in a document count as 255


@dataclass(frozen=True)
class IndexedDocument:
    """What the index keeps of a document."""

    terms: np.ndarray  # uint32, each as often as it counts
    position: int  # bytes before the document's sample in samples.txt
    post: int  # the post that it is a part of; the parts of a post follow one another


@dataclass(frozen=True)
class FoundDocument:
    """A document that shares terms with the question."""

    number: int  # in the order of the samples, counted from 0
    score: float  # above 0


@dataclass(frozen=True)
class DocumentIndex:
    """For each term, the documents that contain it."""

    terms: np.ndarray  # (terms,) ascending
    starts: np.ndarray  # (terms + 1,) index of the first posting of each term; the last is the number of postings
    postings: np.ndarray  # (postings,) document number << COUNT_BITS | occurrences of the term in it
    lengths: np.ndarray  # (documents,) terms
    positions: np.ndarray  # (documents,) bytes before the document's sample in samples.txt
    posts: np.ndarray  # (documents,) number of the post

    @classmethod
    def build(cls, documents: Iterable[IndexedDocument]) -> "DocumentIndex":
        """Index documents, which are read as a stream.

        Eight bytes for each term of a document are kept in memory, and four at the end. Raises StepError for too many
        documents.
        """
        lengths: list[int] = []
        positions: list[int] = []
        posts: list[int] = []
        runs = []
        for batch in pipeline.batched(documents, DOCUMENTS_AT_ONCE):
            runs.append(_sort_postings([document.terms for document in batch], len(lengths)))
            lengths += [len(document.terms) for document in batch]
            positions += [document.position for document in batch]
            posts += [document.post for document in batch]
        if len(lengths) > 1 << (32 - COUNT_BITS):
            raise StepError(f"{len(lengths):,} documents are more than an index can hold; use a shorter raw text")
        terms, starts, postings = _merge_runs(runs)
        sizes = np.array(lengths, dtype=np.uint32)
        return cls(terms, starts, postings, sizes, np.array(positions, np.int64), np.array(posts, np.int64))

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

    def read(self, found: FoundDocument, samples_path: Path | str) -> Sample:
        """The sample that contains a found document, with its title, source, line and text (`sample.document`)."""
        return read_sample(samples_path, int(self.positions[found.number]))

    def find_postings(self, term: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the documents that contain a term, ascending, and how often each contains it."""
        postings = self.postings[slice(*self._range_of(term))]
        return postings >> COUNT_BITS, postings & ((1 << COUNT_BITS) - 1)

    def count_holders(self, term: int) -> int:
        """How many documents contain a term."""
        start, end = self._range_of(term)
        return end - start

    def rarity(self, term: int) -> float:
        """The weight of a term, above 0: the fewer documents contain it, the larger."""
        holders = self.count_holders(term)
        # log1p instead of log, unlike in the article on BM25: a common term would otherwise reduce the score.
        return float(np.log1p((len(self) - holders + 0.5) / (holders + 0.5)))

    def _range_of(self, term: int) -> tuple[int, int]:
        at = int(np.searchsorted(self.terms, np.uint32(term)))
        if at == len(self.terms) or self.terms[at] != term:
            return 0, 0
        return int(self.starts[at]), int(self.starts[at + 1])


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


def _sort_postings(batch: list[np.ndarray], first: int) -> tuple[np.ndarray, np.ndarray]:
    """The terms of some documents, ascending, and the posting of each; `first` is the number of the first document."""
    numbers = np.repeat(np.arange(first, first + len(batch), dtype=np.uint64), [len(terms) for terms in batch])
    terms = np.concatenate(batch).astype(np.uint64)
    pairs, times = np.unique(terms << np.uint64(32) | numbers, return_counts=True)
    numbers, times = pairs & np.uint64(0xFFFFFFFF), np.minimum(times, (1 << COUNT_BITS) - 1).astype(np.uint64)
    return (pairs >> np.uint64(32)).astype(np.uint32), (numbers << np.uint64(COUNT_BITS) | times).astype(np.uint32)


def _merge_runs(runs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All terms, where the postings of each start, and the postings: those of a run after those of the runs before."""
    all_terms = np.zeros(0, dtype=np.uint32)
    for terms, _ in runs:
        all_terms = np.union1d(all_terms, terms)
    sizes = np.zeros(len(all_terms), dtype=np.int64)
    for terms, _ in runs:
        sizes += np.bincount(np.searchsorted(all_terms, terms), minlength=len(all_terms))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    merged = np.empty(starts[-1], dtype=np.uint32)
    free = starts[:-1].copy()  # (terms,) index for the next posting of each term
    for terms, postings in runs:
        numbers = np.searchsorted(all_terms, terms)
        counts = np.bincount(numbers, minlength=len(all_terms))
        run_starts = np.cumsum(counts) - counts
        merged[(free - run_starts)[numbers] + np.arange(len(terms))] = postings
        free += counts
    return all_terms, starts, merged
