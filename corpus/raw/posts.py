"""Lines become posts: a post is what one person wrote at one time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corpus.raw.layout import BULLET, HEAD_LINE, SEPARATOR
from corpus.raw.reading import Line
from corpus.raw.sentences import SENTENCE_END
from corpus.raw.titles import BRACKETED_TITLE, is_one_short_sentence, looks_like_title

# Sizes are in characters. Where separator lines, two blank lines or the head of the next post separate posts, a
# single blank line separates only paragraphs. A stretch longer than this without any of them comes from a file of
# another format, in which single blank lines separate posts.
LONGEST_POST = 6_000
# In such a file, a block shorter than this is a paragraph, and the next block belongs to the same post.
SHORTEST_POST = 200
# A post without any blank line is closed at this size, so that memory stays small.
LARGEST_POST = 1 << 16
SHORTEST_BODY = 20  # of the first line below the head of a post
POST_CATEGORY = re.compile(
    r"\s*\[(?:공지|필독|안내|알림|후기|질문|정보|공유|펌|나눔|구인|구직|양도|긴급|속보|모집|홍보|이벤트|소식|잡담)"
)


@dataclass(frozen=True)
class Post:
    """What one person wrote at one time."""

    source: str  # file name
    line: int  # number of its first line in the file, counted from 1
    lines: tuple[str, ...]


def split_posts(lines: Iterable[Line]) -> Iterator[Post]:
    """Group lines into posts: every line with text belongs to exactly one, separators to none."""
    stretch: list[Line] = []  # lines since the last certain break, with one empty line for any number of blank ones
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
            or _is_certain_break(line.text, blanks, stretch, following)
        ):
            yield from _posts_of(stretch, size)
            stretch, size = [], 0
        elif stretch and blanks:
            if size > LONGEST_POST:
                *whole, last = _split_at_blank_lines(stretch)
                yield from map(_post, whole)
                stretch = last
                if _is_possible_break(line.text, stretch):
                    yield _post(stretch)
                    stretch = []
                # The stretch still counts as a long one: its next blank line is a break too.
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
    """Each line with the text of the next line that is not empty; "" if a certain break or the end comes first."""
    waiting: list[Line] = []  # a line with text and the empty lines after it
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
        if len(waiting) > 3:  # many empty lines: do not collect them
            yield from ((held, "") for held in waiting)
            waiting = []
    yield from ((held, "") for held in waiting)


def _is_certain_break(text: str, blanks: int, stretch: list[Line], following: str) -> bool:
    """Whether a line begins a new post: it looks like a head, or two blank lines precede it."""
    if _is_only_a_head(stretch):
        return False
    if blanks > 1:
        return True
    if BRACKETED_TITLE.match(text) and not (text.startswith("[") and _is_chat_line(text, blanks, stretch, following)):
        return bool(blanks or re.match(r"\s*(?:[\[【《<]|제목)", text))
    if not blanks:
        return False
    if HEAD_LINE.match(text):
        # A notice ends with its date and author; a date at the beginning of a post has text below it. A single
        # line above the date is the title of the same post.
        is_below_title = len(stretch) == 1 and is_one_short_sentence(stretch[0].text)
        return len(following) >= SHORTEST_BODY and not is_below_title
    # A signature looks like a title too; but the title of the next post follows it.
    return (
        (looks_like_title(text) or is_one_short_sentence(text))
        and bool(HEAD_LINE.match(following))
        and not BRACKETED_TITLE.match(following)
    )


def _is_chat_line(text: str, blanks: int, stretch: list[Line], following: str) -> bool:
    """Whether "[name] message" is one of several such lines, not a title."""
    before = next((line.text for line in reversed(stretch) if line.text), "")
    alone = blanks and not before.startswith("[") and not following.startswith("[")
    return not alone and not POST_CATEGORY.match(text) and bool(SENTENCE_END.search(text))


def _split_at_blank_lines(stretch: list[Line]) -> list[list[Line]]:
    """Split a long stretch at its single blank lines, but keep paragraphs and lists together with their head."""
    posts: list[list[Line]] = [[]]
    for line in stretch:
        if not line.text:
            posts[-1].append(line)
        elif posts[-1] and not posts[-1][-1].text and _is_possible_break(line.text, posts[-1]):
            posts[-1].pop()
            posts.append([line])
        else:
            posts[-1].append(line)
    return posts


def _is_possible_break(text: str, post: list[Line]) -> bool:
    """Whether a line after a single blank line begins a new post, in a stretch without certain breaks."""
    written = [line.text for line in post if line.text]
    if not written or _is_only_a_head(post) or written[-1].endswith((":", "：")) or BULLET.match(text):
        return False
    return sum(map(len, written)) >= SHORTEST_POST


def _is_only_a_head(lines: list[Line]) -> bool:
    """Whether the lines are only a title, a date or a byline, so that the body is still to come."""
    written = [line.text for line in lines if line.text]
    return len(written) <= 3 and all(
        HEAD_LINE.match(text) or BRACKETED_TITLE.match(text) or looks_like_title(text) for text in written
    )
