"""Lesson 16: what is rewarded, how rewards become advantages, and the loss of GRPO."""

import math
import re
import subprocess
import sys
from pathlib import Path

from corpus.template import Template
from gpt.checkpoint import load_checkpoint
from lessons import reward

import pytest
import torch

ROOT = Path(reward.__file__).resolve().parent.parent
TEMPLATE = Template()
DOCUMENT = """\
여권을 잃어버리면 경찰서에서 분실 신고서를 받으세요. 단수여권은 사흘 안에 나옵니다.
대사관에 전화로 예약하세요. 신고한 여권은 다시 쓸 수 없습니다.
한국대사관 영사과 TEL: 0917-000-1234"""
ANSWER = """\
요약:
- 여권을 잃어버리면 경찰서에서 분실 신고서를 받으세요.
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
  - TEL: 0917-000-1234
상세 설명:
여권을 잃어버리면 경찰서에서 분실 신고서를 받으세요.
[/ANSWER]"""


def rewarded(answer: str) -> float:
    return reward.reward_of(answer, ANSWER.removesuffix("\n[/ANSWER]"), DOCUMENT, TEMPLATE)


def test_a_faithful_answer_gets_the_highest_reward():
    assert rewarded(ANSWER) == 4.0


@pytest.mark.parametrize(
    ("from_text", "to_text", "wanted"),
    [
        ("\n[/ANSWER]", "", 3.0),  # cut off
        ("체크리스트:\n", "", 3.0),  # no form
        (
            "단수여권은 사흘 안에 나옵니다.",
            "뎅기열 환자가 다시 늘었다고 합니다.",
            3.75,
        ),  # one of four items is invented
        ("- 단수여권은 사흘 안에 나옵니다.\n", "", 3.75),  # one of four items is missing
        ("0917-000-1234", "0917-000-9999", 3.0),  # the only contact is invented
        ("단수여권은 사흘 안에 나옵니다.", "여권을 잃어버리면 경찰서에서 분실 신고서를 받으세요.", 3.5),  # said twice
    ],
)
def test_each_fault_costs_its_part(from_text, to_text, wanted):
    assert from_text in ANSWER
    assert rewarded(ANSWER.replace(from_text, to_text, 1)) == pytest.approx(wanted)


def test_an_empty_answer_is_worth_only_that_it_invents_no_contact():
    assert rewarded("") == 1.0


def test_advantages_are_distances_from_the_mean_in_standard_deviations():
    assert reward.advantages_of([1.0, 2.0, 3.0]) == pytest.approx([-math.sqrt(1.5), 0.0, math.sqrt(1.5)], abs=1e-3)
    assert reward.advantages_of([2.5, 2.5]) == [0.0, 0.0]


def loss_and_gradient(new: float, old: float, of_reference: float, advantage: float, kl_weight: float = 0.0):
    probability = torch.tensor([[new]], requires_grad=True)
    others = torch.tensor([[old]]), torch.tensor([[of_reference]]), torch.tensor([[advantage]])
    loss = reward.grpo_loss(probability, *others, clip=0.2, kl_weight=kl_weight)
    loss.sum().backward()
    return loss.item(), probability.grad.item()


def test_at_first_the_loss_pulls_by_the_advantage():
    assert loss_and_gradient(-1.0, -1.0, -1.0, 2.0) == pytest.approx((-2.0, -2.0))
    assert loss_and_gradient(-1.0, -1.0, -1.0, -2.0) == pytest.approx((2.0, 2.0))


def test_the_clip_ends_the_pull_but_never_the_way_back():
    far = math.log(1.5)  # the token is half as likely again as when it was written
    assert loss_and_gradient(-1 + far, -1.0, -1.0, 1.0) == pytest.approx((-1.2, 0.0))
    assert loss_and_gradient(-1 + far, -1.0, -1.0, -1.0) == pytest.approx((1.5, 1.5))
    assert loss_and_gradient(-1 - far, -1.0, -1.0, -1.0) == pytest.approx((0.8, 0.0))


def test_the_distance_from_the_reference_is_estimated_as_by_schulman():
    loss, _ = loss_and_gradient(-1.0, -1.0, -1.5, 0.0, kl_weight=0.1)
    assert loss == pytest.approx(0.1 * (math.exp(-0.5) + 0.5 - 1))
    assert loss_and_gradient(-1.0, -1.0, -1.0, 0.0, kl_weight=0.1) == pytest.approx((0.0, 0.0))


def flags_of(house, tmp_path, **changes) -> list[str]:
    settings = {
        "train-bin": house.train_bin,
        "val-bin": house.val_bin,
        "samples-path": house.samples,
        "checkpoint-path": house.checkpoint,
        "out-path": tmp_path / "reward.pt",
        "device": "cpu",
        "steps": 2,
        "prompts": 2,
        "group": 3,
        "max-new-tokens": 20,
        "documents": 2,
    }
    return [text for name, value in (settings | changes).items() for text in (f"--{name}", str(value))]


def test_the_lesson_prints_the_rewards_and_leaves_a_model_that_step_05_asks(house, tmp_path, capsys):
    reward.main(flags_of(house, tmp_path))
    printed = capsys.readouterr().out
    assert len(re.findall(r"^\| [12] \| \d\.\d\d \|$", printed, flags=re.MULTILINE)) == 2
    assert re.search(r"^\| supported summary lines \| .+ \| .+ \|$", printed, flags=re.MULTILINE)
    house.run("05", checkpoint_path=tmp_path / "reward.pt")
    assert "요약:" in capsys.readouterr().out


def test_two_processes_learn_what_one_learns_and_say_it_once(house, tmp_path):
    reward.main(flags_of(house, tmp_path, documents=1))
    wanted = load_checkpoint(tmp_path / "reward.pt")["model"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
    flags = [*flags_of(house, tmp_path, documents=1), "--out-path", str(tmp_path / "two.pt")]
    run = subprocess.run(
        [*torchrun, "lessons.reward", *flags], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=100
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("| step | reward |") == 1
    found, before = load_checkpoint(tmp_path / "two.pt")["model"], load_checkpoint(house.checkpoint)["model"]
    assert not all(torch.allclose(wanted[name], tensor, atol=1e-5) for name, tensor in before.items())
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, atol=2e-5, rtol=0)
