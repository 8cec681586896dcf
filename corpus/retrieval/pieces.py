"""The terms by which documents and questions are compared: pieces of words, whatever compounds and endings they form.

Korean puts particles and endings behind a word (여권을, 여권이) and joins nouns without a space (긴급여권), so
questions and documents rarely share whole words. Every two neighbouring syllables of a stem are therefore a term; so
are the beginning of the word, a longer stem as a whole, and the group of words for the same thing (`synonyms`). A
term is a number, the CRC of its text.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from corpus.retrieval.synonyms import SYNONYMS

import numpy as np

SEARCHED_WORD = re.compile(
    r"(?<!\d)(?:9|13)\s?\(?[a-h]\)?(?![a-z])|[가-힣]+|[^\W\d_가-힣]+|[0-9]+"
)  # visas first: 9(g), 13a
PARTICLE = re.compile(
    r"(?:에서는|에서도|으로는|이라고|까지는|에게는|한테서|이라도|에서|으로|에게|한테|까지|부터|이나|라고|하고|보다|처럼|만큼|이랑|이든|마다"
    r"|은|는|이|가|을|를|에|의|로|와|과|도|만|나|랑|요)$"
)
VERB_ENDING = re.compile(
    r"(?:하려면|하려고|하려는데|하는데요?|했는데요?|했어요|했습니다|합니다|하나요|할까요|하면|하고|하는|하기|해야|해요|해서|했다|된다"
    r"|되나요|되면|되는|됩니다|돼요|돼서|인가요|이에요|예요|입니다|인데요?|이죠|인지|던데요?|는데요?|은데요?|나요|까요|어요|아요|여요"
    r"|려면|려고|으면|면|습니다|니다|세요|죠|지요|네요|거든요|다던데|래요|대요|라는데|이라는데|라면서|다면서|면서)$"
)
# A verb or an adjective says less about the topic than a noun.
PREDICATE = re.compile(
    r"(?:(?<![필수중주동])요|[까죠데]|[니한된온간난산]다|려면|려고|으면|[하되가오나]면|다가|면서|라서|[어아해]서|니까|거든|[는은을]지"
    r"|[었았했됐겠였렸졌봤갔왔냈샀썼켰쳤][가-힣]*|(?<![신창사광참경재최보])고|[하되가오]는|[하되]게|[리키기]는"
    r"|[일릴할될갈올볼살팔쓸걸칠필킬])$"
)
# Words, by their first two syllables or their stem, that tell how a question is asked and not its topic.
ASKING = re.compile(
    "어[떻떡떤디느]|무[엇슨]|뭐[가부를죠]?|[뭘뭔왜]|언제|얼마나?|누가|누구|어느|알려|가르|주세|줘요?|싶[은어습]?|있[나을는어다던]|없[나는어이다]"
    "|하[나죠려면고는]|해[야요줘]|했[는어습다던]|할[까지]?|되[나는면죠려]|된다|됐[어는다]|돼요?|될까|한다|좋[아을]|필요|방법|받[나는고을으아]"
    "|저는|제가?|[그이저]런|[그이저]거|[그이]게|같[은아]|때문|대[해한]|관[해한련]|함께|정리|요약|궁금|부탁|일[에을은]|[것게거걸좀수데꼭때곳점줄더안못다또]"
    "|몇[일시]?|며칠|드[나는]|들[어까]요?|들어요|나[요와오온올왔]|인가|거예|건가|까지|많이|너무|제일|혹시|그냥|진짜|먼저|오래|갑자|이제|지금|보통"
    "|[여거저]기|우리|사람|경우|생각|말[이은을]|온다|왔[는어습다]|냈[어는]|정도|문의|질문|안녕|감사|모르|가능|원하"
)
# Every answer contains them; 연락 and 번호 alone may be the topic of a question: "연락이 끊겼습니다".
PARTS_OF_ANSWERS = ("연락처", "전화번호")
# Where a question without spaces can be cut: 여권재발급|접수시간|알려주세요
ASKING_INSIDE = re.compile(
    "알려주세요|알려줘|어떻게|하나요|되나요|있나요|인가요|얼마나|얼마|해야돼요|해야되나요|어디서|언제|할수|수있어요"
)
LONGEST_WORD = 6  # syllables; a longer one was written without spaces

TITLE_WEIGHT = 4  # a term of the title counts as if it stood there so many times more
LONGEST_SYNONYM = max(map(len, SYNONYMS))


@dataclass(frozen=True)
class Piece:
    """Two neighbouring syllables of a question's word."""

    term: int
    start: int | None  # the term of a word that begins with them; None for the beginning of the word itself


@dataclass(frozen=True)
class QuestionWord:
    """A word of a question that says something about its topic."""

    text: str
    pieces: tuple[Piece, ...]
    whole: int | None  # the term of the whole word, where it has one
    groups: tuple[int, ...]  # the terms of its synonyms
    is_predicate: bool = False


def stem(word: str) -> str:
    """A Korean word without its ending or particle; at least two syllables stay, where it has them.

    >>> stem("연장하려면"), stem("여권을")
    ('연장', '여권')
    """
    without_ending = VERB_ENDING.sub("", word)
    word = without_ending if len(without_ending) >= 2 else word
    without_particle = PARTICLE.sub("", word) if len(word) > 2 else word
    return without_particle if len(without_particle) >= 2 else word


def document_terms(title: str, text: str) -> np.ndarray:
    """The terms of a document, each as often as it counts; the title need not be in the text."""
    terms = _terms_of(text)
    return np.array(terms + _terms_of(title) * TITLE_WEIGHT, dtype=np.uint32)


def question_words(question: str) -> list[QuestionWord]:
    """The words of a question that say something about its topic, in its order."""
    words = []
    for word in _words_of_question(question):
        base = stem(word)
        if not ASKING.fullmatch(word[:2]) and not ASKING.fullmatch(base) and not word.startswith(PARTS_OF_ANSWERS):
            words.append(_question_word(word, base) if _is_korean(word) else _foreign_word(word))
    return words


def question_groups(question: str) -> tuple[int, ...]:
    """The terms of the synonyms of all words of a question, also of those that only ask: 얼마 is one for 요금."""
    return tuple(dict.fromkeys(group for word in _words_of_question(question) for group in _groups_of(word)))


def _words_of_question(question: str) -> Iterator[str]:
    for word in _words_of(question):
        if _is_korean(word) and len(word) > LONGEST_WORD:
            yield from filter(None, ASKING_INSIDE.split(word))
        else:
            yield word


def _words_of(text: str) -> Iterator[str]:
    for match in SEARCHED_WORD.finditer(text.lower()):
        yield match[0] if match[0].isalnum() else re.sub(r"[\W_]", "", match[0])


def _is_korean(word: str) -> bool:
    return "가" <= word[0] <= "힣"


def _number(term: str) -> int:
    return zlib.crc32(term.encode())


def _terms_of(text: str) -> list[int]:
    return [term for word in _words_of(text) for term in _terms_of_word(word)]


@lru_cache(maxsize=1 << 16)  # a few words make up most of a text
def _terms_of_word(word: str) -> tuple[int, ...]:
    if not _is_korean(word):
        return (_number(f"={word}"), *_groups_of(word))
    base = stem(word)
    terms = [_number(base[first : first + 2]) for first in range(len(base) - 1)] or [_number(base)]
    if len(base) > 1:
        terms.append(_number(f"^{base[:2]}"))
    if len(base) > 2:
        terms.append(_number(f"={base}"))
    if one := _one_syllable(word):
        terms.append(_number(one))
    return (*terms, *_groups_of(word))


def _one_syllable(word: str) -> str:
    """The syllable of a word that is one syllable with a particle (돈을 -> 돈); "" for any other word."""
    rest = PARTICLE.sub("", word) if 2 <= len(word) <= 3 else ""
    return rest if len(rest) == 1 else ""


@lru_cache(maxsize=1 << 16)
def _groups_of(word: str) -> tuple[int, ...]:
    """The terms of the synonyms of a word."""
    base = stem(word) if _is_korean(word) else word
    found = {*SYNONYMS.get(word, ()), *SYNONYMS.get(base, ()), *SYNONYMS.get(_one_syllable(word), ())}
    for first in range(len(base) if _is_korean(word) else 0):
        for end in range(first + 2, min(len(base), first + LONGEST_SYNONYM) + 1):
            if end - first > 2 or first == 0 or end == len(base):
                found.update(SYNONYMS.get(base[first:end], ()))
    return tuple(_number(f"#{group}") for group in sorted(found))


def _question_word(word: str, base: str) -> QuestionWord:
    is_predicate = len(word) > 1 and bool(PREDICATE.search(word))
    if len(base) == 1 or _one_syllable(word):
        first = Piece(_number(_one_syllable(word) or base), None)
        others = [Piece(_number(base), _number(f"^{base}"))] if len(base) == 2 else []
        return QuestionWord(word, (first, *others), None, _groups_of(word), is_predicate)
    pieces = [
        Piece(_number(base[at : at + 2]), _number(f"^{base[at : at + 2]}") if at else None)
        for at in range(len(base) - 1)
    ]
    whole = _number(f"={base}") if len(base) > 2 else _number(f"^{base}")
    return QuestionWord(word, tuple(pieces), whole, _groups_of(word), is_predicate)


def _foreign_word(word: str) -> QuestionWord:
    term = _number(f"={word}")
    return QuestionWord(word, (Piece(term, None),), term, _groups_of(word))
