"""What a line looks like, as numbers: its length, its beginning and end, whether it is a title, an item, a date."""

import re
from functools import lru_cache

from corpus.raw.layout import BULLET, CHAT_PREFIX, HEAD_LINE, MARKS_ONLY, NUMBERED_ITEM, POST_DATE
from corpus.raw.sentences import SENTENCE_END
from corpus.raw.titles import BRACKETED_TITLE, is_one_short_sentence, looks_like_title

import numpy as np

# Only the beginning and the end of a long line are looked at.
SEEN_AT_THE_BEGINNING = 100
SEEN_AT_THE_END = 24
LENGTHS = (4, 8, 14, 22, 32, 45, 60, 90, 140, 300)
TITLE_NOUN = (
    r"안내문?|공지|알림|알립니다|후기|방법|순서|절차|정리|모음|목록|리스트|명단|질문|문의|요령|요강|규정|규칙|공고|이야기|기록|일정|일지"
    r"|가격표?|요금표?|비용|연락처|전화번호|주의사항|유의사항|준비물|비교|추천|팁|꿀팁|법|것|가지|메모|노트|일기|회의록|소식|현황|변경|모집"
    r"|조심하세요|확인하세요|보세요|팝니다|구합니다|드립니다|합니다|주의|당부|요약|체험기|생활|가이드|Q&A|FAQ|편|제\d+호"
)
# name: a pattern that is searched for in the beginning, or in the end of a line.
AT_THE_BEGINNING = {
    "bullet": BULLET.pattern,
    "numbered": NUMBERED_ITEM.pattern,
    "first item": r"^\s*(?:\(?1[.)]|①|가[.)]|첫째|Q\.?\s?1\b)",
    "circled": r"^\s*[①-⑳]",
    "letter": r"^\s*[가나다라마바사아자차카타파하][.)]",
    "dash": r"^\s*[-–—*·•ㆍ▪▫∙]",
    "heading mark": r"^\s*[■□◆◇▶▷●○◎★☆▣◈❖#<〈《【]",
    "note mark": r"^\s*[※☞→✔✅⚠❗]",
    "picture": "^\\s*[\U0001f000-\U0001faff\u2600-\u27bf]",
    "bracket": r"^\s*\[",
    "aside": r"^\s*\(",
    "quotation": r"^\s*[\"“‘'「『>]",
    "question": r"^\s*(?:Q\s?\d*\s?[.:)]?|질문\s?\d*\s?[:.)]|문\s?\d*[.:)])",
    "reply": r"^\s*(?:A\s?\d*\s?[.:)]|답변?\s?\d*\s?[:.)]|답변\s?\d*$|댓글|[ㄴ└┗↳]|L\s|re\s?[:)]|RE\s?:|→)",
    "indented": r"^\s",
    "greeting": r"^\s*(?:안녕|여러분|회원님|학부모|존경하는|반갑습니다)",
    "section": r"^\s*(?:제\d+[조장항]|부칙|붙임|별첨|비고|문의|참고|추가|P\.?S|\*?주의)",
    "sender": r"^\s*\S{1,12}\s?[:：]\s?\S",
    "label": r"^\s*[가-힣A-Za-z ]{1,12}\s?[:：]",
    "attachment": r"^\s*(?:첨부|파일|사진\s?[:：=]|출처)",
    "chat": CHAT_PREFIX.pattern,
    "digit": r"^\s*\d",
    "latin": r"^\s*[A-Za-z]",
    "continuation": r"^\s*(?:그리고|그래서|하지만|그런데|그러나|다만|또한?|참고로|단,|이때|그 ?밖에|마지막으로"
    "|먼저|우선|그래도|그러면|그럼|둘째|셋째|따라서|특히|한편)",
    "pronoun": r"^\s*(?:이|그|저|제|우리|저희|나)(?:는|가|의|것|런|렇게|때|날|도)?\s",
}
AT_THE_END = {
    "sentence": rf"(?:{SENTENCE_END.pattern})\s*$",
    "full stop": r"\.[\"'”’)]*$",
    "question mark": r"\?[\"'”’)]*$",
    "exclamation": r"!+[\"'”’)]*$",
    "colon": r"[:：]\s*$",
    "comma": r"[,，、]\s*$",
    "다": r"다[.!]*$",
    "요": r"요[.!?~]*$",
    "음": r"[음함됨임]\.?$",
    "까": r"[까나가]요?\?*$",
    "letters of chat": r"[ㅋㅎㅠㅜ~^;]+$",
    "connective": r"(?:[은는을를의와과며고서여면도]|지만|는데|니까|으로|에서|까지|부터|거나|하여|으며)$",
    "noun": r"[가-힣]$",
    "number": r"\d$",
    "closed bracket": r"[)\]】>〉》]$",
    "ellipsis": r"(?:\.\.+|…)$",
    "title noun": rf"(?:{TITLE_NOUN})[\s!?.~★■☆>\])]*$",
    "thanks": r"(?:감사합니다|감사드립니다|고맙습니다|바랍니다|수고하세요|행복하세요|되세요|부탁드립니다"
    r"|하시길)[.!~\s\W]*$",
    "signature": r"(?:드림|올림|배상|일동|귀중|사무국|관리소장|위원장|회장|교장|대표|기자|백|직인생략\]?"
    r"|운영진|총무|장|에게|가)\s*[)\]]*$",
    "closing": r"(?:끝\.?|이상입니다\.?|이상\.?|금지|저작권자.*)\s*[>)]?$",
    "telephone": r"\d{3,4}-\d{4}\D{0,12}$",
    "hashtag": r"#\S+\s*$",
}
ANYWHERE = {
    "date": POST_DATE,
    "time": r"\d{1,2}:\d\d",
    "address": r"https?://|www\.|\S+@\S+\.\S+",
    "money": r"\d\s?(?:만|천|백|억)?\s?(?:원|페소|달러|불|유로)|[₩$₱€]\s?\d",
    "byline": r"작성자|글쓴이|조회|등록일|작성일|기자\b|입력\s|by\s|댓글\s?\d",
    "copyright": r"저작권|무단 ?전재|재배포|©|ⓒ",
    "cells": r"\S\s?[|/｜]\s?\S.*\S\s?[|/｜]\s?\S|\t",
    "telephone": r"\d{2,4}[-)]\s?\d{3,4}-\d{4}",
}
WHOLE = {
    "head": HEAD_LINE.pattern,
    "bracketed title": BRACKETED_TITLE.pattern,
    "marks": MARKS_ONLY.pattern,
    "hashtags": r"^\s*(?:#\S+\s*)+$",
    "heading": r"^[^.?!,]{2,14}$",
    "sum": r"^\s*(?:\S{1,14}\s+){1,7}[\d,.~\-]+\s?\S{0,3}$",
}
BEGINNINGS, ENDINGS, PARTS, WHOLES = (
    [re.compile(pattern, re.IGNORECASE) for pattern in patterns.values()]
    for patterns in (AT_THE_BEGINNING, AT_THE_END, ANYWHERE, WHOLE)
)
FEATURES = len(BEGINNINGS) + len(ENDINGS) + len(PARTS) + len(WHOLES) + len(LENGTHS) + 3


@lru_cache(maxsize=1 << 13)  # short lines occur again and again
def describe(text: str) -> np.ndarray:
    """The features of a line that is not empty, (FEATURES,), 0 or 1; the last is 1 and says that there is a line."""
    head, tail = text[:SEEN_AT_THE_BEGINNING], text[-SEEN_AT_THE_END:].rstrip()
    values = [pattern.match(head) is not None for pattern in BEGINNINGS]
    values += [pattern.search(tail) is not None for pattern in ENDINGS]
    values += [pattern.search(head) is not None for pattern in PARTS]
    values += [len(text) <= SEEN_AT_THE_BEGINNING and pattern.match(text) is not None for pattern in WHOLES]
    values += [len(text) <= length for length in LENGTHS]
    values += [looks_like_title(head), is_one_short_sentence(head), True]
    return np.array(values, dtype=np.float32)
