"""What a text finds good, what it finds bad, and whom it recommends its subject to, in its own words."""

import re

from corpus.extraction.institutions import LABEL
from corpus.raw.layout import BULLET, HEAD_LINE
from corpus.raw.sentences import split_sentences

MOST_ITEMS = 5  # of each part
SHORTEST_STATEMENT = 6
LONGEST_HEADING = 20

# A short line, or what stands before a colon, that says what the statements after it are.
HEADINGS = {
    "audience": re.compile(r"추천\s?(?:대상|하는\s?(?:분|사람))|이런\s?(?:분|사람)|누구에게|대상$"),
    "drawbacks": re.compile(r"단점|아쉬운|나쁜\s?점|불편한\s?점|싫은|힘든\s?점"),
    "merits": re.compile(r"장점|좋은\s?점|좋았던|마음에\s?든|추천\s?이유"),
}
AUDIENCE = re.compile(
    r"(?:분|분들|사람|사람들|가족|가정|초보|초보자|학생|아이|어르신|은퇴자|부부|직장인|유학생)\s?(?:께|께는|에게|에게는|한테|한테는|이라면|라면|은|는|이면|이)\s?.{0,20}(?:추천|권|맞|좋|낫|편하|유리)"
    r"|(?:분|분들|사람)(?:께|에게|한테)(?:만|도)?\s?(?:강추|추천)"
)
DRAWBACK = re.compile(
    r"단점|아쉽|아쉬[운웠]|불편|비싸|비쌉|비쌌|비싼\s?(?:편|게)|느리|느렸|느립|느려|불친절|복잡|오래\s?걸|시끄|더럽|지저분|냄새|좁[고은다아]|귀찮|짜증|실망|별로|후회|고생|답답|막히|막혀|말이\s?달라"
    r"|(?:안|못)\s?(?:터|나와|나옵|통하|좋)|부족|부담"
)
MERIT = re.compile(
    r"장점|좋았|좋습|좋아요|좋더|좋고|좋네|좋음|편리|편했|편하[고다게]|편합|저렴|싸[고서다게]|쌌|쌉니|친절|깨끗|깔끔|빠르|빨라|빨랐|빠릅|만족|추천(?!서|인)|괜찮|안전하|든든|무료|맛있|넓[고은다어]|조용|쉽[게고다습]|쉬웠"
)
# "친절하지 않다" praises nothing, and "비싸지 않다" does not complain.
DENIAL = re.compile(r"지(?:는|도|가)?\s?(?:않|못)|(?:안|못)\s?(?:좋|편|친절|추천)|없")
# Advice says what to do, not how it was: "전화가 편하니 …하세요", "묻는 게 빠릅니다".
ADVICE = re.compile(
    r"세요|십시오|말\s?것|지\s?마|(?:는|은|ㄴ)\s?(?:게|것이|편이|쪽이)\s?(?:\S{1,6}\s)?(?:빠|빨|좋|낫|편|안전|확실|정확)|면\s?(?:됩|돼)|을\s?것[.]?$|할\s?것[.]?$"
)


def find_review(text: str, title: str = "") -> tuple[list[str], list[str], list[str]]:
    """Merits, drawbacks and the audience: each statement in one list only, in the order of the text."""
    lists: dict[str, list[str]] = {"merits": [], "drawbacks": [], "audience": []}
    section, listed = "", False  # what the last heading announced, and whether a list follows it
    for line in text.split("\n"):
        line = line.strip()
        if not line:
            section, listed = "", False
            continue
        if HEAD_LINE.match(line) or line == title:
            continue
        body = BULLET.sub("", line)
        is_item = body != line
        if listed and not is_item:
            section = ""
        head, mark, rest = re.match(r"([^:：]*)([:：]|$)(.*)", body).groups()
        announced = _announced(head) if len(head) <= LONGEST_HEADING and (mark or not split_sentences(body)[1:]) else ""
        if announced:
            section, body, listed = announced, rest.strip(), False
        else:
            listed = is_item
        for statement in split_sentences(body):
            place = section or _place_of(statement)
            statement = statement.strip(" ,;")
            if (
                place
                and len(statement) >= SHORTEST_STATEMENT
                and not LABEL.search(statement)
                and len(lists[place]) < MOST_ITEMS
                and not any(statement in items for items in lists.values())
            ):
                lists[place].append(statement)
    return lists["merits"], lists["drawbacks"], lists["audience"]


def _announced(head: str) -> str:
    return next((place for place, pattern in HEADINGS.items() if pattern.search(head)), "")


def _place_of(statement: str) -> str:
    if AUDIENCE.search(statement):
        return "audience"
    if ADVICE.search(statement):
        return ""
    denied = bool(DENIAL.search(statement))
    if DRAWBACK.search(statement):
        return "" if denied else "drawbacks"
    if MERIT.search(statement):
        return "drawbacks" if denied else "merits"
    return ""
