"""The question that a document answers, worded as people ask, chosen by a hash so that reruns agree."""

import hashlib
import re
from collections import Counter

from corpus.answers import content_words
from corpus.documents import Document

# {topic} is a noun phrase; {이가} {을를} {은는} take the form that its last syllable asks for.
ABOUT_STEPS = (
    "{topic} 방법을 정리해줘.",
    "{topic} 절차와 준비물을 알려줘.",
    "{topic}, 무엇부터 해야 하나요?",
    "{topic}에 대해 해야 할 일을 정리해줘.",
)
ABOUT_TOPIC = (
    "{topic}에 대해 정리해줘.",
    "{topic}에 대해 알려줘. 연락처가 있다면 함께 정리해줘.",
    "{topic}{이가} 궁금해요. 요약과 체크리스트로 정리해줘.",
    "{topic} 관련해서 알아야 할 것을 정리해줘.",
    "{topic}{을를} 요약하고 주의사항도 알려줘.",
    "{topic}에 대해 준비물과 주의사항을 알려줘.",
    "{topic}{은는} 어떻게 되나요?",
    "{topic} 내용을 쉽게 설명해줘.",
)
# A title that is itself a sentence cannot take particles: it is quoted.
ABOUT_SENTENCE = (
    "'{topic}'라는 글을 정리해줘.",
    "'{topic}' 글의 내용을 요약해줘.",
    "'{topic}'에 대해 정리해줘. 연락처가 있다면 함께 정리해줘.",
)
# The later parts of a long post ask for what they are about within it.
ABOUT_PART = (
    "'{topic}' 글에서 {part} 부분을 정리해줘.",
    "'{topic}' 가운데 {part} 이야기를 요약해줘. 연락처가 있다면 함께 정리해줘.",
)
IS_SENTENCE = re.compile(r"(?:[.!?~]|다|요|까|죠|음|함|자|라|네)$")
ENDS_WITH_METHOD = re.compile(r"\s*(?:하는|받는)?\s?(?:방법|절차|순서|요령)(?:\s?(?:정리|안내|공유|총정리))?$")
ENDS_WITH_KIND = re.compile(r"\s*(?:총?정리|안내|공지|후기|공유|메모|질문|정보|드립니다)$")
LONGEST_TOPIC = 40


def ask(document: Document) -> str:
    """The question for a document; the same document always gets the same one."""
    topic = document.title if 2 <= len(document.title) <= LONGEST_TOPIC else keyword_topic(document)
    choice = int.from_bytes(hashlib.blake2b(document.text.encode(), digest_size=4).digest(), "big")
    if document.part > 0 and topic == document.title:
        pattern = ABOUT_PART[choice % len(ABOUT_PART)]
        return pattern.replace("{part}", keyword_topic(document)).replace("{topic}", topic.rstrip(".!?~ "))
    if IS_SENTENCE.search(topic) or len(topic) > LONGEST_TOPIC:
        return _fill(ABOUT_SENTENCE[choice % len(ABOUT_SENTENCE)], topic.rstrip(".!?~ "))
    if ENDS_WITH_METHOD.search(topic):
        return _fill(ABOUT_STEPS[choice % len(ABOUT_STEPS)], ENDS_WITH_METHOD.sub("", topic))
    return _fill(ABOUT_TOPIC[choice % len(ABOUT_TOPIC)], ENDS_WITH_KIND.sub("", topic) or topic)


def keyword_topic(document: Document) -> str:
    """The two words that a document without a title uses most, in the order in which they first stand."""
    words = [word for word in content_words(document.text) if len(word) > 1]
    common = [word for word, _ in Counter(words).most_common(2)]
    return " ".join(sorted(common, key=words.index)) or document.text[:20].strip()


def _fill(pattern: str, topic: str) -> str:
    closed = has_final_consonant(topic)
    for pair in ("이가", "을를", "은는"):
        pattern = pattern.replace("{" + pair + "}", pair[0] if closed else pair[1])
    return pattern.replace("{topic}", topic)


def has_final_consonant(text: str) -> bool:
    """Whether the last letter read aloud ends in a consonant, which decides between 을 and 를."""
    last = text.rstrip(" '\")]")[-1:]
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28 != 0
    return last.lower() in "lmnr0136780"
