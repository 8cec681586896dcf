"""Lines become posts, as their authors wrote them; posts become documents short enough for one sample."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corpus.reading import Line

# A post that never ends (a file without blank lines) is closed at this size, so that it stays a stream.
LONGEST_POST = 1 << 16
# Paragraphs of one post are often set apart by blank lines. Below this size a block is a paragraph,
# and the next block belongs to the same post unless it starts like a post.
SHORTEST_POST = 200
LONGEST_TITLE = 60

SEPARATOR = re.compile(r"^\s*(?:([-=_~*#+─━═※★☆◆◇■□●○·.])(?:\s?\1){2,}|<\s?끝\s?>|\(끝\)|[-=]+\s*\d*\s*[-=]+)\s*$")
BULLET = re.compile(r"^\s*(?:[-*·•‣▶▷►✔✓☑✅ㅇ○●◦■□▪◆☞→>]|\(?\d{1,2}[.)]|[①-⑳]|[가-하][.)]|[a-zA-Z][.)])\s?(?=\S)")
NUMBERED_ITEM = re.compile(r"^\s*(?:\(?(\d{1,2})[.)]|([①-⑳]))\s*\S")
DATE = r"(?:(?:19|20)\d\d\s?[.\-/년]\s?\d{1,2}\s?[.\-/월]\s?\d{1,2}\s?[.일]?)"
# Lines that only a post's head carries: a date, an author, "제목:", a bracketed kind, a number with "번 글".
HEAD_LINE = re.compile(
    rf"^\s*(?:\[?{DATE}\]?(?:\s*\(?[월화수목금토일](?:요일)?\)?)?(?:\s*(?:오전|오후)?\s*\d{{1,2}}:\d\d(?::\d\d)?)?\s*(?:작성|등록)?"
    rf"|(?:작성자|글쓴이|등록자|작성일|등록일|날짜|제목|글번호|조회수?|by|from|posted by)\s*[:：]?\s\S.{{0,60}})\s*$",
    re.IGNORECASE,
)
BRACKETED_TITLE = re.compile(
    r"^\s*(?:\[[^\[\]]{1,20}\]\s*\S.{0,70}|【[^【】]{1,50}】.{0,50}|<[^<>]{2,60}>|《[^《》]{2,60}》|〈[^〈〉]{2,60}〉|★.{2,60}★?|■\s?.{2,50}\s?■"
    r"|제목\s?[:：].{2,80}|(?:No\.?|#)\s?\d{1,5}\b.{0,60}|Q\s?\d{0,3}\s?[.:)].{2,80}|제\s?\d+\s?[조장절호]\b.{0,60})\s*$",
    re.IGNORECASE,
)
# A sentence ends at a full stop or its kin, or at a Korean final ending that a break follows.
SENTENCE_END = re.compile(
    r"(?:[.!?。…]+[\"'”’)\]]*|(?:습니다|ㅂ니다|입니다|됩니다|합니다|세요|어요|아요|해요|예요|에요|네요|지요|죠|군요|[했됐었았였]음|[가-힣]다)[~^ㅋㅎㅠㅜ!]*)(?=\s|$)"
)


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
    collected: list[Line] = []
    size = 0
    blanks = 0
    separated = False
    for line in lines:
        text = line.text
        if not text or text.isspace():
            blanks += 1
            continue
        if SEPARATOR.match(text):
            separated = True
            continue
        new_source = bool(collected) and collected[0].source != line.source
        if collected and (
            new_source
            or size > LONGEST_POST
            or separated
            or (blanks and _starts_post(text, collected, size, blanks))
            or (not blanks and _starts_post_without_break(text, collected))
        ):
            yield _post(collected)
            collected, size = [], 0
        elif collected and blanks:
            collected.append(Line(line.source, line.number, ""))
        collected.append(line)
        size += len(text) + 1
        blanks, separated = 0, False
    if collected:
        yield _post(collected)


def _post(collected: list[Line]) -> Post:
    return Post(collected[0].source, collected[0].number, tuple(line.text for line in collected))


def _starts_post(text: str, collected: list[Line], size: int, blanks: int) -> bool:
    """Whether the first line after a blank one begins a new post."""
    if BRACKETED_TITLE.match(text) or HEAD_LINE.match(text):
        return not _is_only_a_head(collected)
    if _is_only_a_head(collected) or collected[-1].text.rstrip().endswith((":", "：")) or BULLET.match(text):
        return False
    return blanks > 1 or size >= SHORTEST_POST


def _starts_post_without_break(text: str, collected: list[Line]) -> bool:
    """Whether a line begins a new post although no blank line stands before it."""
    return bool(BRACKETED_TITLE.match(text) and text.lstrip()[0] in "[【《" and not _is_only_a_head(collected))


def _is_only_a_head(collected: list[Line]) -> bool:
    """Whether all that was collected so far is a title, a date or a byline, whose body must still come."""
    return all(
        HEAD_LINE.match(line.text) or BRACKETED_TITLE.match(line.text) or _looks_like_title(line.text)
        for line in collected
        if line.text
    )


def _looks_like_title(text: str) -> bool:
    """A short line that neither ends a sentence nor is an item of a list or a contact."""
    text = text.strip()
    return (
        2 <= len(text) <= LONGEST_TITLE
        and not BULLET.match(text)
        and not re.search(r"[.。,;:]$|\d{3,}-\d{3,}|https?://|다$|요$", text)
    )


def find_title(lines: tuple[str, ...]) -> str:
    """The title of a post without its brackets and marks, or "" where its first lines are none."""
    for text in lines[:3]:
        if HEAD_LINE.match(text) and not re.match(r"\s*제목", text):
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
    return title.strip(" \t[]【】<>《》〈〉★☆■●◆▶※*=-~").strip()


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
    rest = text.strip()
    while len(rest) > max_characters:
        parts_left = -(-len(rest) // max_characters)
        cut = _best_cut(rest, -(-len(rest) // parts_left), max_characters)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def _best_cut(text: str, wanted: int, limit: int) -> int:
    """The place nearest to `wanted` to cut at, but not after `limit`: at a paragraph, a line, a sentence, a word."""
    lowest = wanted // 2
    window = text[: limit + 1]
    ends = [
        [found.end() for found in re.finditer(r"\n\s*\n", window)],
        # A heading ends with a colon: what it announces must not be cut off from it.
        [found.end() for found in re.finditer(r"(?<![:：])\n", window)],
        [found.end() for found in SENTENCE_END.finditer(window)],
    ]
    for candidates in ends:
        fitting = [end for end in candidates if lowest <= end <= limit]
        if fitting:
            return min(fitting, key=lambda end: abs(end - wanted))
    space = max(window.rfind(" "), window.rfind("\n"))
    return space if space > 0 else limit


def split_sentences(line: str) -> list[str]:
    """The sentences of one line, each with its end; a line without sentence ends is one."""
    sentences = []
    start = 0
    for end in SENTENCE_END.finditer(line):
        sentence = line[start : end.end()].strip()
        if sentence:
            sentences.append(sentence)
        start = end.end()
    tail = line[start:].strip()
    return [*sentences, tail] if tail else sentences
