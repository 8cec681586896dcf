"""The title of a post: which of its first lines it is, and its words without marks and brackets."""

import re

from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE
from corpus.raw.sentences import SENTENCE_END

LONGEST_TITLE = 60  # characters
MOST_BESIDE_TITLE = 11  # characters of a line that repeats the title and says nothing else
MOST_LINES_BEFORE_TEXT = 16
LONGEST_AUTHOR = 10  # characters of a name in a line of its own
PICTURES = re.compile(
    r"^\s*(?:[\U0001f000-\U0001faff\u2600-\u26ff\u2b50\u2700-\u2704\u2706-\u2712\u2728-\u2749]\ufe0f?\s*)+(?=\S)"
)
# What a page shows around a post.
FURNITURE = re.compile(
    r"^\s*(?:본문\s?(?:바로가기|기타\s?기능)|(?:메뉴|본문|내용|주메뉴|하위메뉴)\s?(?:으로)?\s?(?:바로가기|건너뛰기)|블로그(?:\s?메뉴)?|카테고리\s?(?:이동|없음)?|검색|MY\s?메뉴(?:\s?열기)?|프로필|이웃\s?추가|URL\s?복사|공유(?:하기)?|신고(?:하기)?|로그인|회원가입"
    r"|목록|글쓰기|이전\s?글|다음\s?글|HOME|홈|반응형|728x90|320x100|티스토리\s?뷰|스크랩|인쇄|첨부\s?파일|댓글\s?\d*|공감\s?\d*|좋아요\s?\d*|조회\s?수?\s?:?\s?[\d,]*|추천\s?\d*|구독하기|글자\s?크기.*|번역하기)\s*$",
    re.IGNORECASE,
)
# A remark above the title on where the text is from or for whom it is: "(단톡방에서 퍼옴)".
NOTE = re.compile(r"\s*\([^()]*\)\s*$")
# Short words in brackets that end so are the heading of a section, not the title of a post: "<준비물>", "〈셋째 날〉".
SECTION_END = "[것씀전후날에기일점활물서법용항림]"
NOT_A_TITLE = r"추가|참고|준비|서류|주의|수정|예시|사진|답변|댓글|\d+일|별표|별지|서식|부칙|붙임|[ xXvV✓]?\]"
# "[공지] …" is the title of a post; "[추가] …" continues one, and "[닉네임] …요." is a reply within one.
BRACKETED_TITLES = (
    rf"\[(?!{NOT_A_TITLE})[^\[\]=]{{1,20}}\]\s*[^\s\[].{{0,70}}",
    r"\[[^\[\]=]{10,40}\]",
    r"【[^【】]{1,50}】.{0,50}",
    rf"<(?! |[^<>]{{1,9}}(?<={SECTION_END})>)[^<>]{{2,60}}>",
    rf"〈(?! |[^〈〉]{{1,9}}(?<={SECTION_END})〉)[^〈〉]{{2,60}}〉",
    r"《[^《》]{2,60}》",
    r"★.{2,60}★?",
    r"■\s?.{2,50}\s?■",
    r"제목\s?[:：].{2,80}",
    r"(?:No\.?|#)\s?\d{1,5}\b.{0,60}",
    r".{2,40} 카카오톡 대화",
)
BRACKETED_TITLE = re.compile(rf"^\s*(?:{'|'.join(BRACKETED_TITLES)})\s*$", re.IGNORECASE)
TITLE_MARKS = " \t★☆■●◆▶※*=-~"
BRACKETS = "[]【】<>《》〈〉"  # each opening one before its closing one
RUN_IN_LIST = re.compile(r"(?<=[가-힣)])\s1[.)]\s.*\s2[.)]\s.*$")  # "순서 1. 예약한다. 2. 낸다."
# "【정리】 by 두리맘"
BYLINE = re.compile(r"(?<=[\]】>》〉])[\s/]*(?:by\s|작성|글쓴이|(?:19|20)\d\d[.-]).*$", re.IGNORECASE)


def find_title(lines: tuple[str, ...]) -> str:
    """The title of a post without brackets and marks; "" if none of its first lines is a title.

    The title is the first line with words, or the one above the author and the date if there are such lines.
    """
    first_lines = [CHAT_PREFIX.sub("", text) for text in lines[:MOST_LINES_BEFORE_TEXT] if not FURNITURE.match(text)]
    candidates = [
        RUN_IN_LIST.sub("", PICTURES.sub("", text)) for text in first_lines if text.strip() and not NOTE.match(text)
    ]
    if len(lines) < 2 or not candidates:
        return ""
    for text in candidates[:3]:
        if re.match(r"\s*제목", text):
            return _strip_title(text)
    for text in (_above_byline(candidates), *candidates[:3]):
        if HEAD_LINE.match(text) or not text:
            continue
        is_title = BRACKETED_TITLE.match(text) or looks_like_title(text) or is_one_short_sentence(text)
        return _strip_title(text) if is_title else ""
    return ""


def _above_byline(lines: list[str]) -> str:
    """The line above the first date or author, if lines above it are a menu or a category; "" for none."""
    for number, text in enumerate(lines[:5]):
        if HEAD_LINE.match(text):
            above = [line for line in lines[:number] if looks_like_title(line)]
            if len(above) > 2 and len(above[-1]) <= LONGEST_AUTHOR and " " not in above[-1].strip():
                above.pop()  # the line above the date names the author
            return above[-1] if len(above) > 1 and len(above) >= number - 1 else ""
    return ""


def looks_like_title(text: str) -> bool:
    """Whether a line is short and is no sentence, list item or contact."""
    text = text.strip()
    ends_otherwise = re.search(r"[.。,;:]$|\d{3,}-\d{3,}|https?://|[다요]$", text)
    return 2 <= len(text) <= LONGEST_TITLE and not BULLET.match(text) and not ends_otherwise


def is_one_short_sentence(text: str) -> bool:
    """Whether a line is a single short sentence, which is a title too as a first line: "…을 공개해 주십시오."."""
    text = text.strip()
    return len(text) <= LONGEST_TITLE and not BULLET.match(text) and len(SENTENCE_END.findall(text)) <= 1


def _strip_title(text: str) -> str:
    title = re.sub(
        r"^\s*(?:제목\s?[:：]|(?:No\.?|#)\s?\d+[.)]?|\d{1,3}[.)]|Q\s?\d*[.:)])\s*", "", text, flags=re.IGNORECASE
    )
    # The title of "[공지] 회비 안내" is "회비 안내": a short bracket before other words is the category of the post.
    title = re.sub(r"^\s*\[[^\[\]]{1,12}\]\s*(?=\S)", "", title)
    title = RUN_IN_LIST.sub("", BYLINE.sub("", title)).strip(TITLE_MARKS)
    bare = title.strip(TITLE_MARKS + BRACKETS)
    pairs = zip(BRACKETS[::2], BRACKETS[1::2], strict=True)
    return bare if all(bare.count(opening) == bare.count(closing) for opening, closing in pairs) else title


def repeats_title(line: str, title: str) -> bool:
    """Whether a line says nothing but the title; False without a title."""
    return bool(title) and title in line and len(line) <= len(title) + MOST_BESIDE_TITLE


def first_words(text: str, most: int = 30) -> str:
    """The beginning of a text in one line of at most `most` characters, cut between words; "…" marks an omission."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return (line[:most].rpartition(" ")[0] or line[: most - 1]) + "…"
