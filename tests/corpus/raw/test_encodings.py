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


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
@pytest.mark.parametrize(
    ("damaged", "left"),
    [
        ("문의 02-1�34-5678 영사과", "문의  영사과"),
        ("문의 010 1234 �678로", "문의 로"),
        ("문의 (02) 0000-12�", "문의 "),
        ("문의 �2-0000-1234", "문의 "),
        ("계좌 000-�-98�6-01, 90일", "계좌  90일"),
        ("비용은 500페�소 30 �일", "비용은 500페소 30 일"),
        ("메일 tulong@emb�hada.example, hot�el", "메일  hotel"),
        ("www.emb�hada.example에서", "에서"),
    ],
)
def test_a_number_or_a_site_that_has_lost_a_byte_is_left_out_whole(tmp_path, encoding, damaged, left):
    lost = b"\x00\xdc" if encoding == "utf-16" else b"\xff"
    pieces = damaged.split("�")
    raw = tmp_path / "raw.txt"
    encode = "utf-16-le" if encoding == "utf-16" else encoding
    content = (TEXT * 50).encode(encoding) + lost.join(piece.encode(encode) for piece in pieces) + "\n".encode(encode)
    raw.write_bytes(content)
    text, report = read(raw)
    wanted = TEXT * 50 + " ".join(left.split()) + "\n"
    assert text.split() == wanted.split()
    kept = (TEXT * 50).encode(encoding) + f"{left}\n".encode(encode)
    assert report.unreadable_bytes == len(content) - len(kept)
    written_out = tmp_path / "written_out.txt"
    written_out.write_text(TEXT * 50 + damaged + "\n", encoding="utf-8")
    assert read(written_out)[0].split() == wanted.split()
