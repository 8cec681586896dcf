"""Lines of a file may have another encoding than the rest, and old files are in Johab."""

from corpus.raw.encodings import detect_encoding
from corpus.raw.reading import ReadingReport, read_lines

import pytest

TEXT = "이민국에서 비자를 연장하세요. 문의는 02-0000-1234로 하세요.\n짧은 소식\n"


def read(path):
    report = ReadingReport()
    return "\n".join(line.text for line in read_lines(path, report)) + "\n", report


@pytest.mark.parametrize(("first", "second"), [("utf-8", "cp949"), ("cp949", "utf-8")])
def test_lines_in_another_encoding_are_decoded(tmp_path, first, second):
    raw = tmp_path / "raw.txt"
    raw.write_bytes((TEXT * 50).encode(first) + (TEXT * 5).encode(second) + TEXT.encode(first))
    text, report = read(raw)
    assert text == TEXT * 56
    assert report.encodings == {"raw.txt": first}
    assert (report.unreadable_bytes, report.repaired_lines) == (0, 10)


def test_a_file_in_johab_is_read(tmp_path):
    raw = tmp_path / "raw.txt"
    raw.write_bytes((TEXT * 5).encode("johab"))
    assert detect_encoding(raw) == "johab"
    assert read(raw)[0] == TEXT * 5


def test_lines_of_zero_width_spaces_are_one_gap(tmp_path):
    raw = tmp_path / "raw.txt"
    raw.write_text("첫 문단입니다.\n\u200b\n\u200b\n\u200b\n둘째 문단입니다.\n", encoding="utf-8")
    assert read(raw)[0] == "첫 문단입니다.\n\n둘째 문단입니다.\n"
