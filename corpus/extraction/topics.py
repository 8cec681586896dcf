"""What a document is about, as a noun phrase: from its title, or from the nouns of its text."""

import re
from collections import Counter
from functools import lru_cache

from corpus.extraction.grammar import is_noun_phrase
from corpus.raw.documents import Document
from corpus.raw.words import CONTENT_WORD

LONGEST_TOPIC = 40  # characters
HEAD_CHARACTERS = 80  # the beginning of a text, where its topic is named
# The topic of "여권 재발급 안내" is 여권 재발급; "환자 증가에 따른 안내" is incomplete without its last word.
ENDS_WITH_CATEGORY = re.compile(
    r"(?:(?<![른한할인된될는은을던의용])\s+(?:관련\s|사전\s|에\s?관한\s)?(?:총?정리(?:해\s?(?:드려요|봤어요|드립니다))?|안내(?:드립니다|드려요|입니다|문|합니다)?|공지(?:합니다|사항)?|알림|공고|후기(?:예요|에요|입니다|임)?|공유(?:합니다|해요|드려요)?|메모"
    r"|질문(?:드립니다|이요|입니다|이에요|있어요|합니다)?|문의(?:드립니다|드려요|합니다)?|정보|소개(?:합니다)?|알려\s?드립니다|(?:꼭\s)?(?:주의|조심|참고|확인)(?:하세요|하십시오|요망)?|추천(?:해\s?주세요|해요|부탁드려요)?|모집(?:합니다)?)"
    r"|[을를]\s(?:청원|반대|건의|요청|촉구|제안|부탁|강력히\s요구)(?:합니다|드립니다))$"
)
ASIDE_AT_END = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|【[^】]*】|<[^<>]*>)\s*$")
CATEGORY = re.compile(
    r"^\s*(?:\[[^\[\]]{1,14}\]|【[^】]{1,14}】|<[^<>]{1,10}>|\([^()]{1,10}\)|Q\s?\d*[.:)]|문의\s?[:：]|질문\s?[:：]|\d{1,3}[.)])\s*(?=\S)"
)
TOPIC_MARKS = " \t★☆■●◆▶※*=-~!.,…·:;'\"“”‘’「」『』♥♡#^ㅋㅎㅠㅜ?"
CLEAR_PARTS = re.compile(r"\s*(?://|\||\s[–—-]\s|[–—]|\s/\s)\s*")
TOPIC_BREAK = re.compile(r"\s*(?://|\||…|\s[–—-]\s|[–—]|\s/\s|!\s|\.\s|\?\s|,\s|:\s)\s*")
# A noun has one of these particles somewhere in the text.
NOUN_PARTICLE = re.compile(r"(?:을|를|의|에서|으로|에는|에도|까지|부터|이라|라고|이나|은|는|이|가)$")
SURE_PARTICLES = ("을", "를", "의", "에서", "으로", "에는")
NO_TOPIC = re.compile(
    r"^(?:저희|우리|그냥|제일|정말|진짜|하나|오늘|내일|어제|지난|이번|다음|그때|요즘|사람|얘기|이야기|경우|정도|때문|그것|이것|여기|거기|그거|이거|저는|제가"
    r"|먼저|다시|바로|같이|따로|전부|조금|아직|이미|있음|없음|페소|시간|오전|오후|아침|저녁|번째|전에|후에|동안|관련|부분|생각|말씀|본문|가지|이후|이상|이하|안에|위해|통해|대해|자신|자기|모두|누구|무엇|어디"
    r"|그런데|그리고|하지만|때는|때도|쪽에|쪽으|분들|여러분|안녕|감사|부탁|마음|지금|현재|처음|마지막|나중|사이|근처|주변|매일|매달|하루|이틀|올해|작년|내년|만원|천원|달러|오후에|이름|종류|위치|번호|주소|내용|이유|문제|결과|기록|질문|답변|엄마|아빠|한국|필리핀|금액|현장|글을|분은|이곳|그곳|안쪽|바깥|날짜|일차|링크|종이|전화|오전에|여기서|거기서|그게|이게|저도|the|and|for|of|in|to|on)$"
    r"|[다요고서면니던게며죠함됨해돼러려야지]$|[하되있없같많좋싶받읽먹찾잡얻않높낮넓좁살알만갈올볼]$|(?:[ㄱ-ㅎ]|챙길|구하|[가-힣]{1,3}(?:했|됐|었|았))$",
    re.IGNORECASE,
)


@lru_cache(maxsize=4)  # the questions about a document are written one after another
def title_topic(title: str) -> str:
    """The title without marks, asides and the category of the post; the first part that is a noun phrase, if any is."""
    topic = _bare(title)
    first = _bare(CLEAR_PARTS.split(topic)[0])
    if 4 <= len(first) < len(topic):
        topic = first
    bare = ENDS_WITH_CATEGORY.sub("", topic)
    if len(bare) > 3 and not is_noun_phrase(topic) and is_noun_phrase(bare):
        return bare
    if len(topic) > LONGEST_TOPIC or not is_noun_phrase(topic):
        parts = [_bare(part) for part in TOPIC_BREAK.split(topic)]
        fitting = [part for part in parts if 4 <= len(part) <= LONGEST_TOPIC and is_noun_phrase(part)]
        return fitting[0] if fitting and len(parts) > 1 else topic
    return topic


def without_category(topic: str) -> str:
    """여권 재발급 for 여권 재발급 안내."""
    bare = ENDS_WITH_CATEGORY.sub("", topic)
    return bare if len(bare) > 1 and is_noun_phrase(bare) else topic


def _bare(title: str) -> str:
    title = title.strip(TOPIC_MARKS)
    for pattern in (CATEGORY, ASIDE_AT_END, ASIDE_AT_END):
        title = (pattern.sub("", title) or title).strip(TOPIC_MARKS)
    return re.sub(r"['\"“”‘’\U0001f000-\U0001faff\u2600-\u27bf]", "", title).strip()


@lru_cache(maxsize=1)  # the questions about a document are written one after another
def keyword_topics(document: Document) -> tuple[str, ...]:
    """The two most important nouns of a document, in the order of the text; fewer if there are no more.

    A noun is a word that stands with two particles or more in the text (여권을, 여권이), or in the title.
    """
    count: Counter[str] = Counter()
    forms: dict[str, set[str]] = {}
    for word, times in Counter(CONTENT_WORD.findall(document.text)).items():
        stem = NOUN_PARTICLE.sub("", word) if len(word) > 2 else word
        count[stem] += times
        forms.setdefault(stem, set()).add(word[len(stem) :])
    head = document.text[:HEAD_CHARACTERS]
    score = {
        stem: times + 2 * (len(forms[stem]) - 1) + (2 if stem in head else 0) + (3 if stem in document.title else 0)
        for stem, times in count.items()
        if (times > 1 or stem in document.title)
        and any(form.startswith(SURE_PARTICLES) for form in forms[stem])
        and _is_noun(stem)
    }
    best = sorted(score, key=score.__getitem__, reverse=True)[:2]
    if len(best) == 2 and (best[0] in best[1] or best[1] in best[0]):
        best = best[:1]
    return tuple(sorted(best, key=document.text.find))


@lru_cache(maxsize=1 << 14)
def _is_noun(stem: str) -> bool:
    """Whether a word without its particle is a noun: 여권."""
    may_be_noun = len(stem) > 1 and "가" <= stem[-1] <= "힣" and not NO_TOPIC.search(stem) and is_noun_phrase(stem)
    return may_be_noun and (ord(stem[-1]) - ord("가")) % 28 != 20  # ㅆ ends the stem of a verb
