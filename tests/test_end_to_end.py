"""From a raw text to an answer, and a training run that stops and goes on as if it never had."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pipeline
from corpus.samples import read_samples
from corpus.template import BOS, DOC, EOS, Template
from gpt.checkpoint import load_checkpoint
from gpt.token_file import read_token_file
from gpt.training import loop, trainer

import pytest
import torch
from tokenizers import Tokenizer

ROOT = Path(pipeline.__file__).parent.parent
HEADINGS = Template().headings
# What the model itself has learned to write, without anybody holding it to a form or to its sources.
ITS_OWN_WORDS = {"form": "free", "verify_contacts": False, "verify_lines": False, "temperature": 0}

# --- An answer ---


@pytest.fixture(scope="module")
def taught_house(open_house, raw_text, tmp_path_factory):
    """Steps 01 to 04 on four posts, which the model learns by heart."""
    house = open_house(tmp_path_factory.mktemp("taught"), "\n\n\n".join(raw_text.split("\n\n\n")[:4]))
    for step in ("01", "02", "03"):
        house.run(step)
    house.run("04", n_layer=2, n_embd=64, block_size=512, max_steps=400, eval_interval=400, sample_tokens=0)
    return house


def training_samples(house) -> list[str]:
    """The samples in train.bin, decoded."""
    tokenizer = Tokenizer.from_file(str(house.tokenizer))
    _, tokens = read_token_file(house.train_bin)
    text = tokenizer.decode(tokens.tolist(), skip_special_tokens=False)
    return [sample.removesuffix(EOS) for sample in text.split(BOS)[1:]]


def parts_of(sample: str) -> tuple[str, str, str]:
    """Question, document ("" where there is none) and answer."""
    question, document, answer = re.fullmatch(
        r"\[QUESTION\]\n(.*)\n\[/QUESTION\]\n\n(?:\[DOC\]\n(.*)\n\[/DOC\]\n\n)?\[ANSWER\]\n(.*)\n\[/ANSWER\]",
        sample,
        flags=re.DOTALL,
    ).groups(default="")
    return question, document, answer


def test_the_bins_hold_every_sample_to_the_letter(taught_house):
    texts = {sample.text for sample in read_samples(taught_house.samples)}
    trained_on = training_samples(taught_house)
    assert trained_on and set(trained_on) < texts


def test_a_question_of_the_training_set_gets_its_answer_with_the_four_sections(taught_house, capsys):
    question, _, wanted = next(parts_of(sample) for sample in training_samples(taught_house) if DOC not in sample)
    taught_house.run("05", question=question, closed_book=True, max_new_tokens=400, no_repeat_ngram=0, **ITS_OWN_WORDS)
    answer = capsys.readouterr().out
    lines = answer.split("\n")
    assert [line for line in lines if line in HEADINGS] == list(HEADINGS)
    assert answer.rstrip("\n") == wanted


def test_a_question_on_a_document_gets_an_answer_with_the_four_sections(taught_house, tmp_path, capsys):
    question, document, wanted = next(parts_of(sample) for sample in training_samples(taught_house) if DOC in sample)
    (tmp_path / "문서.txt").write_text(document, encoding="utf-8")
    taught_house.run(
        "05",
        question=question,
        doc_path=tmp_path / "문서.txt",
        max_new_tokens=400,
        no_repeat_ngram=0,
        **ITS_OWN_WORDS,
    )
    answer = capsys.readouterr().out
    assert [line for line in answer.split("\n") if line in HEADINGS] == list(HEADINGS)
    assert answer.rstrip("\n") == wanted


def test_a_guided_answer_is_made_of_the_sentences_of_the_document_that_is_found(taught_house, capsys):
    taught_house.run("05", question="체류 기간을 넘기면 벌금이 얼마인가요?", max_new_tokens=400)
    answer = capsys.readouterr()
    assert answer.err == "source: 관광비자 연장하는 방법 (2) (raw.txt, line 12)\n"
    sections = Template().split_sections(answer.out)
    assert tuple(sections) == HEADINGS
    (document,) = {sample.document for sample in read_samples(taught_house.samples) if "체류 기간" in sample.document}
    said = [line.removeprefix("- ") for line in sections["요약:"].strip().split("\n")]
    assert said and all(line in document for line in said)
    assert sections["연락처(공공정보):"] == "- 이민국 안내\n  - TEL: (02) 0000-2345\n"


def test_an_answer_that_ended_leaves_stderr_empty_and_one_cut_off_says_so_there(taught_house, capsys):
    question, _, wanted = next(parts_of(sample) for sample in training_samples(taught_house) if DOC not in sample)
    ask = {"question": question, "closed_book": True, "no_repeat_ngram": 0, **ITS_OWN_WORDS}
    taught_house.run("05", **ask, max_new_tokens=500)
    assert capsys.readouterr().err == ""
    taught_house.run("05", **ask, max_new_tokens=3)
    cut_off = capsys.readouterr()
    assert wanted.startswith(cut_off.out.rstrip("\n")) and len(cut_off.out) < len(wanted)
    assert "MAX_NEW_TOKENS" in cut_off.err
    assert "MAX_NEW_TOKENS" not in cut_off.out


@pytest.mark.parametrize("form", ["guided", "free"])
def test_the_same_seed_gives_the_same_answer_and_another_seed_another(house, capsys, form):
    answers = []
    for seed in (1, 1, 2):
        house.run("05", seed=seed, temperature=1.0, max_new_tokens=150, form=form)
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1] != answers[2]


@pytest.mark.parametrize("form", ["guided", "free"])
def test_an_answer_holds_no_broken_letters_and_no_special_tokens(taught_house, capsys, form):
    how = {"temperature": 0.8, "top_k": 0, "top_p": 1.0, "verify_lines": False}
    taught_house.run("05", seed=3, max_new_tokens=200, form=form, **how)
    answer = capsys.readouterr().out
    assert re.search("[가-힣]", answer)
    assert "\ufffd" not in answer
    assert not re.search(r"\[/?(?:BOS|EOS|QUESTION|DOC|ANSWER|PAD|UNK)\]", answer)


def test_a_document_on_standard_input_is_answered_from_with_the_checkpoint_alone(taught_house, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "ckpt.pt").write_bytes(taught_house.checkpoint.read_bytes())
    question, document, wanted = next(parts_of(sample) for sample in training_samples(taught_house) if DOC in sample)
    flags = ["--checkpoint-path", "ckpt.pt", "--question", question, "--device", "cpu", "--temperature", "0"]
    flags += ["--form", "free", "--no-verify-contacts", "--no-verify-lines", "--no-repeat-ngram", "0"]
    result = subprocess.run(
        [sys.executable, ROOT / "05_generate.py", *flags],
        input=document,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    announcement, source = result.stderr.splitlines()
    assert result.returncode == 0 and "standard input" in announcement and "< /dev/null" in announcement
    assert re.fullmatch(r"source: .+ \(standard input, line 1\)", source)
    assert result.stdout.rstrip("\n") == wanted
    assert os.listdir(folder) == ["ckpt.pt"]


# --- Training that stops and goes on ---


def interrupt_after(steps: int, number: signal.Signals, monkeypatch) -> None:
    """Let the training step raise a signal once, in step number `steps`; the steps tried before do not count."""
    train_step = trainer.train_step
    done = []

    def interrupted(*arguments):
        done.append(1)
        if len(done) == steps + loop.TRIES:
            signal.raise_signal(number)
        return train_step(*arguments)

    monkeypatch.setattr(trainer, "train_step", interrupted)


def assert_same(one, other, path="checkpoint") -> None:
    """Equal to the bit, all the way down."""
    assert type(one) is type(other), path
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_same(one[key], other[key], f"{path}.{key}")
    else:
        assert one == other, path


# Dropout draws random numbers in every step, so a lost random state would show.
TWENTY_STEPS = {"max_steps": 20, "eval_interval": 20, "dropout": 0.1}


@pytest.mark.parametrize("stop", [1, 10, 18, 19])  # 18 is where the first epoch ends
def test_twenty_steps_are_ten_and_ten_to_the_bit(house, monkeypatch, stop):
    unbroken, broken = house.folder / "unbroken" / "ckpt.pt", house.folder / "broken" / "ckpt.pt"
    house.run("04", checkpoint_path=unbroken, **TWENTY_STEPS)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        interrupt_after(stop, signal.SIGTERM, patch)
        house.run("04", checkpoint_path=broken, **TWENTY_STEPS)
    assert load_checkpoint(broken)["run"]["step"] == stop
    house.run("04", checkpoint_path=broken, **TWENTY_STEPS)

    one, other = load_checkpoint(unbroken), load_checkpoint(broken)
    for part in ("config", "model", "optimizer", "data", "random"):
        assert_same(one[part], other[part], part)
    assert one["run"]["step"] == other["run"]["step"] == 20
    assert one["run"]["history"] == other["run"]["history"]
    assert one["data"]["epoch"] == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_ends_with_its_exit_code(house, monkeypatch, capsys, number, code):
    handler = signal.getsignal(number)
    interrupt_after(3, number, monkeypatch)
    with pytest.raises(SystemExit) as end:
        house.run("04", max_steps=50, eval_interval=50)
    assert end.value.code == code
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 7
    assert str(house.checkpoint) in capsys.readouterr().out
    assert signal.getsignal(number) == handler
    house.run("05")


def test_a_rerun_after_the_last_step_changes_nothing_and_says_how_to_train_on(house, capsys):
    before = house.contents()
    house.run("04")
    assert house.contents() == before
    assert "Train on: " in (shown := capsys.readouterr().out) and "--max-steps 8" in shown


def test_a_higher_max_steps_trains_on(house):
    house.run("04", max_steps=7, eval_interval=5)
    run = load_checkpoint(house.checkpoint)["run"]
    assert run["step"] == 7
    assert [entry["step"] for entry in run["history"]] == [2, 4, 5, 7]


def test_minutes_can_end_a_run_in_place_of_steps(house):
    path = house.folder / "by time" / "ckpt.pt"
    house.run("04", checkpoint_path=path, max_minutes=0.005, max_steps=0, eval_interval=1000)
    run = load_checkpoint(path)["run"]
    assert run["step"] > 0 and run["seconds"] >= 0.3
    assert run["history"][-1]["step"] == run["step"]


def test_training_lowers_the_loss(taught_house):
    history = load_checkpoint(taught_house.checkpoint)["run"]["history"]
    assert history[-1]["loss"] < 1.0


def test_the_checkpoint_is_plain_tensors_and_values(house):
    def kinds(value):
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                yield from kinds(item)
        else:
            yield type(value)

    content = torch.load(house.checkpoint, weights_only=True)
    assert set(kinds(content)) <= {torch.Tensor, int, float, str, bool}
