"""The summary of a text: the statements that represent it."""

import re
from collections import Counter
from collections.abc import Sequence

from corpus.extraction.marks import ASKS
from corpus.extraction.shortening import LONGEST_LINE, shorten
from corpus.extraction.signs import SIGNS_AT_END
from corpus.extraction.statements import Statement, read_lines
from corpus.extraction.tables import AMOUNT, name_columns
from corpus.raw.sentences import SENTENCE_END
from corpus.raw.words import CONTENT_WORD, content_words

MOST_SUMMARY_LINES = 5
SHORTEST_SENTENCE = 10  # characters
MOST_SHARED_WORDS = 0.6  # share of the words of the shorter of two statements; with more they repeat each other

# Amounts, dates, times and periods are what people come for.
TELLS_FIGURE = re.compile(
    rf"{AMOUNT.pattern}|\d\s?(?:년|월|일|주|개월|시간|분|시|층|호|명|세|회|권|통|부|장|㎞|km|kg|℃|도)|\d{{1,2}}:\d\d|\d{{1,2}}\.\s?\d{{1,2}}\.|[~∼]\s?\d"
)
MAY_TELL_FIGURE = re.compile(r"\d|무|불가|없음|당일|₱")
LONGEST_QUESTION_END = 40  # characters at the end of a sentence that show that it asks
FIGURES = re.compile(r"\d[\d,.:]*")
SMALL_TALK = re.compile(
    r"안녕하(?:세요|십니까)|감사(?:합니다|드|해요)|고맙|수고(?:하|들)|반갑|반가워|부탁\s?드|부탁해요|좋은\s?(?:하루|주말)|행복한\s?하루|복\s?많이|이웃\s?추가|공감|구독|좋아요\s?(?:꾹|눌)|포스팅"
    r"|도움이\s?되(?:셨|었|길|시)|오늘은\s.{0,20}(?:알려|소개|적어|써)|[ㅋㅎㅠㅜ]{2,}\s*$|기원합니다|귀\s?(?:가정|댁)|협조해\s?주셔서|드림\s*[-]?$|올림$|죄송"
)
ADVISES = re.compile(
    r"세요|십시오|바랍니다|야\s?(?:합|해|한|됩|돼)|됩니다|돼요|없습니다|없어요|안\s?(?:됩|돼|되)|불가|금지|필요|가능|까지|부터"
)

FACT = re.compile(r"일시|기간|기한|장소|요금|비용|금액|시간|수수료|마감|날짜|시험일|지원|대상|가격|합계|총액")
TOTAL = re.compile(r"합계|합쳐|총\s|모두\s?합|결론|결국|다\s?해서|절대|반드시")
ANNOUNCES = re.compile(r"(?:다음|아래)(?:과|와)?\s?(?:같|사항|내용|수칙|번호|링크|을|를)|이렇습니다|[:：]$")
LISTED_ELSEWHERE = re.compile(r"준비물|구비|지참|제출\s?서류|필요\s?서류|챙길|가져")

ATTACHMENT = re.compile(r"첨부\s?파일|회\s?다운로드|\.(?:pdf|hwp|docx?|xlsx?|jpe?g|png)\b", re.IGNORECASE)
# Statements about the text itself or its writer: "이런 글 써도 되나 고민하다가 올립니다.", "제 얘기 풀어 볼게요."
ABOUT_THE_TEXT = re.compile(
    r"(?:글|말씀|이야기|얘기|기록|후기|썰|메모|일기|정보|경험|내용|순서)(?:을|를|만|도|은|이|하나|라도)?\s.{0,14}(?:올[려립린리]|올렸|적[어습는을]|적었|씁니다|써\s?[봅보볼]|쓰려|쓴다|남[겨깁긴기]|풀어|풀게|풉니다|공유|정리(?:함|해|했|합)|기억하세요)"
    r"|이렇게\s(?:해|하)\s?(?:보세요|세요|십시오|시면\s?됩니다)[.!~]*$|도움이?\s?(?:됐|되었|될까|되면)|(?:알려|소개|정리|설명|공유|말씀|안내)\S{0,2}\s?(?:드릴게요|드리겠습니다|드리려|드려\s?볼게요|볼게요|보겠습니다|드리고자)"
    r"|^(?:자세한|나머지|기타)\s.{0,14}(?:보세요|보십시오|참고|참조|확인(?:하세요|하십시오|바랍니다)|문의)|(?:아래|위|여기|이것|첨부|본문)(?:를|을)?\s?.{0,6}(?:보세요|참고(?:하세요|하십시오|하시|바랍니다)|참조)"
)
# What a statement's weight is multiplied by, for each that it matches.
WORTHS = ((ADVISES, 1.4), (TOTAL, 1.3))
SAYS_NOTHING = (SMALL_TALK, ANNOUNCES, ABOUT_THE_TEXT)
WORTH_OF_NOTHING = 0.1
WORTH_OF_STORY = 0.4  # of what the writer did, in a text that advises
LEAST_ADVICE = 1 / 3  # of the statements of a text that advises


def summarize(text: str, title: str, question: str = "") -> list[str]:
    """Statements that represent a text, shortened, in the order of the text.

    They have central words, share words with the title and the question, come first, tell figures or answer a
    question. Centrality is the mean frequency, over the whole text, of a statement's words. This is the measure of
    SumBasic (Nenkova and Vanderwende, 2005), which halves the weight of words already used, so that statements do not
    repeat each other.
    """
    rows = "\n".join(name_columns(text.split("\n")))
    complete = [each for each in read_lines(rows, title) if _may_be_chosen(each)]
    title_words = set(content_words(title))
    statements = [each for each in complete if _says_something(each, title_words)] or ([] if title else complete)
    words = [{*content_words(each.text), *FIGURES.findall(each.text)} for each in statements]
    factors = _factors(statements, words, f"{title} {question}")
    most = min(MOST_SUMMARY_LINES, max(3, 2 * len(statements) // 3))
    return [shorten(statements[index].text) for index in sorted(_choose(words, factors, most))]


def _may_be_chosen(statement: Statement) -> bool:
    """Whether a statement says something by itself: no heading and no fragment."""
    text = statement.text
    is_long_enough = len(text) >= SHORTEST_SENTENCE and len(CONTENT_WORD.findall(text)) >= 2
    names_figure = statement.inline_heading and FACT.search(statement.inline_heading) and _has_figure(text)
    return not (statement.is_heading or ATTACHMENT.search(text)) and (
        is_long_enough or bool(names_figure) or bool(AMOUNT.search(text) and CONTENT_WORD.search(text))
    )


def _says_something(statement: Statement, title_words: set[str]) -> bool:
    """Whether a statement has a figure, or words beyond the title and beyond small talk."""
    text = statement.text
    if _has_figure(text):
        return True
    repeats = len(title_words) > 1 and title_words.issuperset(content_words(text))
    return not repeats and not any(pattern.search(text) for pattern in SAYS_NOTHING)


def _has_figure(text: str) -> bool:
    return bool(MAY_TELL_FIGURE.search(text) and TELLS_FIGURE.search(text))


def _factors(statements: Sequence[Statement], words: Sequence[set[str]], topic: str) -> list[float]:
    """For each statement, what the sum of its words' weights is multiplied by."""
    topic_words = set(content_words(topic))
    is_answered = any(statement.is_reply for statement in statements)
    advises = sum(bool(ADVISES.search(each.text)) for each in statements) >= LEAST_ADVICE * len(statements)
    is_story = [advises and _is_story(each.text) for each in statements]
    return [
        (1 + 0.5 * len(statement_words & topic_words))
        * (WORTH_OF_STORY if is_story[index] else 1.3 if index == 0 else 1.0)
        * (0.6 if len(statement.text) > LONGEST_LINE else 1.0)
        * _worth(statement, is_answered)
        / (len(statement_words) + 2)
        for index, (statement, statement_words) in enumerate(zip(statements, words, strict=True))
    ]


def _is_story(text: str) -> bool:
    """Whether a statement tells what somebody did, without an amount."""
    return bool(SIGNS_AT_END["tells a story"].search(text)) and not AMOUNT.search(text)


def _worth(statement: Statement, is_answered: bool) -> float:
    """How much a statement tells a reader: figures and advice more than questions and small talk."""
    text = statement.text
    has_figure = _has_figure(text)
    worth = 0.2 if ASKS.search(text[-LONGEST_QUESTION_END:]) else 1.0
    for pattern, factor in WORTHS:
        if pattern.search(text):
            worth *= factor
    worth *= WORTH_OF_NOTHING if any(pattern.search(text) for pattern in SAYS_NOTHING) else 1.0
    worth *= 2.0 if has_figure else 1.0
    if not has_figure:
        worth *= 1.0 if SENTENCE_END.search(text) else 0.6  # a list item says little by itself
        worth *= 1.0 if len(text) >= 15 else 0.6
    elif FACT.search(statement.inline_heading):
        worth *= 2.5
    elif FACT.search(statement.heading):
        worth *= 1.5
    if LISTED_ELSEWHERE.search(statement.inline_heading or statement.heading):
        worth *= 0.4
    if is_answered:
        worth *= 1.8 if statement.is_reply else 0.5
    return worth


def _choose(words: Sequence[set[str]], factors: Sequence[float], most: int) -> list[int]:
    """The indices of the best statements, at most so many, the best first; `words` are those of each statement."""
    weight = {word: float(count) for word, count in Counter(word for each in words for word in each).items()}
    sums = [sum(weight[word] for word in statement_words) for statement_words in words]
    figures = [{word for word in each if word[:1].isdigit()} for each in words]
    left = {index for index, statement_words in enumerate(words) if statement_words}
    chosen: list[int] = []
    while left and len(chosen) < most:
        best = max(sorted(left), key=lambda index: sums[index] * factors[index])
        chosen.append(best)
        left.remove(best)
        for index in list(left):
            shared = words[index] & words[best]
            sums[index] -= sum(weight[word] for word in shared) / 2
            # Two rows of a price list share their words, but not their figures.
            differ = figures[index] and figures[best] and not figures[index] & figures[best]
            if not differ and len(shared) > MOST_SHARED_WORDS * min(len(words[index]), len(words[best])):
                left.remove(index)
        for word in words[best]:
            weight[word] /= 2
    return chosen
