"""The files of a folder: texts are read, the others are named."""

from corpus.raw.sources import left_out, list_sources, source_name
from pipeline import StepError

import pytest


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "가/글.txt": "여권을 신청하세요.",
        "나/글.TXT": "비자를 연장하세요.",
        "다.md": "# 면허증",
        "표.csv": "번호,제목\n1,여권",
        "빈 글.txt": " \n",
        "._글.txt": "Mac OS X",
        "사진.jpg": "JFIF",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_texts_of_every_name_are_read(folder):
    names = [source_name(path, folder) for path in list_sources(folder)]
    assert names == ["가/글.txt", "나/글.TXT", "다.md", "표.csv"]


def test_the_other_files_are_named_with_the_reason(folder):
    assert left_out(folder, list_sources(folder)) == [
        "._글.txt: hidden",
        "빈 글.txt: the file is empty",
        "사진.jpg: not a text file by its name",
    ]


def test_a_folder_without_texts_is_refused(tmp_path):
    (tmp_path / "빈 글.txt").touch()
    with pytest.raises(StepError, match="holds no"):
        list_sources(tmp_path)


def test_a_file_is_its_own_source(folder):
    raw = folder / "다.md"
    assert list_sources(raw) == [raw]
    assert (source_name(raw, raw), left_out(raw, [raw])) == ("다.md", [])
