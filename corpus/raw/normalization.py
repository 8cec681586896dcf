"""One spelling for what looks the same: Unicode form, invisible characters, white space, labels of contacts."""

import html
import re
import unicodedata

# Lone surrogates, control characters, soft hyphen, zero-width and direction marks,
# byte order mark, variation selectors, tags.
EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf"
# A zero-width joiner between two emoji makes one picture of them, and is kept.
INVISIBLE = re.compile(
    f"(?<![{EMOJI}\ufe0f])\u200d|\u200d(?![{EMOJI}])|"
    "[\ud800-\udfff\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
LINE_ENDS = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
SPACES = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
SPACE_BEFORE_LINE_END = re.compile(" +$", re.MULTILINE)
# Elements whose text is not for readers, or is the label of a form.
HTML_HIDDEN = re.compile(
    r"<(script|style|title|noscript|button|select|textarea|svg|label)(?=[\s>])|</(script|style|title|noscript|button"
    r"|select|textarea|svg|label)\s{0,9}>",
    re.IGNORECASE,
)
HTML_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/pre|/dt|/dd|/caption|/section|/article)\s*/?>", re.IGNORECASE)
HTML_ITEM = re.compile(r"(?:</li\s{0,9}>)?[ \t]*<li(?:\s[^<>\n]{0,500})?>[ \t]*", re.IGNORECASE)
# Between two cells of a row; the last cell ends together with its row.
HTML_CELL_END = re.compile(r"</t[dh] ?>[ \t]*(?=<t[dh][ >])", re.IGNORECASE)
HTML_TAG = re.compile(
    r"</?(?:p|div|span|a|b|i|u|em|strong|font|img|ul|ol|li|table|tbody|thead|tr|td|th|h[1-6]|hr|center|br|blockquote"
    r"|html|body|head|style|script|meta|link|iframe|sup|sub|small|title|pre|code|button|label|input|select|option|form"
    r"|textarea|fieldset|legend|nav|header|footer|main|section|article|aside|figure|figcaption|picture|source|video|audio"
    r"|svg|path|dl|dt|dd|caption|col|colgroup|tfoot|noscript|mark|del|ins|kbd|abbr|big|s|o:p)(?:\s[^<>\n]{0,500})?/?>|<!--[^\n]{0,500}?-->",
    re.IGNORECASE,
)
# An entity of which several programs have written the "&" as "&amp;" counts as one.
HTML_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,7};|#x[0-9a-fA-F]{1,6};|[a-zA-Z]{2,8};)")
MOST_PASSES = 8  # over tags inside tags; with more, "<" is no longer read as the beginning of one

# A contact label is a word of LABELS before a colon, or before a value of its type without a particle:
# "Tel 02-0000-1234" has one; "hotel", "website", "전화번호를 적다" and "전화 02-0000-1234로" have none.
PHONE = r"(?:\(\+?\d{1,4}\)|\+?\d)[\d\-–. ()~/]{5,}\d"
# The address of a site ends where Hangul begins, which is a particle ("www.…에서").
WEB = (
    r"(?:https?://|www\.)[^\s,)가-힣]+"
    r"|[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|net|org|kr|ph|gov|edu|io|info|example)(?![a-z0-9])[^\s,)가-힣]*"
)
EMAIL = r"[a-z0-9._+\-]+@[a-z0-9\-]+(?:\.[a-z0-9\-]+)+"
KAKAO_ID = r"(?=[A-Za-z0-9_.\-]*[\d_])[A-Za-z][A-Za-z0-9_.\-]{2,}"
STREET_WORD = (
    r"(?:St|Street|Ave|Avenue|Road|Rd|Drive|Dr|Blvd|Boulevard|Lane|Ln|Highway|Hwy|Circle|Ext|Tower|Towers|Bldg|Building|Plaza"
    r"|Arcade|Mall|Center|Centre|Commercenter|Residences|Condominium|Place|Village|Subd|Subdivision|Compound|Complex|Homes|Heights"
    r"|Square|Court|Terminal)"
)
# A street with its number or town: "12 Halimbawa Street", "Ayala Ave. 12", "할림바와 거리 12".
ADDRESS = rf"(?=.*[\d,])(?:[a-z0-9][\w.'’/\-]*,? ){{1,6}}{STREET_WORD}\b|[가-힣]+(?:로|길| 거리) ?\d+"
# label: (its spellings, its pictures, its values, and its values after a picture if those differ)
LABELS: dict[str, tuple[str, ...]] = {
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
NO_PARTICLE = r"(?![\w가-힣]|\s?(?:으?로|에서?|[을를은는이가도와과]\s|입니다|이에요|예요|번으로|라고|인데|이고))"


def _label_pattern(words: str, pictures: str, value: str, value_after_picture: str = "") -> re.Pattern[str]:
    named = rf"(?<![\w.@/\-])(?:[{pictures}] ?)*(?:{words})\.? ?"
    # There may be some words between a picture and its value; without a value, as in "📱유심 등록은 공항에서 하세요", a
    # picture is no label.
    picture = rf"(?:[{pictures}] ?)+(?:[:：] ?(?=\S)|(?=[^.:：=!?]{{0,30}}?(?:{value_after_picture or value})))"
    return re.compile(rf"(?:{named}(?:[:：=]\s*(?=\S)|(?=(?>{value}){NO_PARTICLE}))|{picture})", re.IGNORECASE)


LABEL_PATTERNS = {label: _label_pattern(*spellings) for label, spellings in LABELS.items()}
# Most lines contain no contact; the five searches above are only for lines that match this.
MAY_HOLD_LABEL = re.compile(
    r"[:：=@☎☏📞📱🌐✉📧💬📍🏠]|\d[\d\-. )]{5}|www|http|kakao|카톡|카카오|[a-z]\.[a-z]", re.IGNORECASE
)


def normalize(text: str) -> str:
    """The text in one Unicode form, without control and zero-width characters, HTML or superfluous white space.

    Lines remain lines. A normalised text does not change.
    """
    cleaned = _normalize_once(text)
    # An entity or a tag may appear only when another one is gone.
    passes = 1
    while ("&" in text or "<" in text) and cleaned != text:
        text, cleaned = cleaned, _normalize_once(cleaned)
        passes += 1
        if passes > MOST_PASSES:
            cleaned = cleaned.replace("<", "").replace("&", "")
    return cleaned


def _normalize_once(text: str) -> str:
    text = INVISIBLE.sub("", LINE_ENDS.sub("\n", text))
    if "&" in text:
        text = HTML_ENTITY.sub(lambda entity: html.unescape(f"&{entity[1]}"), text)
    if "<" in text:
        text = HTML_ITEM.sub(_item, _without_hidden_elements(text))
        text = HTML_TAG.sub("", HTML_BREAK.sub("\n", HTML_CELL_END.sub(" | ", text)))
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    text = SPACES.sub(" ", text)
    return SPACE_BEFORE_LINE_END.sub("", text)


def _item(tag: re.Match[str]) -> str:
    """The mark of a list item, on a line of its own."""
    return "- " if tag.start() == 0 or tag.string[tag.start() - 1] == "\n" else "\n- "


def _without_hidden_elements(text: str) -> str:
    """The text without the elements that are not for readers; their line ends remain."""
    kept = []
    end = 0
    opened: re.Match[str] | None = None
    for tag in HTML_HIDDEN.finditer(text):
        if opened is None and tag[1]:
            opened = tag
        elif opened is not None and tag[2] and tag[2].lower() == opened[1].lower():
            kept += [text[end : opened.start()], "\n" * text.count("\n", opened.start(), tag.end())]
            end, opened = tag.end(), None
    return "".join([*kept, text[end:]])


def standardize_labels(text: str) -> str:
    """Write the labels of contacts in one form: `☎️ 전화번호 : 02-…` becomes `TEL: 02-…`.

    >>> standardize_labels("Tel 02-0000-1234, hotel website")
    'TEL: 02-0000-1234, hotel website'
    """
    return "\n".join(_standardize_line(line) if MAY_HOLD_LABEL.search(line) else line for line in text.split("\n"))


def _standardize_line(line: str) -> str:
    for label, pattern in LABEL_PATTERNS.items():
        line = pattern.sub(f"{label}: ", line)
    return line
