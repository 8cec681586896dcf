"""Questions that a document answers, as people ask them; a hash chooses the wording, so that all runs agree."""

import hashlib
import re
from collections import Counter
from functools import lru_cache

from corpus.raw.documents import Document
from corpus.raw.sentences import SENTENCE_END
from corpus.raw.words import CONTENT_WORD, strip_particle

# {topic} is a noun phrase; {이가}, {을를} and {은는} become the particle that its last syllable requires.
ABOUT_STEPS = (
    "{topic} 방법을 정리해줘.",
    "{topic} 절차와 준비물을 알려줘.",
    "{topic}, 무엇부터 해야 하나요?",
    "{topic}에 대해 해야 할 일을 정리해줘.",
)
ABOUT_TOPIC = (
    "{topic}{을를} 정리해줘.",
    "{topic}에 대해 정리해줘.",
    "{topic}에 대해 알려줘. 연락처가 있다면 함께 정리해줘.",
    "{topic}{이가} 궁금해요. 요약과 체크리스트로 정리해줘.",
    "{topic} 관련해서 알아야 할 것을 정리해줘.",
    "{topic}{을를} 요약하고 주의사항도 알려줘.",
    "{topic}에 대해 준비물과 주의사항을 알려줘.",
    "{topic}{은는} 어떻게 되나요?",
    "{topic} 내용을 쉽게 설명해줘.",
)
# A title that is a sentence cannot have a particle: it is quoted.
ABOUT_SENTENCE = (
    "'{topic}'라는 글을 정리해줘.",
    "'{topic}' 글의 내용을 요약해줘.",
    "'{topic}'에 대해 정리해줘. 연락처가 있다면 함께 정리해줘.",
)
# The question about a later part of a long post names the topic of the part too.
ABOUT_PART = (
    "'{topic}' 글에서 {part} 부분을 정리해줘.",
    "'{topic}' 가운데 {part} 이야기를 요약해줘. 연락처가 있다면 함께 정리해줘.",
    "{topic}: {part}에 대해 알아야 할 것을 정리해줘.",
    "'{topic}' 글의 {part} 내용을 쉽게 설명해줘.",
)
IS_SENTENCE = re.compile(rf"(?:{SENTENCE_END.pattern}|[?!.~]|나요|까요?|하자|합시다|해라|[있없했됐]음|바람)$")
ENDS_WITH_METHOD = re.compile(r"\s*(?:하는|받는)?\s?(?:방법|절차|순서|요령)(?:\s?(?:정리|안내|공유|총정리))?$")
# The topic of "여권 재발급 안내" is 여권 재발급; "환자 증가에 따른 안내" is incomplete without its last word.
ENDS_WITH_CATEGORY = re.compile(r"(?<![른한할인된될는은을])\s+(?:총?정리|안내|공지|후기|공유|메모|질문|정보)$")
LONGEST_TOPIC = 40  # characters
HEAD_CHARACTERS = 80  # the beginning of a text, where its topic is named
VERB_OR_FILLER = re.compile(
    r"(?:[다요고서면니는은을던게지며데죠함음됨해돼]|하기|까지|부터|에서|으로|라고)$"
    r"|^(?:저희|우리|그냥|제일|정말|진짜|하나|오늘|내일|어제|지난|이번|다음|그때|요즘|사람|얘기|이야기|경우|정도|때문|그것|이것|여기|거기|그거|이거"
    r"|먼저|다시|바로|같이|따로|전부|조금|아직|이미|있음|없음|페소|시간|오전|오후|아침|저녁|the|and|for|of|in|to|on)$",
    re.IGNORECASE,
)


def ask(document: Document, variant: int = 0) -> str:
    """A question about a document, always the same for the same document and variant.

    Variants differ in wording, and every third names the topic by keywords instead of the title.
    """
    digest = hashlib.blake2b(document.text.encode(), digest_size=4).digest()
    choice = int.from_bytes(digest, "big") + variant
    if not 2 <= len(document.title) <= LONGEST_TOPIC or variant % 3 == 2:
        return _fill(ABOUT_TOPIC[choice % len(ABOUT_TOPIC)], keyword_topic(document))
    topic = document.title
    if document.part > 0:
        pattern = ABOUT_PART[choice % len(ABOUT_PART)]
        return pattern.replace("{part}", keyword_topic(document)).replace("{topic}", topic.rstrip(".!?~ "))
    if IS_SENTENCE.search(topic):
        return _fill(ABOUT_SENTENCE[choice % len(ABOUT_SENTENCE)], topic.rstrip(".!?~ "))
    if ENDS_WITH_METHOD.search(topic):
        return _fill(ABOUT_STEPS[choice % len(ABOUT_STEPS)], ENDS_WITH_METHOD.sub("", topic) or topic)
    return _fill(ABOUT_TOPIC[choice % len(ABOUT_TOPIC)], ENDS_WITH_CATEGORY.sub("", topic) or topic)


@lru_cache(maxsize=1)  # the questions about a document are written one after another
def keyword_topic(document: Document) -> str:
    """The two most important nouns of a document, in the order of the text.

    A word with several particles (여권을, 여권이, 여권) is a noun; one that ends like a verb is not.
    """
    count: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    for word, times in Counter(CONTENT_WORD.findall(document.text)).items():
        if stem := _noun_stem(word):
            count[stem] += times
            forms[stem] += 1
    head = document.text[:HEAD_CHARACTERS]
    score = {stem: count[stem] + 2 * (forms[stem] - 1) + (2 if stem in head else 0) for stem in count}
    best = sorted(score, key=score.__getitem__, reverse=True)[:2]
    return " ".join(sorted(best, key=document.text.find)) or document.text[:20].strip()


@lru_cache(maxsize=1 << 16)
def _noun_stem(word: str) -> str:
    """여권 for 여권을; "" for a word that is not a noun."""
    stem = strip_particle(word)
    return stem if len(stem) > 1 and not VERB_OR_FILLER.search(stem) else ""


def _fill(pattern: str, topic: str) -> str:
    """A pattern with the topic and the particles that fit it."""
    closed = has_final_consonant(topic)
    for pair in ("이가", "을를", "은는"):
        pattern = pattern.replace("{" + pair + "}", pair[0] if closed else pair[1])
    return pattern.replace("{topic}", topic)


def has_final_consonant(text: str) -> bool:
    """Whether the pronunciation of the last letter or digit ends in a consonant; this decides between 을 and 를."""
    last = text.rstrip(" '\")]")[-1:]
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28 != 0
    return last.lower() in "lmnr0136780"
