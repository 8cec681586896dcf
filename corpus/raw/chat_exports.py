"""Exported chats (KakaoTalk, WhatsApp, LINE, Telegram) become the messages themselves, a post for each conversation.

A format counts where several lines have it. A new day or a long pause begins a post; names, times, days, joins,
leaves and placeholders of pictures are left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from corpus.raw.reading import Line

LEAST_MESSAGES = 3  # of one format; fewer are no export
FARTHEST = 15  # lines between two messages of one export
LONG_PAUSE = 240  # minutes
MOST_HEAD_LINES = 6  # before the first message: the name of the room, when it was saved

CLOCK = r"(?:오전|오후|AM|PM)? ?\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]\.?M\.?)?"
MESSAGE_TIME = rf"(?P<time>{CLOCK})"
NUMERIC_DATE = r"\d{2,4}[./-] ?\d{1,2}[./-] ?\d{1,4}\.?"
KOREAN_DATE = r"\d{4}년 \d{1,2}월 \d{1,2}일"
ENGLISH_DATE = r"(?:[A-Z][a-z]{2,8} \d{1,2}, \d{4}|\d{1,2} [A-Z][a-z]{2,8},? \d{4})"
WEEKDAY = r"(?:,? ?\(?(?:[월화수목금토일](?:요일)?|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\)?)"
MESSAGE_DATE = rf"(?P<date>{KOREAN_DATE}|{NUMERIC_DATE}|{ENGLISH_DATE})"
MESSAGE_NAME = r"(?P<name>[^\[\]:]{1,30})"
FORMATS = {
    "KakaoTalk on a PC": rf"\[(?P<name>[^\[\]]{{1,30}})\] \[{MESSAGE_TIME}\] ?(?P<text>.*)",
    "KakaoTalk on a telephone": rf"{MESSAGE_DATE},?(?: at)? {MESSAGE_TIME}, {MESSAGE_NAME} : (?P<text>.*)",
    "WhatsApp on an iPhone": rf"\[{MESSAGE_DATE},? {MESSAGE_TIME}\] {MESSAGE_NAME}: (?P<text>.*)",
    "WhatsApp on Android": rf"{MESSAGE_DATE},? {MESSAGE_TIME} - {MESSAGE_NAME}: (?P<text>.*)",
    "LINE": rf"{MESSAGE_TIME}\t(?P<name>[^\t]{{1,30}})\t(?P<text>.*)",
    "LINE without tabs": rf"{MESSAGE_TIME} (?P<name>\S{{1,20}}) (?P<text>\S.*)",
    "Telegram": rf"(?P<name>[^\[\]]{{1,30}}), \[{MESSAGE_DATE},?(?: at)? {MESSAGE_TIME}\]:?(?P<text>)",
    "a table of messages": rf"{MESSAGE_DATE} {MESSAGE_TIME}\t(?P<name>[^\t]{{1,30}})\t(?P<text>.*)",
}
PATTERNS = {name: re.compile(rf"^{pattern}$", re.IGNORECASE) for name, pattern in FORMATS.items()}
# A time and two words may also be a line of an itinerary.
NEEDS_HEAD = {"LINE without tabs"}
LINE_HEAD = "[LINE]"
MAY_BE_MESSAGE = re.compile(r"\d:\d\d")
DAY = re.compile(
    rf"^[-─—\s]*(?:{KOREAN_DATE}{WEEKDAY}?(?: {CLOCK})?|{NUMERIC_DATE}{WEEKDAY}|(?:[A-Z][a-z]+day, )?{ENGLISH_DATE}"
    rf"|[A-Z][a-z]+day, {ENGLISH_DATE})[-─—\s]*$"
)
HEAD = re.compile(
    r"^(?:.{1,40} (?:님과 )?카카오톡 대화|저장한 날짜 ?:.*|KakaoTalk Chats with .*|Date Saved ?:.*|\[LINE\].*"
    r"|저장 ?일시 ?:.*|Saved on ?:.*"
    r"|Date,User,Message)$",
    re.IGNORECASE,
)
NOTICE = re.compile(
    r"^(?:\S.{0,40}님이 .{0,40}(?:나갔습니다|들어왔습니다|초대했습니다|내보냈습니다|가렸습니다|되었습니다)\.?"
    r"|\S.{0,40}님을 .{0,30}(?:초대했습니다|내보냈습니다)\.?|.{1,40} (?:joined|left)(?: this chatroom"
    r"| the group| using .*)?\.?"
    r"|.{1,40}(?:invited|added|removed) .{1,60}|채팅방 관리자가 메시지를 가렸습니다\.?|(?:메시지와 통화는"
    r"|Messages and calls are).{0,160}"
    rf"|{NUMERIC_DATE}.{{0,20}}\d:\d\d(?::\d\d)?[:,]? .{{1,40}}(?:나갔습니다|들어왔습니다|초대했습니다|내보냈습니다)\.?"
    rf"|{KOREAN_DATE}.{{0,12}}\d:\d\d(?::\d\d)?[:,]? .{{1,40}}(?:나갔습니다|들어왔습니다|초대했습니다"
    rf"|내보냈습니다)\.?)$",
    re.IGNORECASE,
)
WITHOUT_WORDS = re.compile(
    r"^(?:<?\[?(?:사진|동영상|이모티콘|스티커|음성 ?메시지|파일|연락처|지도|앨범|선물|송금|photos?|videos?"
    r"|emoticons?|stickers?|voice (?:message|note)|image|GIF|audio)"
    r"(?: ?\d+ ?장| 읽지 않음| ?omitted)?\]?>?|\d* ?(?:photos?|videos?)|(?:파일|file) ?: ?\S.*|<?media omitted>?"
    r"|<?미디어 (?:파일 )?(?:제외|생략)됨?>?"
    r"|삭제된 메시지입니다\.?|메시지가 삭제되었습니다\.?|this message was deleted\.?|you deleted this message\.?"
    r"|보이스톡.{0,20}|페이스톡.{0,20}|샵검색 ?:.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Message:
    """The head of a message: where it is, its day, its time and its first line."""

    at: int  # number of its line among the lines
    date: str
    minute: int  # of the day
    text: str


def read_chats(lines: Sequence[Line]) -> list[Line]:
    """The lines with each exported chat among them replaced by its messages."""
    heads: dict[str, list[Message]] = {}
    has_head = any(line.text.startswith(LINE_HEAD) for line in lines)
    for number, line in enumerate(lines):
        if not MAY_BE_MESSAGE.search(line.text, 0, 60):
            continue
        for name, pattern in PATTERNS.items():
            if (name not in NEEDS_HEAD or has_head) and (found := pattern.match(line.text)):
                date = found.groupdict().get("date") or ""
                heads.setdefault(name, []).append(Message(number, date, _minute(found["time"]), found["text"]))
                break
    exports = [export for messages in heads.values() for export in _exports(messages)]
    if not exports:
        return list(lines)
    kept: list[Line] = []
    end = 0
    for export in sorted(exports, key=lambda messages: messages[0].at):
        if export[0].at < end:
            continue  # inside another export
        start = _first_line(lines, export[0].at, end)
        kept += lines[end:start]
        end = _last_line(lines, export[-1])
        kept += _conversation(lines, start, end, {message.at: message for message in export})
    return kept + list(lines[end:])


def _exports(messages: list[Message]) -> Iterator[list[Message]]:
    """The runs of messages that are not far from each other."""
    run: list[Message] = []
    for message in messages:
        if run and message.at - run[-1].at > FARTHEST:
            if len(run) >= LEAST_MESSAGES:
                yield run
            run = []
        run.append(message)
    if len(run) >= LEAST_MESSAGES:
        yield run


def _first_line(lines: Sequence[Line], at: int, lowest: int) -> int:
    """The first line of an export: its head and its day are before the first message."""
    first = at
    for number in range(at - 1, max(lowest, at - MOST_HEAD_LINES) - 1, -1):
        text = lines[number].text
        if HEAD.match(text) or DAY.match(text) or NOTICE.match(text):
            first = number
        elif text.strip():
            break
    return first


def _last_line(lines: Sequence[Line], last: Message) -> int:
    """The number after the last line of an export: lines that continue its last message are left to the layout."""
    end = last.at + 1
    while not last.text and end < len(lines) and lines[end].text.strip():
        end += 1  # the whole message is below its head
    while end < len(lines) and NOTICE.match(lines[end].text):
        end += 1
    return end


def _conversation(lines: Sequence[Line], start: int, end: int, heads: dict[int, Message]) -> Iterator[Line]:
    """What was said in an export."""
    beginning: Line | None = lines[start]  # of the next post
    date, minute, skipping = "", -1, False
    for number in range(start, end):
        line = lines[number]
        message = heads.get(number)
        if message:
            if message.date != date or (minute >= 0 and message.minute - minute >= LONG_PAUSE):
                beginning = beginning or line
            date, minute = message.date, message.minute
            text = message.text.strip()
            skipping = bool(WITHOUT_WORDS.match(text))
        elif DAY.match(line.text):
            beginning, minute = beginning or line, -1
            continue
        else:
            text = line.text.strip()
            if HEAD.match(text) or NOTICE.match(text) or WITHOUT_WORDS.match(text) or (skipping and not text):
                continue
        if not text or (message and skipping):
            continue
        yield replace(line, text=text, number=(beginning or line).number, begins_post=beginning is not None)
        beginning = None


def _minute(time: str) -> int:
    """The minute of the day: "오후 3:12" and "3:12 PM" are 912."""
    hour, minute = map(int, re.findall(r"\d+", time)[:2])
    late = re.search("오후|p", time, re.IGNORECASE)
    early = re.search("오전|a", time, re.IGNORECASE)
    if late or early:
        hour = hour % 12 + (12 if late else 0)
    return hour * 60 + minute
