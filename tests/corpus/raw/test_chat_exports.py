"""Exported chats become what was said, a post for each conversation."""

from corpus.raw.chat_exports import read_chats
from corpus.raw.cleaning import clean_lines
from corpus.raw.reading import Line

import pytest

ASKED, TOLD, LATER = (
    "공항에서 택시 어떻게 타나요?",
    "4번 출구로 나가서 미터기 택시를 타세요.",
    "모임은 10시에 시작합니다.",
)
EXPORTS = {
    "KakaoTalk on a PC": f"""\
여행방 님과 카카오톡 대화
저장한 날짜 : 2024-03-05 21:12:30

--------------- 2024년 3월 1일 금요일 ---------------
[하늘이] [오후 3:12] {ASKED}
[총무] [오후 3:13] {TOLD}
구름님이 나갔습니다.
--------------- 2024년 3월 2일 토요일 ---------------
[별님] [오전 9:02] {LATER}
[하늘이] [오전 9:05] 사진 3장
[하늘이] [오전 9:06] 이모티콘""",
    "KakaoTalk on a PC, 24 hours": f"""\
--------------- 2024년 3월 1일 금요일 ---------------
[하늘이] [15:12] {ASKED}
[총무] [15:13] {TOLD}
--------------- 2024년 3월 2일 토요일 ---------------
[별님] [09:02] {LATER}""",
    "KakaoTalk on a PC in English": f"""\
KakaoTalk Chats with Trip
Date Saved : 2024-03-05 21:12:30

--------------- Friday, March 1, 2024 ---------------
[Sky] [3:12 PM] {ASKED}
[Sea] [3:13 PM] {TOLD}
Cloud left this chatroom.
--------------- Saturday, March 2, 2024 ---------------
[Star] [9:02 AM] {LATER}
[Sky] [9:05 AM] Photo""",
    "KakaoTalk on Android": f"""\
2024년 3월 1일 오후 3:12
2024년 3월 1일 오후 3:12, 하늘이 : {ASKED}
2024년 3월 1일 오후 3:13, 총무 : {TOLD}
2024년 3월 1일 오후 3:20, 구름님이 나갔습니다.
2024년 3월 2일 오전 9:02, 별님 : {LATER}
2024년 3월 2일 오전 9:05, 하늘이 : 삭제된 메시지입니다.""",
    "KakaoTalk on Android in English": f"""\
March 1, 2024 at 3:12 PM, Sky : {ASKED}
March 1, 2024 at 3:13 PM, Sea : {TOLD}
March 2, 2024 at 9:02 AM, Star : {LATER}""",
    "KakaoTalk on an iPhone": f"""\
2024년 3월 1일 금요일
2024. 3. 1. 오후 3:12, 하늘이 : {ASKED}
2024. 3. 1. 오후 3:13, 총무 : {TOLD}
2024. 3. 1. 오후 3:20: 구름님이 나갔습니다.

2024년 3월 2일 토요일
2024. 3. 2. 오전 9:02, 별님 : {LATER}
2024. 3. 2. 오전 9:05, 하늘이 : 동영상""",
    "KakaoTalk on an iPhone, 24 hours": f"""\
2024. 3. 1. 15:12, 하늘이 : {ASKED}
2024. 3. 1. 15:13, 총무 : {TOLD}
2024. 3. 2. 9:02, 별님 : {LATER}""",
    "KakaoTalk on a Mac": f"""\
Date,User,Message
2024-03-01 15:12:05,"하늘이","{ASKED}"
2024-03-01 15:13:15,"총무","{TOLD}"
2024-03-02 09:02:00,"별님","{LATER}"
2024-03-02 09:05:00,"하늘이","사진\"""",
    "WhatsApp on an iPhone": f"""\
[01/03/2024, 15:12:05] Sky: {ASKED}
[01/03/2024, 15:13:05] Sea: {TOLD}
[02/03/2024, 09:02:05] Star: {LATER}
[02/03/2024, 09:05:05] Star: image omitted""",
    "WhatsApp on Android": f"""\
01/03/2024, 15:12 - Sky: {ASKED}
01/03/2024, 15:13 - Sea: {TOLD}
02/03/2024, 09:02 - Star: {LATER}
02/03/2024, 09:05 - Star: <Media omitted>""",
    "LINE": f"""\
[LINE] 여행방의 대화
저장 일시: 2024/03/05 21:12

2024/03/01(금)
오후 3:12\t하늘이\t{ASKED}
오후 3:13\t총무\t{TOLD}

2024/03/02(토)
오전 9:02\t별님\t{LATER}
오전 9:05\t별님\t[스티커]""",
    "Telegram": f"""\
하늘이, [01.03.2024 15:12]
{ASKED}

총무, [01.03.2024 15:13]
{TOLD}

별님, [02.03.2024 9:02]
{LATER}""",
}


def lines_of(text: str) -> list[Line]:
    return [Line("chat.txt", number, line) for number, line in enumerate(text.split("\n"), start=1)]


def said(text: str) -> list[tuple[bool | None, str]]:
    return [(line.begins_post, line.text) for line in clean_lines(lines_of(text)) if line.text]


@pytest.mark.parametrize("program", EXPORTS)
def test_a_chat_becomes_its_messages_and_a_day_begins_a_post(program):
    assert said(EXPORTS[program]) == [(True, ASKED), (False, TOLD), (True, LATER)]


def test_a_long_pause_begins_a_post_and_a_short_one_does_not():
    chat = "\n".join(f"2024년 3월 1일 오{time}, 하늘이 : {time}에 봐요." for time in ("전 8:00", "전 9:30", "후 7:00"))
    assert [begins for begins, _ in said(chat)] == [True, False, True]


def test_a_message_of_several_lines_stays_whole():
    chat = f"[하늘이] [오후 3:12] {ASKED}\n[총무] [오후 3:13] 준비물\n- 여권\n- 현금\n[별님] [오후 3:14] 감사합니다."
    assert [text for _, text in said(chat)] == [ASKED, "준비물", "- 여권", "- 현금", "감사합니다."]


def test_what_is_around_a_chat_stays_as_it_is():
    before, after = "여권을 잃어버렸습니다.\n", "\n----\n비자를 연장하세요."
    lines = read_chats(lines_of(before + EXPORTS["KakaoTalk on a PC, 24 hours"] + after))
    assert [line.text for line in lines] == ["여권을 잃어버렸습니다.", ASKED, TOLD, LATER, "----", "비자를 연장하세요."]
    assert [line.begins_post for line in lines] == [None, True, False, True, None, None]


def test_a_few_lines_that_look_like_messages_are_no_export():
    text = "일정\n[첫째 날] [오전 9:00] 공항 출발\n[둘째 날] [오전 9:00] 섬 여행"
    assert [line.text for line in read_chats(lines_of(text))] == text.split("\n")


def test_an_itinerary_is_no_chat():
    text = "2024년 3월 1일 금요일\n09:00 호텔 조식 후 출발\n12:00 점심 식당에서 식사\n15:00 시장 구경 자유 시간"
    assert [line.text for line in read_chats(lines_of(text))] == text.split("\n")
