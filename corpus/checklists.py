"""What a text tells its reader to do, to bring and to beware of, in its own words."""

import re

from corpus.documents import BULLET, HEAD_LINE, NUMBERED_ITEM, split_sentences
from corpus.institutions import LABEL

MOST_ITEMS = 8  # of each part: more makes a list that nobody reads
SHORTEST_STATEMENT = 4
LONGEST_HEADING = 25
LONGEST_ITEM = 80

# A short line, or what stands before a colon, that says what the items after it are.
HEADINGS = {
    "bring": re.compile(
        r"준비물|구비\s?서류|(?:제출|필요|준비|신청|등록|구비)\s?(?:한\s?|할\s?)?서류|서류$|필요한\s?것|(?:준비|챙|가져|지참|제출|넣|들어|들고|낼|낸|내야)[가-힣]*\s?(?:것|건|거|물품)"
        r"|챙길|가져갈|챙겨|지참물|준비할|필요\s?물품|가방에|비상\s?가방|첨부|붙임"
    ),
    "beware": re.compile(
        r"주의|유의|조심|금지|하지\s?말|안\s?되는\s?것|못\s?하는\s?것|반입\s?(?:불가|금지)|벌칙|위험|이것만은|흔한\s?실수|실수|속지|사기\s?(?:수법|유형)"
    ),
    "do": re.compile(
        r"절차|순서|방법|해야\s?할|할\s?일|진행|단계|요령|과정|대처|한\s?일$|지키는|체크|확인할|물어볼|신청$|접수$|이렇게|팁$|수칙|행동"
    ),
}
BEWARE = re.compile(
    r"마세요|마십시오|마시(?:고|길|기)|마라|말\s?것|말자|말아야|지\s?말(?:고|기)?|않기|않도록|금지|불가|안\s?(?:됩니다|돼|되|됨|받|해\s?줌|해\s?줘|태워|내보)|벌금|과태료|가산금|연체료|사기|사칭|위조|가짜|주의|유의|조심|위험"
    r"|절대|속지|의심|무효|거절|퇴짜|돌려보|반려|추방|몰수|압수|전액\s?자비|본인\s?부담|불법|암표|바가지|불이익|큰일|낭패|지옥|걸리면|걸림|함부로|^단[,\s]|날린|날립니다|당합니다|당한|당하|못\s?(?:받|합니다|해요|함|쓰|넣|들어|나가|돌려|먹|가져)"
    r"|없으면|놓치면|넘으면|넘기면|늦으면|지나면|만료|처벌|징역|아님|아닙니다|제외"
)
DO = re.compile(
    r"(?:세요|십시오|시길|시기\s?바랍|바랍니다|바람|부탁|시면\s?(?:됩|돼)|[으하]면\s?(?:됩니다|돼요|됨|된다)|[가-힣]야\s?(?:합|해|하|함|한|돼|되|됩|됨)|게\s?(?:좋|낫|빨|편)|편이\s?(?:좋|낫|빠)|것이\s?(?:좋|낫)|둘\s?것|할\s?것|볼\s?것|것[.!]?$"
    r"|해라|놔라|가라|봐라|하자|둬라|해\s?두|해\s?놓|두기|하기|보기|찍기|받기|적기|쓰기|닦기|막기|가기|오기|알리기|확인[.!]?$|신청[.!]?$|접수[.!]?$|신고[.!]?$|제출[.!]?$|등록[.!]?$|먼저|우선)"
)
BRING = re.compile(
    r"(?:준비|지참|제출|챙|가져|구비|필요|내야|들고|붙여|첨부|복사|사본|부씩|[0-9]\s?(?:장|부|통|매)(?![가-힣])|있어야)"
)
BRING_THING = re.compile(
    r"여권|사본|원본|사진|신청서|증명서|확인서|신고서|진단서|영수증|서류|수수료|신청비|비용|카드|통장|도장|계약서|초청장|위임장|현금|신분증|면허증|보증금|상비약|서약서|공증"
    r"|clearance|affidavit|certificate|ID|봉투|수첩|물|약|손전등|마스크|배터리"
)
BRING_ORDER = re.compile(r"준비하|지참|챙[기겨]|가져\s?(?:가|오|와)|구비")  # an instruction, but one to bring something
# What happened to somebody is a story, unless it ends in advice: a past stem (ㅆ, but not 있 or 겠) at the end.
PAST = "".join(chr(code) for code in range(ord("가"), ord("힣") + 1) if (code - ord("가")) % 28 == 20)
PAST = PAST.replace("있", "").replace("겠", "")
STORY = re.compile(
    rf"[{PAST}](?:다|어요?|습니다|음|네요|거든요|는데요?|대요|답니다|더라고요|더라|고요?|구요|지만|던)[.!~ㅋㅎㅠㅜ ]*$"
    r"|더(?:라|라고요?|라구요?|군요)[.!]?$|[?]$"
)
ADVICE = re.compile(
    r"세요|십시오|마세요|마라|할 것|말 것|것[.!]?$|해라|하자|바랍|시길|야\s?(?:합|해|돼|됩|함|한다)|면\s?(?:됩|돼|됨)"
)


def find_checklist(text: str, title: str = "") -> tuple[list[str], list[str], list[str]]:
    """The statements to do, to bring and to beware of, each in one list only, in the order of the text."""
    lists: dict[str, list[str]] = {"do": [], "bring": [], "beware": []}
    told: set[str] = set()

    def add(place: str, statement: str) -> None:
        statement = statement.strip(" ,;")
        if len(lists[place]) < MOST_ITEMS and statement and statement not in told:
            told.add(statement)
            lists[place].append(statement)

    section = ""  # what the last heading announced
    for line in text.split("\n"):
        line = line.strip()
        if not line:
            section = "" if section and lists[section] else section
            continue
        if HEAD_LINE.match(line) or (title and title in line and len(line) < len(title) + 12):
            continue
        is_item, is_numbered = bool(BULLET.match(line)), bool(NUMBERED_ITEM.match(line))
        body = BULLET.sub("", line)
        place, items = _split_heading(body)
        if place:
            section = place
            for item in items:
                add(place, item)
            continue
        if section and not is_item and len(body) > 60:
            section = ""
        # An item of a list is one statement, unless it is long: then its first sentence is, and each other
        # sentence must speak for itself.
        whole = is_item and len(body) <= LONGEST_ITEM
        for position, sentence in enumerate([body] if whole else split_sentences(body)):
            if len(sentence) < SHORTEST_STATEMENT or LABEL.search(sentence):
                continue
            leads = is_item and position == 0
            place = _place_of(sentence, "" if is_item and not leads else section, leads, leads and is_numbered)
            if place:
                add(place, sentence)
    return lists["do"], lists["bring"], lists["beware"]


def _split_heading(line: str) -> tuple[str, list[str]]:
    """("bring", ["여권", "사진 2장"]) for "준비물: 여권, 사진 2장"; ("", []) for a line that heads nothing."""
    head, mark, rest = re.match(r"([^:：=]*)(\s?[:：=]\s?|$)(.*)", line).groups() if line else ("", "", "")
    is_sentence = re.search(r"[.!?다요죠]$", line) and not re.search(r"(?:서류|것)입니다\.?$", line)
    if len(head) > LONGEST_HEADING or (not mark and is_sentence):
        return "", []
    for place, pattern in HEADINGS.items():
        if not pattern.search(head):
            continue
        if not rest.strip():
            return place, []
        if place == "bring":
            return place, [item for item in re.split(r",(?!\d{3})\s*|\s[/·]\s", rest) if item.strip()]
        return place, split_sentences(rest)
    return "", []


def _place_of(sentence: str, section: str, is_item: bool, is_numbered: bool) -> str:
    """Which part of the checklist a sentence belongs to, "" for none."""
    advice = bool(ADVICE.search(sentence))
    if STORY.search(sentence) and not advice:
        return ""
    warns = bool(BEWARE.search(sentence))
    if section and (is_item or len(sentence) <= 30):
        return "beware" if warns and section == "do" and not advice else section
    if warns:
        return "beware"
    if (
        BRING.search(sentence)
        and BRING_THING.search(sentence)
        and (is_item or not advice or BRING_ORDER.search(sentence))
    ):
        return "bring"
    if DO.search(sentence) or (is_numbered and len(sentence) >= 8):
        return "do"
    return ""
