"""Which device each of several processes takes, and what a single process is asked for."""

from gpt.training import processes
from pipeline import StepError

import pytest
import torch


@pytest.fixture
def third_of_four(monkeypatch):
    monkeypatch.setattr(processes, "_are_several", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "2")


@pytest.mark.parametrize(("wanted", "taken"), [("cuda", "cuda:2"), ("cpu", "cpu"), ("mps", "cpu")])
def test_each_process_has_a_gpu_to_itself_and_apples_gpu_serves_one_only(monkeypatch, third_of_four, wanted, taken):
    chosen = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert processes.own_device(torch.device(wanted)) == torch.device(taken)
    assert chosen == ([2] if wanted == "cuda" else [])


def test_more_processes_than_gpus_are_refused(monkeypatch, third_of_four):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(StepError, match="--nproc_per_node=2"):
        processes.own_device(torch.device("cuda"))


def test_one_process_is_asked_for_nothing():
    assert processes.own_device(torch.device("mps")) == torch.device("mps")
    assert (processes.total(1.5), processes.highest(2), processes.from_first(lambda: "길")) == (1.5, 2, "길")
    assert processes.from_all([1]) == processes.share([1]) == processes.same_everywhere([1], "these") == [1]
    assert processes.is_first() and processes.process_count() == 1
