"""A text that an answer is made from: its parts know their lines."""

import re

from answering.source import Source
from corpus.raw.reading import Line

from hypothesis import given, settings
from hypothesis import strategies as st

KINDS_OF_LINES = [
    "",
    "",
    "-----",
    "[공지] 회비",
    "사진",
    "여권은 대사관에서 만듭니다.",
    "네. 비자는 이민국에서 연장하세요.",
]


@given(st.lists(st.sampled_from(KINDS_OF_LINES), max_size=60), st.integers(8, 60))
@settings(max_examples=300, deadline=None)
def test_every_part_of_a_document_names_the_lines_on_which_it_stands(kinds, most):
    # Each word says on which line it stands: "여권은7 대사관에서7 만듭니다7."
    texts = [re.sub(r"(?<=[가-힣])(?=\W|$)", str(number), text) for number, text in enumerate(kinds, start=1)]
    source = Source.of_lines([Line("글.txt", number, text) for number, text in enumerate(texts, start=1)], "글.txt")
    parts = source.cut(most) if re.search("[가-힣]", source.text) else []
    for part in parts:
        numbers = [re.findall(r"\d+", line) for line in part.text.split("\n")]
        assert int(numbers[0][0]) == part.line
        assert all(found == [str(number)] * len(found) for found, number in zip(numbers, part.numbers, strict=True))
    words = [word for text in texts if text != "-----" for word in text.split()]
    assert [word for part in parts for word in part.text.split()] == words
