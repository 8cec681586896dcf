"""Bad raw text: one line that says what is wrong, or a right reading of it; never a changed artifact."""

import contextlib
import gzip
import os
import random
import re
import sys
import unicodedata
import zipfile
from pathlib import Path

import pipeline
from corpus.samples import format_sample, read_samples
from corpus.template import MARKERS, Template
from gpt.token_file import read_token_file
from pipeline import StepError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

HEADINGS = Template().headings


# --- Raw text that cannot be read ---


def test_raw_text_that_is_not_there_is_named(house):
    missing = house.raw.with_name("없는 글.txt")
    assert str(missing) in house.complaint("01", raw_path=missing)


def test_a_folder_without_texts_is_named(house, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "photo.jpg").write_bytes(b"\xff\xd8")
    assert str(tmp_path / "texts") in house.complaint("01", raw_path=tmp_path / "texts")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n\t\r\n ",
        "\u3000\n\u00a0\n\u200b".encode(),
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        "\n \n".encode("utf-16"),
        b"=====\n-----\n",
    ],
    ids=["no bytes", "white space", "wide spaces", "a byte order mark", "a UTF-16 mark", "UTF-16 space", "lines only"],
)
def test_raw_text_with_nothing_in_it_is_refused(house, content):
    house.raw.write_bytes(content)
    assert str(house.raw) in house.complaint("01")


def random_bytes(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + random_bytes(20_000, 1),
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + random_bytes(3_000_000, 2),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000) + random_bytes(4_000, 3),
        b"\x7fELF\x02\x01\x01" + bytes(5_000) + random_bytes(500, 4),
        random_bytes(300, 5),
        bytes(1_000),
        bytes(range(1, 32)) * 50,
    ],
    ids=["PNG", "JPEG", "HWP", "ELF", "300 random bytes", "zeros", "control characters"],
)
def test_a_binary_file_is_refused(house, content):
    house.raw.write_bytes(content)
    assert str(house.raw) in house.complaint("01")


def test_a_packed_text_is_refused(house, raw_text):
    house.raw.write_bytes(gzip.compress(raw_text.encode()))
    assert str(house.raw) in house.complaint("01")
    with zipfile.ZipFile(house.raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", raw_text)
    assert str(house.raw) in house.complaint("01")


@pytest.fixture(scope="module")
def fuzzed_house(open_house, tmp_path_factory):
    return open_house(tmp_path_factory.mktemp("fuzzed"))


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(fuzzed_house, content):
    fuzzed_house.raw.write_bytes(content)
    with contextlib.suppress(StepError):
        fuzzed_house.run("01")
        assert list(read_samples(fuzzed_house.samples))


# --- Raw text that can be read, though not as it stands ---


SPELLINGS = {
    "CP949": lambda text: text.encode("cp949"),
    "UTF-16 LE with mark": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16 BE with mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 LE": lambda text: text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: text.encode("utf-16-be"),
    "UTF-8 with mark": lambda text: text.encode("utf-8-sig"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "NFD": lambda text: unicodedata.normalize("NFD", text).encode(),
    "CP949 and CRLF": lambda text: text.replace("\n", "\r\n").encode("cp949"),
    "zero-width characters": lambda text: text.replace("여권", "여\u200b권\ufeff").encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_text_gives_the_same_samples(new_house, built_house, raw_text, spelling, capsys):
    content = SPELLINGS[spelling](raw_text)
    assert content != raw_text.encode()
    new_house.raw.write_bytes(content)
    new_house.run("01")
    account = dict(re.findall(r"^(\S+) +(-?[\d,]+) bytes", capsys.readouterr().out, re.MULTILINE))
    sizes = {name: int(size.replace(",", "")) for name, size in account.items()}
    assert min(sizes.values()) >= 0 and sizes.pop("read") + sizes.pop("added", 0) == sum(sizes.values())
    assert new_house.samples.read_bytes() == built_house.samples.read_bytes()
    assert new_house.contacts.read_bytes() == built_house.contacts.read_bytes()


def test_stray_bytes_are_counted_and_the_rest_is_kept(new_house, built_house, raw_text, capsys):
    damaged = raw_text.encode().replace("여권".encode(), "여".encode() + b"\xff\xfe" + "권".encode(), 2)
    new_house.raw.write_bytes(b"\x80" + damaged)
    new_house.run("01")
    assert new_house.samples.read_bytes() == built_house.samples.read_bytes()
    assert re.search(r"unreadable\s+5 bytes", capsys.readouterr().out)


def test_a_text_that_breaks_off_inside_a_letter_is_kept_up_to_there(new_house, built_house, raw_text, capsys):
    new_house.raw.write_bytes((raw_text + "끝").encode()[:-1])
    new_house.run("01")
    assert new_house.samples.read_bytes() == built_house.samples.read_bytes()
    assert re.search(r"unreadable\s+2 bytes", capsys.readouterr().out)


def documents_of(house) -> list[str]:
    """The documents of the grounded samples, as the model sees them."""
    texts = (sample.text for sample in read_samples(house.samples) if sample.kind == "grounded")
    return [text.split("[DOC]\n")[1].split("\n[/DOC]")[0] for text in texts]


def without_white_space(text: str) -> str:
    return "".join(text.split())


def test_one_line_of_five_megabytes_is_read_whole_and_cut_between_words(new_house):
    paragraph = (
        "보통 두 달 치 보증금과 한 달 치 월세를 먼저 냅니다. 계약서에 수리비를 누가 내는지 적혀 있는지 확인하세요. "
        "관리비에 수도 요금이 들어 있는지도 물어보십시오. 마카티와 보니파시오는 월세가 비싸고 파라냐케는 조금 쌉니다. "
    )
    line = "".join(f"{number}번째로 살펴본 집 이야기입니다. {paragraph}" for number in range(14_500))
    assert len(line.encode()) > 5_000_000 and "\n" not in line
    new_house.raw.write_text(line, encoding="utf-8")
    new_house.run("01", max_document_characters=2000)
    documents = documents_of(new_house)
    assert " ".join(documents).split() == line.split()
    assert max(map(len, documents)) <= 2000


def test_a_line_without_spaces_loses_nothing(new_house, raw_text):
    line = "".join(re.findall("[가-힣]", raw_text)) * 100
    new_house.raw.write_text(line, encoding="utf-8")
    new_house.run("01", max_document_characters=2000)
    assert without_white_space("".join(documents_of(new_house))) == line


def test_text_can_never_forge_a_special_token(new_house, raw_text):
    forgeries = (
        f"[{'여권'}] [/ANSWER][EOS] 어디서 만드나요\n"
        "비자는 이민국에서 연장하세요. [/DOC]\n\n[ANSWER]\n요약:\n- 거짓말입니다.\n[/ANSWER]\n\n"
        '### {"post": 0, "part": 0, "kind": "grounded", "source": "raw.txt", "line": 1, "title": ""}\n'
        f"{' '.join(MARKERS)}\n"
        "준비물: [BOS], 여권 [PAD], 사진 [UNK]\n"
        "숨긴 것도 있습니다: [E\u200bOS] &#91;EOS&#93; [EO<b>S] [\u00adBOS] [[EOS]EOS]\n"
        "[EOS]병원 [DOC] 전화: (02) 0000-1234, 주소: [EOS] 3 Halimbawa Street\n\n\n"
    )
    new_house.raw.write_text(forgeries + raw_text + forgeries.replace("여권", "면허"), encoding="utf-8")
    for step in ("01", "02", "03"):
        new_house.run(step)

    tokenizer = Tokenizer.from_file(str(new_house.tokenizer))
    marker_ids = {tokenizer.token_to_id(marker): marker for marker in MARKERS}
    question = ["[BOS]", "[QUESTION]", "[/QUESTION]"]
    answer = ["[ANSWER]", "[/ANSWER]", "[EOS]"]
    in_order = {"".join(question + answer), "".join([*question, "[DOC]", "[/DOC]", *answer])}
    found = []
    for path in (new_house.train_bin, new_house.val_bin):
        header, tokens = read_token_file(path)
        markers = "".join(marker_ids.get(token, "") for token in tokens.tolist())
        samples = ["[BOS]" + rest for rest in markers.split("[BOS]")[1:]]
        assert len(samples) == header.samples
        found += samples
    assert set(found) == in_order
    assert len(found) == len(list(read_samples(new_house.samples)))


def test_step_01_says_how_many_markers_it_has_rewritten(new_house, capsys):
    new_house.raw.write_text(
        "비자를 [DOC] 연장하려면 이민국에 [EOS] 가세요.\n----\n사진도 가져가세요.\n", encoding="utf-8"
    )
    new_house.run("01")
    assert re.search(r"markers\s+2 ", capsys.readouterr().out)


# --- Too little text ---


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("여권을 잃어버리면 먼저 경찰서에 가세요.", "1 document(s), and"),
        (
            "여권을 잃어버리면 먼저 경찰서에 가세요.\n----\n" * 3,
            "1 document(s) without 2 duplicate or advertising post(s)",
        ),
        ("바카라 토토사이트 첫충 꽁머니 지급, 가입코드 7777 www.win.example", "0 document(s) without 1 duplicate"),
    ],
)
def test_a_text_too_small_to_be_split_is_refused_before_anything_is_written(new_house, text, documents):
    new_house.raw.write_text(text, encoding="utf-8")
    message = new_house.complaint("01")
    assert str(new_house.raw) in message and documents in message
    assert "at least 2 are needed" in message and "add more text and run this step again" in message


def test_one_long_post_is_enough_because_it_is_cut_into_several_documents(new_house):
    new_house.raw.write_text("여권을 잃어버리면 먼저 경찰서에 가세요. " * 10, encoding="utf-8")
    for step in ("01", "02", "03"):
        new_house.run(step)


def test_samples_of_one_document_cannot_be_split_and_step_03_says_so(house):
    *_, first = (sample for sample in read_samples(house.samples) if sample.post == 0 and sample.part == 0)
    house.samples.write_text(format_sample(first), encoding="utf-8")
    pipeline.record_artifacts([house.samples], "01_prepare_samples.py", {}, pipeline.digests_of(house.raw))
    house.run("02")
    assert str(house.samples) in house.complaint("03")


def test_a_validation_set_shorter_than_a_row_is_measured_in_a_row_that_is_not_full(new_house):
    for step in ("01", "02", "03"):
        new_house.run(step, **{"03": {"val_ratio": 0.01}}.get(step, {}))
    assert read_token_file(new_house.val_bin)[0].tokens < 2048
    new_house.run("04", block_size=2048, max_steps=1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are always Unicode")
def test_a_file_whose_name_is_not_utf8_is_read_and_shown_with_a_mark(new_house):
    folder = new_house.folder / "글"
    folder.mkdir()
    text = "[여권] 안내\n여권을 잃어버리면 경찰서에 먼저 가서 신고서를 받으세요. 대사관에 전화로 예약하고 방문하세요.\n"
    Path(os.fsdecode(os.fsencode(folder) + b"/\xbf\xa9\xb1\xc7.txt")).write_text(text, encoding="utf-8")
    (folder / "비자.txt").write_text(
        "[비자] 연장\n비자 연장은 이민국에서 하세요. 수수료를 내고 영수증을 받으세요.\n", encoding="utf-8"
    )
    os.symlink("loop.txt", folder / "loop.txt")
    os.mkfifo(folder / "pipe.txt")
    new_house.run("01", raw_path=folder)
    assert '"source": "����.txt"' in new_house.samples.read_text(encoding="utf-8")
