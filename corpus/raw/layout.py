"""Patterns that tell what a line is: a separator, a list item, the head of a post, a chat message."""

import re

SEPARATOR = re.compile(
    r"^\s*(?:([-=_~*#+─━═※★☆◆◇■□●○·.])(?:\s?\1){2,}|<\s?끝\s?>|\(끝\)|끝\.?|[-=]+\s*\d*\s*[-=]+)\s*$"
)
# Separators that hardly occur within a post; others, such as "..." and "○○○", may be a pause in a story.
CERTAIN_SEPARATOR = re.compile(
    r"^\s*(?:([-=_─━═※#])(?:\s?\1){2,}|([*~+])(?:\s?\2){3,}|([*~+])(?:\s\3){2,}|<\s?끝\s?>|\(끝\)|[-=]{2,}\s*\d+\s*[-=]{2,})\s*$"
)
BULLET = re.compile(
    r"^\s*(?:[-*·•‣▶▷►✔✓☑☐✅❌❗❕⚠◎ㅇ○●◦■□▪▫◆☞→>×\U0001f300-\U0001faff]\ufe0f?|\[[ xXvV✓]?\]"
    r"|\(?\d{1,2}[.)](?!\d)|[①-⑳]|[가-하][.)]|[a-zA-Z][.)])\s?(?=\S)"
)
MARKS_ONLY = re.compile(r"[^\w\n]*$")  # a line without words: "|---|---|", "★★★"
# The number at the beginning of an item that shares its line with others: "2. 사진", but not "5.18 기념일".
ITEM_NUMBER = re.compile(r"^(?:\(?\d{1,2}\)?|[가나다라마바사아자차카타파하])\.\s?(?=[^\s\d])")
NUMBERED_ITEM = re.compile(r"^\s*(?:\(?(\d{1,2})[.)]|([①-⑳]))\s*\S")
POST_DATE = r"(?:(?:19|20)\d\d\s?[.\-/년]\s?\d{1,2}\s?[.\-/월]\s?\d{1,2}\s?[.일]?)"
POST_DAY = r"(?:\d{1,2}월\s?\d{1,2}일)"
AUTHOR = r"(?:작성자|글쓴이|등록자|by|from|posted by|글·사진)"
# Lines that occur only in the head of a post: a date, an author, "제목:", "기고 | 이름", "10월 12일 | 이름".
HEAD_LINES = (
    rf"(?:작성일?|등록일?|시행일?|게시일?|날짜)?\s*[:：]?\s*\[?{POST_DATE}\]?(?:\s*\(?[월화수목금토일](?:요일)?\)?)?"
    r"(?:\s*(?:오전|오후)?\s*\d{1,2}:\d\d(?::\d\d)?)?\s*(?:작성|등록|시행)?"
    rf"(?:\s*[/|｜,·]\s*\S.{{0,24}}|\s+{AUTHOR}\s.{{1,24}})?",
    rf"{AUTHOR}\s*[:：]?\s\S.{{0,60}}",
    r"(?:제목|글번호|조회수?)\s*[:：]?\s\S.{0,60}",
    r"(?:작성|여행일|저장한 날짜)\s?[:：]\s?\S.{0,40}",
    rf"{POST_DAY}\s*[|｜/]\s*\S.{{1,24}}",
    rf"\S.{{1,14}}\s*[|｜/]\s*{POST_DAY}.{{0,20}}",
    r"(?:기고|글|사진)\s*[|｜]\s*\S.{1,24}",
)
HEAD_LINE = re.compile(rf"^\s*(?:{'|'.join(HEAD_LINES)})\s*$", re.IGNORECASE)
CHAT_TIME = r"(?:오전|오후) \d{1,2}:\d\d"
CHAT_DATE_AND_TIME = rf"\d{{4}}년 \d{{1,2}}월 \d{{1,2}}일 {CHAT_TIME}"
# The sender and the time of a chat message: "[닉네임] [오후 3:12] …", "2024년 3월 1일 오후 3:12, 닉네임 : …".
CHAT_PREFIX = re.compile(rf"^\[[^\]]{{1,20}}\] \[{CHAT_TIME}\] |^{CHAT_DATE_AND_TIME}, [^:]{{1,20}} : ")
