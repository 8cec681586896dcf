"""Where a line of an answer comes from in its source."""

from answering.material import material_of
from answering.origins import OriginFinder
from answering.source import Source
from corpus.samples import read_samples
from corpus.template import Template

import pytest

TEXT = """\
관광비자 연장하는 방법
무비자로 들어오면 30일 동안 머물 수 있고, 그 뒤에는 이민국에서 29일을 더 연장합니다.
1. 이민국 지점에서 신청서를 쓰세요.
이민국 안내 Tel (02) 0000-2345"""


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("관광비자 연장하는 방법", 1),
        ("무비자로 들어오면 30일 동안 머물 수 있고…", 2),  # shortened
        ("그 뒤에는 이민국에서 29일을 더 연장합니다.", 2),
        ("이민국 지점에서 신청서를 쓰세요.", 3),  # without its number
        ("(02) 0000-2345", 4),
        ("신청서를 지점에서 쓰세요.", 3),  # in other words: three of its three words
    ],
)
def test_a_line_is_found_where_it_is_written(line, number):
    assert OriginFinder([Source(TEXT)]).find(line).line == number


@pytest.mark.parametrize("line", ["", "-", "바나나 농장에서 표를 사세요.", "이민국에 대한 긴 이야기는 여기 없습니다."])
def test_a_line_of_another_text_has_no_origin(line):
    assert OriginFinder([Source(TEXT)]).find(line) is None
    assert OriginFinder([]).find(line) is None


def test_the_line_is_found_in_the_source_that_holds_it():
    other = Source("여권 재발급은 영사과에서 합니다.", "여권")
    origin = OriginFinder([Source(TEXT), other]).find("여권 재발급은 영사과에서 합니다.")
    assert origin.source is other and origin.line == 1


def test_all_lines_that_an_answer_to_the_bundled_text_may_have_are_found(bundled_house):
    samples = [sample for sample in read_samples(bundled_house.samples) if sample.document][:60]
    found = total = 0
    for sample in samples:
        material = material_of([(sample.document, sample.title)], sample.question, Template().style)
        find = OriginFinder([Source(sample.document)]).find
        lines = [line for each in material.lists.values() for line in each]
        lines += [value for _, value in material.values()]
        for line in lines:
            origin = find(line)
            total += 1
            found += origin is not None
    assert total > 300 and found / total > 0.97
