"""Text that was once saved in the wrong encoding is put right, or left out and counted."""

import importlib

from corpus.raw.mojibake import repair
from corpus.raw.reading import ReadingReport, read_lines

import pytest
from hypothesis import given
from hypothesis import strategies as st

SENTENCE = "마닐라 공항에서 여권을 잃어버렸습니다. (Police Report) 02-0000-1234, 한국 대사관에 전화했다!"
KOREAN_WORDS = st.lists(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=2), min_size=1)


@pytest.mark.parametrize("written", ["utf-8", "cp949"])
def test_korean_that_was_read_as_western_text_is_put_right(written):
    assert repair(SENTENCE.encode(written).decode("latin-1")) == (SENTENCE, 0)


@given(words=KOREAN_WORDS)
def test_every_word_comes_back_from_its_utf8_bytes(words):
    text = " ".join(words)
    assert repair(text.encode().decode("latin-1")) == (text, 0)


@pytest.mark.parametrize(
    "line",
    [
        SENTENCE,
        "España niño café ñandú, Parañaque",
        "····· °°°° ×××× ―――― ※※※",
        "온도 35°C~40°C, 가격 ₱3,500 – €20",
        "“따옴표” ‘작은’… – — •••",
        "源氏物語와 遺産, 留學 援助",
    ],
)
def test_sound_text_stays(line):
    assert repair(line) == (line, 0)


def test_what_lost_its_bytes_is_left_out_and_counted():
    damaged = SENTENCE.encode().decode("cp949", "replace")
    assert repair(damaged) == ("", len(damaged))
    assert repair("여권\ufffd 재발급") == ("여권 재발급", 1)


def test_the_report_says_how_much_and_where(tmp_path):
    damaged = SENTENCE.encode().decode("cp949", "replace")
    western = SENTENCE.encode().decode("latin-1")
    path = tmp_path / "raw.txt"
    sound = [SENTENCE] * 40
    path.write_text("\n".join([*sound, damaged, western, damaged, ""]), encoding="utf-8")
    report = ReadingReport()
    lines = [line.text for line in read_lines(path, report)]
    assert lines == [*sound, "", SENTENCE, ""]
    assert (report.garbled_bytes, report.first_garbled) == (2 * len(damaged.encode()), "raw.txt, line 41")
    assert report.repaired_lines == 1


def test_step_01_prints_it(new_house, raw_text, capsys):
    new_house.raw.write_text(raw_text + "\n\n\n여권 재발급\ufffd 안내\n", encoding="utf-8")
    importlib.import_module("01_prepare_samples").main(new_house.flags("01"))
    assert (
        "garbled                 3 bytes damaged before they were saved, the first at raw.txt"
        in capsys.readouterr().out
    )
