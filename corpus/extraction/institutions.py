"""The names of offices, clinics, schools, firms and people in a text."""

import re
from collections.abc import Iterator
from functools import lru_cache

from corpus.raw.layout import BULLET
from corpus.raw.normalization import LABELS
from corpus.raw.words import OPTIONAL_PARTICLE

LONGEST_NAME = 40  # characters

# The ends of the names of institutions. A word that ends so is a name, together with the nouns before it.
INSTITUTION_ENDINGS = (
    r"병원|의원|클리닉|치과|안과|내과|외과|소아과|산부인과|피부과|이비인후과|정형외과|한의원|약국|보건소|검사실"
    r"|검진센터|의료원|메디컬센터|청소년과|대사관|영사관|영사과|분관|총영사관|이민국|이민청|경찰서|경찰청"
    r"|지구대|소방서|시청|구청|동사무소|면사무소|세관|우체국|법원|검찰청|세무서|은퇴청|교육청|출장소|지사|본청"
    r"|사무소|사무국|사무실|관리실|관리사무소|관리단|행정실|교무실|상담실|상담소|민원실|안내소|접수처|창구"
    r"|콜센터|고객센터|센터|본부|지부|지점|본점|대리점|영업소|한인회|부녀회|협회|연합회|재단|모임|동호회|학교"
    r"|유치원|어린이집|학원|어학원|어학당|대학교|대학|공부방|교실|도서관|도서방|교회|성당|절|사찰|선교회|마트"
    r"|슈퍼|식품|식품점|상회|상점|가게|정육점|떡집|빵집|식당|밥집|반점|횟집|카페|미용실|세탁소|서점|여행사|항공"
    r"|해운|택배|운송|이사|렌탈|렌터카|렌트카|견인|부동산|중개소|공증|공증소|번역|법률사무소|로펌|법무법인"
    r"|행정사|회계법인|은행|보험|손해보험|손해|생명|카드|증권|통신|전력|수도|신문|방송|호텔|리조트|콘도|빌라"
    r"|타워|골프장|컨트리클럽|동물병원|구조대|상담센터|연구소|공사|공단|위원회|재난실|상황실|당직실|원무과"
    r"|입원계|허가과|민원과|총무과|안전과"
)
INSTITUTION_WORD = re.compile(rf"(?:[가-힣A-Za-z0-9·&]*(?:{INSTITUTION_ENDINGS}))(?:\([A-Za-z가-힣 .·]{{1,30}}\))?")
ENDS_AS_NAME = re.compile(rf"^(?P<name>{INSTITUTION_WORD.pattern}){OPTIONAL_PARTICLE}$")
# A word that may come before the last one of a name: a noun, so without a particle or the ending of a verb.
WORD_IN_NAME = re.compile(r"^(?:[가-힣A-Za-z0-9·&.'’]{1,12})$")
NOT_IN_NAME = re.compile(
    r"(?:[은는이가을를에의로와과도.]|에서|까지|부터|하고|고|면|서|니|요|다|데|던|한|된|할|될|있는|없는|같은|라는|이라|때문"
    r"|경우|기타|보다|처럼|만큼|말고|통해)$"
    r"|^(?:그|이|저|제|우리|저희|참고로|혹시|바로|먼저|그냥|다른|같이|여기|거기|근처|옆|앞|뒤|안|및|또는|그리고|시내|동네"
    r"|가까운|큰|작은|새|한|두|곳|것|분|전|후|위|아래|관련|문의|이용|방문|직후|직전|이후|이전|당일|즉시|미리|현재|최근)$"
)
LATIN_WORD = r"[A-Z][A-Za-z&.'’ñÑ]+"
LATIN_NAME = re.compile(rf"{LATIN_WORD}(?:\s(?:{LATIN_WORD}|[A-Z]|of|de|ng|at|the|sa|and))*(?:\s{LATIN_WORD})")
LATIN_WORDS = re.compile(
    r"[A-Z][A-Za-z0-9.'’&-]*(?:\s(?:&\s)?[A-Z][A-Za-z0-9.'’&-]*|\s(?:of|de|ng|at|na|sa|the)(?=\s[A-Z]))*"
)
PERSON_TITLES = (
    r"선생님?|실장|팀장|과장|부장|대표|사장|권사|집사|목사|선교사|총무|쌤|씨|기사|간사|코디네이터|코디|원장|회장|방장|소장|매니저|대리|차장|국장|영사"
    r"|언니|형|아저씨|아주머니|이모|여사|사모"
)
PERSON = re.compile(
    rf"(?:[가-힣A-Za-z]{{1,6}}\s)?[가-힣A-Za-z]{{1,6}}\s?(?:{PERSON_TITLES})(?![가-힣]{{2}})"
    r"|(?:Ms|Mr|Mrs|Mang|Ate|Kuya|Dr|Atty)\.?\s[A-Z가-힣][a-zA-Z가-힣]+"
)
MOST_WORDS_BEFORE = 3  # of a name, before the word that ends like an institution
NAME_WORD = re.compile(r"[^\s,;:/|()\[\]<>'\"“”‘’「」『』→~]+(?:\([A-Za-z가-힣 .·]{1,30}\))?")
QUOTED = re.compile(r"['‘\"“「『]([가-힣A-Za-z0-9 &·]{2,20})['’\"”」』]")

LABEL_WORDS = "|".join(words for words, *_ in LABELS.values())
# Words before a contact that say how or when to use it, not whose it is.
ROLE_WORDS = (
    r"연락|문의|문의처|대표|대표번호|직통|예약|긴급|응급|당직|야간|주간|평일|주말|비고|번호|영업시간|운영시간"
    r"|시간|근무시간|근무시간 외|시간 외|문자|배달|주문|접수|신청|상담|신고|고장신고|등록|안내|통역|한국어|영어"
    r"|코디네이터|담당|담당자|핫라인|핫 ?라인|무료|수신자 ?부담|toll ?free|지방|시내|마닐라|세부|본점|분점|팩스"
    r"|fax|viber|바이버|겸용|whatsapp|와츠앱|텔레그램|telegram|line|라인|sns|인스타|블로그|카페|온라인|인터넷"
    r"|contact(?: us)?|지점|예약제|방법|덧붙여|참조"
    r"|링크|사이트|급한|급한 소식은|서류|스캔본|이력서|한국|필리핀|현지|이메일|e-?mail|또는|혹은|및|그리고|or"
    r"|and|입니다|이에요|예요"
)
SUFFIXES = r"(?:와|과|이?나|은|는|이|가|을|를|으?로|에|에서|부터|까지|만|도|겸용|가능|전용)?"
ONLY_ROLES = re.compile(
    rf"^(?:(?:{LABEL_WORDS}|{ROLE_WORDS}){SUFFIXES}[/·,() ]*)*$|^[^가-힣A-Za-z]*$|^[가-힣]$", re.IGNORECASE
)
# "병원" or "창구" alone is what somebody is, not a name.
NO_NAME_ALONE = re.compile(rf"^(?:{INSTITUTION_ENDINGS}|응급실|고객부|[A-Z ]+[A-Z]?|(?:{ROLE_WORDS}))$")
# The full stop of "St. Luke's Medical Center" or "Dr. Kim Clinic" is within a name.
NOT_AFTER_TITLE = r"(?<!\b(?:St|Dr|Mr|Ms)\.)(?<!\b(?:Mrs|Sta|Sto)\.)"
SENTENCE_SIGN = re.compile(
    rf"[.!?…]{NOT_AFTER_TITLE}|(?:[다요죠음함됨임며고서면지니까데]|려고|어도|아도|하게|으로|에서|에게|한테|보다)$|(?:은|는|을|를)\s"
    r"|(?:하(?!늘|나|얀|람|루\s)|되|있|없|않)[가-힣]*\s"
)

# Text with one of these is no name, but part of a sentence ("방학에 한국 갈 때 조심", "급하시면") or of a web address.
NO_NAME = re.compile(
    r"(?:니다|[가-힣][어아해예에네데래대세지까]요|[았었했됐갔왔없있]다|[았었했됐없있받]음|됨|지킴|[나들]옴|[^편서]함|돼)$"
    r"|(?:[하되시으내뜨]면|[는은]데|지만|[어아해]서|더니|으니|려[면고]|고자|되어|[가-힣]에는|에서는?|에게|한테|으로|부터|까지|먼저|를)$"
    r"|[가-힣](?:는|를|에게|에서|으로|지만|계신|[하되으내]면)\s|(?:^|\s)때(?:\s|$)|\s안\s[되돼하받나오가]|\s(?:분|곳|데|것)$|[했었았였됐녔]고(?:\s|$)"
    r"|^(?:이고|이며|그러나|그런데|하지만|그리고|아직|그저|여러분|저는)(?:\s|$)"
    r"|\d\s?[:~-]\s?\d{2}\s?시?|^(?:평일|토요일|매일|매주|영업|운영|월|화|수|목|금|토|일)[\s~]?\d|(?:같|없|있)음$|\d{4}\s?[.년-]\s?\d"
    r"|^\d+(?:년|월|일차)(?:\s|$)|\d시\s이[전후]|[=?]|&$|^https?$|://|www\.|\.(?:com|net|org|kr)\b"
)

# In such a part, these words may come before a name: "한국 원장님 계신 하늘나무덴탈".
NO_NAME_BEFORE = re.compile(r"^(?:.*(?:[가-힣](?:는|를|에게|에서|으로|지만)|계신|[하되으내]면)|때|이고|이며)\s")


def find_institutions(text: str) -> list[str]:
    """The names of institutions in a text, in its order."""
    found = list(_find_korean_names(text))
    found += [(match.start(), match[0]) for match in LATIN_NAME.finditer(text)]
    found += [(match.start(), match[1]) for match in QUOTED.finditer(text)]
    names = [name for _, name in sorted(found)]
    return [name for name in names if 2 <= len(name) <= LONGEST_NAME and not NO_NAME_ALONE.match(name)]


def _find_korean_names(text: str) -> Iterator[tuple[int, str]]:
    """(position, name) of each word that ends like an institution, with the words around it that belong to the name."""
    words = list(NAME_WORD.finditer(text))
    index = 0
    while index < len(words):
        match = ENDS_AS_NAME.match(words[index][0])
        if not match:
            index += 1
            continue
        first = index
        while first > 0 and index - first < MOST_WORDS_BEFORE and _belongs_before(words[first - 1], words[first], text):
            first -= 1
        # "한국대사관 영사과", "한인회 사무국": the next word may name a department of the institution.
        last, name_end = index, words[index].start() + len(match["name"])
        while (
            last + 1 < len(words)
            and match[0] == match["name"]
            and text[words[last].end() : words[last + 1].start()] == " "
        ):
            match = ENDS_AS_NAME.match(words[last + 1][0])
            if not match:
                break
            last, name_end = last + 1, words[last + 1].start() + len(match["name"])
        yield words[first].start(), text[words[first].start() : name_end]
        index = last + 1


def _belongs_before(word: re.Match[str], following: re.Match[str], text: str) -> bool:
    """Whether a word belongs to the name that continues with the following word."""
    return (
        text[word.end() : following.start()] == " "
        and bool(WORD_IN_NAME.match(word[0]))
        and not NOT_IN_NAME.search(word[0])
        and not word[0].isdigit()
    )


@lru_cache(maxsize=256)  # the contacts of a text are searched in the same lines
def find_names(text: str) -> tuple[tuple[str, str], ...]:
    """(name, type) of every name in a text; the type is "institution", "latin" or "person"."""
    names = [(name, "institution") for name in find_institutions(text)]
    known = {name for name, _ in names}
    latin = (match[0].strip(" .,") for match in LATIN_WORDS.finditer(text))
    names += [(name, "latin") for name in latin if len(name) > 2 and name not in known]
    return (*names, *((match[0].strip(), "person") for match in PERSON.finditer(text)))


@lru_cache(maxsize=1024)  # like find_names
def clean_name(text: str) -> str:
    """A name without bullets, marks, brackets and words such as "contact" that belong to the value after it."""
    name = BULLET.sub("", text.strip())
    name = re.sub(r"\s*\([^()]*\)?\s*$", "", name)
    name = re.sub(rf"^(?:{LABEL_WORDS}|{ROLE_WORDS})[은는]\s+", "", name, flags=re.IGNORECASE)  # "연락은 총무 리아"
    name = re.sub(r"^그\s?다음에?\s+", "", name)
    name = name.strip(" \t:：-–—~=·•*|/()<>[]【】「」『』★☆■●◆▶※☎☏📞📱✉📧📍🏠🌐💬,.'\"")
    return re.sub(
        rf"\s+(?:{LABEL_WORDS}|대표\s?번호|대표|문의처|문의|예약|연락처|번호)$", "", name, flags=re.IGNORECASE
    ).strip()
