"""What the READMEs say can be found and typed."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
READMES = [ROOT / "README.md", ROOT / "README.ko.md"]
SCRIPTS = [*sorted(ROOT.glob("0?_*.py")), ROOT / "export.py"]


def code_blocks(path: Path) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_idea_points_at_code_that_is_there(readme):
    pointers = re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", readme.read_text(encoding="utf-8"))
    assert len(pointers) == 9
    for file, names in pointers:
        code = (ROOT / file).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^(?:def|class) {name}\b", code, flags=re.MULTILINE), f"{file}: {name}"


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_the_tree_names_every_file_of_the_code(readme):
    text = readme.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.py"), *ROOT.glob("corpus/*.py"), *ROOT.glob("gpt/*.py")]:
        assert path.name in text or path.name == "__init__.py", path.name


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_setting_that_it_names_is_one(readme):
    known = set()
    for script in SCRIPTS:
        known |= {name for name in vars(importlib.import_module(script.stem)) if name.isupper()}
    # Benchmarks and other programs have flags of their own.
    text = re.sub(r"`(?:python benchmarks/|mlx_lm\.|torchrun )[^`]*`", "", readme.read_text(encoding="utf-8"))
    flags = {flag.lstrip("-").upper().replace("-", "_") for flag in re.findall(r"--[a-z][a-z-]+", text)}
    assert flags - {"HELP", "NNODES", "RDZV_ENDPOINT"} <= known
    assert (
        set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text)) - {"PYTORCH_ENABLE_MPS_FALLBACK", "OMP_NUM_THREADS"} <= known
    )


def test_both_readmes_have_the_same_commands():
    english, korean = (
        [
            line
            for block in code_blocks(readme)
            for line in block.splitlines()
            if re.match(r"(?:make|python3?|pip)\b(?!\.)", line)
        ]
        for readme in READMES
    )
    assert [line.split("#")[0].strip() for line in english] == [line.split("#")[0].strip() for line in korean]


def test_make_asks_a_question_that_the_bundled_samples_answer(tmp_path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    question = re.search(r"^QUESTION \?= (.*)$", makefile, flags=re.MULTILINE)[1]
    flags = re.search(r"\$\(RUN\) 01_prepare_samples\.py(.*)$", makefile, flags=re.MULTILINE)[1].split()
    raw, samples = ROOT / "data" / "sample_raw.txt", tmp_path / "samples.txt"
    paths = ["--raw-path", str(raw), "--samples-path", str(samples)]
    paths += ["--contacts-path", str(tmp_path / "contacts.json"), "--dropped-path", str(tmp_path / "dropped.txt")]
    importlib.import_module("01_prepare_samples").main([*paths, *flags])
    closed_book = [text for text in samples.read_text(encoding="utf-8").split("### ") if '"closed-book"' in text[:200]]
    assert any(f"\n{question}\n" in text for text in closed_book)
