"""Lines that a fixed width has broken (in a PDF or an old word processor) become whole again."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace

from corpus.raw.layout import BULLET, HEAD_LINE, SEPARATOR
from corpus.raw.reading import Line
from corpus.raw.sentences import SENTENCE_END, STEMS_BEFORE_DA

LEAST_WIDTH = 30  # columns; a Korean letter takes two
MOST_WIDTH = 160
LEAST_BROKEN = 2  # broken lines in a run, unless the run shows it otherwise
LEAST_FULL = 0.7  # of the lines that end inside a sentence are full where lines have a fixed width
LONGEST_JOINED = 2_000  # characters
# A run of so many lines with so few characters each is a text whose letters came out one a line.
LEAST_LETTERS = 20
MOST_LETTERS = 2
ENDS_SENTENCE = re.compile(rf"(?:{SENTENCE_END.pattern}|[.!?…:：;][\"'”’)\]]*)\s*$")
BEGINS_ANEW = re.compile(rf"(?:{BULLET.pattern}|^\s*[\[【<《〈■□◆▶※#☎]|^\s*(?:[가-힣A-Za-z ]{{1,12}})\s?[:：]\s)")
# A line that ends so goes on: a number cut at its hyphen, a comma, a particle, an ending that connects or modifies.
GOES_ON = re.compile(
    r"(?:\d-|[,，、]|[가-힣](?:을|를|의|에서|에게|으로|하고|하며|하여|해서|면서|지만|려고|거나|는데|니까|도록))\s*$"
)
CUT_VERB = re.compile(rf"[니{STEMS_BEFORE_DA}]$")
# Syllables that are words by themselves; another one at the beginning of a line belongs to the word before it.
WORDS_OF_ONE_SYLLABLE = frozenset(
    "그이저더덜잘안못꼭또왜및등수것때곳두세네한첫새각총약매다전후중내외뒤앞위옆집돈물비눈일년월원몇온양길차방늘막좀쭉"
)
ENDING = re.compile(
    r"^(?:(?:습|입|답|랍|읍)?니다|[했였았었겠]?습니다|(?:으)?[세시]요|어요|아요|해요|예요|에요|지요|죠|다|요|까|[은는을를에의로])(?=[\s.,!?)]|$)"
)


def join_wrapped(lines: Sequence[Line]) -> list[Line]:
    """The lines, with those joined that belong to one sentence; the width is learned from each run of lines."""
    joined: list[Line] = []
    run: list[Line] = []
    for line in lines:
        if line.text.strip() and not SEPARATOR.match(line.text) and line.begins_post is None:
            run.append(line)
            continue
        joined += _join_run(run)
        joined.append(line)
        run = []
    return joined + _join_run(run)


def width_of(text: str) -> int:
    """The columns of a text in a fixed-width font: two for Korean letters.

    >>> width_of("가a")
    3
    """
    return len(text) + sum(map(_is_wide, text))


def _is_wide(letter: str) -> bool:
    return "가" <= letter <= "힣" or (letter > "\u1100" and unicodedata.east_asian_width(letter) in "WF")


def _join_run(run: Sequence[Line]) -> list[Line]:
    """The lines of a run without blank lines, joined where a line goes on in the next one."""
    if len(run) >= LEAST_LETTERS and sum(len(line.text) for line in run) <= MOST_LETTERS * len(run):
        size = LONGEST_JOINED // MOST_LETTERS
        parts = [run[start : start + size] for start in range(0, len(run), size)]
        return [replace(part[0], text="".join(line.text for line in part)) for part in parts]
    if len(run) < 2 or max(len(line.text) for line in run[:200]) > MOST_WIDTH:
        return list(run)
    goes_on = _broken(run)
    joined: list[Line] = []
    for number, line in enumerate(run):
        previous = joined[-1] if joined else line
        if number and goes_on[number - 1] and len(previous.text) < LONGEST_JOINED:
            joined[-1] = replace(previous, text=_glue(previous.text, line.text))
        else:
            joined.append(line)
    return joined


def _broken(run: Sequence[Line]) -> list[bool]:
    """For each line, whether its sentence goes on in the next line."""
    texts = [line.text.strip() for line in run]
    inside = [_ends_inside(text, following) for text, following in zip(texts, [*texts[1:], ""], strict=True)]
    ends = sum(inside)
    # Programs count columns or letters.
    is_full = max(
        (_full_lines(texts, measure) for measure in (width_of, len)), key=lambda full: sum(map(min, inside, full))
    )
    width = max(map(width_of, texts))
    of_fixed_width = LEAST_WIDTH <= width <= MOST_WIDTH and ends >= LEAST_BROKEN and ends >= 0.3 * (len(run) - 1)
    of_fixed_width &= sum(map(min, inside, is_full)) >= LEAST_FULL * ends
    in_list = _items_end_sentences(texts)
    goes_on: list[bool] = []
    for number, text in enumerate(texts):
        certain = bool(GOES_ON.search(text)) and bool(number or BULLET.match(text) or re.search(r"\d-$", text))
        open_bracket = text.rfind("(") > text.rfind(")") and number + 1 < len(texts) and ")" in texts[number + 1][:60]
        item = in_list and bool(BULLET.match(text) or (goes_on and goes_on[-1]))
        goes_on.append(inside[number] and ((of_fixed_width and is_full[number]) or certain or open_bracket or item))
    return goes_on


def _full_lines(texts: Sequence[str], measure: Callable[[str], int]) -> list[bool]:
    """For each line, whether the first word of the next one had no room on it."""
    widths = [measure(text) for text in texts]
    full = max(widths)
    return [
        width + 1 + measure(following.split(" ", 1)[0]) > full or width >= full - 2
        for width, following in zip(widths, [*texts[1:], ""], strict=True)
    ]


def _ends_inside(text: str, following: str) -> bool:
    """Whether a line ends inside a sentence that the next line may continue."""
    if not following or HEAD_LINE.match(text) or HEAD_LINE.match(following):
        return False
    if re.search(r"\d-$", text) and following[0].isdigit():
        return True
    # "다." is the end of a word here, and not the letter of an item.
    begins_anew = BEGINS_ANEW.match(following) and not (following.startswith("다.") and CUT_VERB.search(text))
    return not ENDS_SENTENCE.search(text[-40:]) and not begins_anew


def _items_end_sentences(texts: Sequence[str]) -> bool:
    """Whether the lines are a list of sentences, so that an item without an end goes on in the next line."""
    items = [number for number, text in enumerate(texts) if BULLET.match(text)]
    if len(items) < 2:
        return False
    ends = [*items[1:], len(texts)]
    finished = sum(ENDS_SENTENCE.search(texts[end - 1][-40:]) is not None for end in ends)
    whole = any(ENDS_SENTENCE.search(texts[item][-40:]) for item in items)
    # An item of several lines whose other items are whole sentences in one line.
    return whole and finished == len(items)


def _glue(text: str, following: str) -> str:
    """Two parts of a sentence as one; a word that the end of the line cut is whole again."""
    following = following.strip()
    first = re.split(r"[\s,.)]", following, maxsplit=1)[0]
    alone = len(first) == 1 and "가" <= first <= "힣" and first not in WORDS_OF_ONE_SYLLABLE
    cut = "가" <= text[-1:] <= "힣" and (alone or ENDING.match(following))
    number = re.search(r"\d-$", text) and following[:1].isdigit()
    return text + ("" if cut or number else " ") + following
