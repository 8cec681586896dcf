"""The grammar of the questions of samples: what may take a particle, and which particle."""

import re

# Sentences and the like: they are quoted or asked as they are.
SENTENCE = re.compile(
    r"(?:니다|[는한된인없있같많좋싶쉽맞었았했겠렸졌냈웠녔갔왔봤]다|[가-힣]다|세요|[어아해여워와져려켜춰봐돼]요|[예네데래대죠지군구고나까가]요|[가-힣]까|죠|하자|주자|가자|보자|말자|두자|내자|합시다|해라|하라|마라|십시오|시오|[는은인]가|느냐|으냐|이냐|라니|네"
    r"|[했됐었았였겠]음|[가-힣](?:하|되|시키)[ㅁ]|함|됨|[받찾갔왔봤겠없있같많]음|옮김|바람|드림|올림|당함|털림|뚫림|걸림|[해줘봐]|[되하있없했됐였었겠]나)$|[?!~…]$"
)
# The last word of a clause that something must follow.
UNFINISHED = re.compile(
    r"(?:(?:^|\s|[가-힣])(?:하고|되고|이고|하며|되며|이며|하면|되면|이면|으면|로면|려면|라면서|하니|되니|니까|지만|는데|은데|인데|한데|던데|려고|도록|하게|되게|면서|거나|든지|느라|다가|길래|므로|위해|통해|따라|관해|대해|때문에|대신에|[해어아여라와가려워켜져쳐겨춰나러]서|어도|아도|해도)"
    r"|[가-힣](?:에서|에게|한테|으로|까지|부터|마다|처럼|에는|에도|이라고|라고|[을를은])|[가-힣]에|(?<![신광경창사참보권재금차원최부예통회장냉주효])고|[가-힣]니|[가-힣]께|[가-힣](?<![필중수주개소동담강])요|(?:^|\s)(?:안|못|더|꼭|다시|바로|및|또는|그리고|의|그|이|저))$"
)
# A verb before a noun: "받을", "하는", "좋은".
ADNOMINAL = re.compile(
    r"(?:(?:^|\s|[가-힣])(?:[가-힣]는|던|하던|한|된|할|될|있을|없을|했을|됐을|받을|챙길|확인할|알아야|같은|많은|좋은|받은|먹은|찍은|얻은|된다는|라는)"
    r"|(?:^|\s)(?:갈|올|볼|쓸|살|싼|큰|낸|본|온|간|산|딴|쓴|탄|준|깬|찬|어떤|이런|그런))$"
)
FINISHES_ADNOMINAL = re.compile(
    r"(?:대한|북한|남한|제한|권한|기한|무한|한한|할인|역할|분할|관할|주민|시한|최대한|최소한|결한|생활|오는|가는\s?길)$"
)
NOUN_THOUGH = re.compile(  # nouns that end like a verb or a particle
    r"(?:마을|가을|노을|서울|겨울|개울|거울|저울|한을|바다|비자|사다리차|캐나다|소다|제도|지도|은행|사은|재은|보은|조은|고은|순은|현은|동네|가네|어네|[가-힣]{1,3}시네|해외|오해|이해|피해|방해|손해|올해|새해|견해|저해|공해|침해|재해|상해|진해|남해|동해|서해|김해|북해|지네|그네|인가|허가|전문가|물가|휴가|평가|국가|추가|참가|불가|대가|작가|주가|증가|원가|단가|고가|저가|시가|상가|요가|정가|건의|재가|폐가|화가|무늬|에너지|가지|단지|편지|공지|금지|해지|폐지|방지|정지|유지|토지|부지|월급|급여|대여|참여|기여|증여|부여|잔여|무료|서류|종류|시가|바코드)$"
)
PARTICLES = {
    "이가": ("이", "가"),
    "을를": ("을", "를"),
    "은는": ("은", "는"),
    "과와": ("과", "와"),
    "으로": ("으로", "로"),
    "이라": ("이", ""),
}
# What a question never contains: two particles or commas in a row, a particle behind an unfinished word.
FAULT = re.compile(
    r"(?:에에|을을|를를|를을|을를|는는|에서에|니다[은는이가을를에])(?=\s|$)|[,.]\s?,|\s[은는이가을를에의](?=\s|[.,?])|\s{2}|^[\s,.은는를]|''|\(\s*\)"
    r"|(방법|절차|순서|요령|안내|정리|비용|요금|수수료|준비물|기간|과태료|후기)[은는이가을를]?\s\1"
)


def has_final_consonant(text: str) -> bool:
    """Whether the pronunciation of the last letter or digit ends in a consonant; this decides between 을 and 를."""
    last = text.rstrip(" '\")]")[-1:]
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28 != 0
    return last.lower() in "lmnr0136780"


def add_particles(pattern: str, **words: str) -> str:
    """A pattern such as "{topic}{을를} 정리해줘." with its words and the particles that fit them."""
    for name, word in words.items():
        closed = has_final_consonant(word)
        for pair, (after_consonant, after_vowel) in PARTICLES.items():
            if pair == "으로":  # also after ㄹ: "서울로"
                closed_here = closed and not ("가" <= word[-1:] <= "힣" and (ord(word[-1]) - ord("가")) % 28 == 8)
            else:
                closed_here = closed
            pattern = pattern.replace(
                f"{{{name}}}{{{pair}}}", f"{{{name}}}" + (after_consonant if closed_here else after_vowel)
            )
        pattern = pattern.replace(f"{{{name}}}", word)
    return pattern


def is_noun_phrase(text: str) -> bool:
    """Whether a particle may follow a text: its last word is a noun, and it is not a sentence."""
    text = text.strip()
    last = text.rsplit(" ", 1)[-1]
    if not re.search(r"[가-힣A-Za-z0-9)%]$", text) or re.search(
        r"[.,?!…:;]\s|(?:습니다|세요|어요|아요|해요|니까)\s", text
    ):
        return False
    if NOUN_THOUGH.search(last):
        return True
    if FINISHES_ADNOMINAL.search(last):
        return True
    return not (SENTENCE.search(text) or UNFINISHED.search(text) or ADNOMINAL.search(text))


def is_natural(question: str) -> bool:
    """Whether a question has none of the faults that a pattern with a wrong topic makes."""
    return not FAULT.search(question) and question.count("(") == question.count(")")
