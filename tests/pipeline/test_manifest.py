"""The manifest proves that artifacts belong together, and says what to run when they do not."""

import os
from types import SimpleNamespace

import pipeline
from pipeline import StepError, digests_of, record_artifacts, require_artifact, sha256_of

import pytest


@pytest.fixture
def chain(tmp_path):
    """raw.txt -> samples.txt -> tokenizer.json, recorded as the steps do."""
    raw, samples, tokenizer = (tmp_path / name for name in ("raw.txt", "samples.txt", "tokenizer.json"))
    raw.write_text("비자를 연장하려면 이민국에 가세요.")
    samples.write_text("질문: 비자를 어떻게 연장하나요?")
    tokenizer.write_text("어휘 400개")
    record_artifacts([samples], "01_prepare_samples.py", {"workers": 2}, digests_of(raw))
    record_artifacts([tokenizer], "02_train_tokenizer.py", {"vocab_size": 400}, digests_of(samples))
    return SimpleNamespace(raw=raw, samples=samples, tokenizer=tokenizer, manifest=tmp_path / pipeline.MANIFEST_NAME)


def test_an_unbroken_chain_gives_the_entry_of_an_artifact(chain):
    entry = require_artifact(chain.tokenizer, made_by="02_train_tokenizer.py")
    assert entry == {
        "size": chain.tokenizer.stat().st_size,
        "sha256": sha256_of(chain.tokenizer),
        "made_by": "02_train_tokenizer.py",
        "settings": {"vocab_size": 400},
        "inputs": {"samples.txt": sha256_of(chain.samples)},
    }


def refusal_of(path, made_by="02_train_tokenizer.py") -> str:
    with pytest.raises(StepError) as refusal:
        require_artifact(path, made_by)
    return str(refusal.value)


def test_a_missing_artifact_is_named_with_the_script_that_makes_it(chain):
    chain.tokenizer.unlink()
    message = refusal_of(chain.tokenizer)
    assert str(chain.tokenizer) in message and "02_train_tokenizer.py --vocab-size 400" in message


def test_a_foreign_file_is_refused(chain):
    foreign = chain.tokenizer.with_name("downloaded.json")
    foreign.write_bytes(chain.tokenizer.read_bytes())
    message = refusal_of(foreign)
    assert str(foreign) in message and "02_train_tokenizer.py" in message


def test_a_truncated_artifact_is_refused_with_both_sizes(chain):
    written = chain.tokenizer.stat().st_size
    os.truncate(chain.tokenizer, written - 1)
    message = refusal_of(chain.tokenizer)
    assert (
        str(written) in message and str(written - 1) in message and "02_train_tokenizer.py --vocab-size 400" in message
    )


def test_an_edited_artifact_is_refused(chain):
    chain.tokenizer.write_text("어휘 500개")
    message = refusal_of(chain.tokenizer)
    assert "was changed after 02_train_tokenizer.py wrote it" in message and "--vocab-size 400" in message


def test_an_artifact_whose_input_was_remade_is_stale(chain):
    chain.samples.write_text("질문: 여권을 잃어버리면?")
    record_artifacts([chain.samples], "01_prepare_samples.py", {"workers": 2}, digests_of(chain.raw))
    message = refusal_of(chain.tokenizer)
    assert "samples.txt" in message and "02_train_tokenizer.py --vocab-size 400" in message


def test_a_change_two_links_back_makes_an_artifact_stale_and_names_the_first_step_to_run(chain):
    chain.raw.write_text("비자를 연장하려면 먼저 예약하세요.")
    message = refusal_of(chain.tokenizer)
    assert "raw.txt" in message and "01_prepare_samples.py" in message


def test_an_input_remade_with_the_same_bytes_makes_nothing_stale(chain):
    record_artifacts([chain.samples], "01_prepare_samples.py", {"workers": 1}, digests_of(chain.raw))
    assert require_artifact(chain.tokenizer, made_by="02_train_tokenizer.py")


def test_raw_text_that_was_put_away_makes_nothing_stale(chain):
    chain.raw.unlink()
    assert require_artifact(chain.tokenizer, made_by="02_train_tokenizer.py")


def test_the_chain_holds_when_the_folder_moves(chain, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in vars(chain).values():
        path.rename(moved / path.name)
    assert require_artifact(moved / "tokenizer.json", made_by="02_train_tokenizer.py")


def test_an_artifact_in_another_folder_follows_its_inputs(chain, tmp_path):
    checkpoint = tmp_path / "checkpoints" / "ckpt.pt"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"weights")
    record_artifacts([checkpoint], "04_train_gpt_from_scratch.py", {"vocab_size": 400}, digests_of(chain.tokenizer))
    assert require_artifact(checkpoint, made_by="04_train_gpt_from_scratch.py")
    chain.raw.write_text("다른 글")
    assert "01_prepare_samples.py" in refusal_of(checkpoint, "04_train_gpt_from_scratch.py")


def test_an_artifact_made_from_another_file_is_refused_with_both_names(chain, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("다른 표본")
    entry = require_artifact(chain.tokenizer, made_by="02_train_tokenizer.py")
    pipeline.require_made_from(chain.tokenizer, entry, chain.samples)
    with pytest.raises(StepError, match=r"tokenizer\.json: it was not made from .*other\.txt.*02_train_tokenizer\.py"):
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
