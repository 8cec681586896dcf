"""Constants at the top of a script become its flags."""

import runpy

import pipeline
from pipeline import StepError, commands

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SCRIPT = '''"""A step for these tests."""

from dataclasses import dataclass
from typing import Literal

from pipeline import setting

# --- Length ---
MAX_STEPS = 200  # steps in all; 100 % of the run
MATRIX_RATE = 0.01  # full rate
TOKENIZER_PATH = "data/어휘.json"  # made by step 02
TIE_EMBEDDINGS = False  # one matrix for both ends
FORM = "guided"  # guided or free
lower_case = "no setting"
SCRIPT = "no setting either"


@dataclass(frozen=True, kw_only=True)
class Settings:
    max_steps: int = setting(least=0)
    matrix_rate: float = setting(above=-1, below=1e300)
    tokenizer_path: str
    tie_embeddings: bool
    form: Literal["guided", "free"]
'''


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The globals of a script with five settings."""
    path = tmp_path_factory.mktemp("scripts") / "09_step.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return runpy.run_path(str(path))


def test_without_flags_the_settings_are_the_constants(script):
    assert pipeline.read_settings(script["Settings"], script) == script["Settings"](
        max_steps=200, matrix_rate=0.01, tokenizer_path="data/어휘.json", tie_embeddings=False, form="guided"
    )


def test_a_flag_takes_the_type_of_its_constant(script):
    flags = ["--max-steps", "7", "--matrix-rate", "3", "--tokenizer-path", "8"]
    found = pipeline.read_settings(script["Settings"], script, flags)
    assert (found.max_steps, found.matrix_rate, found.tokenizer_path) == (7, 3.0, "8")
    assert isinstance(found.matrix_rate, float)


@given(st.integers(0, 2**63 - 1), st.floats(-1, 1e300, exclude_min=True, exclude_max=True))
@settings(max_examples=100, deadline=None)
def test_every_number_comes_through_a_flag_unchanged(script, steps, rate):
    found = pipeline.read_settings(script["Settings"], script, [f"--max-steps={steps}", f"--matrix-rate={rate!r}"])
    assert (found.max_steps, found.matrix_rate) == (steps, rate)


def test_a_negative_number_is_a_value_and_no_flag(script):
    assert pipeline.read_settings(script["Settings"], script, ["--matrix-rate", "-0.5"]).matrix_rate == -0.5


def test_a_bool_is_switched_on_and_off_by_name(script):
    assert pipeline.read_settings(script["Settings"], script, ["--tie-embeddings"]).tie_embeddings is True
    assert (
        pipeline.read_settings(
            script["Settings"], {**script, "TIE_EMBEDDINGS": True}, ["--no-tie-embeddings"]
        ).tie_embeddings
        is False
    )


def test_help_lists_every_setting_with_its_comment_and_default(script, capsys):
    with pytest.raises(SystemExit) as end:
        pipeline.read_settings(script["Settings"], script, ["--help"])
    assert end.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "A step for these tests." in shown
    assert "steps in all; 100 % of the run (default: 200)" in shown
    for part in ("--max-steps", "--matrix-rate", "full rate", "--no-tie-embeddings", "one matrix", "data/어휘.json"):
        assert part in shown
    assert "lower-case" not in shown


def test_an_unknown_flag_names_the_nearest_known_one(script):
    with pytest.raises(StepError, match=r"--max-step\b.*did you mean --max-steps\?"):
        pipeline.read_settings(script["Settings"], script, ["--max-step", "3"])


def test_an_unknown_flag_with_its_value_attached_names_the_nearest_too(script):
    with pytest.raises(StepError, match=r"did you mean --tokenizer-path\?"):
        pipeline.read_settings(script["Settings"], script, ["--tokeniser-path=x.json"])


def test_a_flag_like_no_other_points_at_help(script):
    with pytest.raises(StepError, match="--help"):
        pipeline.read_settings(script["Settings"], script, ["--zzzz"])


def test_a_flag_cannot_be_abbreviated(script):
    with pytest.raises(StepError, match="--max-steps"):
        pipeline.read_settings(script["Settings"], script, ["--max", "3"])


@pytest.mark.parametrize(
    ("flag", "value"), [("--max-steps", "many"), ("--max-steps", "2.5"), ("--matrix-rate", "fast"), ("--max-steps", "")]
)
def test_an_ill_typed_value_is_named_with_its_flag_and_an_example(script, flag, value):
    with pytest.raises(StepError) as refusal:
        pipeline.read_settings(script["Settings"], script, [flag, value])
    assert flag in str(refusal.value)
    assert repr(value) in str(refusal.value)
    assert str(script[flag[2:].replace("-", "_").upper()]) in str(refusal.value)


def test_a_flag_without_its_value_is_a_step_error(script):
    with pytest.raises(StepError, match="--max-steps"):
        pipeline.read_settings(script["Settings"], script, ["--max-steps"])


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--max-steps", "-1"], "MAX_STEPS is -1; it must be at least 0"),
        (["--matrix-rate", "-1"], "MATRIX_RATE is -1.0; it must be above -1 and below 1e+300"),
        (["--matrix-rate", "nan"], "MATRIX_RATE is nan; it must be above -1 and below 1e+300"),
        (["--form", "wild"], "FORM is 'wild'; it must be guided or free"),
    ],
)
def test_a_value_out_of_its_range_is_named_with_the_range(script, flags, complaint):
    with pytest.raises(StepError) as refusal:
        pipeline.read_settings(script["Settings"], script, flags)
    assert str(refusal.value) == complaint


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MAX_STEPS", "3", "a whole number"),
        ("MAX_STEPS", 2.5, "a whole number"),
        ("MAX_STEPS", True, "a whole number"),
        ("MATRIX_RATE", "0.1", "a number"),
        ("TOKENIZER_PATH", 7, "text in quotation marks"),
        ("TIE_EMBEDDINGS", "yes", "True or False"),
    ],
)
def test_a_constant_of_the_wrong_type_is_one_line(script, name, value, expected):
    with pytest.raises(StepError) as refusal:
        pipeline.read_settings(script["Settings"], {**script, name: value})
    assert f"09_step.py: {name} = {value!r} is not {expected}" in str(refusal.value)


def test_a_whole_number_will_do_for_a_number(script):
    assert pipeline.read_settings(script["Settings"], {**script, "MATRIX_RATE": 1}).matrix_rate == 1.0


def test_one_setting_can_be_given_without_its_flag(script):
    found = pipeline.read_settings(script["Settings"], script, ["내 어휘.json"], positional="tokenizer_path")
    assert found.tokenizer_path == "내 어휘.json"
    for too_many in (["하나", "둘"], ["--tokenizer", "x"]):
        with pytest.raises(StepError, match="unknown argument"):
            pipeline.read_settings(script["Settings"], script, too_many, positional="tokenizer_path")


# --- Commands ---


def test_a_command_leaves_out_what_the_constants_say_and_quotes_the_rest():
    shown = pipeline.command(
        "05_generate.py", "여권은 '어디서'?", temperature=0.3, closed_book=True, verify_lines=False
    )
    assert shown.endswith("""05_generate.py "여권은 '어디서'?" --closed-book --no-verify-lines""")


def test_a_command_names_python_as_the_shell_finds_it(monkeypatch, tmp_path):
    monkeypatch.chdir(commands.FOLDER)
    monkeypatch.setattr(commands.shutil, "which", lambda name: commands.sys.executable if name == "python" else None)
    assert pipeline.command("02_train_tokenizer.py") == "python 02_train_tokenizer.py"
    monkeypatch.setattr(commands.shutil, "which", lambda name: "/usr/bin/python3")
    monkeypatch.setattr(commands.sys, "executable", str(commands.FOLDER / ".venv" / "bin" / "python"))
    assert pipeline.command("02_train_tokenizer.py") == ".venv/bin/python 02_train_tokenizer.py"
    monkeypatch.chdir(tmp_path)
    assert pipeline.command("02_train_tokenizer.py").endswith(f"{commands.FOLDER}/02_train_tokenizer.py")
