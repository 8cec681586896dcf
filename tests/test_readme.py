"""What README.md, README.ko.md, CONTRIBUTING.md and docs/ say: commands parse, settings exist, messages are quoted as the code has them."""

import ast
import importlib
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pipeline
from corpus.samples import example_question, read_samples
from pipeline import StepError

import pytest

ROOT = Path(pipeline.__file__).resolve().parent.parent
READMES = [ROOT / "README.md", ROOT / "README.ko.md"]
PAGES = [*READMES, *sorted((ROOT / "docs").glob("*.md"))]
WITH_COMMANDS = [*PAGES, ROOT / "CONTRIBUTING.md"]
PAIRS = [(page.with_name(page.name.replace(".ko", "")), page) for page in PAGES if page.name.endswith(".ko.md")]
SCRIPTS = [*sorted(ROOT.glob("0?_*.py")), ROOT / "export.py", ROOT / "serve.py"]
SOURCES = [
    *ROOT.glob("*.py"),
    *ROOT.glob("pipeline/*.py"),
    *ROOT.glob("answering/**/*.py"),
    *ROOT.glob("corpus/**/*.py"),
    *ROOT.glob("gpt/**/*.py"),
]

POSITIONAL = {"05_generate.py": "question"}  # the setting that a script also takes without its flag
FLAGS_OF_OTHER_PROGRAMS = {"EXTRA_INDEX_URL", "HELP", "NNODES", "RDZV_ENDPOINT"}
ENVIRONMENT = {"PYTORCH_ENABLE_MPS_FALLBACK", "PYTORCH_MPS_HIGH_WATERMARK_RATIO", "OMP_NUM_THREADS"}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
every_readme = pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
every_pair = pytest.mark.parametrize(("english", "korean"), PAIRS, ids=lambda path: path.name)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# --- Reading a page ---

FENCE = re.compile(r"^```\w*\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def code_blocks(text: str) -> list[str]:
    return FENCE.findall(text)


def inline_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def commands_in(snippets: list[str]) -> Iterator[list[str]]:
    """The words of each command of ours, without comments, redirections and what stands before a pipe."""
    for line in (line for snippet in snippets for line in snippet.splitlines()):
        for part in re.split(r" \| | && ", line):
            if re.match(r"(?:python3?|make|torchrun|uv)(?: |$)", part):
                yield shlex.split(re.sub(r" [<>] \S+", "", part), comments=True)


def block_commands(text: str) -> list[list[str]]:
    return list(commands_in(code_blocks(text)))


def all_commands(text: str) -> list[list[str]]:
    return [*block_commands(text), *commands_in(inline_code(text))]


def makefile_variables() -> set[str]:
    return set(re.findall(r"^#   ([A-Z_]+)=", read(ROOT / "Makefile"), flags=re.MULTILINE))


# --- Does a command parse? Raises StepError or AssertionError where it does not ---


def parse_script(name: str, arguments: list[str]) -> None:
    """The script's own reading of its flags, without running its main."""
    module = importlib.import_module(Path(name).stem)
    settings = pipeline.read_settings(module.Settings, vars(module), arguments, positional=POSITIONAL.get(name, ""))
    if hasattr(module, "check_settings"):
        module.check_settings(settings)


def parse_by_help(module: str, arguments: list[str]) -> None:
    known = help_of(module)
    for flag in (word.split("=")[0] for word in arguments if word.startswith("--")):
        assert re.search(rf"{flag}\b", known), f"{module} has no {flag}"


@cache
def help_of(module: str) -> str:
    """What `--help` of a module with an argparse of its own prints."""
    result = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def parse_python(arguments: list[str]) -> None:
    first, *others = arguments
    if first != "-m":
        assert (ROOT / first).is_file(), f"{first} does not exist"
        parse_script(first, others)
        return
    module, *others = others
    assert importlib.util.find_spec(module), f"{module} does not exist"
    if module.split(".")[0] in ("gpt", "corpus", "benchmarks"):
        parse_by_help(module, others)
    for path in (word for word in others if word.startswith("tests/")):
        assert (ROOT / path).exists(), f"{path} does not exist"


def parse_make(arguments: list[str]) -> None:
    variables = {word.split("=")[0] for word in arguments if "=" in word}
    assert variables <= makefile_variables()
    if make := shutil.which("make"):
        result = subprocess.run([make, "-n", *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
        assert result.returncode == 0, result.stderr


def parse_torchrun(arguments: list[str]) -> None:
    from torch.distributed.run import get_args_parser

    options = get_args_parser().parse_args(arguments)
    parse_script(options.training_script, options.training_script_args)


def parse_uv(arguments: list[str]) -> None:
    if arguments != ["venv"]:
        *install, requirements = arguments
        assert install == ["pip", "install", "-r"]
        assert (ROOT / requirements).is_file()


PARSERS = {
    "python": parse_python,
    "python3": parse_python,
    "make": parse_make,
    "torchrun": parse_torchrun,
    "uv": parse_uv,
}


def unique_commands() -> list[tuple[str, ...]]:
    return sorted({tuple(command) for page in WITH_COMMANDS for command in all_commands(read(page))})


@pytest.mark.parametrize("command", unique_commands(), ids=" ".join)
def test_every_command_parses(command):
    program, *arguments = command
    PARSERS[program](arguments)


@pytest.mark.parametrize(
    "command",
    [
        "python 06_answer.py",
        "python 04_train_gpt_from_scratch.py --max-step 2",
        "python 04_train_gpt_from_scratch.py --max-steps 둘",
        "python 05_generate.py --doc-path letter.txt --closed-book",
        "python -m gpt.loss_chart checkpoints/log.csv --above minutes",
        "python -m gpt.chart",
        "python -m pytest tests/test_missing.py",
        "python -m benchmarks.samples --showing",
        "make MAX_HOURS=1",
        "make cleaner",
        "torchrun --nproc_per_node=2 04_train_gpt_from_scratch.py --max-step 2",
        "uv pip install -r packages.txt",
    ],
)
def test_a_command_that_is_wrong_is_found(command):
    program, *arguments = shlex.split(command)
    if program == "make" and not shutil.which("make"):
        pytest.skip("make is missing")
    with pytest.raises((AssertionError, StepError)):
        PARSERS[program](arguments)


def test_commands_are_found_in_blocks_and_in_text():
    text = (
        "Run `make test`.\n```\npdftotext a.pdf - | python 05_generate.py  # 여권\nnot python\n```\n`python x.py > y`"
    )
    assert all_commands(text) == [["python", "05_generate.py"], ["make", "test"], ["python", "x.py"]]


# --- Names ---


@every_readme
def test_every_idea_points_at_code_that_exists(readme):
    pointers = re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", read(readme))
    assert len(pointers) == 9
    for file, names in pointers:
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^(?:def|class) {name}\b", read(ROOT / file), flags=re.MULTILINE), f"{file}: {name}"


@every_readme
def test_the_tree_names_every_file_of_the_code_and_no_other(readme):
    tree = next(block for block in code_blocks(read(readme)) if block.startswith("01_"))
    named = set(re.findall(r"^ *(\w+\.py) ", tree, flags=re.MULTILINE))
    assert named == {path.name for path in SOURCES} - {"__init__.py"}


@every_page
def test_every_setting_and_flag_exists(page):
    known = set()
    for script in SCRIPTS:
        known |= {name for name in vars(importlib.import_module(script.stem)) if name.isupper()}
    flags_of_the_chart = {"OVER", "OUT"}
    # Benchmarks and other programs have flags of their own.
    text = re.sub(r"(?:python -m benchmarks\.|mlx_lm\.|torchrun |tensorboard )[^`\n]*", "", read(page))
    flags = {flag.lstrip("-").upper().replace("-", "_") for flag in re.findall(r"--[a-z][a-z-]+", text)}
    flags = {flag.removeprefix("NO_") if flag not in known else flag for flag in flags}
    assert flags - FLAGS_OF_OTHER_PROGRAMS - flags_of_the_chart <= known
    words = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", "\n".join(inline_code(text))))
    words |= {code for code in inline_code(text) if re.fullmatch("[A-Z]{2,}", code)}
    assert words - ENVIRONMENT - makefile_variables() <= known


@pytest.mark.parametrize("page", [*WITH_COMMANDS, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", read(page)):
        file, _, anchor = target.partition("#")
        if target.startswith("https://"):
            continue
        path = page.parent / file if file else page
        assert path.exists(), target
        headings = re.findall(r"^#+ (.*)$", read(path), flags=re.MULTILINE) if path.suffix == ".md" else []
        assert not anchor or anchor in [re.sub(r"[^\w\- ]", "", each).lower().replace(" ", "-") for each in headings]


# --- Two languages ---


@every_pair
def test_both_languages_have_the_same_commands_in_the_same_order(english, korean):
    assert block_commands(read(english)) == block_commands(read(korean))


@every_pair
def test_both_languages_name_the_same_commands_in_their_text(english, korean):
    if english.name == "troubleshooting.md":
        pytest.skip("the Korean page explains the messages one by one, the English one does not")
    names = [sorted({tuple(command) for command in all_commands(read(page))}) for page in (english, korean)]
    assert names[0] == names[1]


def test_every_page_for_users_is_there_in_both_languages():
    assert {page.name for page in PAGES} - {page.name for pair in PAIRS for page in pair} == {"measurements.md"}


# --- Messages ---


@cache
def strings_in(path: Path) -> list[str]:
    """The texts of a source file, with … for what is filled in; without docstrings."""
    tree = ast.parse(read(path))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
    }
    texts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [each.value if isinstance(each, ast.Constant) else "…" for each in node.values]
            texts.append("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            texts.append(node.value)
    return texts


def is_printed(fragment: str, texts: list[str]) -> bool:
    """Whether the code has this text in one piece, or in two or three that it puts together."""

    def has(piece: str) -> bool:
        piece = piece.strip(" ;,:.()")
        return not piece or any(piece in text for text in texts)

    if has(fragment):
        return True
    return any(has(fragment[:at]) and has(fragment[at:]) for at in range(1, len(fragment)) if fragment[at - 1] in " ;,")


def test_the_table_quotes_messages_as_the_code_has_them():
    rows = re.findall(r"^\| `([^`]+)` \|.*\|.*\|$", read(ROOT / "docs" / "troubleshooting.ko.md"), flags=re.MULTILINE)
    texts = [re.sub(r"\s+", " ", text) for path in SOURCES for text in strings_in(path)]
    assert len(rows) >= 25
    for message in rows:
        for fragment in message.split("…"):
            assert is_printed(fragment, texts), f"{message}: {fragment!r}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_spells_the_command_of_a_step_by_hand(source):
    """`pipeline.command` knows which Python and which folder it is, so that what is shown can be typed."""
    for text in strings_in(source):
        assert not re.search(r"python3? 0\d", text), text


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_script_that_a_message_names_exists(source):
    tree = ast.parse(read(source))
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        name = node.func if isinstance(node, ast.Call) else None
        called = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
        if called not in ("command", "remake"):
            continue
        argument = node.args[0 if called == "command" else 1]
        script = argument.value if isinstance(argument, ast.Constant) else constants.get(getattr(argument, "id", ""))
        assert script is None or (ROOT / script).is_file(), f"line {node.lineno}: {script}"
    for text in strings_in(source):
        for script in re.findall(r"\b0\d_\w+\.py\b", text):
            assert (ROOT / script).is_file(), script


# --- What make shows at its end ---


def test_the_example_is_a_question_that_the_bundled_samples_hold_and_the_readmes_show(tmp_path):
    raw, samples = ROOT / "data" / "sample_raw.txt", tmp_path / "samples.txt"
    paths = ["--raw-path", str(raw), "--samples-path", str(samples)]
    paths += ["--contacts-path", str(tmp_path / "contacts.json"), "--dropped-path", str(tmp_path / "dropped.txt")]
    importlib.import_module("01_prepare_samples").main(paths)
    question = example_question(samples)
    assert question in {sample.question for sample in read_samples(samples) if sample.document}
    assert '05_generate.py $(if $(QUESTION),"$(QUESTION)",--example)' in read(ROOT / "Makefile")
    for readme in READMES:
        assert f"question: {question}\n" in read(readme)
