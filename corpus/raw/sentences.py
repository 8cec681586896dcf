"""The sentences of a Korean text, and where they end."""

import re
from functools import lru_cache
from itertools import pairwise

# A sentence ends at a full stop or a similar mark, or at a final ending of Korean before white space. "다" is such
# an ending after a past or future (ㅆ) or present (ㄴ) stem, but not in 보다, 마다, 바다 or 캐나다.
STEMS_BEFORE_DA = "".join(chr(code) for code in range(ord("가"), ord("힣") + 1) if (code - ord("가")) % 28 in (4, 20))
FINAL_ENDINGS = (
    "습니다|입니다|됩니다|합니다|[가-힣]니다|세요|어요|아요|해요|예요|에요|네요|데요|래요|대요|지요|거든요|죠|군요|구요|고요"
    f"|[했됐었았였]음|[{STEMS_BEFORE_DA}]다|이다|아니다|없다|같다|많다|좋다|싶다|쉽다|맞다"
)
# A full stop does not end a sentence after the number or letter of a list item ("4. ", "가. ", "(3). "), within a date
# ("2024. 6. 2."), after an initial ("U.N. Ave.") or after an abbreviation that is common in addresses.
NOT_AFTER = (
    r"(?<!\b[0-9A-Za-z가나다라마바사아자차카타파하]\.)(?<!\b\d\d\.)(?<!\b(?:19|20)\d\d\.)"
    r"(?<!\(\d\)\.)(?<!\b\d\)\.)"
    r"(?<!(?i:\b(?:No|St|Dr|Mr|Ms|Rd|Km|Rm|Sr|Jr|Co|Mt)\.))"
    r"(?<!(?i:\b(?:Ave|Doc|Mrs|Tel|Loc|Ext|Blk|Sta|Sto|Cor|Inc|Ltd)\.))"
    r"(?<!(?i:\b(?:Bldg|Brgy|Blvd|Atty|Corp|Subd)\.))"
)
SENTENCE_END = re.compile(rf"(?:[.!?。…]+{NOT_AFTER}[\"'”’)\]]*|(?:{FINAL_ENDINGS})[~^ㅋㅎㅠㅜ!]*)(?=\s|$)")
# Text in brackets. Marks that are farther apart (in characters) may not belong together.
LONGEST_ASIDE = 120
ASIDE = re.compile(rf"\([^()\n]{{2,{LONGEST_ASIDE}}}\)|\[[^\[\]\n]{{2,{LONGEST_ASIDE}}}\]")
# A sentence also ends before the number of an item on its line, without a full stop too: "준비물 1. 여권 2. 사진".
BEFORE_ITEM = re.compile(r" (?=\d{1,2}\.(?: [^\d\s]|[가-힣]))(?<=[^\s\d.,:~은는] )")


def split_sentences(line: str) -> list[str]:
    """The sentences of one line, each with its end mark; a line without any sentence end is one sentence."""
    return list(_split_sentences(line))


@lru_cache(maxsize=256)  # the summary, checklist and details of a document all split the same lines
def _split_sentences(line: str) -> tuple[str, ...]:
    before_items = [space.end() for space in BEFORE_ITEM.finditer(line)]
    cuts = [0, *sorted(sentence_ends(line) + _outside_brackets(line, before_items)), len(line)]
    return tuple(filter(None, (line[start:end].strip() for start, end in pairwise(cuts))))


def sentence_ends(text: str) -> list[int]:
    """The position behind the end of each sentence, ascending; the end of the text counts only after an end mark."""
    return _outside_brackets(text, [found.end() for found in SENTENCE_END.finditer(text)])


def _outside_brackets(text: str, positions: list[int]) -> list[int]:
    """The positions outside brackets: an aside belongs to its sentence, even if it contains several itself."""
    if not positions or ("(" not in text and "[" not in text):
        return positions
    inside = {position for found in ASIDE.finditer(text) for position in range(found.start() + 1, found.end())}
    return [position for position in positions if position not in inside]
