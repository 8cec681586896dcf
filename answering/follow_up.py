"""A question that goes on from the last one: "그럼 비용은요?" after "여권을 잃어버렸어요"."""

import re

from corpus.retrieval.pieces import question_words

# It begins by pointing back: 그럼 …, 그건 …, 거기 …
POINTS_BACK = re.compile(r"(?:그럼|그러면|그렇다면|그건|그거|그때|그게|그곳|거긴|거기|이건|이거|그 )")
# Or all that it names is what is asked about any topic: 비용은요?
ANY_TOPIC = re.compile(
    r"(?:비용|요금|수수료|가격|값|금액|기간|기한|시간|날짜|준비물|서류|장소|위치|주소|전화|번호|연락처|예약|절차|방법|순서|접수|신청|주의|조심|벌금)"
)
LONGEST = 15  # characters of such a question


def join_follow_up(question: str, previous: str) -> str:
    """The question with the one before it, if it goes on from that.

    >>> join_follow_up("그럼 비용은요?", "여권을 잃어버렸어요")
    '여권을 잃어버렸어요 그럼 비용은요?'
    """
    words = question_words(question)
    is_of_any_topic = len(question) <= LONGEST and all(ANY_TOPIC.match(word.text) for word in words)
    return f"{previous} {question}".strip() if POINTS_BACK.match(question) or is_of_any_topic else question
