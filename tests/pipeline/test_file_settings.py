"""Settings that name files: each names one, and none that is written is also another."""

import os
from dataclasses import dataclass

from pipeline import StepError, file_setting
from pipeline.settings import check_files

import pytest


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Those of a step that reads a text or a folder, and perhaps a document, and writes a file beside another one."""

    raw_path: str = file_setting(folder=True)
    samples_path: str = file_setting(written=True)
    contacts_path: str = file_setting(written=True)
    doc_path: str = file_setting(optional=True)


def settings_of(**values: str) -> Settings:
    paths = {"raw_path": "raw.txt", "samples_path": "data/samples.txt", "contacts_path": "data/contacts.json"}
    return Settings(**{**paths, "doc_path": "", **values})


def complaint(**values: str) -> str:
    with pytest.raises(StepError) as caught:
        check_files(settings_of(**values))
    return str(caught.value)


def test_names_of_different_files_pass():
    check_files(settings_of())
    check_files(settings_of(raw_path=".", doc_path="글.txt"))
    check_files(settings_of(raw_path="data"))  # a folder that is read may hold what is written
    check_files(settings_of(doc_path="raw.txt"))  # to read a file twice harms nothing


@pytest.mark.parametrize("value", ["", " ", ".", "/", "..", "data/.."])
def test_what_names_no_file_is_refused(value):
    assert complaint(samples_path=value) == f"SAMPLES_PATH is {value!r}; it must be the name of a file"


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_text_is_not_the_folder_of_the_program(value):
    assert "RAW_PATH" in complaint(raw_path=value)


def test_nul_is_refused():
    assert "NUL" in complaint(samples_path="data/s\0.txt")


@pytest.mark.parametrize(
    "written",
    ["raw.txt", "./raw.txt", "data/../raw.txt", "data/contacts.json", "data", "raw.txt/"],
)
def test_a_file_that_is_written_is_no_other_file_and_no_folder_of_one(written):
    assert "would replace" in complaint(samples_path=written)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_to_a_file_are_that_file(tmp_path, monkeypatch, link):
    monkeypatch.chdir(tmp_path)
    text = tmp_path / "raw.txt"
    text.write_text("여권을 잃어버렸습니다.", encoding="utf-8")
    link("raw.txt", "samples.txt")
    assert "would replace RAW_PATH" in complaint(samples_path="samples.txt")
    assert text.read_text(encoding="utf-8") == "여권을 잃어버렸습니다."


def test_a_pipe_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "a device or a pipe" in complaint(samples_path=str(pipe))
    assert pipe.is_fifo()
