"""Posts that stand in a text more than once: the same ones, reposts with small edits, and relatives.

A post is compared by its shingles, runs of three words (Broder, 1997), of which a part is kept that the
words themselves choose, so that two copies choose alike. The table of shingles has a fixed size: memory
does not grow with the text; when it is full, old shingles give way to new ones.
"""

import hashlib
from collections import Counter

import numpy as np

SHINGLE_WORDS = 3
TABLE_SLOTS = 1 << 22  # 32 MB; holds the shingles of about 200 MB of text
SAMPLED_FROM_WORDS = 120  # from this length on, one in eight shingles is enough
DUPLICATE_SHARE = 0.7  # share of shingles seen before in one post that makes a post its copy
FAMILY_SHARE = 0.25  # … that makes it a relative, which must not be validated against its kin


class DuplicateFinder:
    """Tells of each post in turn whether it was there before, and which family it belongs to."""

    def __init__(self):
        self.fingerprints = np.zeros(TABLE_SLOTS, dtype=np.uint32)
        self.owners = np.zeros(TABLE_SLOTS, dtype=np.uint32)  # number of the post that wrote the slot
        self.families: list[int] = []  # family of each post that was kept

    def add(self, text: str) -> int | None:
        """The family of a new post (the number of its first member), or None for a copy of an earlier one.

        New posts are numbered 0, 1, 2, … in the order in which they are added.
        """
        shingles = _shingles(text)
        slots = shingles % TABLE_SLOTS
        prints = (shingles >> np.uint64(32)).astype(np.uint32) | 1  # 0 is the empty slot
        owners = self.owners[slots][self.fingerprints[slots] == prints]
        number = len(self.families)
        family = number
        if len(owners):
            # Members of a family overwrite each other's shingles, so the votes are counted by family.
            (nearest, votes), *_ = Counter(self.families[owner] for owner in owners.tolist()).most_common(1)
            if votes >= DUPLICATE_SHARE * len(shingles):
                return None
            if votes >= FAMILY_SHARE * len(shingles):
                family = nearest
        self.families.append(family)
        self.fingerprints[slots] = prints
        self.owners[slots] = number
        return family


def _shingles(text: str) -> np.ndarray:
    """Hashes of the distinct runs of three words, (n,) as uint64; n is at least 1."""
    words = text.split()
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    if len(words) >= SAMPLED_FROM_WORDS:
        starts = [start for start in starts if ord(words[start][-1]) % 8 == 0] or starts
    runs = {" ".join(words[start : start + SHINGLE_WORDS]).encode() for start in starts}
    hashes = sorted(int.from_bytes(hashlib.blake2b(run, digest_size=8).digest(), "big") for run in runs)
    return np.array(hashes, dtype=np.uint64)
