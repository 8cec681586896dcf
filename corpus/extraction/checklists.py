"""What a text tells its reader to do, to bring and to beware of, in the words of the text.

A linear model classifies every statement by its characters, the heading above it and a few signs of instructions and
warnings. It is learned from posts labelled by hand (see `corpus/extraction/linear.py`).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from corpus.extraction.linear import learned_weights, ngram_rows, row_of, score
from corpus.extraction.marks import ASKS, HEADING_WORDS
from corpus.extraction.statements import Statement, read_statements

import numpy as np

MOST_LISTED = 10  # statements of each list: nobody reads a longer one
LISTS = ("none", "do", "bring", "beware")  # in the order of the outputs of the model
# Added to the scores of LISTS: a missing document or warning is worse for a reader than a superfluous line.
BIASES = np.array([-0.5, 0.0, 0.3, 0.3])

TEXT, HEADING_TEXT, INLINE_HEADING_TEXT = range(3)  # whose n-grams: each has rows of its own

# Each alternative begins with a letter, not with a character class: this lets `re` skip most positions.
# Syllables that end in ㄴ, as before the ending of the present: 한다, 닦는다.
PRESENT_STEMS = "".join(chr(code) for code in range(ord("가"), ord("힣") + 1) if (code - ord("가")) % 28 == 4)
# Greetings and the like, whatever they ask for: "새해 복 많이 받으세요."
COURTESY = re.compile(
    r"복\s?많이|안녕하(?:세요|십니까)|감사합니다|고맙습니다|기원합니다|환영합니다|좋은\s?하루|(?:행복|건강|안전|즐거)\S{0,3}\s\S{0,8}\s?(?:되세요|보내세요|하세요)[.!~^]*$|공감|구독|이웃\s?추가"
    r"|(?:다음|아래)(?:과|와)?\s?같이\s|답변\s?부탁|궁금하신|문의\s?(?:주세요|바랍니다)"
)
SIGNS = {
    "warns": re.compile(
        r"마세요|마십시오|마시고|마시길|마시기|마라|말\s?것|말자|말아야|지\s?마|지\s?말|않기|않도록|금지|금물|불가|안\s?(?:됩니다|돼|되|됨|받)|벌금|과태료|가산금"
        r"|연체|사기|사칭|위조|가짜|주의|유의|조심|위험|절대|의심|무효|거절|반려|추방|몰수|본인\s?부담|불법|바가지|큰일|낭패|함부로|단,|못\s?[가-힣]"
        r"|없으면|놓치면|넘기면|늦으면|지나면|만료|처벌|제외"
        r"|견인|취소|정지|돌려\s?[드주]리?지|환불|끊[겨깁어]|효력|소용\s?없|[가-힣]지\s?(?:않|아니)(?:는다|음)|피하|피해\s?주|무시|물어내|감전|폭발|다칠|죽[어을]|독[이을]|쏘|물[려릴]"
        r"|반입|적발|압수|수\s?없|까지만|만\s?(?:받|됩|돼|가능)|일찍\s?(?:마감|끝)|책임지지"
    ),
    "others act": re.compile(
        r"(?:범인|사기범|사기꾼|일당|조직|업자|업체|기사|판매자|가해자|정부|국회|정치인|장관|경찰|공단|회사|시공사|검찰|법원|당국|항공사|은행|학교|시청|범죄자|피해자|관계자|직원|의사|교육청)"
        r"(?:들|에서)?(?:은|는|이|가|에서|에서는|도)\s"
    ),
    "opinion": re.compile(r"습니까|청원|정부|국회|대통령|국민|억울|처벌을|법을\s|제도|철회|폐지|촉구|대책|엄벌|바로잡"),
    "instructs": re.compile(
        r"세요|십시오|시길|바랍니다|부탁|면\s?(?:됩|돼|됨|된다)|야\s?(?:합|해|하|함|한|돼|되|됩|됨)|게\s?(?:\S{1,5}\s)?(?:좋|낫|빠|빨|편|안전)"
        r"|편이\s?(?:\S{1,5}\s)?(?:좋|낫|빠|빨|편|안전)|할\s?것|둘\s?것|볼\s?것|말\s?것|해라|봐라|가라|와라|놔라|둬라|하자|해\s?[두놓]|기[.!]?$"
        r"|확인[.!]?$|신청[.!]?$|신고[.!]?$|접수[.!]?$|제출[.!]?$|등록[.!]?$|먼저|우선|필수|반드시|꼭"
        r"|[가-힣]기[.!]?$|미리|하시고요|하시면|다음\s|한\s?뒤|→"
    ),
    "carries": re.compile(
        r"준비|지참|제출|챙|가져|구비|필요|내야|들고|붙여|첨부|복사|부씩|장씩|있어야|보여|보자고|제시|갖추|소지|\d\s?[부장매통]\b|각\s?\d|한\s?[부장통]"
    ),
    "thing": re.compile(
        r"여권|사본|원본|사진|신청서|증명서|확인서|신고서|진단서|영수증|서류|수수료|비용|카드|통장|도장|계약서|위임장|현금|신분증|면허증|보증금|공증|clearance"
        r"|affidavit|certificate|ID"
        r"|서식|등본|초본|증서|수첩|진단|인증서|명세서|동의서|소견서|등록증|물병|우산|모자|장갑|운동화|수건|옷|약[,\s]|항공권|티켓|달러|페소$|도장|인감"
    ),
}
LONGEST_END = 16  # characters
SIGNS_AT_END = {
    # "물기를 닦는다.", "신청서를 냅니다.": steps are told so, and facts.
    "declares": re.compile(rf"(?:[{PRESENT_STEMS}]다|(?<![었았했됐였겠])습니다|[가-힣](?<![습었았])니다)[.!]?$"),
    "tells a story": re.compile(
        "|".join(rf"{past}\S{{0,4}}[.!~ㅋㅎㅠ ]*$" for past in "았었였했됐갔왔봤났졌렸혔")
        + r"|더(?:라|라고요?|라구요?|군요)[.!]?$|\?$"
    ),
}
LIST_HEADINGS = {
    "bring": re.compile(r"준비|구비|서류|챙|가져|지참|물품|가방|짐|첨부|붙임|필요|낼"),
    "beware": re.compile(r"주의|유의|조심|금지|말\s?것|안\s?되|못\s?하|불가|벌칙|위험|실수|사기"),
    "do": re.compile(
        r"절차|순서|방법|할\s?일|진행|단계|요령|과정|대처|한\s?일|체크|확인|신청|접수|이렇게|팁|수칙|행동"
    ),
}

TITLES = {
    "steps": re.compile(
        r"방법|[가-힣]법$|절차|순서|하기|요령|수칙|[을릴]\s?때|됐을|했을|과정|체크리스트|할\s?일|예방|안전"
    ),
    "things": re.compile(r"준비물|챙길|짐|가져|서류|목록|필요"),
    "warning": re.compile(r"주의|조심|사기|피해|경고|위험|속지|금지|피싱|예방"),
    "notice": re.compile(r"안내|공지|알림|공고|시행|모집|변경|일정"),
    "prices": re.compile(r"요금|가격|비용|수수료|학비|얼마|단가|과태료"),
    "question": re.compile(r"\?|나요|까요|질문|문의"),
    "demand": re.compile(r"주세요|주십시오|바랍니다|합니다|청원|반대|촉구|해야|하자|습니까|는가"),
}
# Headings that name a list outright: what is below them belongs to it, unless its words say something else.
NAMED_LISTS = {
    "bring": re.compile(
        r"준비물|구비\s?서류|제출\s?서류|필요\s?서류|준비\s?서류|지참물|챙길\s?것|가져갈\s?것|챙겨\s?갈\s?것"
    ),
    "beware": re.compile(r"주의|유의|금지|조심할"),
    "do": re.compile(r"절차|순서|할\s?일|수칙|협조\s?사항"),
}
# The reader is to take something along: "챙겨야 할 것은 모자인데".
TAKEN = re.compile(
    r"챙겨야|챙기(?:세요|시|십)|챙겨\s?(?:가|오|주|두)|가져\s?(?:가|오)(?:세|야|십|시|시기)|지참|준비(?:해\s?(?:주|오|가|두)|하세요|하십|하시)|소지(?:하|해)|들고\s?(?:가|오)(?:세|야|십|시)"
)
# What criminals do as a rule is to beware of; what they did and what offices do is nothing to do.
CRIMINALS_ACT = re.compile(
    r"^(?:\S{1,6}\s)?(?:범인|사기범|사기꾼|범죄\s?조직|조직|일당|해커|소매치기|강도|도둑|이들|피싱범|범죄자|괴한)\S{0,3}(?:은|는|이|가)\s"
)
HABIT = re.compile(r"(?:[합됩립킵깁칩놓]니다|[가-힣](?<![었았했])습니다|한다|된다|[는]다)[.!]?$")
OTHERS_ACT = re.compile(
    r"^(?:\S{1,8}\s)?(?:범인|가해자|피해자|업자|업체|정부|국회|정치인|장관|경찰|공단|회사|시공사|검찰|법원|당국|항공사|은행|학교|시청|구청|관리사무소|대사관|영사관|공항공사|직원|담당자|교육청|위원회)(?:들)?(?:은|는|이|가)\s"
)
ADDRESSED = re.compile(
    r"세요|십시오|바랍니다|시기\s|하자|지\s?마|해라|부탁|면\s?됩|면\s?돼|달라|야\s?(?:합니다|해요|돼요|됩니다)"
)
FEWEST_DEMANDS = 2
DEMANDS = re.compile(
    r"(?:습|입|됩|합)니까|청원|대통령|억울|엄벌|촉구|철회(?:하|해)|폐지(?:하|해)|처벌(?:하|해|을\s?강화|받아야)|바로잡|적폐|분노|국민\s?여러분|호소|고발합|반대합니다|나라입|말이\s?됩|말도\s?안\s?되"
    r"|(?:해야|되어야|돼야)\s?(?:한다|된다|할\s?것이|합니다)\s?(?:고\s?(?:생각|봅|주장))?|국회의원|솜방망이|재발\s?방지|진상"
)
NAMED = 1.0  # added to the score of the list that the heading names
AGREEMENT = 0.2  # how far the score of an item is drawn towards the mean of its list


def find_checklist(text: str, title: str = "") -> tuple[list[str], list[str], list[str]]:
    """The statements to do, to bring and to beware of, each in one list only, in the order of the text."""
    lists: dict[str, list[str]] = {name: [] for name in LISTS}
    seen: set[str] = set()
    statements = read_statements(text, title)
    for statement, name in zip(statements, classify(statements, title), strict=True):
        words = statement.text.strip(" ,;")
        if words and words not in seen and len(lists[name]) < MOST_LISTED:
            seen.add(words)
            lists[name].append(words)
    return lists["do"], lists["bring"], lists["beware"]


def classify(statements: Sequence[Statement], title: str = "") -> list[str]:
    """One of LISTS for each statement of a text."""
    if not statements:
        return []
    if _is_petition(statements):
        return ["none"] * len(statements)
    scores = score(*statement_features(statements, title), len(statements), learned_weights()["checklist"])
    scores = _agree(scores, statements) + BIASES[:, None]
    for index, statement in enumerate(statements):
        for name, bonus in _bonuses(statement):
            scores[LISTS.index(name), index] += bonus
    names = [LISTS[index] for index in scores.argmax(axis=0)]
    asks = bool(ASKS.search(title)) and any(statement.is_reply for statement in statements)
    return [
        _correct(name, statement, is_asked=asks and not statement.is_reply)
        for statement, name in zip(statements, names, strict=True)
    ]


def _is_petition(statements: Sequence[Statement]) -> bool:
    """Whether a text demands something of others: it gives its reader no lists, unless a heading names one."""
    demands = sum(1 for statement in statements if DEMANDS.search(statement.text))
    has_list = any(
        pattern.search(each.heading or each.inline_heading) for each in statements for pattern in NAMED_LISTS.values()
    )
    return demands >= FEWEST_DEMANDS and not has_list


def _bonuses(statement: Statement) -> Iterator[tuple[str, float]]:
    """What is added to the scores of a statement: its heading names a list, or its verb says that things are taken."""
    if heading := statement.inline_heading or statement.heading:
        for name, pattern in NAMED_LISTS.items():
            if pattern.search(heading):
                yield name, NAMED
    if TAKEN.search(statement.text):
        yield "bring", NAMED


def _correct(name: str, statement: Statement, is_asked: bool) -> str:
    """The list of a statement, after a look at who acts; `is_asked` is true within a question that has a reply."""
    text = statement.text
    if CRIMINALS_ACT.match(text) and not statement.is_heading:
        return "beware" if HABIT.search(text) else "none" if name == "do" else name
    if name == "none":
        return name
    is_plain_heading = statement.is_heading and (HEADING_WORDS.match(text) or text.endswith((":", "：")))
    if is_plain_heading or (is_asked and not ADDRESSED.search(text)) or COURTESY.search(text):
        return "none"
    if name == "do" and OTHERS_ACT.match(text) and not ADDRESSED.search(text):
        return "none"
    return name


def _agree(scores: np.ndarray, statements: Sequence[Statement]) -> np.ndarray:
    """The scores (lists, statements), drawn towards the mean of the items of the same list."""
    list_of_statement, count = [], 0
    for before, statement in zip([Statement(), *statements], statements, strict=False):
        is_next = before.heading == statement.heading and before.inline_heading == statement.inline_heading
        is_listed = bool(statement.heading or statement.inline_heading) and (
            statement.is_item or statement.is_plain_item or bool(statement.inline_heading)
        )
        count += not (is_next and is_listed)
        list_of_statement.append(count - 1)
    sizes = np.bincount(list_of_statement, minlength=count)
    means = np.stack([np.bincount(list_of_statement, weights=row, minlength=count) for row in scores]) / np.maximum(
        1, sizes
    )
    share = np.where(sizes > 1, AGREEMENT, 0.0)[list_of_statement]
    agreed: np.ndarray = scores * (1 - share) + means[:, list_of_statement] * share
    return agreed


def statement_features(statements: Sequence[Statement], title: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The rows of all features of the statements of a text, and the statement index of each, (features,) both."""
    rows, statement_of_row = ngram_rows([statement.text for statement in statements], namespace=TEXT)
    all_rows, counts = [rows], []
    signs = [_signs(statement.text) for statement in statements]
    ends = [statement.text.rstrip(" .!~")[-2:] for statement in statements]
    of_text = _features_of_text(statements, signs, title)
    for index, statement in enumerate(statements):
        of_statement = [
            _position_rows(
                statement.heading,
                statement.inline_heading,
                statement.is_heading,
                statement.is_item,
                statement.is_numbered,
                statement.is_plain_item,
                statement.is_first,
                min(4, statement.siblings),
                min(8, len(statement.text) // 12),
                signs[index],
            ),
            _text_rows(of_text, statement.is_reply, statement.is_item or statement.is_plain_item, signs[index]),
        ]
        if index > 0:
            of_statement.append(_neighbour_rows("before", ends[index - 1], signs[index - 1]))
        if index + 1 < len(statements):
            of_statement.append(_neighbour_rows("after", ends[index + 1], signs[index + 1]))
        all_rows += of_statement
        counts.append(sum(map(len, of_statement)))
    return np.concatenate(all_rows), np.concatenate([statement_of_row, np.repeat(np.arange(len(statements)), counts)])


def _features_of_text(statements: Sequence[Statement], signs: Sequence[tuple[str, ...]], title: str) -> tuple[str, ...]:
    """What the whole text and its title say about each statement."""
    opinions = sum("opinion" in of_statement for of_statement in signs)
    bare = re.sub(r"\s*\([^()]*\)\s*$", "", title)
    features = [f"opinions {min(3, opinions * 8 // max(8, len(statements)))}"]
    features += [f"title {name}" for name, pattern in TITLES.items() if pattern.search(bare)]
    if any(statement.is_reply for statement in statements):
        features.append("replies")
    return tuple(features)


@lru_cache(maxsize=1 << 14)
def _text_rows(of_text: tuple[str, ...], is_reply: bool, is_listed: bool, signs: tuple[str, ...]) -> np.ndarray:
    """The rows of the features of the whole text, each combined with what the statement is."""
    features = []
    for feature in of_text:
        features += [f"{feature} reply {is_reply}", f"{feature} listed {is_listed}"]
        features += [f"{feature} {sign}" for sign in signs]
    return np.array([row_of(feature) for feature in features])


def _signs(text: str) -> tuple[str, ...]:
    end = text[-LONGEST_END:]
    return (
        *(sign for sign, pattern in SIGNS.items() if pattern.search(text)),
        *(sign for sign, pattern in SIGNS_AT_END.items() if pattern.search(end)),
    )


@lru_cache(maxsize=1 << 14)  # a few positions make up most of a text
def _position_rows(
    heading: str,
    inline_heading: str,
    is_heading: bool,
    is_item: bool,
    is_numbered: bool,
    is_plain_item: bool,
    is_first: bool,
    siblings: int,
    length: int,
    signs: tuple[str, ...],
) -> np.ndarray:
    """The rows of what is known of a statement besides its characters."""
    listed = is_item or is_plain_item
    features = [
        "any",
        f"item {is_item} numbered {is_numbered} plain {is_plain_item}",
        f"first {is_first} item {is_item}",
        f"length {length} listed {listed}",
        f"siblings {siblings}",
        f"below a heading {bool(heading)} in a part {bool(inline_heading)}",
        f"heading {is_heading}",
        " and ".join(signs),
    ]
    for sign in signs:
        features += [sign, f"{sign} listed {listed}"]
    for name, pattern in LIST_HEADINGS.items():
        if pattern.search(heading):
            features += [f"below {name}", f"below {name} listed {listed}"]
            features += [f"below {name} {sign}" for sign in signs]
        if pattern.search(inline_heading):
            features.append(f"in {name}")
    rows = [np.array([row_of(feature) for feature in features])]
    texts = ((HEADING_TEXT, heading), (INLINE_HEADING_TEXT, inline_heading))
    rows += [ngram_rows([text], namespace)[0] for namespace, text in texts if text]
    return np.concatenate(rows)


@lru_cache(maxsize=1 << 14)
def _neighbour_rows(side: str, end: str, signs: tuple[str, ...]) -> np.ndarray:
    """The rows of the statement before or after: its last characters and its signs."""
    return np.array([row_of(f"{side} ends {end}"), *(row_of(f"{side} {sign}") for sign in signs)])
