"""The marks at the beginning of a line: list items, notes, replies; and whether such a line is a heading."""

import re

from corpus.raw.layout import BULLET, NUMBERED_ITEM
from corpus.raw.sentences import SENTENCE_END

LONGEST_HEADING = 25  # characters
# Bullets that Korean word processors and boards write, besides those of `BULLET`.
ITEM_MARK = re.compile(
    rf"^\s*(?:[\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]+|\d\ufe0f?\u20e3)\s?(?=\S)|{BULLET.pattern}|^\s*(?:[➡※ㆍ‧・◇▢▣▲△▼▽◈❍♦♣➤➔➜⇒❖✱✳✦❑❏⓵-⓾❶-❿ⓐ-ⓩ∙⦁⁃–—]\ufe0f?|\(?[가나다라마바사아자차카타파하]\)|\(?[ivxIVX]{{1,4}}[.)])\s?(?=\S)"
    r"|^\s*#{1,6}\s+(?=\S)"
)
ENDS_LIKE_SENTENCE = re.compile(r"(?:[.!?~]|[다요죠음함됨임니까])[\s\"”’)\]ㅋㅎㅠ^!]*$")
IN_BRACKETS = re.compile(r"^[<\[【「〈≪《(◇].{1,24}[>\]】」〉≫》)◇]\s*$")
# A reply to the question above it: "ㄴ 이름: …", "RE: …", "답변1) …", "A. …", "[답변] …".
REPLY = re.compile(
    r"^\s*(?:[└┗↳⤷➥]+|ㄴ(?=[\s가-힣A-Za-z\[])|>{1,3}\s|-{1,2}>\s|=>\s|(?:\[|【)?(?:re|답변|답글|답|댓글|[Aa]|베스트|채택)(?:\]|】)?\s?\d{0,2}\s?(?:번째)?(?:[.:)）]|(?<=[\]】]))"
    r"|답변\s?(?:드립니다|입니다|드려요)[.!]?|답글\s*$)\s*",
    re.IGNORECASE,
)
ASKS = re.compile(
    r"\?[\s\"”’)ㅠㅜㅋㅎ^!~.]*$|(?:나요|까요|[을를]까|[은는]가요|는지요|건가요|습니까|어떡하죠|어떻게\s하죠)[.!~ㅠㅜ\s]*$|궁금|여쭙|여쭤|질문\s?(?:드|입|있)|도와\s?주|아시는\s?분"
    r"|(?:답변|조언|도움|추천)\s?(?:좀\s?)?(?:부탁|주세요|바랍|구합)|^부탁\s?드"
)
# Who replies, at the beginning of the reply: "망고: ", "변호사친구 : ".
REPLIER = re.compile(r"^(?:\[[^\]\s]{1,12}\]|[가-힣A-Za-z0-9]{1,10}(?<![다요])\s?[:：])\s*(?=\S)")
# Words that are headings even where the lines below have the same mark.
HEADING_WORDS = re.compile(
    r"^(?:[가-힣]{1,8}\s?)?(?:준비물|준비\s?서류|구비\s?서류|제출\s?서류|필요\s?서류|필요한?\s?것|지참물|챙길\s?것|가져갈\s?것|주의\s?사항|유의\s?사항|참고\s?사항"
    r"|협조\s?사항|안내\s?사항|준수\s?사항|절차|순서|방법|요령|할\s?일|연락처|문의처|문의|주의|유의|이용\s?요금|요금|비용|수수료|수칙|대상|기간|일시|장소|내용)$"
)
STRONG_MARK = re.compile(r"^\s*(?:[■□◆◇▣▢▶▷●★☆【]|#{1,6}\s|[가-하][.)]|\(?\d{1,2}[.)]|[ⅠⅡⅢⅣⅤ]\.?)")


def strip_mark(line: str) -> str:
    """The line without its bullet or number and without the mark of a note or of a reply."""
    body = REPLY.sub("", line)
    body = REPLIER.sub("", body) if body != line else body
    return ITEM_MARK.sub("", body).strip()


def mark_of(line: str) -> str:
    """The mark of a list item: "1", "①" or "가" for any number of that form, or the bullet; "" for another line."""
    found = ITEM_MARK.match(line)
    if not found:
        return ""
    mark = found[0].strip()
    for pattern, name in ((r"[①-⑳]", "①"), (r"\(?\d+([.)])", r"1\1"), (r"\(?[가-하]([.)])", r"가\1"), ("#+", "#")):
        if re.fullmatch(pattern, mark):
            return re.sub(pattern, name, mark)
    return mark


def is_marked_heading(line: str, before: str, following: str) -> bool:
    """Whether a line with a mark is the heading of the lines below it: "1. 준비물", "■ 절차", "- 주의사항".

    `before` and `following` are the lines with text around it, "" for none.
    """
    body, mark = strip_mark(line), mark_of(line)
    if not mark or not following or len(body) > LONGEST_HEADING or ENDS_LIKE_SENTENCE.search(body):
        return False
    if HEADING_WORDS.match(body):
        return True
    mark_below = mark_of(following)
    if mark_below == mark or mark_of(before) == mark:
        return False
    if mark_below:
        return mark_below not in "※☞→" and bool(STRONG_MARK.match(line))
    starts_list = bool(NUMBERED_ITEM.match(line)) or bool(STRONG_MARK.match(line))
    return starts_list and bool(SENTENCE_END.search(following) or len(following) > LONGEST_HEADING)
