"""A document becomes the answer that its sample teaches; every line is taken from the document."""

import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from corpus.extraction.checklists import find_checklist
from corpus.extraction.contacts import FULL_NUMBER, find_contacts, find_values
from corpus.extraction.institutions import LABEL
from corpus.extraction.reviews import find_review
from corpus.extraction.statements import LONGEST_HEADING
from corpus.raw.documents import Document
from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE, ITEM_NUMBER, MARKS_ONLY, NUMBERED_ITEM
from corpus.raw.sentences import SENTENCE_END, split_sentences
from corpus.template import Answer

LONGEST_LINE = 120  # characters of one line of an answer; nine sentences of ten are shorter
CUT = "…"  # what a line ends with that goes on in the document
LOOSE_MARKS = " ,;("  # not left at the end of such a line
MOST_SUMMARY_LINES = 5
LONGEST_DETAILS = 300  # characters of the passage that a grounded answer ends with

# A long line may be cut after one of these: a comma, or a connective ending before a space.
CLAUSE_END = re.compile(
    r"(?:[,;)]|(?:하고|되고|이고|으며|하며|되며|지만|는데|은데|인데|니까|므로|면서|해서|어서|아서|하면|되면|으면|려면))(?=\s)"
)
# "…은 다음과 같습니다.", "그 뒤로 한 일은 이렇습니다.", "준비물:": a list must come.
ANNOUNCEMENT = re.compile(r"(?:다음|아래)(?:과|와)?\s?같|이렇습니다[.:]?$|[:：]$")
CONTACT = re.compile(rf"{LABEL.pattern}|{FULL_NUMBER}")
WORD = re.compile(r"[가-힣]{2,}|[A-Za-z]{2,}")
PARTICLE = re.compile(
    r"(?:에서는|에서도|으로는|이라고|까지는|에게는|에서|으로|에게|까지|부터|이나|라고|하고|보다|처럼|만큼|이랑|은|는|이|가|을|를|에|의|로|와|과|도|만|나)$"
)


def extract_answer(document: Document, question: str = "") -> Answer:
    """The answer to a question about a document; its details are a passage that says more than the summary."""
    text = document.text
    answer = Answer()
    for contact in find_contacts(text, document.title):
        answer.contacts.setdefault(contact.institution, []).append((contact.label, contact.value))
    lists = find_checklist(text, document.title)
    answer.to_do, answer.to_bring, answer.to_beware = ([shorten(line) for line in lines] for lines in lists)
    answer.summary = _summarize(_statements(text, document.title), f"{document.title} {question}")
    if has_title(text, document.title):
        # The question names the title too. To begin an answer by repeating what was asked is the easiest rule
        # for a model to learn, and from the title it remembers the rest.
        answer.summary.insert(0, shorten(document.title))
    answer.details = _passage(text, answer.summary)
    return answer


def extract_review(document: Document, question: str = "") -> Answer:
    """The answer of the summary style: what else a document says, and what it finds good and bad."""
    answer = extract_answer(document, question)
    answer.merits, answer.drawbacks, answer.audience = (
        [shorten(line) for line in lines] for lines in find_review(document.text, document.title)
    )
    return answer


def has_title(text: str, title: str) -> bool:
    """Whether the title of a document stands in it; then it is the first line of the summary."""
    return bool(title) and title in text


def candidate_passages(text: str) -> list[tuple[str, ...]]:
    """All passages that the details of a document's answer may be: for each first sentence, the longest first."""
    by_start: dict[int, list[str]] = {}
    for start, passage in _passages(text):
        by_start.setdefault(start, []).append(_join(passage))
    return [tuple(passages) for passages in by_start.values()]


def content_words(text: str) -> list[str]:
    """The words of a text that carry its subject: Hangul without particles, Latin in lower case."""
    return list(map(_word_stem, WORD.findall(text)))


@lru_cache(maxsize=1 << 16)  # the few words that are most of a text come again and again
def _word_stem(word: str) -> str:
    return strip_particle(word).lower()


def strip_particle(word: str) -> str:
    """여권을 -> 여권. A word of two syllables may be a noun that ends like one, and stays."""
    return PARTICLE.sub("", word) if len(word) > 2 else word


def shorten(line: str, longest: int = LONGEST_LINE) -> str:
    """A line of at most `longest` characters: a longer one ends at a clause, else at a word, and shows CUT.

    A contact is kept whole or left out; only one that the line begins with may be longer.
    """
    line = line.strip()
    if len(line) <= longest:
        return line
    longest -= len(CUT)
    contacts = [(start, end) for start, end, _, _ in find_values(line)]
    clauses = [end.end() for end in CLAUSE_END.finditer(line[: longest + 1]) if end.end() >= longest // 3]
    words = [space.start() for space in re.finditer(" ", line[: longest + 1])] + [start for start, _ in contacts]
    cuts = [*reversed(clauses), *sorted((cut for cut in words if cut <= longest), reverse=True), longest]
    whole = [
        cut for cut in cuts if line[:cut].rstrip(LOOSE_MARKS) and not any(start < cut < end for start, end in contacts)
    ]
    cut = whole[0] if whole else max([longest, *(end for start, end in contacts if start < longest)])
    return line[:cut].rstrip(LOOSE_MARKS) + CUT if cut < len(line) else line


def _holds_contact(text: str) -> bool:
    return bool(CONTACT.search(text))


def _statements(text: str, title: str) -> list[str]:
    """The sentences of a text that say something: no heads, titles, contact lines or scraps."""
    statements = []
    for line in text.split("\n"):
        line = CHAT_PREFIX.sub("", line.strip())
        if not line or HEAD_LINE.match(line) or (title and title in line and len(line) < len(title) + 12):
            continue
        for sentence in split_sentences(BULLET.sub("", line)):
            sentence = ITEM_NUMBER.sub("", sentence)
            if len(sentence) >= 10 and not _holds_contact(sentence) and len(WORD.findall(sentence)) >= 2:
                statements.append(sentence)
    return statements


def _summarize(statements: list[str], topic: str) -> list[str]:
    """The statements that stand for the text, in its order: central words, words of the topic, an early place.

    Centrality is the mean frequency, over the whole text, of a statement's words: the measure of
    SumBasic (Nenkova and Vanderwende, 2005), whose down-weighting of words already told keeps out
    near-repeats.
    """
    words = [set(content_words(statement)) for statement in statements]
    frequency = Counter(word for statement_words in words for word in statement_words)
    topic_words = set(content_words(topic))
    wanted = min(MOST_SUMMARY_LINES, max(3, len(statements) // 3))
    weight = {word: float(count) for word, count in frequency.items()}
    sums = [sum(weight[word] for word in statement_words) for statement_words in words]
    liking = [
        (1 + 0.5 * len(statement_words & topic_words))
        * (1.3 if index == 0 else 1.0)
        * (0.6 if len(statement) > LONGEST_LINE or len(statement) < 15 else 1.0)
        * (1.0 if SENTENCE_END.search(statement) else 0.6)  # an item of a list says little by itself
        / (len(statement_words) + 2)
        for index, (statement, statement_words) in enumerate(zip(statements, words, strict=True))
    ]
    left = {index for index, statement_words in enumerate(words) if statement_words}
    chosen: list[int] = []
    while left and len(chosen) < wanted:
        best = max(sorted(left), key=lambda index: sums[index] * liking[index])
        chosen.append(best)
        left.remove(best)
        for index in list(left):
            shared = words[index] & words[best]
            sums[index] -= sum(weight[word] for word in shared) / 2
            if len(shared) > 0.6 * min(len(words[index]), len(words[best])):
                left.remove(index)
        for word in words[best]:
            weight[word] /= 2
    return [shorten(statements[index]) for index in sorted(chosen)]


def _passage(text: str, summary: list[str]) -> str:
    """The passage with most that the summary leaves out; of equal ones the first, and of those the longest."""
    passages = [passage for _, passage in _passages(text)]
    told = [line.removesuffix(CUT) for line in summary]

    def gain(passage: list[tuple[int, str]]) -> int:
        return sum(len(sentence) for _, sentence in passage if not any(line in sentence for line in told))

    return _join(max(passages, key=gain, default=[]))


def _passages(text: str) -> list[tuple[int, list[tuple[int, str]]]]:
    """Connected runs of whole sentences, (line, sentence) each, of at most LONGEST_DETAILS characters together.

    Each with the number of its first sentence, in the order of these, the longer before the shorter. A run begins
    where a line does, as what stands within one leans on what was said before, or at any sentence of a line too long
    to be told whole; and it does not end on what announces a list. Contacts have a section of their own, so only a
    text of nothing else is told with them. Sentences are cut where none fits.
    """
    everything, sentences, left_out = [], [], 0
    announcing = set()  # places in `sentences`
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if MARKS_ONLY.match(line):
            continue
        is_head = bool(HEAD_LINE.match(CHAT_PREFIX.sub("", line)))
        kept = len(sentences)
        for sentence in split_sentences(line):
            everything.append((number, sentence))
            if is_head or _holds_contact(sentence):
                left_out += 1  # what follows on the same line stands below what came before
            else:
                sentences.append((number + left_out, sentence))
        if len(sentences) > kept and _announces(sentences[-1][1], next(filter(str.strip, lines[number + 1 :]), "")):
            announcing.add(len(sentences) - 1)
    sentences = sentences or everything
    return (
        _runs(sentences, announcing)
        or _runs(sentences)
        or _runs([(number, shorten(sentence, LONGEST_DETAILS)) for number, sentence in sentences])
    )


def _announces(sentence: str, following: str) -> bool:
    """Whether the last sentence of a line only says what comes below: a heading, or "…은 다음과 같습니다."."""
    if ANNOUNCEMENT.search(sentence):
        return True
    if len(sentence) > LONGEST_HEADING or SENTENCE_END.search(sentence):
        return False
    kind, kind_below = _kind_of_item(sentence), _kind_of_item(following)
    if kind:  # "1. 증상" above what is no item of the same list
        return bool(following) and kind != kind_below and bool(kind_below or kind == "1")
    return not following or bool(kind_below) or _holds_contact(following)


def _kind_of_item(line: str) -> str:
    """What marks a line as an item: "1" for any number, its bullet, or "" for no item."""
    if NUMBERED_ITEM.match(line):
        return "1"
    return line.strip()[0] if BULLET.match(line) else ""


def _runs(
    sentences: list[tuple[int, str]], announcing: Collection[int] = ()
) -> list[tuple[int, list[tuple[int, str]]]]:
    runs = []
    """The runs of these sentences, as in `_passages`; none ends on one of the places `announcing`."""
    lengths = Counter[int]()  # of the lines
    for number, sentence in sentences:
        lengths[number] += len(sentence) + 1
    starts = [
        place
        for place, (number, _) in enumerate(sentences)
        if not place or number != sentences[place - 1][0] or lengths[number] > LONGEST_DETAILS
    ]
    for start in starts:
        size, ends = -1, []
        for end in range(start, len(sentences)):
            size += len(sentences[end][1]) + 1
            if size > LONGEST_DETAILS:
                break
            if end not in announcing:
                ends.append(end + 1)
        runs += [(start, sentences[start:end]) for end in reversed(ends)]
    return runs


def _join(passage: list[tuple[int, str]]) -> str:
    """The sentences as they stand in the text: on one line, or below each other."""
    text, last = "", -1
    for number, sentence in passage:
        text += (" " if number == last else "\n") + sentence
        last = number
    return text.strip()
