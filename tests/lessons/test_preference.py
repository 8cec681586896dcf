"""Lesson 15: what the rules spoil, the loss of DPO, and a model that learns to tell the better answer."""

import math
import random
import re

from answering.assistant import Artifacts, Assistant
from corpus.template import PAD, Template, marker_id
from lessons import preference

import pytest
import torch

TEMPLATE = Template()
ANSWER = """\
요약:
- 여권을 잃어버리면 경찰서에서 신고서를 받으세요.
- 단수여권은 사흘 안에 나옵니다.
체크리스트:
- 해야 할 일:
  - 대사관에 전화로 예약하세요.
- 준비물:
  - 자료에 없음
- 주의사항:
  - 신고한 여권은 다시 쓸 수 없습니다.
연락처(공공정보):
- 한국대사관 영사과
  - TEL: (02) 0000-1234
상세 설명:
지난달 말라테에서 지갑과 여권을 잃어버렸습니다.
[/ANSWER]""".splitlines()
OTHER = [line.replace("여권", "면허증").replace("대사관", "교통국") for line in ANSWER]
RULES = [preference.swap_sentence, preference.lose_item, preference.change_word, preference.change_digit]


def changed_lines(rule, seed: int) -> tuple[list[str], list[str]]:
    """The lines that a rule takes away and those that it adds."""
    spoiled = rule(ANSWER, OTHER, TEMPLATE, random.Random(seed))
    return [line for line in ANSWER if line not in spoiled], [line for line in spoiled if line not in ANSWER]


@pytest.mark.parametrize("seed", range(20))
def test_a_swapped_sentence_is_an_item_of_another_document_under_the_same_bullet(seed):
    gone, new = changed_lines(preference.swap_sentence, seed)
    assert len(gone) <= 1 and len(new) <= 1
    assert {line.lstrip(" -") for line in new} <= {line.lstrip(" -") for line in OTHER}
    assert all(line.startswith(("- ", "  - ")) for line in new)


@pytest.mark.parametrize("seed", range(20))
def test_a_lost_item_is_never_a_heading_or_a_contact(seed):
    gone, new = changed_lines(preference.lose_item, seed)
    assert len(gone) == 1 and not new
    assert not gone[0].endswith(":") and "TEL" not in gone[0] and "없음" not in gone[0]


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_word_stands_within_an_item(seed):
    gone, new = changed_lines(preference.change_word, seed)
    if gone:
        differing = [a != b for a, b in zip(gone[0].split(" "), new[0].split(" "), strict=True)]
        assert sum(differing) == 1 and gone[0][:2] == new[0][:2]


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_digit_leaves_all_else(seed):
    gone, new = changed_lines(preference.change_digit, seed)
    assert len(gone) == len(new) == 1 and gone != new
    assert re.sub(r"\d", "0", gone[0]) == re.sub(r"\d", "0", new[0])


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_keeps_the_headings(rule):
    for seed in range(20):
        spoiled = rule(ANSWER, OTHER, TEMPLATE, random.Random(seed))
        assert [line for line in spoiled if line.endswith(":")] == [line for line in ANSWER if line.endswith(":")]


def test_the_loss_is_that_of_the_paper():
    better, worse = torch.tensor([1.0, -0.5]), torch.tensor([0.0, 0.5])
    margins = [0.5 * 1.0, 0.5 * -1.0]
    wanted = sum(-math.log(1 / (1 + math.exp(-margin))) for margin in margins) / 2  # 0.7241
    assert preference.dpo_loss(better, worse, beta=0.5).item() == pytest.approx(wanted)
    assert preference.dpo_loss(worse, worse, beta=0.5).item() == pytest.approx(math.log(2))


def settings_of(house, tmp_path, **changes) -> list[str]:
    paths = {
        "train-bin": house.train_bin,
        "val-bin": house.val_bin,
        "samples-path": house.samples,
        "checkpoint-path": house.checkpoint,
        "out-path": tmp_path / "preference.pt",
        "device": "cpu",
    }
    return [text for name, value in (paths | changes).items() for text in (f"--{name}", str(value))]


def test_a_model_learns_to_tell_the_better_answer(built_house, tmp_path):
    files = Artifacts(str(built_house.checkpoint), "", str(built_house.samples), "", "cpu")
    assistant, reference = Assistant.load(files), Assistant.load(files).model
    pairs = preference.make_pairs(str(built_house.train_bin), 12, assistant, random.Random(1))
    pad = marker_id(assistant.tokenizer, PAD)
    assert len(pairs) > 5 and preference.accuracy(assistant.model, reference, pairs, pad) == 0  # no reward differs
    arguments = settings_of(built_house, tmp_path, steps=8, pairs=4, rate=3e-3)
    settings = preference.pipeline.read_settings(preference.Settings, vars(preference), arguments)
    preference.train(assistant.model, reference, pairs, pad, settings)
    assert preference.accuracy(assistant.model, reference, pairs, pad) > 0.9


def test_the_lesson_prints_a_table_and_leaves_a_model_that_step_05_asks(house, tmp_path, capsys):
    preference.main(settings_of(house, tmp_path, steps=1, pairs=2, documents=2))
    printed = capsys.readouterr().out
    assert re.search(r"^\| supported summary lines \| .+ \| .+ \|$", printed, flags=re.MULTILINE)
    assert re.search(r"^\| held-out pairs \| 0\.500 \| [01]\.\d+ \|$", printed, flags=re.MULTILINE)
    house.run("05", checkpoint_path=tmp_path / "preference.pt")
    assert "요약:" in capsys.readouterr().out
