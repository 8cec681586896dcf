"""The passages of a text: connected sentences, one of which becomes the details of an answer."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from corpus.extraction.contact_values import holds_contact
from corpus.extraction.marks import LONGEST_HEADING
from corpus.extraction.shortening import CUT, shorten
from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE, MARKS_ONLY, NUMBERED_ITEM
from corpus.raw.sentences import SENTENCE_END, split_sentences

LONGEST_DETAILS = 300  # characters of a passage

# A list follows: "…은 다음과 같습니다.", "그 뒤로 한 일은 이렇습니다.", "준비물:".
ANNOUNCEMENT = re.compile(r"(?:다음|아래)(?:과|와)?\s?같|이렇습니다[.:]?$|[:：]$")


@dataclass(frozen=True)
class Sentence:
    """A sentence, or part of one; sentences with the same line number are written on one line."""

    line: int
    text: str


@dataclass(frozen=True)
class Passage:
    """Connected sentences; `start` is the index of the first among all sentences of the text."""

    start: int
    sentences: tuple[Sentence, ...]

    def write(self) -> str:
        """The sentences as in the text: on one line, or each line below the last."""
        text, last = "", -1
        for sentence in self.sentences:
            text += (" " if sentence.line == last else "\n") + sentence.text
            last = sentence.line
        return text.strip()


def candidate_passages(text: str) -> list[tuple[str, ...]]:
    """All passages that the details of an answer may be: for each first sentence, the longest first."""
    by_start: dict[int, list[str]] = {}
    for passage in _find_passages(text):
        by_start.setdefault(passage.start, []).append(passage.write())
    return [tuple(passages) for passages in by_start.values()]


def choose_details(text: str, summary: Collection[str]) -> str:
    """The passage with the most characters that the summary leaves out; "" for a text without words.

    Of equally good ones it is the first, and of those that begin alike the longest.
    """
    in_summary = [line.removesuffix(CUT) for line in summary]

    @cache  # many passages have a sentence in common
    def new_characters(sentence: str) -> int:
        return 0 if any(line in sentence for line in in_summary) else len(sentence)

    def gain(passage: Passage) -> int:
        return sum(new_characters(sentence.text) for sentence in passage.sentences)

    return max(_find_passages(text), key=gain, default=Passage(0, ())).write()


def _find_passages(text: str) -> list[Passage]:
    """The passages of whole sentences, of at most LONGEST_DETAILS characters, by their start, longer ones first.

    A passage begins where a line does, because a sentence within a line refers to the ones before it; in a line too
    long for a passage, it begins at any sentence. It does not end with the announcement of a list. Contacts have
    their own section, so that sentences with contacts are used only in a text without any others. Sentences are
    shortened if none fits.
    """
    sentences, announcing = _read_sentences(text)
    return (
        _combine(sentences, announcing)
        or _combine(sentences)
        or _combine([Sentence(sentence.line, shorten(sentence.text, LONGEST_DETAILS)) for sentence in sentences])
    )


def _read_sentences(text: str) -> tuple[list[Sentence], set[int]]:
    """The sentences that passages may consist of, and the indices of those that announce a list.

    Sentences with contacts and the lines of a post's head are left out, unless there are no others.
    """
    everything: list[Sentence] = []
    sentences: list[Sentence] = []
    left_out = 0
    announcing = set()
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if MARKS_ONLY.match(line):
            continue
        is_head = bool(HEAD_LINE.match(CHAT_PREFIX.sub("", line)))
        before = len(sentences)
        for sentence in split_sentences(line):
            everything.append(Sentence(number, sentence))
            if is_head or holds_contact(sentence):
                left_out += 1  # what follows it on its line is written on a new line
            else:
                sentences.append(Sentence(number + left_out, sentence))
        if len(sentences) > before:
            following = next(filter(str.strip, lines[number + 1 :]), "")
            if _announces(sentences[-1].text, following):
                announcing.add(len(sentences) - 1)
    return sentences or everything, announcing


def _announces(sentence: str, following: str) -> bool:
    """Whether the last sentence of a line only announces the following line: a heading, or "…은 다음과 같습니다."."""
    if ANNOUNCEMENT.search(sentence):
        return True
    if len(sentence) > LONGEST_HEADING or SENTENCE_END.search(sentence):
        return False
    mark, mark_below = _item_mark(sentence), _item_mark(following)
    if mark:  # "1. 증상" above a line that is no item of the same list
        return bool(following) and mark != mark_below and bool(mark_below or mark == "1")
    return not following or bool(mark_below) or holds_contact(following)


def _item_mark(line: str) -> str:
    """The mark of a list item: "1" for any number, or its bullet; "" if the line is no item."""
    if NUMBERED_ITEM.match(line):
        return "1"
    return line.strip()[0] if BULLET.match(line) else ""


def _combine(sentences: Sequence[Sentence], announcing: Collection[int] = ()) -> list[Passage]:
    """All passages of these sentences, as `_find_passages` describes them; none ends with an `announcing` index."""
    line_lengths = Counter[int]()
    for sentence in sentences:
        line_lengths[sentence.line] += len(sentence.text) + 1
    passages = []
    for start, first in enumerate(sentences):
        is_within_line = start > 0 and first.line == sentences[start - 1].line
        if is_within_line and line_lengths[first.line] <= LONGEST_DETAILS:
            continue
        length, ends = -1, []
        for end in range(start, len(sentences)):
            length += len(sentences[end].text) + 1
            if length > LONGEST_DETAILS:
                break
            if end not in announcing:
                ends.append(end + 1)
        passages += [Passage(start, tuple(sentences[start:end])) for end in reversed(ends)]
    return passages
