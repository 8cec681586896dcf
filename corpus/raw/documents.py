"""Lines become posts, as their authors wrote them; posts become documents short enough for one sample."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from corpus.raw.reading import Line

# Where posts are set apart by separator lines, by two blank lines or by the head of the next, a single
# blank line only sets paragraphs apart. A stretch longer than this without any of them (in characters)
# is a file of another kind, whose single blank lines are the breaks between posts.
LONGEST_POST = 6_000
# There, a block shorter than this is a paragraph and the next block belongs to the same post.
SHORTEST_POST = 200
# A post without any blank line is closed at this size, so that it stays a stream.
LARGEST_POST = 1 << 16
LONGEST_TITLE = 60
SHORTEST_BODY = 20  # characters of the first line of a text

SEPARATOR = re.compile(
    r"^\s*(?:([-=_~*#+─━═※★☆◆◇■□●○·.])(?:\s?\1){2,}|<\s?끝\s?>|\(끝\)|끝\.?|[-=]+\s*\d*\s*[-=]+)\s*$"
)
BULLET = re.compile(
    r"^\s*(?:[-*·•‣▶▷►✔✓☑☐✅❌❗❕⚠◎ㅇ○●◦■□▪▫◆☞→>×\U0001f300-\U0001faff]\ufe0f?|\[[ xXvV✓]?\]"
    r"|\(?\d{1,2}[.)](?!\d)|[①-⑳]|[가-하][.)]|[a-zA-Z][.)])\s?(?=\S)"
)
MARKS_ONLY = re.compile(r"[^\w\n]*$")  # a line that says nothing: "|---|---|", "★★★"
# The number that a sentence begins with which is an item within a line: "2. 사진", not "5.18 기념일".
ITEM_NUMBER = re.compile(r"^(?:\(?\d{1,2}\)?|[가나다라마바사아자차카타파하])\.\s?(?=[^\s\d])")
NUMBERED_ITEM = re.compile(r"^\s*(?:\(?(\d{1,2})[.)]|([①-⑳]))\s*\S")
DATE = r"(?:(?:19|20)\d\d\s?[.\-/년]\s?\d{1,2}\s?[.\-/월]\s?\d{1,2}\s?[.일]?)"
DAY = r"(?:\d{1,2}월\s?\d{1,2}일)"
AUTHOR = r"(?:작성자|글쓴이|등록자|by|from|posted by|글·사진)"
# Lines that only a post's head carries: a date, an author, "제목:", "기고 | 이름", "10월 12일 | 이름".
HEAD_LINES = (
    rf"(?:작성일?|등록일?|시행일?|게시일?|날짜)?\s*[:：]?\s*\[?{DATE}\]?(?:\s*\(?[월화수목금토일](?:요일)?\)?)?"
    r"(?:\s*(?:오전|오후)?\s*\d{1,2}:\d\d(?::\d\d)?)?\s*(?:작성|등록|시행)?"
    rf"(?:\s*[/|｜,·]\s*\S.{{0,24}}|\s+{AUTHOR}\s.{{1,24}})?",
    rf"{AUTHOR}\s*[:：]?\s\S.{{0,60}}",
    r"(?:제목|글번호|조회수?)\s*[:：]?\s\S.{0,60}",
    r"(?:작성|여행일|저장한 날짜)\s?[:：]\s?\S.{0,40}",
    rf"{DAY}\s*[|｜/]\s*\S.{{1,24}}",
    rf"\S.{{1,14}}\s*[|｜/]\s*{DAY}.{{0,20}}",
    r"(?:기고|글|사진)\s*[|｜]\s*\S.{1,24}",
)
HEAD_LINE = re.compile(rf"^\s*(?:{'|'.join(HEAD_LINES)})\s*$", re.IGNORECASE)
# "[닉네임] [오후 3:12] …" and "2024년 3월 1일 오후 3:12, 닉네임 : …": who said it in a chat, and when.
CHAT_PREFIX = re.compile(
    r"^\[[^\]]{1,20}\] \[(?:오전|오후) \d{1,2}:\d\d\] "
    r"|^\d{4}년 \d{1,2}월 \d{1,2}일 (?:오전|오후) \d{1,2}:\d\d, [^:]{1,20} : "
)
# Where a text comes from, or whom it is for, at its head: "(단톡방에서 퍼옴)".
NOTE = re.compile(r"\s*\([^()]*\)\s*$")
# What short words in brackets end in when they head a part of a post, not a post: "<준비물>", "〈셋째 날〉".
PART_END = "[것씀전후날에기일점활물서법용항림]"
NO_KIND = r"추가|참고|준비|서류|주의|수정|예시|사진|답변|댓글|\d+일|별표|별지|서식|부칙|붙임|[ xXvV✓]?\]"
# "[공지] …" is the title of a post; "[추가] …" goes on with one, and "[닉네임] …요." answers in one.
BRACKETED_TITLES = (
    rf"\[(?!{NO_KIND})[^\[\]=]{{1,20}}\]\s*[^\s\[].{{0,70}}",
    r"\[[^\[\]=]{10,40}\]",
    r"【[^【】]{1,50}】.{0,50}",
    rf"<(?! |[^<>]{{1,9}}(?<={PART_END})>)[^<>]{{2,60}}>",
    rf"〈(?! |[^〈〉]{{1,9}}(?<={PART_END})〉)[^〈〉]{{2,60}}〉",
    r"《[^《》]{2,60}》",
    r"★.{2,60}★?",
    r"■\s?.{2,50}\s?■",
    r"제목\s?[:：].{2,80}",
    r"(?:No\.?|#)\s?\d{1,5}\b.{0,60}",
    r".{2,40} 카카오톡 대화",
)
BRACKETED_TITLE = re.compile(rf"^\s*(?:{'|'.join(BRACKETED_TITLES)})\s*$", re.IGNORECASE)
KIND_OF_POST = re.compile(
    r"\s*\[(?:공지|필독|안내|알림|후기|질문|정보|공유|펌|나눔|구인|구직|양도|긴급|속보|모집|홍보|이벤트|소식|잡담)"
)
TITLE_MARKS = " \t★☆■●◆▶※*=-~"
BRACKETS = "[]【】<>《》〈〉"  # in pairs
BYLINE = re.compile(
    r"(?<=[\]】>》〉])[\s/]*(?:by\s|작성|글쓴이|(?:19|20)\d\d[.-]).*$", re.IGNORECASE
)  # "【정리】 by 두리맘"
# A sentence ends at a full stop or its kin, or at a final ending of Korean that a break follows. "다" ends
# one after a past or future (ㅆ) or present (ㄴ) stem, not in 보다, 마다, 바다 or 캐나다.
STEMS = "".join(chr(code) for code in range(ord("가"), ord("힣") + 1) if (code - ord("가")) % 28 in (4, 20))
ENDINGS = (
    "습니다|입니다|됩니다|합니다|[가-힣]니다|세요|어요|아요|해요|예요|에요|네요|데요|래요|대요|지요|거든요|죠|군요|구요|고요"
    f"|[했됐었았였]음|[{STEMS}]다|이다|아니다|없다|같다|많다|좋다|싶다|쉽다|맞다"
)
# A full stop ends nothing after the number or letter of an item ("4. ", "가. ", "(3). "), a part of a date
# ("2024. 6. 2."), an initial ("U.N. Ave.") or an abbreviation of those that addresses are full of.
NO_END = (
    r"(?<!\b[0-9A-Za-z가나다라마바사아자차카타파하]\.)(?<!\b\d\d\.)(?<!\b(?:19|20)\d\d\.)"
    r"(?<!\(\d\)\.)(?<!\b\d\)\.)"
    r"(?<!(?i:\b(?:No|St|Dr|Mr|Ms|Rd|Km|Rm|Sr|Jr|Co|Mt)\.))"
    r"(?<!(?i:\b(?:Ave|Doc|Mrs|Tel|Loc|Ext|Blk|Sta|Sto|Cor|Inc|Ltd)\.))"
    r"(?<!(?i:\b(?:Bldg|Brgy|Blvd|Atty|Corp|Subd)\.))"
)
SENTENCE_END = re.compile(rf"(?:[.!?。…]+{NO_END}[\"'”’)\]]*|(?:{ENDINGS})[~^ㅋㅎㅠㅜ!]*)(?=\s|$)")
# What somebody adds in brackets; farther from each other, an opening and a closing mark may not be of one pair.
LONGEST_ASIDE = 120
ASIDE = re.compile(rf"\([^()\n]{{2,{LONGEST_ASIDE}}}\)|\[[^\[\]\n]{{2,{LONGEST_ASIDE}}}\]")
# The number of an item ends what stands before it on its line, even where no full stop does: "준비물 1. 여권 2. 사진".
BEFORE_ITEM = re.compile(r" (?=\d{1,2}\.(?: [^\d\s]|[가-힣]))(?<=[^\s\d.,:~은는] )")


@dataclass(frozen=True)
class Post:
    """What one person wrote at one time: its lines, and where the first of them stood."""

    source: str
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A post, or a part of a long one, that a sample can hold whole."""

    source: str
    line: int  # of the post's first line, counted from 1
    post: int  # number of the post, counted from 0 over all sources
    part: int  # number of the part within the post, counted from 0
    title: str  # "" where the post has none
    text: str


def split_posts(lines: Iterable[Line]) -> Iterator[Post]:
    """Group lines into posts; every line with something on it is in exactly one, separators in none."""
    stretch: list[Line] = []  # since the last sure break; blank lines between are one empty line
    size = 0
    blanks = 0
    separated = False
    for line, following in _with_following(lines):
        if not line.text or line.text.isspace():
            blanks += 1
            continue
        if SEPARATOR.match(line.text):
            separated = True
            continue
        if stretch and (
            separated
            or stretch[0].source != line.source
            or size > LARGEST_POST
            or _is_sure_break(line.text, blanks, stretch, following)
        ):
            yield from _posts_of(stretch, size)
            stretch, size = [], 0
        elif stretch and blanks:
            if size > LONGEST_POST:
                *whole, last = _split_at_blank_lines(stretch)
                yield from map(_post, whole)
                stretch = last
                if _is_weak_break(line.text, stretch):
                    yield _post(stretch)
                    stretch = []
                # The stretch stays a long one: its next blank line is a break too.
                size = LONGEST_POST + 1
            if stretch:
                stretch.append(Line(line.source, line.number, ""))
        stretch.append(line)
        size += len(line.text) + 1
        blanks, separated = 0, False
    if stretch:
        yield from _posts_of(stretch, size)


def _posts_of(stretch: list[Line], size: int) -> Iterator[Post]:
    yield from map(_post, _split_at_blank_lines(stretch) if size > LONGEST_POST else [stretch])


def _post(lines: list[Line]) -> Post:
    return Post(lines[0].source, lines[0].number, tuple(line.text for line in lines))


def _with_following(lines: Iterable[Line]) -> Iterator[tuple[Line, str]]:
    """Each line with the text of the next one that is not empty; "" where a sure break or the end comes first."""
    waiting: list[Line] = []  # a line with text, and the empty ones after it
    for line in lines:
        if line.text and waiting:
            near = len(waiting) <= 2 and not SEPARATOR.match(line.text)
            yield waiting[0], line.text if near else ""
            yield from ((blank, "") for blank in waiting[1:])
            waiting = []
        if line.text or waiting:
            waiting.append(line)
        else:
            yield line, ""
        if len(waiting) > 3:  # no end of empty lines: give them out as they come
            yield from ((held, "") for held in waiting)
            waiting = []
    yield from ((held, "") for held in waiting)


def _is_sure_break(text: str, blanks: int, stretch: list[Line], following: str) -> bool:
    """Whether a line begins a new post by its own look, or by the two blank lines before it."""
    if _is_only_a_head(stretch):
        return False
    if blanks > 1:
        return True
    if BRACKETED_TITLE.match(text) and not (text.startswith("[") and _is_chat_line(text, blanks, stretch, following)):
        return bool(blanks or re.match(r"\s*(?:[\[【《<]|제목)", text))
    if not blanks:
        return False
    if HEAD_LINE.match(text):
        # A notice ends with its date and who gives it; a date that begins a post has a text below it. A line
        # alone before it is the title.
        is_alone = len(stretch) == 1 and _is_petition_title(stretch[0].text)
        return len(following) >= SHORTEST_BODY and not is_alone
    # A signature looks like a title too; what follows it is another post's title.
    return (
        (_looks_like_title(text) or _is_petition_title(text))
        and bool(HEAD_LINE.match(following))
        and not BRACKETED_TITLE.match(following)
    )


def _is_chat_line(text: str, blanks: int, stretch: list[Line], following: str) -> bool:
    """Whether "[name] what they said" is one line among its like, not a title."""
    before = next((line.text for line in reversed(stretch) if line.text), "")
    alone = blanks and not before.startswith("[") and not following.startswith("[")
    return not alone and not KIND_OF_POST.match(text) and bool(SENTENCE_END.search(text))


def _split_at_blank_lines(stretch: list[Line]) -> list[list[Line]]:
    """Take a long stretch apart at its single blank lines, but keep paragraphs and lists with their head."""
    posts: list[list[Line]] = [[]]
    for line in stretch:
        if not line.text:
            posts[-1].append(line)
        elif posts[-1] and not posts[-1][-1].text and _is_weak_break(line.text, posts[-1]):
            posts[-1].pop()
            posts.append([line])
        else:
            posts[-1].append(line)
    return posts


def _is_weak_break(text: str, post: list[Line]) -> bool:
    """Whether a line after a single blank one begins a new post, in a stretch without better breaks."""
    written = [line.text for line in post if line.text]
    if not written or _is_only_a_head(post) or written[-1].endswith((":", "：")) or BULLET.match(text):
        return False
    return sum(map(len, written)) >= SHORTEST_POST


def _is_only_a_head(lines: list[Line]) -> bool:
    """Whether all that stands here is a title, a date or a byline, whose body must still come."""
    written = [line.text for line in lines if line.text]
    return len(written) <= 3 and all(
        HEAD_LINE.match(text) or BRACKETED_TITLE.match(text) or _looks_like_title(text) for text in written
    )


def _looks_like_title(text: str) -> bool:
    """A short line that neither ends a sentence nor is an item of a list or a contact."""
    text = text.strip()
    ends_otherwise = re.search(r"[.。,;:]$|\d{3,}-\d{3,}|https?://|[다요]$", text)
    return 2 <= len(text) <= LONGEST_TITLE and not BULLET.match(text) and not ends_otherwise


def find_title(lines: tuple[str, ...]) -> str:
    """The title of a post without its brackets and marks, or "" where its first lines are none."""
    for text in lines[:3]:
        text = CHAT_PREFIX.sub("", text)
        if NOTE.match(text) or (HEAD_LINE.match(text) and not re.match(r"\s*제목", text)):
            continue
        if len(lines) > 1 and (BRACKETED_TITLE.match(text) or _looks_like_title(text) or _is_petition_title(text)):
            return _strip_title(text)
        return ""
    return ""


def _is_petition_title(text: str) -> bool:
    """A first line that is one short sentence is a title too: "…을 공개해 주십시오."."""
    text = text.strip()
    return len(text) <= LONGEST_TITLE and not BULLET.match(text) and len(SENTENCE_END.findall(text)) <= 1


def _strip_title(text: str) -> str:
    title = re.sub(
        r"^\s*(?:제목\s?[:：]|(?:No\.?|#)\s?\d+[.)]?|\d{1,3}[.)]|Q\s?\d*[.:)])\s*", "", text, flags=re.IGNORECASE
    )
    # "[공지] 회비 안내" is about the dues: a short bracket before other words is the kind of post.
    title = re.sub(r"^\s*\[[^\[\]]{1,12}\]\s*(?=\S)", "", title)
    title = BYLINE.sub("", title).strip(TITLE_MARKS)
    bare = title.strip(TITLE_MARKS + BRACKETS)
    pairs = zip(BRACKETS[::2], BRACKETS[1::2], strict=True)
    return bare if all(bare.count(opening) == bare.count(closing) for opening, closing in pairs) else title


def first_words(text: str, most: int = 30) -> str:
    """The beginning of a text in one line of at most `most` characters, cut at a word; "…" shows that more follows."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return (line[:most].rpartition(" ")[0] or line[: most - 1]) + "…"


def cut_documents(post: Post, number: int, max_characters: int) -> list[Document]:
    """Cut a post into parts of at most `max_characters`, at ends of paragraphs, sentences or words.

    Parts are about equally long, so none is a scrap. Only a "word" longer than a part is cut inside.
    """
    text = "\n".join(post.lines).strip("\n")
    title = find_title(post.lines)
    pieces = cut_text(text, max_characters)
    return [Document(post.source, post.line, number, part, title, piece) for part, piece in enumerate(pieces)]


def cut_text(text: str, max_characters: int) -> list[str]:
    """Cut text into pieces of at most `max_characters`; joined again they hold every word of it, in order."""
    pieces = []
    text = text.strip()
    start = 0
    while len(text) - start > max_characters:
        left = len(text) - start
        parts_left = -(-left // max_characters)
        # Not all that is left, which may be megabytes; but a bracket that is open at the limit closes in it.
        window = text[start : start + max_characters + LONGEST_ASIDE]
        cut = _best_cut(window, -(-left // parts_left), max_characters)
        pieces.append(window[:cut].rstrip())
        start += cut
        while start < len(text) and text[start].isspace():
            start += 1
    return [*pieces, text[start:]] if start < len(text) else pieces


def _best_cut(window: str, wanted: int, limit: int) -> int:
    """The place nearest to `wanted` to cut at, but not after `limit`: at a paragraph, a line, a sentence, a word.

    The window is the text up to some way after the limit.
    """
    lowest = wanted // 2
    ends = [
        [found.end() for found in re.finditer(r"\n\s*\n", window)],
        # A heading ends with a colon: what it announces must not be cut off from it.
        [found.end() for found in re.finditer(r"(?<![:：])\n", window)],
        _outside_brackets(window, _sentence_ends(window)),
    ]
    for candidates in ends:
        fitting = [end for end in candidates if lowest <= end <= limit]
        if fitting:
            return min(fitting, key=lambda end: abs(end - wanted))
    space = max(window.rfind(" ", 0, limit + 1), window.rfind("\n", 0, limit + 1))
    return space if space > 0 else limit


def split_sentences(line: str) -> list[str]:
    """The sentences of one line, each with its end; a line without sentence ends is one."""
    return list(_split_sentences(line))


@lru_cache(maxsize=256)  # summary, checklist and details of one document all ask for the same lines
def _split_sentences(line: str) -> tuple[str, ...]:
    items = [space.end() for space in BEFORE_ITEM.finditer(line)]
    places = [0, *sorted(_outside_brackets(line, _sentence_ends(line) + items)), len(line)]
    return tuple(filter(None, (line[start:end].strip() for start, end in pairwise(places))))


def _sentence_ends(text: str) -> list[int]:
    return [found.end() for found in SENTENCE_END.finditer(text)]


def _outside_brackets(text: str, places: list[int]) -> list[int]:
    """The places that are not within brackets: an aside goes with its sentence, however many it holds itself."""
    if not places or ("(" not in text and "[" not in text):
        return places
    inside = {place for found in ASIDE.finditer(text) for place in range(found.start() + 1, found.end())}
    return [place for place in places if place not in inside]
