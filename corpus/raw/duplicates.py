"""Posts that occur in a text more than once: exact copies, copies with small edits, and related posts.

Candidates share shingles, which are runs of three words (Broder, 1997). Of a long post, only some shingles are kept;
the words themselves determine which, so that two copies keep the same ones. The table of shingles has a fixed size.
A post is a copy only if a comparison with the full text of an earlier post confirms it. Those texts are in a
temporary file; memory holds only their positions, 8 bytes per post.
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

from corpus.raw.posts import Post
from corpus.raw.words import OPTIONAL_PARTICLE

import numpy as np

SHINGLE_WORDS = 3
TABLE_SLOTS = 1 << 22  # 32 MB; holds the shingles of about 200 MB of text
SAMPLED_FROM_WORDS = 120  # of posts with at least so many words, one in eight shingles is enough
FAMILY_SHARE = 0.25  # share of shingles seen before in one family; with more a post belongs to it

# --- Which earlier posts are compared ---
KNOWN_SHARE = 0.5  # share of shingles seen before; with less a post is no copy. The table may have lost some.
MOST_COMPARED = 5  # earlier posts: those that share the most shingles with a post

# --- What makes a post a copy ---
COPY_SHARE = 0.7  # share of its shingles that the earlier post contains
ORIGINAL_SHARE = 0.5  # share of the shingles of the earlier post that it contains; with less it is an extract
LONGEST_EDIT = 5  # consecutive new words within the text; more are a new statement
LONGEST_NOTE = 25  # consecutive new words at the beginning or the end: a greeting, "퍼온 글", the source
# New words that distinguish posts with the same pattern: another number or date, another day or time of day.
FIGURE = re.compile(
    r"\d|[월화수목금토일]요일|오전|오후|평일|주말|^(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉|열(?:한|두)?|스무|[일이삼사오육칠팔구십]+)$"
)
# A new word with Latin letters is part of a mail address, a site or an ID, unless it is in a separate note.
LATIN = re.compile("[A-Za-z]{2}|_")
# … and the name of another branch ("세부점은", but not "문제점은"). In a separate note, it is only the source.
BRANCH = re.compile(
    rf"(?:[^장단관시제요학초정허중평채약만]점|지점|지사|지부|분관|분원|분교|출장소|영업소|대리점|사무소|센터|캠퍼스){OPTIONAL_PARTICLE}$"
)
# A new word in the title and again in the text, or three times in the text, is a name instead of another. Its
# endings may differ, so that only the first letters are compared.
STEM_LETTERS = 2
COMPARED_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Finding:
    """The result of a comparison of a post with the earlier ones."""

    number: int  # of the post, counted from 0 over the posts that are not copies; of a copy, that of its original
    family: int  # number of the first post of its family
    original: Post | None = None  # the earlier post, if this one is a copy
    share: float = 0.0  # of its shingles that the original contains; 1 if it adds nothing
    exact: bool = False  # whether it has the same words as the original


class DuplicateFinder:
    """Compares each post with the earlier ones. `file` is an empty temporary file, open for reading and writing."""

    def __init__(self, file: BinaryIO) -> None:
        self.fingerprints = np.zeros(TABLE_SLOTS, dtype=np.uint32)
        self.first_posts = np.zeros(TABLE_SLOTS, dtype=np.uint32)  # number of the first post with the shingle
        self.families = array("I")  # family of each post that is not a copy
        self.file = file
        self.positions = array("Q")  # in bytes, of each such post in the file
        self.end = 0  # in bytes, of the file

    def add(self, post: Post) -> Finding:
        """Compare a post with the earlier ones, and keep it for later comparisons unless it is a copy."""
        text = "\n".join(post.lines)
        shingles = _shingles(text)
        slots = shingles % TABLE_SLOTS
        prints = (shingles >> np.uint64(32)).astype(np.uint32) | 1  # 0 is the empty slot
        known = self.fingerprints[slots] == prints
        first_posts = self.first_posts[slots][known].tolist()
        if len(first_posts) >= KNOWN_SHARE * len(shingles):
            for number, _ in Counter(first_posts).most_common(MOST_COMPARED):
                original = self._read(number)
                share, exact = compare(text, "\n".join(original.lines))
                if share:
                    return Finding(number, self.families[number], original, share, exact)
        number = len(self.families)
        family = number
        if first_posts:
            # Shingles of the whole family lead to its first post, those of single members to the others.
            (nearest, votes), *_ = Counter(self.families[first] for first in first_posts).most_common(1)
            if votes >= FAMILY_SHARE * len(shingles):
                family = nearest
        self.families.append(family)
        # A slot keeps its first post, so that a post does not lose its shingles to related ones. In a full table,
        # new shingles replace old ones.
        self.fingerprints[slots[~known]] = prints[~known]
        self.first_posts[slots[~known]] = number
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
    """The share of a text's shingles that an earlier text contains, and whether all words are the same.

    The share is 0 if the text is not a copy: it shares too little, or what it adds makes it another post.
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
    """Whether the new words of a text make it another post, although it shares much with an earlier one."""
    split = COMPARED_WORD.findall if COMPARED_WORD.search(text) else str.split
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
        # The name of a branch may be two words: "세부 지점은".
        if any(map(BRANCH.search, words[start : end + 1])) or any(map(LATIN.search, run)):
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
    """The words without punctuation, which may differ in copies; the marks of a text that has only marks."""
    return COMPARED_WORD.findall(text) or text.split()


def _shingles(text: str) -> np.ndarray:
    """Hashes of the different runs of three words, (n,) uint64; n is at least 1."""
    words = text.split()
    starts = list(range(max(1, len(words) - SHINGLE_WORDS + 1)))
    if len(words) >= SAMPLED_FROM_WORDS:
        starts = [start for start in starts if ord(words[start][-1]) % 8 == 0] or starts
    runs = dict.fromkeys(" ".join(words[start : start + SHINGLE_WORDS]) for start in starts)
    digests = b"".join(hashlib.blake2b(run.encode(), digest_size=8).digest() for run in runs)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)
