"""What the five steps share: settings that are flags, writes that are whole, the manifest, errors of one line."""

import errno
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pipeline
from pipeline import StepError, atomic_write, atomic_writes, record_artifacts, require_artifact, sha256_of

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(pipeline.__file__).parent

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


# --- Settings ---


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


# --- Writes ---


def test_a_write_takes_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    with atomic_write(path) as file:
        file.write("새 글")
        file.flush()
        assert path.read_text() == "옛 글"
    assert path.read_text() == "새 글"
    assert os.listdir(tmp_path) == ["samples.txt"]


def test_text_is_written_as_utf8_with_plain_line_ends(tmp_path):
    with atomic_write(tmp_path / "글.txt") as file:
        file.write("첫째 줄\n둘째 줄\n")
    assert (tmp_path / "글.txt").read_bytes() == "첫째 줄\n둘째 줄\n".encode()


def test_a_write_makes_the_folder_that_it_needs(tmp_path):
    with atomic_write(tmp_path / "a" / "b" / "ckpt.pt", "wb") as file:
        file.write(b"\x00\xff")
    assert (tmp_path / "a" / "b" / "ckpt.pt").read_bytes() == b"\x00\xff"


@pytest.mark.parametrize("error", [ValueError("a mistake"), StepError("bad input"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    with pytest.raises(type(error)), atomic_write(path) as file:
        file.write("새 글의 앞부분")
        raise error
    assert path.read_text() == "옛 글"
    assert os.listdir(tmp_path) == ["samples.txt"]


def test_files_that_belong_together_are_replaced_together_or_not_at_all(tmp_path):
    train, val = tmp_path / "train.bin", tmp_path / "val.bin"
    train.write_bytes(b"old train")
    val.write_bytes(b"old val")
    with pytest.raises(StepError), atomic_writes([train, val], "wb") as (train_file, val_file):
        train_file.write(b"new train")
        val_file.write(b"new")
        raise StepError("the second half is missing")
    assert (train.read_bytes(), val.read_bytes()) == (b"old train", b"old val")
    with atomic_writes([train, val], "wb") as (train_file, val_file):
        train_file.write(b"new train")
        val_file.write(b"new val")
    assert (train.read_bytes(), val.read_bytes()) == (b"new train", b"new val")
    assert sorted(os.listdir(tmp_path)) == ["train.bin", "val.bin"]


def test_a_disk_that_is_full_at_the_end_leaves_the_old_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"samples\.txt"), atomic_write(path) as file:
        file.write("새 글")
    assert path.read_text() == "옛 글"
    assert os.listdir(tmp_path) == ["samples.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, a disk that is always full")
def test_a_disk_that_fills_up_while_writing_leaves_the_old_files(tmp_path):
    train, val = tmp_path / "train.bin", tmp_path / "val.bin"
    train.write_bytes(b"old train")
    val.write_bytes(b"old val")
    (tmp_path / "val.bin.partial").symlink_to("/dev/full")
    with pytest.raises(OSError) as full, atomic_writes([train, val], "wb") as (train_file, val_file):
        train_file.write(b"new train")
        for _ in range(100):
            val_file.write(b"\x01" * 4096)
    assert full.value.errno == errno.ENOSPC
    assert (train.read_bytes(), val.read_bytes()) == (b"old train", b"old val")
    assert sorted(os.listdir(tmp_path)) == ["train.bin", "val.bin"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_write_leaves_the_old_file_and_the_next_one_succeeds(tmp_path):
    path = tmp_path / "samples.txt"
    path.write_text("옛 글")
    program = (
        "import pipeline, sys, time\n"
        "with pipeline.atomic_write(sys.argv[1]) as file:\n"
        "    file.write('새 글의 앞부분 ' * 10_000)\n"
        "    file.flush()\n"
        "    print('half way', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "half way\n"
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    assert path.read_text() == "옛 글"
    with atomic_write(path) as file:
        file.write("새 글")
    assert path.read_text() == "새 글"
    assert os.listdir(tmp_path) == ["samples.txt"]


# --- The manifest ---


@pytest.fixture
def chain(tmp_path):
    """raw.txt -> samples.txt -> tokenizer.json, recorded as the steps do."""
    raw, samples, tokenizer = (tmp_path / name for name in ("raw.txt", "samples.txt", "tokenizer.json"))
    raw.write_text("비자를 연장하려면 이민국에 가세요.")
    samples.write_text("질문: 비자를 어떻게 연장하나요?")
    tokenizer.write_text("어휘 400개")
    record_artifacts([samples], "01_prepare.py", SimpleNamespace(workers=2), inputs=[raw])
    record_artifacts([tokenizer], "02_train.py", SimpleNamespace(vocab_size=400), inputs=[samples])
    return SimpleNamespace(raw=raw, samples=samples, tokenizer=tokenizer, manifest=tmp_path / pipeline.MANIFEST_NAME)


def test_an_unbroken_chain_gives_the_entry_of_an_artifact(chain):
    entry = require_artifact(chain.tokenizer, made_by="02_train.py")
    assert entry == {
        "size": chain.tokenizer.stat().st_size,
        "sha256": sha256_of(chain.tokenizer),
        "made_by": "02_train.py",
        "settings": {"vocab_size": 400},
        "inputs": {"samples.txt": sha256_of(chain.samples)},
    }


def refusal_of(path, made_by="02_train.py") -> str:
    with pytest.raises(StepError) as refusal:
        require_artifact(path, made_by)
    return str(refusal.value)


def test_a_missing_artifact_is_named_with_the_script_that_makes_it(chain):
    chain.tokenizer.unlink()
    message = refusal_of(chain.tokenizer)
    assert str(chain.tokenizer) in message and "python 02_train.py" in message


def test_a_foreign_file_is_refused(chain):
    foreign = chain.tokenizer.with_name("downloaded.json")
    foreign.write_bytes(chain.tokenizer.read_bytes())
    message = refusal_of(foreign)
    assert str(foreign) in message and "python 02_train.py" in message


def test_a_truncated_artifact_is_refused_with_both_sizes(chain):
    written = chain.tokenizer.stat().st_size
    os.truncate(chain.tokenizer, written - 1)
    message = refusal_of(chain.tokenizer)
    assert str(written) in message and str(written - 1) in message and "python 02_train.py" in message


def test_an_edited_artifact_is_refused_with_both_digests(chain):
    written = sha256_of(chain.tokenizer)
    chain.tokenizer.write_text("어휘 500개")
    message = refusal_of(chain.tokenizer)
    assert written[:12] in message and sha256_of(chain.tokenizer)[:12] in message


def test_an_artifact_whose_input_was_remade_is_stale(chain):
    chain.samples.write_text("질문: 여권을 잃어버리면?")
    record_artifacts([chain.samples], "01_prepare.py", SimpleNamespace(workers=2), inputs=[chain.raw])
    message = refusal_of(chain.tokenizer)
    assert "samples.txt" in message and "python 02_train.py" in message


def test_a_change_two_links_back_makes_an_artifact_stale_and_names_the_first_step_to_run(chain):
    chain.raw.write_text("비자를 연장하려면 먼저 예약하세요.")
    message = refusal_of(chain.tokenizer)
    assert "raw.txt" in message and "python 01_prepare.py" in message


def test_an_input_remade_with_the_same_bytes_makes_nothing_stale(chain):
    record_artifacts([chain.samples], "01_prepare.py", SimpleNamespace(workers=1), inputs=[chain.raw])
    assert require_artifact(chain.tokenizer, made_by="02_train.py")


def test_raw_text_that_was_put_away_makes_nothing_stale(chain):
    chain.raw.unlink()
    assert require_artifact(chain.tokenizer, made_by="02_train.py")


def test_the_chain_holds_when_the_folder_moves(chain, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in vars(chain).values():
        path.rename(moved / path.name)
    assert require_artifact(moved / "tokenizer.json", made_by="02_train.py")


def test_an_artifact_in_another_folder_follows_its_inputs(chain, tmp_path):
    checkpoint = tmp_path / "checkpoints" / "ckpt.pt"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"weights")
    record_artifacts([checkpoint], "04_train.py", SimpleNamespace(), inputs=[chain.tokenizer])
    assert require_artifact(checkpoint, made_by="04_train.py")
    chain.raw.write_text("다른 글")
    assert "python 01_prepare.py" in refusal_of(checkpoint, "04_train.py")


def test_an_artifact_made_from_another_file_is_refused_with_both_names(chain, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("다른 표본")
    entry = require_artifact(chain.tokenizer, made_by="02_train.py")
    pipeline.require_made_from(chain.tokenizer, entry, chain.samples)
    with pytest.raises(StepError, match=r"samples\.txt.*other\.txt.*python 02_train\.py"):
        pipeline.require_made_from(chain.tokenizer, entry, other)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'"text"', b'{"tokenizer.json": 1}', b'{"tokenizer.json": {"size": 3}}', b"\xff\xfe"]
)
def test_a_damaged_manifest_is_named(chain, damage):
    chain.manifest.write_bytes(damage)
    assert str(chain.manifest) in refusal_of(chain.tokenizer)


def test_the_manifest_is_json_that_a_person_can_read(chain):
    shown = chain.manifest.read_text(encoding="utf-8")
    assert '\n  "samples.txt": {\n    "size": ' in shown


# --- Digests ---


def test_the_digest_of_a_folder_changes_with_every_name_and_byte_in_it(tmp_path):
    (tmp_path / "세부").mkdir()
    (tmp_path / "세부" / "병원.txt").write_text("응급실은 24시간 엽니다.")
    digests = {sha256_of(tmp_path)}
    (tmp_path / "세부" / "병원.txt").write_text("응급실은 밤에 닫습니다.")
    digests.add(sha256_of(tmp_path))
    (tmp_path / "세부" / "병원.txt").rename(tmp_path / "세부" / "치과.txt")
    digests.add(sha256_of(tmp_path))
    (tmp_path / "학교.txt").write_text("")
    digests.add(sha256_of(tmp_path))
    assert len(digests) == 4


def test_no_name_can_pass_for_the_bytes_before_it(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "a.txt").write_text("b.txt비자")
    (two / "a.txt").write_text("")
    (two / "b.txt").write_text("비자")
    assert sha256_of(one) != sha256_of(two)


def test_the_digest_of_a_folder_is_the_same_for_its_copy(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for post in ("비자", "여권", "병원") if name == "one" else ("병원", "비자", "여권"):
            (tmp_path / name / f"{post}.txt").write_text(f"{post} 이야기")
    assert sha256_of(tmp_path / "one") == sha256_of(tmp_path / "two")


# --- The command line ---


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", timeout=60, **options
    )


@pytest.mark.parametrize(
    ("script", "flags"),
    [
        ("01_prepare_samples.py", ["--raw-path", "없는 글.txt"]),
        ("02_train_tokenizer.py", []),
        ("03_build_bin_dataset.py", ["--val-ratio", "많이"]),
        ("01_prepare_samples.py", ["--raw-pth", "글.txt"]),
    ],
)
def test_a_refusal_is_exit_code_2_and_one_line(tmp_path, script, flags):
    result = python(ROOT / script, *flags, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("raised", "code", "shown"),
    [
        ("pipeline.StepError('val.bin: run 03')", 2, "val.bin: run 03"),
        ("OSError(28, 'No space left on device', 'data/train.bin')", 2, "data/train.bin"),
        ("PermissionError(13, 'Permission denied', 'data/raw.txt')", 2, "data/raw.txt"),
        ("MemoryError()", 2, "memory"),
        ("KeyboardInterrupt()", 130, "stopped"),
    ],
)
def test_what_a_person_can_mend_ends_in_a_line_and_an_exit_code(raised, code, shown):
    program = f"import pipeline\ndef main(_):\n    raise {raised}\npipeline.run(main)\n"
    result = python("-c", program, cwd=ROOT)
    assert result.returncode == code
    assert shown in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_mistake_in_the_program_keeps_its_traceback():
    program = "import pipeline\ndef main(_):\n    return {}['missing']\npipeline.run(main)\n"
    assert "Traceback" in python("-c", program, cwd=ROOT).stderr


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    program = "import pipeline\ndef main(_):\n    print('답 ' * 1_000_000)\npipeline.run(main)\n"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        writer.stdout.read(10)
        writer.stdout.close()
        assert writer.stderr.read() == b""
    assert writer.returncode == 0


def test_importing_a_script_does_nothing_and_the_first_three_never_load_torch(tmp_path):
    program = (
        "import importlib, sys\n"
        "for name in ('01_prepare_samples', '02_train_tokenizer', '03_build_bin_dataset'):\n"
        "    importlib.import_module(name)\n"
        "assert 'torch' not in sys.modules\n"
    )
    result = python("-c", program, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert os.listdir(tmp_path) == []


# --- Small things ---


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (1536, "1.5 KB"), (5 << 20, "5.0 MB"), (3 << 30, "3.0 GB")],
)
def test_sizes_are_shown_in_the_unit_that_suits_them(size, shown):
    assert pipeline.human_size(size) == shown


@given(st.lists(st.integers()), st.integers(1, 7))
@settings(max_examples=50, deadline=None)
def test_batches_hold_every_item_once_in_order(items, size):
    batches = list(pipeline.batched(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(0 < len(batch) <= size for batch in batches)
