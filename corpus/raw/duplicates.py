"""Posts that occur in a text more than once: exact copies, reposts with small edits, and relatives.

Candidates are found by shingles, runs of three words (Broder, 1997), of which a part is kept that the words
themselves choose, so that two copies choose alike. The table of shingles has a fixed size. A post is a copy
only if a comparison with the full text of one earlier post says so; those texts wait in a file, and only
their positions are in memory, 8 bytes a post.
"""

import hashlib
import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO

from corpus.extraction.institutions import PARTICLE
from corpus.raw.posts import Post

import numpy as np

SHINGLE_WORDS = 3
TABLE_SLOTS = 1 << 22  # 32 MB; holds the shingles of about 200 MB of text
SAMPLED_FROM_WORDS = 120  # from this length on, one in eight shingles is enough
FAMILY_SHARE = 0.25  # share of shingles seen before in one family that makes a post its relative

# --- Which earlier posts are compared ---
KNOWN_SHARE = 0.5  # a post with a smaller share of shingles seen before is no copy; the table may have lost some
MOST_COMPARED = 5  # earlier posts that share most shingles with it

# --- What makes a post a copy ---
COPY_SHARE = 0.7  # share of its shingles that the earlier post has
ORIGINAL_SHARE = 0.5  # share of the earlier post's shingles that it has; with less it is an extract
LONGEST_EDIT = 5  # new words in a row inside the text; more of them are a new statement
LONGEST_NOTE = 25  # new words in a row at its beginning or end: a greeting, "퍼온 글", the source
# New words that tell posts of one pattern apart: another number or date, another day or time of day.
FIGURE = re.compile(r"\d|[월화수목금토일]요일|오전|오후|평일|주말")
# … and another branch ("세부점은", but not "문제점은"). In a note of its own a name is only the source.
BRANCH = re.compile(
    rf"(?:[^장단관시제요학초정허중평채약만]점|지점|지사|지부|분관|분원|분교|출장소|영업소|대리점|사무소|센터|캠퍼스){PARTICLE}$"
)
# A new word in the title and again in the text, or three times in the text, is one name put for another. It may
# have different endings, so that only its first letters are compared.
STEM_LETTERS = 2
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Finding:
    """What is known of a post after it was compared with the earlier ones."""

    number: int  # of the post, counted from 0 over the posts that are not copies; of a copy, that of its original
    family: int  # number of the first post of its family
    original: Post | None = None  # the earlier post that this one is a copy of
    share: float = 0.0  # of its shingles that the original has; 1 where it adds nothing
    exact: bool = False  # it has the same words as the original


class DuplicateFinder:
    """Compares each post with the earlier ones. `file` is an empty temporary file, open for reading and writing."""

    def __init__(self, file: BinaryIO):
        self.fingerprints = np.zeros(TABLE_SLOTS, dtype=np.uint32)
        self.owners = np.zeros(TABLE_SLOTS, dtype=np.uint32)  # number of the first post with the shingle
        self.families = array("I")  # family of each post that is not a copy
        self.file = file
        self.positions = array("Q")  # of each such post in the file, in bytes
        self.end = 0  # of the file, in bytes

    def add(self, post: Post) -> Finding:
        """Compare a post with the earlier ones, and keep it for later comparisons unless it is a copy."""
        text = "\n".join(post.lines)
        shingles = _shingles(text)
        slots = shingles % TABLE_SLOTS
        prints = (shingles >> np.uint64(32)).astype(np.uint32) | 1  # 0 is the empty slot
        known = self.fingerprints[slots] == prints
        owners = self.owners[slots][known].tolist()
        if len(owners) >= KNOWN_SHARE * len(shingles):
            for number, _ in Counter(owners).most_common(MOST_COMPARED):
                original = self._read(number)
                share, exact = compare(text, "\n".join(original.lines))
                if share:
                    return Finding(number, self.families[number], original, share, exact)
        number = len(self.families)
        family = number
        if owners:
            # The first post of a family owns what they share, the others what only they have.
            (nearest, votes), *_ = Counter(self.families[owner] for owner in owners).most_common(1)
            if votes >= FAMILY_SHARE * len(shingles):
                family = nearest
        self.families.append(family)
        # A slot keeps its first owner, so that a post does not lose its shingles to relatives; when the table is
        # full, other shingles take the place of old ones.
        self.fingerprints[slots[~known]] = prints[~known]
        self.owners[slots[~known]] = number
        self._write(post)
        return Finding(number, family)

    def _write(self, post: Post) -> None:
        record = json.dumps([post.source, post.line, post.lines], ensure_ascii=False).encode() + b"\n"
        self.file.seek(self.end)
        self.file.write(record)
        self.positions.append(self.end)
        self.end += len(record)

    def _read(self, number: int) -> Post:
        self.file.seek(self.positions[number])
        source, line, lines = json.loads(self.file.readline())
        return Post(source, line, tuple(lines))


def compare(text: str, earlier: str) -> tuple[float, bool]:
    """The share of a text's shingles that an earlier text has, and whether all words are the same.

    The share is 0 for a text that is not a copy: one that shares too little, or adds what makes it another post.
    """
    words, earlier_words = _words(text), _words(earlier)
    if words == earlier_words:
        return 1.0, True
    size = min(SHINGLE_WORDS, len(words))
    runs = [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]
    earlier_runs = {tuple(earlier_words[start : start + size]) for start in range(len(earlier_words) - size + 1)}
    shared = earlier_runs.intersection(runs)
    share = len(shared) / len(set(runs))
    if share < COPY_SHARE or len(shared) < ORIGINAL_SHARE * len(earlier_runs):
        return 0.0, False
    is_old = [False] * len(words)
    for start, run in enumerate(runs):
        if run in shared:
            is_old[start : start + size] = [True] * size
    return (0.0, False) if _is_another_post(text, words, is_old) else (share, False)


def _is_another_post(text: str, words: list[str], is_old: list[bool]) -> bool:
    """Whether the new words of a text make it another post, much as it shares with an earlier one."""
    split = WORD.findall if WORD.search(text) else str.split
    line_of_word = [number for number, line in enumerate(text.split("\n")) for _ in split(line)]
    old_lines = {line for line, old in zip(line_of_word, is_old, strict=True) if old}
    stems: Counter[str] = Counter()
    for start, end in _new_runs(is_old):
        run = words[start:end]
        at_an_end = start == 0 or end == len(words)
        if len(run) > (LONGEST_NOTE if at_an_end else LONGEST_EDIT) or any(map(FIGURE.search, run)):
            return True
        if at_an_end and not old_lines.intersection(line_of_word[start:end]):
            continue  # a note of its own
        if any(map(BRANCH.search, run)):
            return True
        in_title = line_of_word[end - 1] == line_of_word[0]
        stems.update({word[:STEM_LETTERS]: 1 + in_title for word in run if len(word) >= STEM_LETTERS})
    return any(count > 2 for count in stems.values())


def _new_runs(is_old: list[bool]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of new words."""
    start = 0
    for old, group in groupby(is_old):
        end = start + sum(1 for _ in group)
        if not old:
            yield start, end
        start = end


def _words(text: str) -> list[str]:
    """The words without punctuation, so that quotation marks make no difference; signs where there are only signs."""
    return WORD.findall(text) or text.split()


def _shingles(text: str) -> np.ndarray:
    """Hashes of the distinct runs of three words, (n,) as uint64; n is at least 1."""
    words = text.split()
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    if len(words) >= SAMPLED_FROM_WORDS:
        starts = [start for start in starts if ord(words[start][-1]) % 8 == 0] or starts
    runs = dict.fromkeys(" ".join(words[start : start + SHINGLE_WORDS]) for start in starts)
    digests = b"".join(hashlib.blake2b(run.encode(), digest_size=8).digest() for run in runs)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)
