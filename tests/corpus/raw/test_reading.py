"""Files of unknown encoding and any size become a stream of clean lines, with an account of the bytes."""

import io
import os
import tracemalloc

from corpus.raw import encodings, reading
from corpus.raw.encodings import detect_encoding
from corpus.raw.reading import Line, ReadingReport, read_lines
from corpus.raw.sources import list_sources
from pipeline import StepError

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXT = """\
여권을 잃어버렸을 때 해야 할 일
먼저 가까운 경찰서에서 분실 신고서를 받으세요.

그다음 대사관에 전화로 예약하고 방문합니다. 비용은 500페소입니다.
"""


def read(path, content: bytes) -> tuple[list[Line], ReadingReport]:
    """The lines of a file with this content, and the account."""
    path.write_bytes(content)
    report = ReadingReport()
    return list(read_lines(path, report)), report


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@pytest.fixture
def raw(tmp_path):
    return tmp_path / "raw.txt"


# --- Encodings ---


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp949"), "cp949"),
        (TEXT.replace("페소", "펲소").encode("cp949"), "cp949"),
        (b"Bring your passport to the bureau.\n", "utf-8"),
    ],
    ids=["UTF-8", "UTF-8 mark", "LE mark", "BE mark", "LE", "BE", "CP949", "CP949 beyond EUC-KR", "English"],
)
def test_every_usual_encoding_is_recognised_and_read(raw, content, encoding):
    lines, report = read(raw, content)
    assert detect_encoding(raw) == encoding
    assert "\n".join(texts(lines)) + "\n" == content.decode(encoding)
    text_bytes = len(content.decode(encoding).encode())
    assert report == ReadingReport(len(content), text_bytes, encodings={"raw.txt": encoding})


def test_a_few_damaged_bytes_do_not_hide_the_encoding(raw):
    for encoding in ("utf-8", "cp949"):
        raw.write_bytes((TEXT * 5).encode(encoding) + b"\xff\x80")
        assert detect_encoding(raw) == encoding


def test_a_letter_across_the_end_of_the_probe_is_no_damage(raw, monkeypatch):
    monkeypatch.setattr(encodings, "PROBE_BYTES", 7)
    lines, report = read(raw, "여권 분실 신고".encode())
    assert texts(lines) == ["여권 분실 신고"]
    assert report.encodings == {"raw.txt": "utf-8"}


@pytest.mark.parametrize(
    "content", [b"", b" \r\n\t", b"\x00" * 50, bytes(range(256)) * 9, b"\x89PNG\r\n\x1a\n\x00\xff\xd8"]
)
def test_a_file_without_text_is_refused_by_name(raw, content):
    raw.write_bytes(content)
    with pytest.raises(StepError, match=r"raw\.txt"):
        detect_encoding(raw)


# --- Bytes that do not decode ---


def test_stray_bytes_are_left_out_and_counted(raw):
    good = TEXT.encode()
    lines, report = read(raw, good + b"\xff\xfe" + good + b"\x80" + good)
    assert "\n".join(texts(lines)) + "\n" == TEXT * 3
    assert report.unreadable_bytes == 3
    assert report.read_bytes == 3 * len(good) + 3


def test_the_place_of_the_first_stray_byte_is_named(raw):
    good = TEXT.encode()
    _, report = read(raw, good + b"\xff" + good + b"\xfe")
    assert report.first_unreadable == f"raw.txt, about byte {len(good)}"


def test_the_place_of_a_stray_byte_is_counted_from_the_start_of_the_file(raw, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_BYTES", 64)
    good = (TEXT * 20).encode()
    _, report = read(raw, good + b"\xff\n" + good)
    place = int(report.first_unreadable.rpartition(" ")[2].replace(",", ""))
    assert abs(place - len(good)) <= 4


def test_a_letter_cut_off_by_the_end_of_the_file_is_counted(raw):
    lines, report = read(raw, TEXT.encode() + "끝".encode()[:2])
    assert "\n".join(texts(lines)).rstrip("\n") + "\n" == TEXT
    assert report.unreadable_bytes == 2


@pytest.mark.parametrize(("stray", "count"), [(b"\x00\xd8", 2), (b"\x00\xdc", 2), (b"\x00", 1)])
def test_half_letters_at_the_end_of_utf_16_are_counted(raw, stray, count):
    lines, report = read(raw, TEXT.encode("utf-16") + stray)
    assert "\n".join(texts(lines)).rstrip("\n") + "\n" == TEXT
    assert report.unreadable_bytes == count


@given(
    st.lists(st.sampled_from(["여권 ", "비자를 연장합니다.\n", "hotel ", b"\xff", b"\xfe\xff"]), max_size=30),
    st.integers(1, 40),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_stray_bytes_stand_they_are_counted_exactly_and_the_rest_is_kept(raw, parts, block_bytes):
    good = "".join(part for part in parts if isinstance(part, str))
    stray = b"".join(part for part in parts if isinstance(part, bytes))
    padding = TEXT * 20  # enough good text to know the encoding by
    content = padding.encode() + b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK_BYTES", block_bytes)
        lines, report = read(raw, content)
    assert report.encodings == {"raw.txt": "utf-8"}
    assert report.unreadable_bytes == len(stray)
    assert " ".join(texts(lines)).split() == (padding + good).split()


# --- Lines ---


def test_lines_are_numbered_as_an_editor_numbers_them(raw):
    lines, _ = read(raw, "첫째\n\n셋째\r\n넷째\n\n\n일곱째".encode())
    assert lines == [
        Line("raw.txt", number, text)
        for number, text in enumerate(["첫째", "", "셋째", "넷째", "", "", "일곱째"], start=1)
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_separates_lines(raw, line_end):
    lines, _ = read(raw, TEXT.replace("\n", line_end).encode())
    assert [(line.number, line.text) for line in lines] == list(enumerate(TEXT.splitlines(), start=1))


def test_a_line_end_across_two_blocks_is_one_line_end(raw, monkeypatch):
    for block_bytes in range(1, 9):
        monkeypatch.setattr(reading, "BLOCK_BYTES", block_bytes)
        lines, _ = read(raw, "가나\r\n다라\r\n\r\n마바".encode())
        assert [(line.number, line.text) for line in lines] == [(1, "가나"), (2, "다라"), (3, ""), (4, "마바")]


def test_a_line_that_html_breaks_in_two_keeps_its_number(raw):
    lines, _ = read(raw, "여권<br>사진 2장\n수수료\n".encode())
    assert lines == [Line("raw.txt", 1, "여권"), Line("raw.txt", 1, "사진 2장"), Line("raw.txt", 2, "수수료")]


def test_lines_are_normalised(raw):
    lines, _ = read(raw, "\u1107\u1175\u110c\u1161\u3000\u200b연장 &amp; <b>재입국</b> \t\n".encode())
    assert texts(lines) == ["비자 연장 & 재입국"]


@given(
    st.text(st.sampled_from("여권 비자를 가나다 ab1.\n\r😀é"), max_size=200),
    st.integers(1, 64),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "cp949"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_where_the_blocks_end_makes_no_difference(raw, text, block_bytes, encoding):
    content = (TEXT + text).encode(encoding, errors="ignore")
    whole, whole_report = read(raw, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK_BYTES", block_bytes)
        in_blocks, report = read(raw, content)
    assert in_blocks == whole
    assert report == whole_report
    assert report.read_bytes == len(content) and not report.unreadable_bytes


# --- Lines too long to hold ---

SENTENCES = "관리비에 수도 요금이 들어 있는지도 물어보십시오. 마카티는 월세가 비싼 편이고 파라냐케는 조금 쌉니다. "


def test_a_line_that_is_too_long_comes_in_pieces_that_are_cut_between_words(raw, monkeypatch):
    monkeypatch.setattr(reading, "MAX_LINE_CHARACTERS", 500)
    text = "".join(f"{number}번째 집. {SENTENCES}" for number in range(200))
    lines, _ = read(raw, f"첫 줄\n{text}\n끝 줄".encode())
    pieces = lines[1:-1]
    assert len(pieces) > 20
    assert all(len(piece.text) <= 500 and piece.number == 2 for piece in pieces)
    assert " ".join(texts(pieces)).split() == text.split()
    assert lines[-1] == Line("raw.txt", 3, "끝 줄")


def test_a_long_line_without_spaces_loses_nothing(raw, monkeypatch):
    monkeypatch.setattr(reading, "MAX_LINE_CHARACTERS", 100)
    lines, _ = read(raw, ("가나다라마바사" * 300).encode())
    assert "".join(texts(lines)) == "가나다라마바사" * 300


@given(
    st.lists(st.text(st.sampled_from("가나다.ab"), min_size=1, max_size=30), min_size=1, max_size=60),
    st.integers(1, 40),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_long_line_of_any_words_keeps_them_all(raw, words, block_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "MAX_LINE_CHARACTERS", 40)
        patch.setattr(reading, "BLOCK_BYTES", block_bytes)
        lines, _ = read(raw, ("여권 " + " ".join(words)).encode())
    assert " ".join(texts(lines)).split() == ["여권", *words]
    assert {line.number for line in lines} == {1}


def test_memory_does_not_grow_with_the_file(raw, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_BYTES", 1 << 14)
    monkeypatch.setattr(encodings, "PROBE_BYTES", 1 << 14)
    monkeypatch.setattr(reading, "MAX_LINE_CHARACTERS", 1 << 12)
    peaks = []
    for repeats in (500, 4_000):
        raw.write_text((SENTENCES * 3 + "\n") * repeats + SENTENCES * repeats, encoding="utf-8")
        tracemalloc.start()
        for _ in read_lines(raw, ReadingReport()):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] and peaks[1] < raw.stat().st_size / 4


# --- Sources ---


def test_a_file_is_its_own_source(raw):
    raw.write_text(TEXT, encoding="utf-8")
    assert list_sources(raw) == [raw]


def test_a_folder_stands_for_its_text_files_in_the_order_of_their_names(tmp_path):
    for name in ("하위/다.txt", "b.txt", "나.txt", "a.txt", "사진.jpg", "가.txt", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    in_order = ["a.txt", "b.txt", "c.txt", "가.txt", "나.txt", "하위/다.txt"]
    assert list_sources(tmp_path) == [tmp_path / name for name in in_order]


def test_every_file_of_a_folder_is_read_in_its_own_encoding_into_one_account(tmp_path):
    (tmp_path / "가.txt").write_bytes(TEXT.encode("cp949"))
    (tmp_path / "나.txt").write_bytes(TEXT.encode("utf-16"))
    report = ReadingReport()
    lines = [line for source in list_sources(tmp_path) for line in read_lines(source, report)]
    assert texts(lines) == TEXT.splitlines() * 2
    assert [line.source for line in lines] == ["가.txt"] * 4 + ["나.txt"] * 4
    assert [line.number for line in lines] == [1, 2, 3, 4] * 2
    assert report.encodings == {"가.txt": "cp949", "나.txt": "utf-16"}
    assert report.read_bytes == sum(source.stat().st_size for source in list_sources(tmp_path))


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StepError, match=r"없는 글\.txt"):
        list_sources(tmp_path / "없는 글.txt")


def test_a_folder_without_text_files_is_named(tmp_path):
    (tmp_path / "사진.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(StepError, match=tmp_path.name):
        list_sources(tmp_path)


# --- Streams ---


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
def test_a_stream_is_read_as_a_file_is(raw, monkeypatch, encoding):
    """Also where the text is longer than the part from which the encoding is detected."""
    monkeypatch.setattr(encodings, "PROBE_BYTES", 256)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 100)
    content = "".join(f"{number}. {TEXT}" for number in range(20)).encode(encoding)
    from_file, report_of_file = read(raw, content)
    report = ReadingReport()
    assert list(read_lines(io.BytesIO(content), report, "raw.txt")) == from_file
    assert report == report_of_file


def test_a_pipe_that_cannot_go_back_is_read_and_left_open():
    read_end, write_end = os.pipe()
    os.write(write_end, TEXT.encode("cp949"))
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        assert texts(read_lines(pipe, ReadingReport(), "표준 입력")) == TEXT.splitlines()
        assert not pipe.closed


def test_what_is_said_of_a_stream_calls_it_by_its_name():
    report = ReadingReport()
    content = TEXT.encode() * 20 + "안녕".encode()[:-1] + b"\n"
    assert {line.source for line in read_lines(io.BytesIO(content), report, "standard input")} == {"standard input"}
    assert report.encodings == {"standard input": "utf-8"}
    assert report.first_unreadable.startswith("standard input, about byte")
    with pytest.raises(StepError, match=r"^standard input: the file is empty"):
        list(read_lines(io.BytesIO(b""), ReadingReport(), "standard input"))
