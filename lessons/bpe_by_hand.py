"""Lesson 1: byte-pair encoding by hand.

A tokenizer has to cut text into a fixed set of units. Whole words are too many, and a new word would have none;
bytes are only 256, but then a Korean syllable is three units, and a sentence hundreds. Byte-pair encoding lies in
between: begin with bytes, and again and again join the pair of neighbours that occurs most often.

Sources: Gage, 1994 (a method of compression); Sennrich et al., 2016 (for translation); Radford et al., 2019 (bytes).
Step 02 does the same in a library; here it is written out, and both learn the same merges.
"""

import heapq
import importlib
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pipeline
from corpus.samples import example_question, read_samples
from corpus.template import MARKERS
from lessons.shared import draw_curves, print_table, read_tokenizer, save_picture
from pipeline import setting

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel, PreTokenizer

SAMPLES_PATH = "data/samples.txt"  # made by step 01
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02; it says how text is cut into words
MAX_BYTES = 3_000_000  # of the samples; with more the lesson says the same, later
COMPARED = 500  # merges that are compared with the library's
LARGEST_VOCABULARY = 8192  # tokens that are learned by hand
SENTENCE = ""  # cut by vocabularies of several sizes; empty = a question of the samples
PICTURE_PATH = "lessons/pictures/bpe_by_hand.svg"

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    samples_path: str
    tokenizer_path: str
    max_bytes: int = setting(least=1)
    compared: int = setting(least=1)
    largest_vocabulary: int = setting(least=512)
    sentence: str
    picture_path: str


@dataclass
class Learner:
    """Words as lists of tokens, and how often each pair of neighbours occurs in them.

    A merge touches few words, so only their pairs are counted anew: `where` says which words a pair occurs in.
    """

    words: list[list[str]]
    frequencies: list[int]
    rank: dict[str, int]  # token -> its id: of pairs equally frequent, the one of the oldest tokens comes first
    counts: Counter[Pair] = field(default_factory=Counter)
    where: defaultdict[Pair, set[int]] = field(default_factory=lambda: defaultdict(set))
    heap: list[tuple[int, int, int, Pair]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(len(self.words)):
            self.count_word(number, 1)
        for pair in self.counts:
            self.push(pair)

    def count_word(self, number: int, sign: int) -> None:
        """Add (sign 1) or take away (-1) the pairs of one word."""
        for pair in itertools.pairwise(self.words[number]):
            self.counts[pair] += sign * self.frequencies[number]
            if sign > 0:
                self.where[pair].add(number)

    def push(self, pair: Pair) -> None:
        """Let a pair wait for its turn: the most frequent first."""
        heapq.heappush(self.heap, (-self.counts[pair], self.rank[pair[0]], self.rank[pair[1]], pair))

    def most_frequent(self) -> Pair | None:
        """The pair that occurs most often now; None when no pair occurs twice."""
        while self.heap:
            negative, _, _, pair = heapq.heappop(self.heap)
            if self.counts[pair] == -negative:  # else the entry is out of date, and a later one is in the heap
                return pair if -negative > 1 else None
        return None

    def merge(self, pair: Pair) -> int:
        """Join the pair wherever it occurs; return how many tokens shorter the text is now."""
        shorter = 0
        self.rank.setdefault(pair[0] + pair[1], len(self.rank))
        changed: set[Pair] = set()
        for number in self.where.pop(pair):
            before = set(itertools.pairwise(self.words[number]))
            self.count_word(number, -1)
            length = len(self.words[number])
            self.words[number] = join(self.words[number], pair)
            shorter += (length - len(self.words[number])) * self.frequencies[number]
            self.count_word(number, 1)
            changed |= before | set(itertools.pairwise(self.words[number]))
        for each in changed - {pair}:
            self.push(each)
        return shorter


def join(word: Sequence[str], pair: Pair) -> list[str]:
    """The word with each occurrence of the pair, from the left, as one token."""
    joined: list[str] = []
    for token in word:
        if joined and (joined[-1], token) == pair:
            joined[-1] = "".join(pair)
        else:
            joined.append(token)
    return joined


def learn(words: Counter[str], vocab_size: int) -> Iterator[tuple[Pair, int]]:
    """Yield each merge, and how many times it joined two tokens, until the vocabulary has `vocab_size` tokens."""
    alphabet = [*MARKERS, *sorted(ByteLevel.alphabet())]
    learner = Learner(
        [list(word) for word in words], list(words.values()), {token: i for i, token in enumerate(alphabet)}
    )
    while len(learner.rank) < vocab_size and (pair := learner.most_frequent()):
        yield pair, learner.merge(pair)


def encode(word: str, ranks: dict[Pair, int]) -> list[str]:
    """Cut a new word: join, again and again, the pair that was learned first."""
    tokens = list(word)
    while pairs := [pair for pair in itertools.pairwise(tokens) if pair in ranks]:
        tokens = join(tokens, min(pairs, key=ranks.__getitem__))
    return tokens


def count_words(texts: Iterable[str], splitter: PreTokenizer) -> Counter[str]:
    """How often each word occurs; one letter of a word stands for one byte. Merges never cross words."""
    return Counter(word for text in texts for word, _ in splitter.pre_tokenize_str(text))


def library_merges(texts: Iterable[str], count: int) -> list[Pair]:
    """The merges that the library learns, in step 02, from the same text."""
    step_02 = importlib.import_module("02_train_tokenizer")
    tokenizer: Tokenizer = step_02.train_tokenizer(iter(texts), 256 + len(MARKERS) + count, 2)
    return [(first, second) for first, second in json.loads(tokenizer.to_str())["model"]["merges"]]


def byte_letters() -> dict[str, int]:
    """The byte that each letter of byte-level BPE stands for: letters beyond 255 stand for invisible ones."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + number): byte for number, byte in enumerate(others)}


def readable(token: str) -> str:
    """A token as text, with ␣ for a space; as numbers of bytes where it is no whole letter."""
    letters = byte_letters()
    found = bytes(letters[letter] for letter in token)
    try:
        return found.decode().replace(" ", "␣")
    except UnicodeDecodeError:
        return f"‹{found.hex(' ')}›"


def read_texts(path: str, most: int) -> list[str]:
    """The first samples, at most so many bytes."""
    texts: list[str] = []
    size = 0
    for sample in read_samples(path):
        if texts and size + len(sample.text.encode()) > most:
            break
        size += len(sample.text.encode())
        texts.append(sample.text)
    return texts


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    splitter = read_tokenizer(settings.tokenizer_path).pre_tokenizer
    texts = read_texts(settings.samples_path, settings.max_bytes)
    words = count_words(texts, splitter)
    merges = list(learn(words, settings.largest_vocabulary))

    compared = [pair for pair, _ in merges[: settings.compared]]
    same = compared == library_merges(texts, len(compared))
    verdict = "equal" if same else "DIFFER FROM"
    print(f"The first {len(compared)} merges that are learned by hand {verdict} those of the library.")
    show_merges(merges)
    show_sizes(words, merges, settings.sentence or example_question(settings.samples_path), splitter, settings)


def show_merges(merges: Sequence[tuple[Pair, int]]) -> None:
    """Some merges: bytes become letters, letters become syllables, syllables words."""
    chosen = [number for number in (1, 2, 3, 10, 30, 100, 300, 1000, 3000, 7000) if number <= len(merges)]
    rows = [
        (f"{number:,}", readable(pair[0]), readable(pair[1]), readable("".join(pair)), f"{count:,}")
        for number in chosen
        for pair, count in [merges[number - 1]]
    ]
    print_table(("merge", "first", "second", "joined", "times joined"), rows)


def show_sizes(
    words: Counter[str],
    merges: Sequence[tuple[Pair, int]],
    sentence: str,
    splitter: PreTokenizer,
    settings: Settings,
) -> None:
    """What a larger vocabulary gains, on the text that it was learned from, and how it cuts one sentence."""
    total_bytes = sum(len(word) * count for word, count in words.items())
    tokens = list(itertools.accumulate((-count for _, count in merges), initial=total_bytes))
    rows, points = [], []
    for size in (256, 512, 1024, 2048, 4096, 8192):
        used = max(0, min(size - 256 - len(MARKERS), len(merges)))
        ranks = {pair: rank for rank, (pair, _) in enumerate(merges[:used])}
        pieces = [piece for word, _ in splitter.pre_tokenize_str(sentence) for piece in encode(word, ranks)]
        points.append((float(size), total_bytes / tokens[used]))
        cut = " ".join(readable(piece) for piece in pieces) if size >= 1024 else "…"
        rows.append((f"{size:,}", f"{total_bytes / tokens[used]:.2f}", len(pieces), cut))
    print_table(("vocabulary", "bytes per token", "tokens of the sentence", "the sentence"), rows)
    title = "Bytes per token and size of the vocabulary"
    curves = {"bytes per token": points}
    save_picture(settings.picture_path, title, draw_curves(title, "tokens in the vocabulary", curves))


if __name__ == "__main__":
    pipeline.run(main)
