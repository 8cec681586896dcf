"""Questions that a document answers, as people ask them; a hash chooses the wording, so that all runs agree."""

import hashlib
import re
from collections.abc import Iterator

from corpus.extraction.grammar import add_particles, is_natural, is_noun_phrase
from corpus.extraction.marks import strip_mark
from corpus.extraction.topics import LONGEST_TOPIC, keyword_topics, title_topic, without_category
from corpus.raw.documents import Document
from corpus.raw.sentences import split_sentences

# {topic} is a noun phrase; {이가}, {을를} and {은는} become the particle that its last syllable requires.
ABOUT_STEPS = (
    "{topic}{을를} 정리해줘.",
    "{topic}{을를} 순서대로 알려줘.",
    "{topic}{이가} 궁금해요. 체크리스트로 정리해줘.",
    "{topic}{과와} 준비물을 알려줘.",
)
ABOUT_TOPIC = (
    "{topic}{을를} 정리해줘.",
    "{topic}에 대해 정리해줘.",
    "{topic}에 대해 알려줘. 연락처가 있다면 함께 정리해줘.",
    "{topic}{이가} 궁금해요. 요약과 체크리스트로 정리해줘.",
    "{topic}에 관해 알아야 할 것을 정리해줘.",
    "{topic}{을를} 요약하고 주의사항도 알려줘.",
    "{topic}에 대해 준비물과 주의사항을 알려줘.",
    "{topic}{은는} 어떻게 되나요?",
    "{topic} 내용을 쉽게 설명해줘.",
)
# A title that is a sentence cannot have a particle: it is quoted.
ABOUT_SENTENCE = (
    "'{topic}' 글을 정리해줘.",
    "'{topic}' 글의 내용을 요약해줘.",
    "'{topic}' 글에 나오는 내용을 알려줘. 연락처가 있다면 함께 정리해줘.",
    "'{topic}' 글에서 알아야 할 것을 정리해줘.",
)
# A title that is a question is asked as it is.
ASKED = ("{topic}?", "{topic}? 알려줘.", "{topic}? 답을 정리해줘.", "{topic}? 요약해줘.")
ABOUT_TIME = (
    "{topic} 어떻게 해야 하나요?",
    "{topic} 해야 할 일을 정리해줘.",
    "{topic} 무엇부터 해야 하나요?",
    "{topic} 주의할 점을 알려줘.",
)
ABOUT_KEYWORDS = (
    "{topic}에 대해 정리해줘.",
    "{topic}에 대해 알려줘. 연락처가 있다면 함께 정리해줘.",
    "{topic}에 관한 내용을 요약해줘.",
    "{topic}에 관해 알아야 할 것을 정리해줘.",
)
# The question about a later part of a long post names the topic of the part too.
ABOUT_PART = (
    "'{title}' 글에서 {topic} 부분을 정리해줘.",
    "'{title}' 가운데 {topic} 이야기를 요약해줘. 연락처가 있다면 함께 정리해줘.",
    "'{title}' 글에서 {topic}에 대해 알아야 할 것을 정리해줘.",
    "'{title}' 글의 {topic} 내용을 쉽게 설명해줘.",
)
# In people's own words, after the last word of the topic: "여권 재발급" becomes "여권을 다시 만들려면 …".
OWN_WORDS = {
    "재발급": "{topic}{을를} 다시 만들려면 어떻게 해야 하나요?",
    "발급": "{topic}{을를} 받으려면 어디로 가야 하나요?",
    "분실": "{topic}{을를} 잃어버렸는데 어떻게 해야 하나요?",
    "연장": "{topic}{을를} 연장하려면 뭐가 필요한가요?",
    "갱신": "{topic}{을를} 갱신하려면 뭘 챙겨야 하나요?",
    "신청": "{topic}{을를} 신청하고 싶은데 어떻게 하면 되나요?",
    "신고": "{topic} 신고는 어디에 어떻게 하나요?",
    "개설": "{topic}{을를} 만들려고 하는데 뭐가 필요한가요?",
    "예약": "{topic} 예약은 어떻게 하나요?",
    "등록": "{topic} 등록은 어떻게 하나요?",
    "해지": "{topic}{을를} 해지하고 싶은데 어떻게 하나요?",
    "환급": "{topic} 돈을 돌려받으려면 어떻게 하나요?",
    "가입": "{topic} 가입은 어떻게 하나요?",
    "송금": "{topic} 돈을 보내려면 어떻게 하는 게 좋나요?",
    "변경": "{topic}{이가} 어떻게 바뀌나요?",
    "교환": "{topic}{을를} 바꾸려면 어떻게 해야 하나요?",
    "계약": "{topic} 계약할 때 뭘 확인해야 하나요?",
    "이사": "{topic} 이사할 때 뭘 해야 하나요?",
    "사기": "{topic} 사기를 안 당하려면 어떻게 해야 하나요?",
    "사고": "{topic} 사고가 나면 어떻게 해야 하나요?",
    "과태료": "{topic} 벌금이 얼마예요?",
    "벌금": "{topic} 과태료가 얼마예요?",
}
PRICE = re.compile(r"\d\s?(?:만\s?)?(?:원|페소|달러|불)")
# What people want to know: the words and the figures of a line that tells it, and the question.
WANTED = (
    (re.compile(r"수수료"), PRICE, "{topic} 관련해서 수수료가 얼마인지 알고 싶어요."),
    (
        re.compile(r"과태료|벌금"),
        PRICE,
        "{topic} 관련해서 벌금이 얼마인지 궁금해요.",
    ),
    (
        re.compile(r"비용|요금|가격|학비|등록금|월세|입장료|값"),
        PRICE,
        "{topic} 관련해서 돈이 얼마나 드나요?",
    ),
    (
        re.compile(r"준비물|구비\s?서류|제출\s?서류|필요\s?서류|지참|챙[겨기길]"),
        re.compile(""),
        "{topic} 관련해서 뭘 챙겨 가야 하나요?",
    ),
    (
        re.compile(r"마감|기한|까지\s?(?:신청|접수|납부|제출)|접수\s?기간|신청\s?기간"),
        re.compile(r"\d\s?[월일.]"),
        "{topic} 관련해서 언제까지 해야 하나요?",
    ),
    (re.compile(r"주의|조심|유의|사기|사칭"), re.compile(""), "{topic} 관련해서 조심할 점이 뭐예요?"),
    (
        re.compile(r"TEL: |\d{2,4}-\d{3,4}-\d{4}|전화|문의"),
        re.compile(r"\d{3}-\d{4}"),
        "{topic} 관련 문의는 어디로 전화하면 되나요?",
    ),
    (
        re.compile(r"며칠|소요|걸리|걸립|걸려|영업일"),
        re.compile(r"\d\s?(?:일|주|시간|분|개월|달)"),
        "{topic} 관련해서 시간이 얼마나 걸리나요?",
    ),
)
# Nobody asks what a letter costs, or what to beware of in a list.
NOTHING_TO_WANT = re.compile(r"(?:\s일|것|점|일기|이야기|편지|메모|수첩|기록|모음|목록|생각|글|썰|소식|질문|에서)$")
ENDS_WITH_METHOD = re.compile(r"(?:방법|절차|순서|요령|[가-힣]는\s?법)(?:\s?(?:정리|안내|공유|총정리))?$")
IS_QUESTION = re.compile(
    r"(?:나요|까요|[한은는인운른될]가요|는지요|건가요|습니까|죠|[을를]까|어떡하죠|돼요|되요|얼마예요|어디예요|뭐예요)$|\?\s*$"
)
BEFORE_TIME = re.compile(r"(?:[을할될갈올볼쓸살릴칠탈줄낼]|[가-힣]을)\s때$")


def ask(document: Document, variant: int = 0) -> str:
    """A question about a document, always the same for the same document and variant.

    Variants differ in wording: they name the topic by its title, ask in people's own words, or name keywords.
    """
    digest = hashlib.blake2b(document.text.encode(), digest_size=4).digest()
    choice = int.from_bytes(digest, "big") + variant
    questions = filter(is_natural, _questions(document, choice, variant))
    return next(questions, None) or f"{_quote(document)} 글을 정리해줘."


def all_patterns() -> tuple[str, ...]:
    """Every wording of a question, with {topic} and the like in place of what it is about."""
    by_title = (*ABOUT_STEPS, *ABOUT_TOPIC, *ABOUT_SENTENCE, *ASKED, *ABOUT_TIME, *ABOUT_KEYWORDS, *ABOUT_PART)
    return (*by_title, *OWN_WORDS.values(), *(pattern for _, _, pattern in WANTED))


def _questions(document: Document, choice: int, variant: int) -> Iterator[str]:
    """Possible questions, the wanted one first."""
    topic = title_topic(document.title)
    if not 2 <= len(topic) <= LONGEST_TOPIC:
        yield from _ask_by_keywords(document, choice)
        return
    if document.part > 0:
        yield from _ask_part(document, topic, choice)
    if variant % 3 == 2:
        yield from _ask_by_keywords(document, choice)
    if choice % 2 and document.part == 0:
        questions = _ask_in_own_words(document, topic)
        if variant // 2 < len(questions):  # each only once
            yield questions[(choice - variant + variant // 2) % len(questions)]
    yield _ask_by_title(document.title, topic, choice)


def _ask_by_title(title: str, topic: str, choice: int) -> str:
    if IS_QUESTION.search(title.rstrip(" !~.ㅠㅜㅋㅎ")) or IS_QUESTION.search(topic):
        return ASKED[choice % len(ASKED)].replace("{topic}", topic.rstrip("?"))
    if BEFORE_TIME.search(topic):
        return ABOUT_TIME[choice % len(ABOUT_TIME)].replace("{topic}", topic)
    if not is_noun_phrase(topic):
        return ABOUT_SENTENCE[choice % len(ABOUT_SENTENCE)].replace("{topic}", topic)
    if ENDS_WITH_METHOD.search(topic):
        return add_particles(ABOUT_STEPS[choice % len(ABOUT_STEPS)], topic=topic)
    return add_particles(ABOUT_TOPIC[choice % len(ABOUT_TOPIC)], topic=without_category(topic))


def _ask_in_own_words(document: Document, topic: str) -> list[str]:
    """Questions with the words that a searcher would use."""
    if not is_noun_phrase(topic) or BEFORE_TIME.search(topic) or NOTHING_TO_WANT.search(topic):
        return []
    topic = without_category(topic)
    thing, _, event = topic.rpartition(" ")
    questions = []
    if event in OWN_WORDS and len(thing) > 1 and is_noun_phrase(thing) and not re.search(r"\d차?$", thing):
        questions.append(add_particles(OWN_WORDS[event], topic=thing))
    lines = document.text.split("\n")
    for words, figures, pattern in WANTED:
        told = any(words.search(line) and figures.search(line) for line in lines)
        if told and not words.search(topic):
            questions.append(add_particles(pattern, topic=topic))
    return questions


def _ask_by_keywords(document: Document, choice: int) -> Iterator[str]:
    topics = keyword_topics(document)
    if topics:
        yield ABOUT_KEYWORDS[choice % len(ABOUT_KEYWORDS)].replace("{topic}", _join(topics))
    elif not document.title:
        yield f"{_quote(document)} 글을 정리해줘."


def _ask_part(document: Document, title: str, choice: int) -> Iterator[str]:
    if topics := keyword_topics(document):
        pattern = ABOUT_PART[choice % len(ABOUT_PART)]
        yield pattern.replace("{topic}", _join(topics)).replace("{title}", title)


def _first_sentence(text: str) -> str:
    """The first sentence of a text, without the mark of a list or of a question before it."""
    line = next(filter(str.strip, text.split("\n")), "")
    return strip_mark(re.sub(r"^\s*Q\s?\d*[.:)]\s*", "", split_sentences(line)[0] if line else ""))


def _join(topics: tuple[str, ...]) -> str:
    """Both topics with the particle between them: 여권과 비자."""
    return add_particles("{first}{과와} {second}", first=topics[0], second=topics[1]) if len(topics) > 1 else topics[0]


def _quote(document: Document) -> str:
    """The title or the first words of a document in quotation marks."""
    words = title_topic(document.title) or " ".join(_first_sentence(document.text).replace("'", "").split())
    if len(words) > LONGEST_TOPIC:
        words = words[: LONGEST_TOPIC - 10].rpartition(" ")[0] or words[: LONGEST_TOPIC - 10]
    return f"'{words.strip(' .!?~')}'"
