"""One spelling for what looks the same: Unicode form, invisible characters, white space, contact labels."""

import html
import re
import unicodedata

# Half characters of a garbled terminal, control characters, soft hyphen, zero-width and direction marks,
# byte order mark, variation selectors, tags.
INVISIBLE = re.compile(
    "[\ud800-\udfff\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
LINE_ENDS = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
SPACES = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
SPACE_BEFORE_LINE_END = re.compile(" +$", re.MULTILINE)
HTML_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\s*/?>", re.IGNORECASE)
# Between the cells of a row; the last cell ends with its row.
HTML_CELL_END = re.compile(r"</t[dh] ?>[ \t]*(?=<t[dh][ >])", re.IGNORECASE)
HTML_TAG = re.compile(
    r"</?(?:p|div|span|a|b|i|u|em|strong|font|img|ul|ol|li|table|tbody|thead|tr|td|th|h[1-6]|hr|center|br|blockquote"
    r"|html|body|head|style|script|meta|link|iframe|sup|sub|small)(?:\s[^<>\n]{0,500})?/?>|<!--[^\n]{0,500}?-->",
    re.IGNORECASE,
)
HTML_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")

# A contact label is a word of LABELS followed by a colon, or by a value of its kind that no particle
# follows: "Tel 02-0000-1234" is one; "hotel", "website", "전화번호를 적다" and "전화 02-0000-1234로" are not.
PHONE = r"(?:\(\+?\d{1,4}\)|\+?\d)[\d\-–. ()~/]{5,}\d"
# An address ends where Hangul begins: what follows is a particle ("www.…에서").
WEB = (
    r"(?:https?://|www\.)[^\s,)가-힣]+"
    r"|[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|net|org|kr|ph|gov|edu|io|info|example)(?![a-z0-9])[^\s,)가-힣]*"
)
EMAIL = r"[a-z0-9._+\-]+@[a-z0-9\-]+(?:\.[a-z0-9\-]+)+"
KAKAO_ID = r"(?=[A-Za-z0-9_.\-]*[\d_])[A-Za-z][A-Za-z0-9_.\-]{2,}"
STREET_KIND = (
    r"(?:St|Street|Ave|Avenue|Road|Rd|Drive|Dr|Blvd|Boulevard|Lane|Ln|Highway|Hwy|Circle|Ext|Tower|Towers|Bldg|Building|Plaza"
    r"|Arcade|Mall|Center|Centre|Commercenter|Residences|Condominium|Place|Village|Subd|Subdivision|Compound|Complex|Homes|Heights"
    r"|Square|Court|Terminal)"
)
# A street with its number or town, "12 Halimbawa Street", "Ayala Ave. 12", "할림바와 거리 12".
ADDRESS = rf"(?=.*[\d,])(?:[a-z0-9][\w.'’/\-]*,? ){{1,6}}{STREET_KIND}\b|[가-힣]+(?:로|길| 거리) ?\d+"
LABELS = {  # label: (its spellings, its pictures, a value of its kind, and one after a picture where that is another)
    "TEL": (
        r"대표 ?전화|전화 ?번호|휴대 ?전화|전화|연락처|핸드폰|휴대폰|모바일|telephone|hotline|mobile|phone|cell|tel|t",
        "☎☏📞📱",
        PHONE,
    ),
    "WEB": (r"홈페이지|홈피|웹 ?사이트|사이트|home ?page|web ?site|web|url", "🌐", WEB),
    "EMAIL": (r"이메일|전자 ?우편|메일|e-?mail|mail", "✉📧", EMAIL),
    "KAKAO": (
        r"(?:카카오톡|카카오|카톡|kakao ?talk|kakao)(?: ?(?:id|아이디))?",
        "💬",
        KAKAO_ID,
    ),
    "ADDR": (r"주소|소재지|위치|오시는 ?길|찾아오시는 ?길|address|addr|location", "📍🏠", r"(?!)", ADDRESS),
}
PARTICLE = r"(?![\w가-힣]|\s?(?:으?로|에서?|[을를은는이가도와과]\s|입니다|이에요|예요|번으로|라고|인데|이고))"


def _label_pattern(words: str, pictures: str, value: str, pictured: str = "") -> re.Pattern:
    named = rf"(?<![\w.@/\-])(?:[{pictures}] ?)*(?:{words})\.? ?"
    # A picture may stand some words before its value; "📱유심 등록은 공항에서 하세요" is about something else.
    picture = rf"(?:[{pictures}] ?)+(?:[:：] ?(?=\S)|(?=[^.:：=!?]{{0,30}}?(?:{pictured or value})))"
    return re.compile(rf"(?:{named}(?:[:：=]\s*(?=\S)|(?=(?>{value}){PARTICLE}))|{picture})", re.IGNORECASE)


LABEL_PATTERNS = {label: _label_pattern(*spellings) for label, spellings in LABELS.items()}
# Most lines hold no contact; this finds the ones worth the five searches above.
MAY_HOLD_LABEL = re.compile(
    r"[:：=@☎☏📞📱🌐✉📧💬📍🏠]|\d[\d\-. )]{5}|www|http|kakao|카톡|카카오|[a-z]\.[a-z]", re.IGNORECASE
)


def normalize(text: str) -> str:
    """Return text in one Unicode form, without control and zero-width characters, HTML or surplus space.

    Lines stay lines. Applied to its own result it changes nothing.
    """
    cleaned = _normalize_once(text)
    # What an escaped entity or a tag hid may itself be one.
    while ("&" in text or "<" in text) and cleaned != text:
        text, cleaned = cleaned, _normalize_once(cleaned)
    return cleaned


def _normalize_once(text: str) -> str:
    text = INVISIBLE.sub("", LINE_ENDS.sub("\n", text))
    if "&" in text:
        text = HTML_ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    if "<" in text:
        text = HTML_TAG.sub("", HTML_BREAK.sub("\n", HTML_CELL_END.sub(" | ", text)))
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    text = SPACES.sub(" ", text)
    return SPACE_BEFORE_LINE_END.sub("", text)


def standardize_labels(text: str) -> str:
    """Write the labels of contacts in one way: `☎️ 전화번호 : 02-…` becomes `TEL: 02-…`.

    >>> standardize_labels("Tel 02-0000-1234, hotel website")
    'TEL: 02-0000-1234, hotel website'
    """
    return "\n".join(_standardize_line(line) if MAY_HOLD_LABEL.search(line) else line for line in text.split("\n"))


def _standardize_line(line: str) -> str:
    for label, pattern in LABEL_PATTERNS.items():
        line = pattern.sub(f"{label}: ", line)
    return line
