"""The summary of a text: the statements that represent it."""

from collections import Counter
from collections.abc import Sequence

from corpus.extraction.contact_values import holds_contact
from corpus.extraction.shortening import LONGEST_LINE, shorten
from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE, ITEM_NUMBER
from corpus.raw.sentences import SENTENCE_END, split_sentences
from corpus.raw.titles import repeats_title
from corpus.raw.words import CONTENT_WORD, content_words

MOST_SUMMARY_LINES = 5
SHORTEST_SENTENCE = 10  # characters
MOST_SHARED_WORDS = 0.6  # share of the words of the shorter of two statements; with more they repeat each other


def summarize(text: str, title: str, question: str = "") -> list[str]:
    """Statements that represent a text, shortened, in the order of the text.

    They have central words, share words with the title and the question, or come first. Centrality is the mean
    frequency, over the whole text, of a statement's words. This is the measure of SumBasic (Nenkova and
    Vanderwende, 2005), which halves the weight of words already used, so that statements do not repeat each other.
    """
    statements = _read_sentences(text, title)
    words = [set(content_words(statement)) for statement in statements]
    factors = _factors(statements, words, f"{title} {question}")
    most = min(MOST_SUMMARY_LINES, max(3, len(statements) // 3))
    return [shorten(statements[index]) for index in sorted(_choose(words, factors, most))]


def _read_sentences(text: str, title: str) -> list[str]:
    """The sentences that may be in a summary: no heads, titles, contact lines or fragments."""
    sentences = []
    for line in text.split("\n"):
        line = CHAT_PREFIX.sub("", line.strip())
        if not line or HEAD_LINE.match(line) or repeats_title(line, title):
            continue
        for sentence in split_sentences(BULLET.sub("", line)):
            sentence = ITEM_NUMBER.sub("", sentence)
            is_long_enough = len(sentence) >= SHORTEST_SENTENCE and len(CONTENT_WORD.findall(sentence)) >= 2
            if is_long_enough and not holds_contact(sentence):
                sentences.append(sentence)
    return sentences


def _factors(statements: Sequence[str], words: Sequence[set[str]], topic: str) -> list[float]:
    """For each statement, what the sum of its words' weights is multiplied by."""
    topic_words = set(content_words(topic))
    return [
        (1 + 0.5 * len(statement_words & topic_words))
        * (1.3 if index == 0 else 1.0)
        * (0.6 if len(statement) > LONGEST_LINE or len(statement) < 15 else 1.0)
        * (1.0 if SENTENCE_END.search(statement) else 0.6)  # a list item says little by itself
        / (len(statement_words) + 2)
        for index, (statement, statement_words) in enumerate(zip(statements, words, strict=True))
    ]


def _choose(words: Sequence[set[str]], factors: Sequence[float], most: int) -> list[int]:
    """The indices of the best statements, at most so many, the best first; `words` are those of each statement."""
    weight = {word: float(count) for word, count in Counter(word for each in words for word in each).items()}
    sums = [sum(weight[word] for word in statement_words) for statement_words in words]
    left = {index for index, statement_words in enumerate(words) if statement_words}
    chosen: list[int] = []
    while left and len(chosen) < most:
        best = max(sorted(left), key=lambda index: sums[index] * factors[index])
        chosen.append(best)
        left.remove(best)
        for index in list(left):
            shared = words[index] & words[best]
            sums[index] -= sum(weight[word] for word in shared) / 2
            if len(shared) > MOST_SHARED_WORDS * min(len(words[index]), len(words[best])):
                left.remove(index)
        for word in words[best]:
            weight[word] /= 2
    return chosen
