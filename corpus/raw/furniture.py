"""What surrounds a post on its page and is not part of it: menus, buttons, counters, attachments, page numbers."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from corpus.raw.layout import HEAD_LINE, POST_DATE
from corpus.raw.reading import Line
from corpus.raw.sentences import SENTENCE_END
from corpus.raw.titles import is_one_short_sentence, looks_like_title

# The first line of a page; the post begins below it.
PAGE_TOP = re.compile(
    r"^\s*(?:본문(?:으로)? ?바로 ?가기|주메뉴 ?바로 ?가기|메뉴 ?바로 ?가기|컨텐츠로 건너뛰기"
    r"|Skip to (?:main )?content)\s*$",
    re.IGNORECASE,
)
COUNTER = r"(?:공감|댓글|좋아요|조회 ?수?|추천|스크랩|공유|하트|구독|답글)"
COUNTED = rf"{COUNTER} ?[:：]? ?\(?\d[\d,]*\)?(?: ?[개건회명번])?"
# Lines that occur on pages only.
OF_A_PAGE = re.compile(
    r"^\s*(?:본문(?:으로)? ?바로 ?가기|주메뉴 ?바로 ?가기|메뉴 ?바로 ?가기|컨텐츠로 건너뛰기|skip to (?:main )?content"
    r"|카테고리 이동|MY ?메뉴 열기"
    r"|이웃 ?추가|서로이웃 ?추가|본문 기타 기능|본문 폰트 크기 조정|티스토리 ?뷰|반응형|728x90|320x100"
    r"|공유하기|URL ?복사|링크 ?복사|주소 ?복사"
    r"|이 글에 공감한 블로거 열고 닫기|댓글 ?쓰기|댓글 열기|댓글을 입력하세요\.?|댓글을 남겨 ?보세요\.?"
    r"|등록된 댓글이 없습니다\.?|구독하기|저작자 ?표시"
    r"|글자 ?크기 ?(?:설정|조절|변경)|기사 ?제보 ?(?:및|하기|[:：]).{0,60}|페이스북 ?트위터.{0,40}|카카오(?:톡"
    r"|스토리)(?:에|으로)? ?공유(?:하기)?|네이버 ?블로그 ?공유|관련 ?글(?: 더보기)?|카테고리의 다른 글"
    r"|맨 ?위로(?: 가기)?"
    r"|로그인 ?\|? ?회원 ?가입|이전 ?글 ?[:：|▲△].{0,80}|다음 ?글 ?[:：|▼▽].{0,80}|\[?글쓰기\]?|출처 ?: ?\[.{1,80}\]"
    rf"|{COUNTED}(?:\s+{COUNTED})*"
    r"|첨부 ?파일(?: ?\(?\d+\)?(?: ?개)?)?|[-·•]?\s?.{1,80}\.(?:pdf|hwpx?|docx?|xlsx?|pptx?|zip|jpe?g"
    r"|png|gif)\b.{0,20}(?:\d ?[KMG]?B?\)|다운로드|바로보기|미리보기).{0,80}"
    r"|.{0,40}(?:무단 ?전재|무단 ?복제|재배포).{0,20}금지.{0,20}|(?:저작권자|copyright).{0,80}"
    r"|(?:copyright )?[ⓒ©].{2,80}"
    r")\s*$",
    re.IGNORECASE,
)
# The byline of a board: "작성자 관리자 작성일22-01-24 16:03조회1,595회 댓글0건".
BOARD_FIELD = re.compile(r"작성자|글쓴이|작성일|등록일|수정일|조회(?:수)?|댓글|추천|첨부|IP")
# Lines that belong to a page only beside lines that occur nowhere else.
BESIDE_A_PAGE = re.compile(
    r"^\s*(?:블로그|검색|목록|목록으로|프로필|프린트|인쇄|신고|신고하기|수정|삭제|답글|이전|다음|홈|메뉴"
    r"|더보기|닫기|열기|글쓴이|구독|스크랩|공감|댓글|좋아요|조회수|공유|전체 ?보기"
    r"|카테고리|태그|PC버전|로그인|로그아웃|회원가입|앨범|지도|\d{1,5}|\+|\||TOP|▲|▼|가|가가|글자 ?크기)\s*$",
    re.IGNORECASE,
)
PAGE_NUMBER = re.compile(
    r"^\s*(?:[-–—]\s?\d{1,4}\s?[-–—]|(?:page|p\.|쪽|페이지)\s?\d{1,4}(?:\s?(?:of|/)\s?\d{1,4})?|\d{1,4}\s?(?:쪽|페이지))\s*$",
    re.IGNORECASE,
)
PAGE_OF_PAGES = re.compile(r"^\s*(\d{1,3})\s?/\s?(\d{1,3})\s*$")  # "3 / 12"; alone it may be a date
# A rule of CSS, a declaration of it on a line of its own, or a statement of JavaScript.
STYLE_RULE = re.compile(
    r"^\s*(?:[.#@]?[\w\-.#:>, *()\[\]=\"]{1,120}\{[^{}가-힣]{0,400}\}?"
    r"|(?:[a-z]+-[a-z-]+|color|margin|padding|font|width|height|display|background|border|position|float)\s?:\s?[^가-힣:]{1,80};"
    r"|\}|(?:var|let|const|function|window\.|document\.|\$\(|if ?\(|return\b)[^가-힣]{0,400}[;{})])\s*$"
)
PROFILE = re.compile(r"^\s*프로필\s*$")
SHORT = 40  # characters of a line that may be the name of a site or its owner
TOP_LINES = 6  # between the first line of a page and the byline of its post
LEAST_REPEATS = 3  # of a running head


def without_furniture(lines: Sequence[Line]) -> list[Line]:
    """The lines that are part of a post; the first line of a post on a page has the number of the page's first."""
    kinds = [_kind(line.text) for line in lines]
    for number in _numbered_pages(lines):
        kinds[number] = "page"
    if not any(kinds):
        return list(lines)
    written = [number for number, line in enumerate(lines) if line.text.strip()]
    dropped = {number for number in written if kinds[number] in ("strong", "board")}
    dropped |= _page_numbers(lines, written, kinds)
    _spread(lines, written, kinds, dropped)
    tops = {
        number: _title_below(lines, written, dropped, position)
        for position, number in enumerate(written)
        if PAGE_TOP.match(lines[number].text)
    }
    for top, title in tops.items():
        dropped.update(number for number in written if top <= number < title)
    begins = {title: lines[top].number for top, title in tops.items()}
    # The line above the byline of a board is a title.
    for above, number in pairwise(written):
        if kinds[number] == "board" and above not in dropped and _may_be_title(lines[above].text):
            begins.setdefault(above, lines[above].number)
    return [
        replace(line, number=begins[number], begins_post=True) if number in begins else line
        for number, line in enumerate(lines)
        if number not in dropped
    ]


def _may_be_title(text: str) -> bool:
    return looks_like_title(text) or is_one_short_sentence(text)


def _kind(text: str) -> str:
    """The kind of a line: "strong", "weak", "board", "page", or "" if it may be part of a post."""
    if not text or len(text) > 200:
        return ""
    if PAGE_NUMBER.match(text):
        return "page"
    if OF_A_PAGE.match(text) or (STYLE_RULE.match(text) and re.search("[{};]", text)):
        return "strong"
    if len(BOARD_FIELD.findall(text)) >= 2 and re.search(r"\d", text) and not SENTENCE_END.search(text):
        return "board"
    return "weak" if BESIDE_A_PAGE.match(text) else ""


def _numbered_pages(lines: Sequence[Line]) -> set[int]:
    """The lines that count pages: "3 / 12" where the last line of this shape is "2 / 12", and that one too."""
    numbered = [(number, match) for number, line in enumerate(lines) if (match := PAGE_OF_PAGES.match(line.text))]
    pages: set[int] = set()
    for (above, previous), (number, match) in pairwise(numbered):
        if previous[2] == match[2] and int(previous[1]) + 1 == int(match[1]) <= int(match[2]):
            pages |= {above, number}
    return pages


def _page_numbers(lines: Sequence[Line], written: list[int], kinds: list[str]) -> set[int]:
    """The page numbers, and the running heads beside them."""
    pages = [position for position, number in enumerate(written) if kinds[number] == "page"]
    beside = [written[position + step] for position in pages for step in (-1, 1) if 0 <= position + step < len(written)]
    heads = Counter(lines[number].text for number in set(beside))
    repeated = {
        number for number in beside if heads[lines[number].text] >= LEAST_REPEATS and len(lines[number].text) <= SHORT
    }
    return repeated | {written[position] for position in pages}


def _spread(lines: Sequence[Line], written: list[int], kinds: list[str], dropped: set[int]) -> None:
    """Drop what only occurs beside furniture: weak lines, dates of the board, and short lines between two of these."""
    for order in (written, written[::-1]):
        previous = -1
        for number in order:
            if number not in dropped and kinds[number] == "weak" and previous in dropped:
                dropped.add(number)
            previous = number
    for position in range(1, len(written) - 1):
        number = written[position]
        beside = written[position - 1] in dropped and written[position + 1] in dropped
        short = len(lines[number].text) <= SHORT // 2 and not SENTENCE_END.search(lines[number].text)
        if beside and short and kinds[written[position - 1]] != "page" and not re.search(POST_DATE, lines[number].text):
            dropped.add(number)
    _drop_profiles(lines, written, dropped)


def _drop_profiles(lines: Sequence[Line], written: list[int], dropped: set[int]) -> None:
    """Drop the name and the motto of a blogger between the buttons below a post."""
    for position, number in enumerate(written):
        if not re.match(r"\s*공유하기\s*$", lines[number].text):
            continue
        near = written[position + 1 : position + 6]
        last = next((step for step, other in enumerate(near) if "이웃" in lines[other].text and other in dropped), -1)
        if last >= 0 and all(len(lines[other].text) <= SHORT for other in near[:last]):
            dropped.update(near[:last])


def _title_below(lines: Sequence[Line], written: list[int], dropped: set[int], position: int) -> int:
    """The first line of the post on a page: above a byline it is the last line, without one the next line.

    A blog names its owner between the title and the date: that line is dropped.
    """
    below: list[int] = []
    owner: list[int] = []
    for number in written[position + 1 : position + 1 + 4 * TOP_LINES]:
        text = lines[number].text
        if PROFILE.match(text) and below:
            owner = [number]
        elif number not in dropped:
            if HEAD_LINE.match(text) or (re.search(POST_DATE, text) and len(text) <= SHORT):
                dropped.update(owner)
                return below[-1] if below else number
            (owner if owner else below).append(number)
        if len(below) > TOP_LINES or len(owner) > 2:
            break
    return below[0] if below else written[position]
