"""Words that show whether a statement is an instruction, a warning, a thing to bring, or none of them."""

import re

# Syllables that end in ㄴ, as before the ending of the present: 한다, 닦는다.
PRESENT_STEMS = "".join(chr(code) for code in range(ord("가"), ord("힣") + 1) if (code - ord("가")) % 28 == 4)
# Greetings and the like, whatever they ask for: "새해 복 많이 받으세요."
COURTESY = re.compile(
    r"복\s?많이|안녕하(?:세요|십니까)|감사합니다|고맙습니다|기원합니다|환영합니다|좋은\s?하루|(?:행복|건강|안전|즐거)\S{0,3}\s\S{0,8}\s?(?:되세요|보내세요|하세요)[.!~^]*$|공감|구독|이웃\s?추가"
    r"|(?:다음|아래)(?:과|와)?\s?같이\s|답변\s?부탁|궁금하신|문의\s?(?:주세요|바랍니다)"
)
# Each alternative begins with a letter, not with a character class: this lets `re` skip most positions.
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
    # "물기를 닦는다.", "신청서를 냅니다.": a plain statement can be a step or a fact.
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
# What goes on is no step, and nor is a pointer to more text: "요구하고 있습니다.", "자세한 것은 여기를 보세요."
NO_STEP = re.compile(
    r"고\s?있(?:습니다|다|어요|음)[.!]?$|^(?:자세한|나머지|더\s자세한)\s.{0,14}(?:보세요|보십시오|참고|참조)\S{0,6}$"
)
FEWEST_DEMANDS = 2
DEMANDS = re.compile(
    r"(?:습|입|됩|합)니까|청원|대통령|억울|엄벌|촉구|철회(?:하|해)|폐지(?:하|해)|처벌(?:하|해|을\s?강화|받아야)|바로잡|적폐|분노|국민\s?여러분|호소|고발합|반대합니다|나라입|말이\s?됩|말도\s?안\s?되"
    r"|(?:해야|되어야|돼야)\s?(?:한다|된다|할\s?것이|합니다)\s?(?:고\s?(?:생각|봅|주장))?|국회의원|솜방망이|재발\s?방지|진상"
)
