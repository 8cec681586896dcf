"""The fact that a question asks for: an amount, a date or duration, a place, or a number to call."""

import re

ASKED_AND_GIVEN = (
    (
        "얼마|비용|요금|수수료|가격|값|금액|견적|학비|수업료|월급|임금|벌금|과태료|보증금|위약금|월세|한도"
        "|드는 ?돈|드나요|들어요|[캐차]디피|몇 ?(?:페소|원|달러)",
        r"[\d천만백]\s*(?:페소|원|달러|불|유로|퍼센트|%|만|천)|[₱$]\s*\d|\d{1,3}(?:,\d{3})+|무료|공짜",
    ),
    (
        "언제|며칠|몇 ?[일시월주년달]|기간|기한|날짜|시간|까지|걸리|걸려|유효|얼마나 ?(?:걸|오래)",
        r"\d\s*(?:월|일|시|분|주|개월|년|영업일|근무일)|하루|이틀|사흘|나흘|닷새|보름|[한두세네석넉] ?달|시간|요일",
    ),
    (
        "어디|주소|위치|장소|어느 (?:곳|병원|학교|은행)",
        r"주소|ADDR|위치|\d\s*층|호실|창구|[가-힣]{2}(?:에서|에 가|관|청|원|점)|\b(?:St|Ave|City|Road)\b",
    ),
    (
        "번호|전화|연락처|카톡|아이디|이메일|메일|홈페이지|사이트",
        r"\d{2,4}[-)]\s?\d{3,4}|\b1[35]\d{2}\b|@|TEL|KAKAO|WEB|https?:|www\.",
    ),
)
FACTS = tuple((re.compile(asked), re.compile(given)) for asked, given in ASKED_AND_GIVEN)


def asked_facts(question: str) -> list[re.Pattern[str]]:
    """What the facts that a question asks for look like; none for a question that asks for none.

    >>> [bool(fact.search("수수료는 53달러입니다.")) for fact in asked_facts("여권을 다시 만드는 데 얼마예요?")]
    [True]
    """
    return [given for asked, given in FACTS if asked.search(question)]
