"""Constants at the top of a script become its flags."""

import runpy
from types import SimpleNamespace

import pipeline
from pipeline import StepError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SCRIPT = '''"""A step for these tests."""

# --- Length ---
MAX_STEPS = 200  # steps in all; 100 % of the run
MATRIX_RATE = 0.01  # full rate
TOKENIZER_PATH = "data/어휘.json"  # made by step 02
TIE_EMBEDDINGS = False  # one matrix for both ends
lower_case = "no setting"
'''


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The globals of a script with four settings."""
    path = tmp_path_factory.mktemp("scripts") / "09_step.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return runpy.run_path(str(path))


def test_without_flags_the_settings_are_the_constants(script):
    assert pipeline.read_settings(script) == SimpleNamespace(
        max_steps=200, matrix_rate=0.01, tokenizer_path="data/어휘.json", tie_embeddings=False
    )


def test_a_flag_takes_the_type_of_its_constant(script):
    flags = ["--max-steps", "7", "--matrix-rate", "3", "--tokenizer-path", "8"]
    found = pipeline.read_settings(script, flags)
    assert (found.max_steps, found.matrix_rate, found.tokenizer_path) == (7, 3.0, "8")
    assert isinstance(found.matrix_rate, float)


@given(st.integers(), st.floats(allow_nan=False))
@settings(max_examples=100, deadline=None)
def test_every_number_comes_through_a_flag_unchanged(script, steps, rate):
    found = pipeline.read_settings(script, [f"--max-steps={steps}", f"--matrix-rate={rate!r}"])
    assert (found.max_steps, found.matrix_rate) == (steps, rate)


def test_a_negative_number_is_a_value_and_no_flag(script):
    assert pipeline.read_settings(script, ["--matrix-rate", "-0.5"]).matrix_rate == -0.5


def test_a_bool_is_switched_on_and_off_by_name(script):
    assert pipeline.read_settings(script, ["--tie-embeddings"]).tie_embeddings is True
    assert pipeline.read_settings({**script, "TIE_EMBEDDINGS": True}, ["--no-tie-embeddings"]).tie_embeddings is False


def test_help_lists_every_setting_with_its_comment_and_default(script, capsys):
    with pytest.raises(SystemExit) as end:
        pipeline.read_settings(script, ["--help"])
    assert end.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "A step for these tests." in shown
    assert "steps in all; 100 % of the run (default: 200)" in shown
    for part in ("--max-steps", "--matrix-rate", "full rate", "--no-tie-embeddings", "one matrix", "data/어휘.json"):
        assert part in shown
    assert "lower-case" not in shown


def test_an_unknown_flag_names_the_nearest_known_one(script):
    with pytest.raises(StepError, match=r"--max-step\b.*did you mean --max-steps\?"):
        pipeline.read_settings(script, ["--max-step", "3"])


def test_an_unknown_flag_with_its_value_attached_names_the_nearest_too(script):
    with pytest.raises(StepError, match=r"did you mean --tokenizer-path\?"):
        pipeline.read_settings(script, ["--tokeniser-path=x.json"])


def test_a_flag_like_no_other_points_at_help(script):
    with pytest.raises(StepError, match="--help"):
        pipeline.read_settings(script, ["--zzzz"])


def test_a_flag_cannot_be_abbreviated(script):
    with pytest.raises(StepError, match="--max-steps"):
        pipeline.read_settings(script, ["--max", "3"])


@pytest.mark.parametrize(
    ("flag", "value"), [("--max-steps", "many"), ("--max-steps", "2.5"), ("--matrix-rate", "fast"), ("--max-steps", "")]
)
def test_an_ill_typed_value_is_named_with_its_flag_and_an_example(script, flag, value):
    with pytest.raises(StepError) as refusal:
        pipeline.read_settings(script, [flag, value])
    assert flag in str(refusal.value)
    assert repr(value) in str(refusal.value)
    assert str(script[flag[2:].replace("-", "_").upper()]) in str(refusal.value)


def test_a_flag_without_its_value_is_a_step_error(script):
    with pytest.raises(StepError, match="--max-steps"):
        pipeline.read_settings(script, ["--max-steps"])
