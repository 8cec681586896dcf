"""`dropped.txt`: which posts step 01 left out and why, for people to read."""

from corpus.raw.duplicates import Finding
from corpus.raw.posts import Post
from corpus.raw.titles import find_title, first_words

EXPLANATION = """\
# 01단계가 뺀 글의 목록입니다. 빠진 글은 학습에도 검색에도 쓰이지 않습니다.
# 원문에 나오는 순서대로 위치와 제목, 크기, 뺀 이유, 원본(먼저 나온 글), 글의 앞부분을 적었습니다.
# %는 그 글에서 이어지는 세 낱말 가운데 원본에도 있는 것의 비율입니다.
#
# The posts that step 01 left out: neither training nor search uses them. In the order of the text, each with its
# place and title, size, the reason, the original (the earlier post) and the beginning of its text.
# The percentage is the share of its runs of three words that the original has too.
"""
NOTHING = "\n빠진 글이 없습니다. (no post was left out)\n"
SHOWN_CHARACTERS = 200
SHOWN_TITLE_CHARACTERS = 40


def format_copy(post: Post, original: Post, finding: Finding) -> str:
    """The entry of a copy of an earlier post."""
    percent = min(int(100 * finding.share), 99)
    if finding.exact:
        reason = "먼저 나온 글과 같음 (the same as an earlier post)"
    elif finding.share == 1:
        reason = "전부 먼저 나온 글에 있음 (all of it is in an earlier post)"
    else:
        reason = f"먼저 나온 글과 {percent}% 같음 (nearly the same as an earlier post, {percent}%)"
    return _format(post, reason, f"원본(original): {_name(original)}\n")


def format_advertising(post: Post, evidence: str) -> str:
    """The entry of an advertising post; `evidence` is what `find_advertising` found in it."""
    return _format(post, f"광고 (advertising): {first_words(evidence, 100)}", "")


def _format(post: Post, reason: str, original: str) -> str:
    text = "\n".join(post.lines)
    shown = text[: SHOWN_CHARACTERS + 1]
    if len(text) > SHOWN_CHARACTERS:
        shown = (shown.rpartition(" ")[0] or shown[:-1]) + " …"
    lines = "".join(f"  | {line}\n" for line in shown.split("\n") if line)
    return f"\n{_name(post)}\n크기(size): {len(text.encode()):,} bytes\n이유(reason): {reason}\n{original}{lines}"


def _name(post: Post) -> str:
    """The position of a post, and its title or first words."""
    title = find_title(post.lines) or " ".join(post.lines[:3])
    return f"{post.source}, line {post.line:,}: {first_words(title, SHOWN_TITLE_CHARACTERS)}"
