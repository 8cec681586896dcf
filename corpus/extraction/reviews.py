"""The merits, the drawbacks and the audience of what a text reviews, in the words of the text."""

import re

from corpus.extraction.contact_values import CONTACT_LABEL
from corpus.raw.layout import BULLET, HEAD_LINE
from corpus.raw.sentences import split_sentences

MOST_PER_LIST = 5  # statements
SHORTEST_OPINION = 6  # characters
LONGEST_REVIEW_HEADING = 20  # characters

# A short line, or the words before a colon, that determine the list of the statements after it.
REVIEW_HEADINGS = {
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
# "친절하지 않다" is no praise, and "비싸지 않다" is no complaint.
DENIAL = re.compile(r"지(?:는|도|가)?\s?(?:않|못)|(?:안|못)\s?(?:좋|편|친절|추천)|없")
# Advice is no opinion: "전화가 편하니 …하세요", "묻는 게 빠릅니다".
ADVICE = re.compile(
    r"세요|십시오|말\s?것|지\s?마|(?:는|은|ㄴ)\s?(?:게|것이|편이|쪽이)\s?(?:\S{1,6}\s)?(?:빠|빨|좋|낫|편|안전|확실|정확)|면\s?(?:됩|돼)|을\s?것[.]?$|할\s?것[.]?$"
)


def find_review(text: str, title: str = "") -> tuple[list[str], list[str], list[str]]:
    """Merits, drawbacks and the audience: each statement in one list only, in the order of the text."""
    lists: dict[str, list[str]] = {"merits": [], "drawbacks": [], "audience": []}
    announced_list, in_items = "", False  # the list of the last heading, and whether list items follow it
    for line in text.split("\n"):
        line = line.strip()
        if not line:
            announced_list, in_items = "", False
            continue
        if HEAD_LINE.match(line) or line == title:
            continue
        body = BULLET.sub("", line)
        is_item = body != line
        if in_items and not is_item:
            announced_list = ""
        heading, rest = _split_heading(body)
        if list_of_heading := _list_of_heading(heading):
            announced_list, body, in_items = list_of_heading, rest, False
        else:
            in_items = is_item
        for statement in split_sentences(body):
            name = announced_list or _list_of_statement(statement)
            statement = statement.strip(" ,;")
            is_known = any(statement in statements for statements in lists.values())
            if name and _may_be_listed(statement) and not is_known and len(lists[name]) < MOST_PER_LIST:
                lists[name].append(statement)
    return lists["merits"], lists["drawbacks"], lists["audience"]


def _split_heading(line: str) -> tuple[str, str]:
    """A short line, or the words before a colon, and the rest of the line; ("", line) for a line without a heading."""
    head, colon, rest = [*re.split("([:：])", line, maxsplit=1), "", ""][:3]
    is_heading = len(head) <= LONGEST_REVIEW_HEADING and (colon or not split_sentences(line)[1:])
    return (head, rest.strip()) if is_heading else ("", line)


def _may_be_listed(statement: str) -> bool:
    return len(statement) >= SHORTEST_OPINION and not CONTACT_LABEL.search(statement)


def _list_of_heading(heading: str) -> str:
    return next((name for name, pattern in REVIEW_HEADINGS.items() if pattern.search(heading)), "")


def _list_of_statement(statement: str) -> str:
    """The list that a statement belongs to by its own words; "" for none."""
    if AUDIENCE.search(statement):
        return "audience"
    if ADVICE.search(statement):
        return ""
    is_denied = bool(DENIAL.search(statement))
    if DRAWBACK.search(statement):
        return "" if is_denied else "drawbacks"
    if MERIT.search(statement):
        return "drawbacks" if is_denied else "merits"
    return ""
