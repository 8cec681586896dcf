"""Several processes train the model that one trains, and end together, whatever happens to one of them."""

import csv
import faulthandler
import importlib
import itertools
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pipeline
from corpus.template import BOS
from gpt.checkpoint import load_checkpoint, previous_of
from gpt.token_file import read_token_file
from gpt.training import loop, processes, trainer
from gpt.training.batches import IGNORED, find_samples, validation_batches
from gpt.training.run import StopSignals
from pipeline import StepError

import pytest
import torch
from tokenizers import Tokenizer

train_script = importlib.import_module("04_train_gpt_from_scratch")
accumulate = trainer.accumulate_gradients
SECONDS = 60  # far more than these runs take: a run that hangs fails its test
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

# Five rows for two processes: their shares differ in rows and in tokens.
SETTINGS = {"max_steps": 6, "eval_interval": 3, "batch_size": 5, "log_interval": 1}


@dataclass(frozen=True)
class End:
    """How a process ended, and what it said; the progress bar's lines are left out."""

    code: int
    out: str
    err: str


def train(house, fault: Callable[[int], None] = lambda rank: None, count: int = 2, **changes) -> list[End]:
    """Run step 04 in several processes, as torchrun does, after `fault(rank)` has broken something in each."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared["TORCHELASTIC_USE_AGENT_STORE"] = True
    running = {}
    for rank in range(count):
        child = os.fork()
        if child == 0:
            os.environ.update(
                {name: str(value) for name, value in (shared | {"RANK": rank, "LOCAL_RANK": rank}).items()}
            )
            _be_process(rank, fault, house, changes)
        running[child] = rank
    # As with torchrun, they meet in a store of their parent, which outlives them; it has threads, so it comes after fork.
    store = torch.distributed.TCPStore("127.0.0.1", port, is_master=True, wait_for_workers=False)
    codes, deadline = {}, time.monotonic() + SECONDS
    while running and time.monotonic() < deadline:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child:
            codes[running.pop(child)] = os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    for child in running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    del store
    ends = [End(codes.get(rank), *(_said(house, rank, name) for name in ("out", "err"))) for rank in range(count)]
    assert not running, f"processes {sorted(running.values())} hang: {ends}"
    return ends


def _be_process(rank: int, fault: Callable[[int], None], house, changes: dict) -> None:
    code = 1
    try:
        for name, number in (("out", 1), ("err", 2)):
            stream = (house.folder / f"{name}.{rank}").open("w", encoding="utf-8")
            os.dup2(stream.fileno(), number)
            setattr(sys, f"std{name}", stream)
        faulthandler.dump_traceback_later(SECONDS - 5)  # where a process hangs stands in what it said
        sys.argv = [train_script.__file__, *house.flags("04", **SETTINGS | changes)]
        fault(rank)
        pipeline.run(processes.in_every_process(train_script.main))
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _said(house, rank: int, name: str) -> str:
    lines = re.split(r"[\r\n]+", (house.folder / f"{name}.{rank}").read_text(encoding="utf-8"))
    return "\n".join(
        line
        for line in lines
        if line.strip() and not line.startswith(("train: step", "read tokens: ", "start of the model: "))
    )


def at(house, name: str) -> Path:
    return house.folder / name / "ckpt.pt"


def logged(path: Path) -> list[dict[str, str]]:
    """The rows of the log of the run with this checkpoint."""
    return list(csv.DictReader(path.with_name("log.csv").read_text(encoding="ascii").splitlines()))


def assert_trained_alike(one: Path, other: Path) -> None:
    """The same steps on the same rows: the same losses to rounding, and weights that have moved the same way.

    Single weights may differ: sums in another order differ by rounding, which Muon's products and AdamW's
    division by small gradients amplify by as much as the processor's kernels happen to round. Measured on processors
    with and without bf16, a matrix is at most 0.03 of its last way apart; one that has lost a row of each batch, 0.2.
    """
    left, right = load_checkpoint(one), load_checkpoint(other)
    assert left["data"] == right["data"]
    assert left["run"]["tokens"] == right["run"]["tokens"]
    for mine, others in zip(left["run"]["history"], right["run"]["history"], strict=True):
        assert others == pytest.approx(mine, rel=1e-4)
    assert_moved_alike(load_checkpoint(previous_of(one))["model"], left["model"], right["model"])
    for number, (mine, others) in enumerate(zip(logged(one), logged(other), strict=True)):
        for name in ("step", "tokens", "train_loss", "validation_bits_per_byte", "rate", "gradient_norm"):
            assert bool(mine[name]) == bool(others[name])
            # Nothing has amplified the rounding of the first step yet.
            assert float(others[name] or 0) == pytest.approx(float(mine[name] or 0), rel=1e-4 if number == 0 else 1e-2)


def assert_moved_alike(before: dict, after: dict, other: dict) -> None:
    """Each tensor of `other` is near that of `after`, in relation to the way from `before` to `after`."""
    for name, tensor in after.items():
        way = (tensor - before[name]).norm().item()
        assert (other[name] - tensor).norm().item() <= 0.1 * way, name


@pytest.fixture(scope="module")
def alone(built_house, tmp_path_factory) -> Path:
    """What one process makes of SETTINGS."""
    path = tmp_path_factory.mktemp("alone") / "ckpt.pt"
    built_house.run("04", checkpoint_path=path, **SETTINGS)
    return path


# --- The same training ---


def test_torchrun_trains_what_one_process_trains_and_says_it_once(house, alone):
    path = at(house, "two")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += [train_script.__file__, *house.flags("04", **SETTINGS, checkpoint_path=path)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS)
    assert result.returncode == 0, result.stderr
    assert_trained_alike(alone, path)
    assert result.stdout.count("step 3: loss") == result.stdout.count("Train on: ") == 1
    assert result.stderr.count("train: step") == 1 and "Warning" not in result.stderr
    files = ["best.pt", "ckpt.previous.pt", "ckpt.pt", "log.csv", "loss.svg", "manifest.json"]
    assert sorted(os.listdir(path.parent)) == files


@needs_fork
@pytest.mark.parametrize("flags", [[], ["--tie-embeddings"], ["--micro-batch-size", "1"]], ids=str)
def test_three_processes_train_what_one_trains(house, flags):
    def add_flags(rank):
        sys.argv += flags

    one, three = at(house, "one"), at(house, "three")
    train_script.main([*house.flags("04", **SETTINGS, checkpoint_path=one), *flags])
    assert [end.code for end in train(house, add_flags, count=3, checkpoint_path=three)] == [0, 0, 0]
    assert_trained_alike(one, three)


def test_a_row_that_some_process_left_out_would_be_noticed(house, alone):
    path = at(house, "four rows")
    house.run("04", checkpoint_path=path, **SETTINGS | {"batch_size": 4})
    left, right = load_checkpoint(alone)["model"], load_checkpoint(path)["model"]
    with pytest.raises(AssertionError):
        assert_moved_alike(load_checkpoint(previous_of(alone))["model"], left, right)


@needs_fork
def test_a_run_goes_on_with_another_number_of_processes(house):
    """Two steps alone, two in three processes, two alone; and the same, all alone."""
    changing, alone = at(house, "changing"), at(house, "alone")
    for max_steps, count in ((2, 1), (4, 3), (6, 1)):
        settings = SETTINGS | {"max_steps": max_steps, "decay_share": 0.0}
        house.run("04", checkpoint_path=alone, **settings)
        if count == 1:
            house.run("04", checkpoint_path=changing, **settings)
        else:
            assert [end.code for end in train(house, count=count, **settings, checkpoint_path=changing)] == [0] * count
    assert_trained_alike(alone, changing)


@needs_fork
def test_every_process_drops_out_others(house):
    def tell_what_it_draws(rank):
        draw_apart = processes.draw_apart

        def draw():
            draw_apart()
            print("drawn", torch.rand(1).item(), file=sys.stderr)

        processes.draw_apart = draw

    ends = train(house, tell_what_it_draws, count=3, checkpoint_path=at(house, "new"), max_steps=1, dropout=0.1)
    assert [end.code for end in ends] == [0, 0, 0]
    drawn = [line for end in ends for line in end.err.splitlines() if line.startswith("drawn")]
    assert len(set(drawn)) == 3


# --- What differs between processes ---


@needs_fork
def test_memory_that_runs_out_in_one_process_is_its_own_affair(house, alone):
    """In the midst of its backward passes, when some of its gradients are there."""

    def have_little_memory(rank):
        def accumulate_in_it(model, inputs, targets, rows, dtype):
            if rank == 1 and rows > 1:
                accumulate(model, inputs, targets, 1, dtype)
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return accumulate(model, inputs, targets, rows, dtype)

        trainer.accumulate_gradients = accumulate_in_it

    path = at(house, "two")
    assert [end.code for end in train(house, have_little_memory, checkpoint_path=path)] == [0, 0]
    assert_trained_alike(alone, path)


def in_call(number: int, of_rank: int, do: Callable[[], object]) -> Callable[[int], None]:
    """A fault: let one process do something in its call number `number` of accumulate_gradients.

    What it returns, if anything, is the loss.
    """

    def fault(rank):
        calls = []

        def broken(*arguments, **named):
            calls.append(1)
            loss = accumulate(*arguments, **named)
            found = do() if rank == of_rank and len(calls) == number + loop.TRIES else None
            return loss if found is None else found

        trainer.accumulate_gradients = broken

    return fault


@needs_fork
def test_a_loss_that_is_no_number_in_one_process_sends_all_back(house):
    path = at(house, "two")
    first, second = train(house, in_call(5, 1, lambda: math.nan), checkpoint_path=path)
    assert (first.code, second.code) == (0, 0)
    run = load_checkpoint(path)["run"]
    assert (run["step"], run["retreats"], run["rate_share"]) == (6, 1, 0.5)
    assert first.out.count("back to the last save") == 1 and second.out == ""
    assert [row["step"] for row in logged(path)] == list("123456")


@needs_fork
def test_clocks_that_differ_end_the_run_after_the_same_step(house):
    def be_fast(rank):
        clock = time.monotonic
        time.monotonic = lambda: (1 + 4 * rank) * clock()

    path = at(house, "two")
    ends = train(house, be_fast, checkpoint_path=path, max_minutes=0.02, max_steps=0, eval_interval=1000)
    assert [end.code for end in ends] == [0, 0]
    run = load_checkpoint(path)["run"]
    assert run["seconds"] >= 1.2 and run["history"][-1]["step"] == run["step"] > 0


@needs_fork
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_any_process_saves_and_ends_all(house, number):
    """It comes twice: from the terminal, and again from torchrun."""

    def interrupt():
        signal.raise_signal(number)
        signal.raise_signal(number)

    path = at(house, "two")
    first, second = train(house, in_call(4, 1, interrupt), checkpoint_path=path, max_steps=50, eval_interval=50)
    assert first.code == second.code == 128 + number
    assert load_checkpoint(path)["run"]["step"] == 4
    assert "stopped at step 4 and saved" in first.out
    assert first.err == second.err == second.out == ""


def test_a_second_signal_stops_a_process_alone_at_once():
    with StopSignals() as stop, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked() and stop.requested == signal.SIGTERM
        signal.raise_signal(signal.SIGTERM)


# --- Errors ---


def told(ends: list[End]) -> str:
    """The one line that all of them together have said."""
    assert all(end.code == 2 for end in ends), ends
    (line,) = [line for end in ends for line in end.err.splitlines()]
    return line


def fail(error: BaseException) -> None:
    raise error


@needs_fork
def test_an_error_that_all_meet_is_told_once(house):
    house.val_bin.unlink()
    assert "val.bin" in told(train(house, count=3))


@needs_fork
def test_an_error_that_one_meets_ends_all_and_is_told_once(house):
    path = at(house, "two")
    ends = train(house, in_call(2, 1, lambda: fail(StepError("rank 1 cannot go on"))), checkpoint_path=path)
    assert told(ends) == "rank 1 cannot go on"
    assert load_checkpoint(path)["run"]["step"] == 0


@needs_fork
@pytest.mark.parametrize("killed", [0, 1])
def test_a_process_that_is_killed_ends_the_others_and_the_save_is_good(house, killed):
    path = at(house, "two")
    ends = train(house, in_call(5, killed, lambda: os.kill(os.getpid(), signal.SIGKILL)), checkpoint_path=path)
    assert (ends[killed].code, ends[1 - killed].code) == (-signal.SIGKILL, 2)
    assert "another process of this run has ended; the last save is intact" in told([ends[1 - killed]])
    house.run("04", checkpoint_path=path, **SETTINGS)
    assert [row["step"] for row in logged(path)] == list("123456")


@needs_fork
def test_more_processes_than_rows_are_refused(house):
    assert "BATCH_SIZE 1 leaves some of 2 processes no row" in told(train(house, batch_size=1))


@needs_fork
def test_processes_with_other_settings_are_refused(house):
    def have_another_seed(rank):
        sys.argv += ["--seed", str(rank)]

    path = at(house, "two")
    message = told(train(house, have_another_seed, checkpoint_path=path))
    assert "the settings are not the same in all processes" in message and not path.exists()


# --- Evaluation ---


def test_every_validation_row_is_measured_in_one_process(monkeypatch, built_house):
    _, tokens = read_token_file(built_house.val_bin)
    samples = find_samples(tokens, Tokenizer.from_file(str(built_house.tokenizer)).token_to_id(BOS))

    def targets() -> list[int]:
        batches = validation_batches(tokens, samples, 384, 0, 2)
        return [int(target) for _, found in batches for target in found[found != IGNORED]]

    whole = targets()
    monkeypatch.setattr(processes, "_are_several", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 3)
    shares = []
    for rank in range(3):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        shares.append(targets())
    assert all(len(share) < len(whole) for share in shares)
    assert sorted(itertools.chain(*shares)) == sorted(whole)
