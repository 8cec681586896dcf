"""The title of a post: which of its first lines it is, and its words without marks and brackets."""

import re

from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE
from corpus.raw.sentences import SENTENCE_END

LONGEST_TITLE = 60  # characters
MOST_BESIDE_TITLE = 11  # characters of a line that repeats the title and says nothing else
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
# "【정리】 by 두리맘"
BYLINE = re.compile(r"(?<=[\]】>》〉])[\s/]*(?:by\s|작성|글쓴이|(?:19|20)\d\d[.-]).*$", re.IGNORECASE)


def find_title(lines: tuple[str, ...]) -> str:
    """The title of a post without brackets and marks; "" if none of its first three lines is a title."""
    for text in lines[:3]:
        text = CHAT_PREFIX.sub("", text)
        if NOTE.match(text) or (HEAD_LINE.match(text) and not re.match(r"\s*제목", text)):
            continue
        if len(lines) > 1 and (BRACKETED_TITLE.match(text) or looks_like_title(text) or is_one_short_sentence(text)):
            return _strip_title(text)
        return ""
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
    title = BYLINE.sub("", title).strip(TITLE_MARKS)
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
