"""Training loses nothing: to a kill, a damaged file, memory that runs out, numbers that blow up, a wrong device."""

import os
import random
import re
import signal
import time
from types import SimpleNamespace

import gpt.attention
from gpt.checkpoint import best_of, load_checkpoint, previous_of
from gpt.model import GPT, GPTConfig
from gpt.training import device_check, loop, plan, run_files, trainer
from gpt.training.device_check import choose_sound_device, compare_with_cpu
from gpt.training.memory import MicroBatch
from gpt.training.plan import advise, choose_length, choose_size, describe_time
from gpt.training.run import MOST_RETREATS, Run
from pipeline import StepError, is_out_of_memory

import pytest
import torch
import torch.nn.functional as F

PARTS = ("model", "optimizer", "data", "random")


def assert_same_training(one: dict, other: dict) -> None:
    """Weights, optimiser, data order and random numbers, equal to the bit."""

    def flat(value, path):
        if isinstance(value, dict):
            for key, item in value.items():
                yield from flat(item, f"{path}.{key}")
        else:
            yield path, value

    for part in PARTS:
        for (path, left), (_, right) in zip(flat(one[part], part), flat(other[part], part), strict=True):
            assert torch.equal(left, right) if isinstance(left, torch.Tensor) else left == right, path
    assert one["run"]["step"] == other["run"]["step"]
    assert one["run"]["history"] == other["run"]["history"]


# --- A kill ---


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_twenty_kills_at_any_moment_change_nothing(house):
    """Dropout draws random numbers in every step, and a save comes every third: what a kill loses is made again."""
    settings = {"max_steps": 60, "eval_interval": 3, "dropout": 0.1, "sample_tokens": 0}
    unbroken, broken = (house.folder / name / "ckpt.pt" for name in ("unbroken", "broken"))
    start = time.monotonic()
    house.run("04", checkpoint_path=unbroken, **settings)
    whole_run = time.monotonic() - start

    chance = random.Random(20)
    kills = 0
    while kills < 20:
        child = os.fork()
        if child == 0:  # the process to be killed
            try:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 1)
                os.dup2(null, 2)
                house.run("04", checkpoint_path=broken, **settings)
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0, whole_run / 4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        if broken.exists():
            load_checkpoint(broken)  # never half-written
    house.run("04", checkpoint_path=broken, **settings)
    assert_same_training(load_checkpoint(unbroken), load_checkpoint(broken))


def test_a_run_saves_at_its_start_and_after_so_many_minutes(house, monkeypatch):
    path = house.folder / "new" / "ckpt.pt"
    saves = []
    save = run_files.save_checkpoint
    monkeypatch.setattr(
        run_files,
        "save_checkpoint",
        lambda place, content: (saves.append(content["run"]["step"]), save(place, content)),
    )
    house.run("04", checkpoint_path=path, max_steps=4, eval_interval=100, save_minutes=1e-9)
    assert saves == [0, 1, 2, 3, 4, 4]


# --- A damaged save ---


@pytest.mark.parametrize("step", ["04", "05"])
def test_the_save_before_the_last_is_used_where_the_last_is_damaged(house, step, capsys):
    os.truncate(house.checkpoint, 1000)
    house.run(step, **({"max_steps": 6} if step == "04" else {}))
    said = capsys.readouterr().err
    assert f"{house.checkpoint}: 1,000 bytes" in said
    assert "going on with ckpt.previous.pt, the save before it, at step 2" in said


def test_training_goes_on_from_the_save_before_to_the_same_end(house):
    whole = load_checkpoint(house.checkpoint)
    os.truncate(house.checkpoint, 1000)
    house.run("04")
    assert_same_training(whole, load_checkpoint(house.checkpoint))


def test_the_next_save_keeps_the_good_one_and_not_the_damaged_one(house):
    os.truncate(house.checkpoint, 1000)
    house.run("04")  # from step 2 to one more save, at step 4
    assert load_checkpoint(previous_of(house.checkpoint))["run"]["step"] == 2


def test_a_save_keeps_the_one_before(house):
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 4
    assert load_checkpoint(previous_of(house.checkpoint))["run"]["step"] == 2


# --- The best ---


def test_the_best_checkpoint_stays_when_later_ones_are_worse(house, monkeypatch, capsys):
    """Validation losses as they are when a model begins to learn its text by heart."""
    path = house.folder / "new" / "ckpt.pt"
    losses = iter([3.0, 2.0, 2.5, 2.7])
    monkeypatch.setattr(trainer, "evaluate", lambda *_: next(losses))
    house.run("04", checkpoint_path=path, max_steps=8, eval_interval=2)
    assert load_checkpoint(path)["run"]["step"] == 8
    assert load_checkpoint(best_of(path))["run"]["step"] == 4
    said = capsys.readouterr().out
    assert "The best validation was 2.0000 at step 4" in said and f"--checkpoint-path {best_of(path)}" in said
    house.run("05", checkpoint_path=best_of(path))


# --- Memory ---

MESSAGES = [
    RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)"),
    RuntimeError("Invalid buffer size: 12.00 GB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
]


@pytest.mark.parametrize("error", MESSAGES, ids=["mps", "mps buffer", "cpu", "cuda", "python"])
def test_every_device_has_its_own_words_for_no_memory(error):
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))


@pytest.mark.parametrize("error", MESSAGES[:3], ids=["mps", "mps buffer", "cpu"])
def test_a_step_without_memory_is_made_again_with_half_the_rows(house, monkeypatch, capsys, error):
    """From the third step on more than one row at a time is too much: the result must be the same."""
    settings = {"max_steps": 5, "batch_size": 4, "micro_batch_size": 4, "dropout": 0.0}
    paths = [house.folder / name / "ckpt.pt" for name in ("one row", "four rows")]
    house.run("04", checkpoint_path=paths[0], **{**settings, "micro_batch_size": 1})
    accumulate, steps = trainer.accumulate_gradients, []

    def accumulate_in_little_memory(model, inputs, targets, rows, dtype):
        steps.append(rows)
        if len(steps) > 2 + loop.TRIES and rows > 1:
            accumulate(model, inputs[:2], targets[:2], 1, dtype)  # gradients of a half-made step
            raise error
        return accumulate(model, inputs, targets, rows, dtype)

    monkeypatch.setattr(trainer, "accumulate_gradients", accumulate_in_little_memory)
    capsys.readouterr()
    house.run("04", checkpoint_path=paths[1], **settings)
    assert steps[loop.TRIES :] == [4, 4, 4, 2, 1, 1, 1]
    said = capsys.readouterr().out
    assert "going on with 2 rows at a time" in said and "going on with 1 rows at a time" in said
    one, other = (load_checkpoint(path)["model"] for path in paths)
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-3, atol=1e-3)


def test_one_row_too_much_says_what_to_lower():
    def never(rows):
        raise MESSAGES[0]

    with pytest.raises(StepError, match=r"one row at a time.*BLOCK_SIZE.*N_EMBD"):
        MicroBatch(4, torch.device("cpu")).fit(never, clear=lambda: None)


def test_a_retry_draws_the_same_random_numbers():
    drawn = []

    def fail_once(rows):
        drawn.append(torch.rand(3))
        if len(drawn) == 1:
            raise MESSAGES[0]
        return 1.0

    MicroBatch(2, torch.device("cpu")).fit(fail_once, clear=lambda: None)
    assert torch.equal(*drawn)


def test_another_error_is_no_lack_of_memory():
    def broken(rows):
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        MicroBatch(2, torch.device("cpu")).fit(broken, clear=lambda: None)


# --- Numbers that blow up ---


def blow_up_at(steps: set[int], monkeypatch) -> None:
    """Let the loss of these steps be no number; those that a run tries first do not count."""
    accumulate, calls = trainer.accumulate_gradients, []

    def explode(*arguments, **named):
        calls.append(1)
        loss = accumulate(*arguments, **named)
        return float("nan") if len(calls) - loop.TRIES in steps else loss

    monkeypatch.setattr(trainer, "accumulate_gradients", explode)


def test_a_loss_that_is_no_number_goes_back_to_the_last_save_with_half_the_rate(house, monkeypatch, capsys):
    blow_up_at({2}, monkeypatch)
    house.run("04", max_steps=8, eval_interval=2)
    run = load_checkpoint(house.checkpoint)["run"]
    assert (run["step"], run["rate_share"], run["retreats"]) == (8, 0.5, 1)
    assert "step 6: the loss is no longer a number; back to the last save, with 50.0%" in capsys.readouterr().out
    assert all(torch.isfinite(tensor).all() for tensor in load_checkpoint(house.checkpoint)["model"].values())


def test_a_new_run_that_blows_up_goes_back_to_its_start(house, monkeypatch):
    path = house.folder / "new" / "ckpt.pt"
    blow_up_at({1}, monkeypatch)
    house.run("04", checkpoint_path=path, max_steps=2, eval_interval=2)
    assert load_checkpoint(path)["run"]["step"] == 2


def test_after_three_times_training_stops_with_the_last_good_save(house, monkeypatch):
    blow_up_at(set(range(1, 99)), monkeypatch)
    message = house.complaint("04", max_steps=8)
    assert "MATRIX_RATE" in message and f"{MOST_RETREATS} times" in message


def test_what_a_retreat_taught_outlives_the_save_that_it_went_back_to():
    run = Run(10, 0)
    saved = run.state_dict()
    run.retreat()
    run.load_state_dict(saved)
    assert (run.rate_share, run.retreats) == (0.5, 1)


# --- The device ---


LAYERS = 2


@pytest.fixture
def model():
    torch.manual_seed(0)
    return GPT(GPTConfig(64, block_size=16, n_layer=LAYERS, n_head=2, n_kv_head=1, n_embd=32, head_dim=16, n_hidden=48))


@pytest.fixture
def row():
    tokens = torch.randint(64, (1, 17), generator=torch.Generator().manual_seed(1))
    return tokens[:, :-1], tokens[:, 1:]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sound_device_passes(model, row, dtype):
    assert compare_with_cpu(model, *row, dtype) == []


def test_the_check_leaves_the_model_as_it_was(model, row):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    compare_with_cpu(model, *row, torch.float32)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def broken_after(calls: int, attention, broken):
    """An attention that computes rightly for the reference and wrongly from call number `calls` on."""
    made = []

    def attend(*arguments, **settings):
        made.append(1)
        return broken(attention, *arguments, **settings) if len(made) > calls else attention(*arguments, **settings)

    return attend


def test_a_device_that_computes_other_gradients_is_found(model, row, monkeypatch):
    attention = gpt.attention.attend_in_blocks
    wrong = broken_after(LAYERS, attention, lambda attention, *arguments: 1.1 * attention(*arguments))
    monkeypatch.setattr(gpt.attention, "attend_in_blocks", wrong)
    complaints = compare_with_cpu(model, *row, torch.float32)
    assert any(complaint.startswith("gradient of layers") for complaint in complaints)


def test_a_device_that_shows_later_tokens_is_found(model, row, monkeypatch):
    def leak(attention, q, k, v, attn_mask=None, is_causal=False):
        return attention(q, k, v)

    monkeypatch.setattr(F, "scaled_dot_product_attention", broken_after(0, F.scaled_dot_product_attention, leak))
    assert any("a later token moves" in complaint for complaint in compare_with_cpu(model, *row, torch.float32))


def test_a_device_that_decodes_wrongly_with_a_cache_is_found(model, row, monkeypatch):
    def forget(attention, q, k, v, mask):
        return attention(q, k, v, mask & (mask.cumsum(-1) > 1))  # all but what stands first

    monkeypatch.setattr(gpt.attention, "attend_few_queries", broken_after(0, gpt.attention.attend_few_queries, forget))
    assert any("with a cache" in complaint for complaint in compare_with_cpu(model, *row, torch.float32))


def test_no_number_is_no_pass(model, row, monkeypatch):
    attention = gpt.attention.attend_in_blocks
    wrong = broken_after(LAYERS, attention, lambda attention, *arguments: attention(*arguments) * float("nan"))
    monkeypatch.setattr(gpt.attention, "attend_in_blocks", wrong)
    assert any(complaint.startswith("loss nan") for complaint in compare_with_cpu(model, *row, torch.float32))


# A model that says it is on a GPU.
ON_MPS = SimpleNamespace(embedding=SimpleNamespace(weight=SimpleNamespace(device=torch.device("mps"))))


@pytest.mark.parametrize(("found", "device"), [([], "mps"), (["loss 9 on mps, 8 on the CPU"], "cpu")])
def test_a_device_that_fails_the_check_is_left_for_the_cpu(monkeypatch, capsys, found, device):
    monkeypatch.setattr(device_check, "compare_with_cpu", lambda *_: found)
    assert choose_sound_device(ON_MPS, (), torch.float32, "cpu") == torch.device(device)
    assert all(complaint in capsys.readouterr().out for complaint in found)


def test_the_check_can_stop_the_run(monkeypatch):
    monkeypatch.setattr(device_check, "compare_with_cpu", lambda *_: ["loss 9 on mps, 8 on the CPU"])
    with pytest.raises(StepError, match="loss 9 on mps, 8 on the CPU"):
        choose_sound_device(ON_MPS, (), torch.float32, "stop")


def test_the_tolerances_know_every_precision():
    for tolerances in (device_check.LOSS_TOLERANCE, device_check.GRADIENT_TOLERANCE, device_check.HIDDEN_TOLERANCE):
        assert set(tolerances) == {torch.float32, torch.bfloat16}


# --- The plan ---


def test_the_plan_is_told_before_the_first_step_with_the_speed_that_was_measured(house, capsys, monkeypatch):
    house.run("04", max_steps=12, eval_interval=6)
    said = capsys.readouterr().out
    assert said.count("plan: ") == 1
    assert said.index("plan: ") < said.index("step 6: ")
    assert "from step 4 to about 12" in said and re.search(r"[1-9][\d,]* tokens/s", said)


@pytest.mark.parametrize(
    ("tokens", "seconds_per_step", "length"),
    [
        (5_000, 0.1, (100, 0.0)),  # the smallest text has steps enough to learn the form
        (300_000, 0.1, (600, 0.0)),  # four times over, where that is soon done
        (300_000, 1.0, (0, 4.0)),  # a slow machine stops by the clock …
        (1_000_000, 1.0, (0, 13.0)),  # … later where there is more to learn
        (100_000_000, 1.0, (0, 60.0)),  # … but within the hour
    ],
)
def test_the_length_of_a_run_suits_the_text_and_the_machine(tokens, seconds_per_step, length):
    assert choose_length(tokens, tokens / 2000, seconds_per_step) == length


@pytest.mark.parametrize(
    ("tokens", "device", "shape"),
    [(800, "cpu", (4, 256, 1)), (3e5, "mps", (4, 256, 2)), (2e7, "cpu", (4, 256, 2)), (2e7, "mps", (6, 384, 8))],
)
def test_the_size_of_a_model_suits_the_text_and_the_device(tokens, device, shape):
    size = choose_size(int(tokens), torch.device(device))
    assert (size.n_layer, size.n_embd, size.batch_size) == shape


def test_a_run_without_a_length_gets_one_that_a_rerun_keeps(house, capsys):
    path = house.folder / "new" / "ckpt.pt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "LEAST_STEPS", 3)
        patch.setattr(plan, "EPOCHS", 0.1)
        house.run("04", checkpoint_path=path, max_steps=0)
    assert load_checkpoint(path)["plan"] == {"batch_size": 2, "max_steps": 3, "max_minutes": 0.0}
    capsys.readouterr()
    house.run("04", checkpoint_path=path, max_steps=0)
    said = capsys.readouterr().out
    assert load_checkpoint(path)["run"]["step"] == 3 and "--max-steps 6" in said and "plan: " not in said


def test_a_rerun_takes_the_shape_of_the_checkpoint(house):
    shape = load_checkpoint(house.checkpoint)["config"]
    house.run("04", max_steps=5, n_layer=0, n_head=0, n_embd=0)
    assert load_checkpoint(house.checkpoint)["config"] == shape


def test_another_shape_than_the_checkpoint_has_is_refused_with_commands_that_work(house):
    message = house.complaint("04", n_embd=64)
    assert "N_EMBD is 32 there and 64 here" in message
    go_on, anew = (
        re.search(pattern, message)[1] for pattern in (r"to go on, run: (.*?);", r"to start anew, run: (.*)")
    )
    assert "--n-embd 32" in go_on and "--n-embd 64" in anew and "--restart" in anew


def test_a_restart_keeps_the_checkpoints_of_the_run_before(house):
    before = house.checkpoint.read_bytes()
    house.run("04", restart=True, max_steps=1)
    house.run("04", restart=True, max_steps=1)
    assert house.checkpoint.with_name("ckpt.older.pt").read_bytes() == before
    assert house.checkpoint.with_name("ckpt.older2.pt").exists()
    assert load_checkpoint(house.checkpoint)["run"]["step"] == 1


# --- Evaluations by the clock ---


def test_an_evaluation_is_due_by_steps_or_by_minutes(monkeypatch):
    run = Run(100)
    run.step, run.seconds = 10, 100.0
    assert run.is_evaluation_due(10, 0.0) and not run.is_evaluation_due(20, 0.0)
    assert run.is_evaluation_due(20, 1.0) and not run.is_evaluation_due(20, 2.0)


def test_evaluations_by_the_clock_take_a_tenth_of_the_time_at_most():
    run = Run(100)
    run.step, run.seconds, run.evaluation_seconds = 10, 100.0, 30.0
    assert not run.is_evaluation_due(20, 1.0)
    run.seconds = 300.0
    assert run.is_evaluation_due(20, 1.0)


@pytest.mark.parametrize(
    ("parameters", "tokens", "epochs", "advice"),
    [
        (10e6, 20e6, 1.0, None),
        (10e6, 20e6, 8.0, None),
        (10e6, 20e6, 0.1, "raise MAX_MINUTES"),
        (10e6, 20e6, 30.0, "more text makes a better model"),
        (5e6, 0.3e6, 6.0, "smaller model"),
        (5e6, 0.3e6, 1.0, None),
        (1e6, 100e6, 3.0, "larger model"),
    ],
)
def test_a_run_or_a_model_that_does_not_suit_the_text_is_told_so(parameters, tokens, epochs, advice):
    lines = advise(int(parameters), int(tokens), epochs)
    assert bool(lines) == bool(advice) and (not advice or advice in lines[0])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "1 minute"), (150, "2 minutes"), (3600, "60 minutes"), (9000, "2.5 hours"), (432000, "5.0 days")],
)
def test_time_is_told_in_a_unit_that_suits_it(seconds, words):
    assert describe_time(seconds) == words
