"""Progress: a bar on a terminal, whole lines in a log file, and a sign at least every ten seconds."""

import contextlib
import importlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from gpt.training import loop
from pipeline import StepError, progress
from pipeline.progress import ProgressLines, TerminalBar, Ticker, progress_bar

import pytest

prepare_script = importlib.import_module("01_prepare_samples")
tokenizer_script = importlib.import_module("02_train_tokenizer")
dataset_script = importlib.import_module("03_build_bin_dataset")
answer_script = importlib.import_module("05_generate")
export_script = importlib.import_module("export")

ROOT = Path(__file__).resolve().parents[2]
MB = 1 << 20


class FakeTime:
    """A clock that moves when a test says so, and the tickers that run by it."""

    def __init__(self):
        self.now = 0.0
        self.tickers: list[FakeTicker] = []

    def __call__(self) -> float:
        return self.now

    def start_ticker(self, seconds: float, call: Callable[[], object]) -> "FakeTicker":
        self.tickers.append(FakeTicker(seconds, call, self.now + seconds))
        return self.tickers[-1]

    def pass_by(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [each for each in self.tickers if not each.stopped and each.next <= end]:
            ticker = min(due, key=lambda each: each.next)
            self.now = ticker.next
            ticker.next += ticker.seconds
            ticker.call()
        self.now = end


class FakeTicker:
    def __init__(self, seconds: float, call: Callable[[], object], first: float):
        self.seconds, self.call, self.next, self.stopped = seconds, call, first, False

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def clock(monkeypatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(progress, "Ticker", fake.start_ticker)
    return fake


# --- What a log file holds ---


def test_a_line_comes_every_ten_seconds_and_one_at_the_end(clock, capsys):
    with ProgressLines("prepare samples", 100 * MB, "B", clock=clock) as bar:
        for _ in range(50):
            clock.pass_by(0.5)
            bar.update(2 * MB)
    assert capsys.readouterr().err.splitlines() == [
        "prepare samples: 38% 38.0 MB of 100.0 MB, 00:16 left, 3.8 MB/s",
        "prepare samples: 78% 78.0 MB of 100.0 MB, 00:05 left, 3.9 MB/s",
        "prepare samples: 100% 100.0 MB of 100.0 MB in 00:25, 4.0 MB/s",
    ]


def test_training_tells_steps_time_left_loss_and_speed(clock, capsys):
    with ProgressLines("train", unit="step", initial=400, clock=clock) as bar:
        for step in range(401, 421):
            clock.pass_by(1)
            bar.set_postfix_str(f"loss {3 - step / 1000:.3f}, 4,492 tokens/s", refresh=False)
            bar.total = 685
            bar.update(step - bar.n)
    assert capsys.readouterr().err.splitlines() == [
        "train: step 409 of 685 (60%), 05:06 left, loss 2.591, 4,492 tokens/s",
        "train: step 419 of 685 (61%), 04:40 left, loss 2.581, 4,492 tokens/s",
        "train: step 420 of 685 (61%) in 00:20, loss 2.580, 4,492 tokens/s",
    ]


def test_work_that_counts_nothing_for_a_long_time_still_gives_a_sign(clock, capsys):
    with ProgressLines("merge pairs", clock=clock):
        clock.pass_by(9.9)
        assert capsys.readouterr().err == ""
        clock.pass_by(15)
    assert capsys.readouterr().err.splitlines() == [
        "merge pairs: 00:10 so far",
        "merge pairs: 00:20 so far",
        "merge pairs: done in 00:24",
    ]


@pytest.mark.parametrize(("leave", "lines"), [(True, ["merge pairs: done in 00:08"]), (False, [])])
def test_work_of_less_than_ten_seconds_has_only_its_last_line_or_none(clock, capsys, leave, lines):
    with ProgressLines("merge pairs", leave=leave, clock=clock):
        clock.pass_by(8)
    assert capsys.readouterr().err.splitlines() == lines


def test_a_total_that_is_reached_too_early_is_not_shown_as_the_end(clock, capsys):
    """The first step of a run of MAX_MINUTES is the only one that is known; step 01 still writes what it has read."""
    with ProgressLines("train", 1, "step", clock=clock) as bar:
        bar.update()
        clock.pass_by(10)
        assert capsys.readouterr().err == "train: step 1, 00:10 so far\n"
    with ProgressLines("prepare samples", 3 * MB, "B", clock=clock) as bar:
        bar.update(3 * MB)
        clock.pass_by(10)
        assert capsys.readouterr().err.splitlines()[-1] == "prepare samples: 3.0 MB, 00:10 so far, 307.2 KB/s"


def test_work_that_fails_has_no_last_line_and_its_ticker_stops(clock, capsys):
    with pytest.raises(StepError), ProgressLines("encode samples", 3 * MB, "B", clock=clock):
        raise StepError("자료가 없습니다")
    clock.pass_by(60)
    assert capsys.readouterr().err == ""


def test_lines_written_beside_the_progress_stay_as_they_are(clock, capsys):
    with ProgressLines("train", 9, "step", clock=clock) as bar:
        bar.write("step 3: loss 2.250\n  Q 여권을 잃어버렸어요\n  | 요약:")
    assert capsys.readouterr().out == "step 3: loss 2.250\n  Q 여권을 잃어버렸어요\n  | 요약:\n"


def test_a_log_file_that_cannot_be_written_does_not_end_the_work(clock, monkeypatch):
    class Full:
        def write(self, _: str) -> None:
            raise OSError(28, "No space left on device")

        def isatty(self) -> bool:
            return False

    for stream in (Full(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar("encode samples", 9, unit="B") as bar:
            clock.pass_by(10)
            bar.update(9)


# --- The ticker ---


def test_a_ticker_calls_until_it_is_stopped():
    called_twice = threading.Event()
    calls = []

    def call() -> None:
        calls.append(1)
        if len(calls) == 2:
            called_twice.set()

    ticker = Ticker(0.001, call)
    assert called_twice.wait(timeout=20)
    ticker.stop()
    made = len(calls)
    assert not ticker._thread.is_alive() and len(calls) == made


# --- Which of the two ---


WORK = """
from pipeline.progress import progress_bar
with progress_bar("준비", 3_000, unit="B") as bar:
    for number in range(3):
        bar.update(1_000)
        bar.refresh() if hasattr(bar, "refresh") else None
    bar.write("한 줄")
with progress_bar("세는 중", leave=False):
    pass
with progress_bar("다른 과정", 3, unit="step", disable=True) as bar:
    bar.update(3)
"""


def test_without_a_terminal_there_are_whole_lines_and_nothing_else():
    result = subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, capture_output=True, env=utf8())
    assert result.stdout.decode().splitlines() == ["한 줄"]
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("준비: 100% 2.9 KB of 2.9 KB in 00:0")
    assert b"\r" not in result.stdout + result.stderr and "█" not in line


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_there_is_a_bar():
    with terminal(columns=80) as (number, shown):
        subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, stdout=number, stderr=number, env=utf8())
    text = shown()
    assert "\r준비:  67%|" in text and "█" in text and "2.00k/3.00k" in text
    assert "한 줄\r\n" in text
    assert "\r세는 중: 00:00" in text and "다른 과정" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_bar_on_a_terminal_goes_on_while_nothing_is_counted(clock, monkeypatch):
    with terminal(columns=80) as (number, shown), open(number, "w", encoding="utf-8", closefd=False) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar("merge pairs") as bar:
            assert isinstance(bar, TerminalBar)
            bar.start_t -= 75
            bar.last_print_t -= 75
            clock.pass_by(1)
    assert "\rmerge pairs: 00:00" in (text := shown()) and "\rmerge pairs: 01:15" in text


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_that_does_not_tell_its_width_gets_lines():
    with terminal(columns=0) as (number, shown):
        subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, stdout=number, stderr=number, env=utf8())
    assert "준비: 100% 2.9 KB of 2.9 KB" in shown() and "█" not in shown()


def utf8() -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "1"}


@contextlib.contextmanager
def terminal(columns: int) -> Iterator[tuple[int, Callable[[], str]]]:
    """A pseudo-terminal: its number, and what was shown on it, to be asked for after the block."""
    import pty
    import termios

    master, number = pty.openpty()
    termios.tcsetwinsize(number, (24, columns))
    content: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # Linux's way to say that the terminal was closed
            while block := os.read(master, 4096):
                content.append(block)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield number, lambda: b"".join(content).decode()
    finally:
        os.close(number)
        reader.join()
        os.close(master)


# --- The steps ---


def test_no_step_fills_a_log_file_with_carriage_returns(house):
    for step in ("01", "02", "03", "04"):
        changes = {"checkpoint_path": house.folder / "new.pt"} if step == "04" else {}
        script = sys.modules[house.main(step).__module__].__file__
        command = [sys.executable, script, *house.flags(step, **changes)]
        result = subprocess.run(command, capture_output=True, check=True, env=utf8())
        assert b"\r" not in result.stdout + result.stderr
        for line in result.stderr.decode().splitlines():
            assert re.fullmatch(
                r"[a-z ]+: ((100% )?[\d.]+ .?B of .*|step 4 of 4 \(100%\)|done) in 00:\d\d(, .*)?", line
            )


def test_step_01_gives_a_sign_while_it_writes_what_it_has_read(new_house, clock, monkeypatch, capsys):
    def add_slowly(*_) -> None:
        clock.pass_by(11)

    monkeypatch.setattr(prepare_script.ContactTable, "add", add_slowly)
    new_house.run("01")
    assert "prepare samples: " in capsys.readouterr().err.splitlines()[0]


def test_step_02_gives_a_sign_while_the_library_merges_pairs(clock, monkeypatch, capsys):
    class SlowTokenizer:
        """Takes all texts, then works for 25 seconds without a word."""

        def __init__(self, _: object):
            self.texts: list[str] = []

        def train_from_iterator(self, texts: Iterator[str], _: object) -> None:
            self.texts = list(texts)
            clock.pass_by(25)

    monkeypatch.setattr(tokenizer_script, "Tokenizer", SlowTokenizer)
    tokenizer = tokenizer_script.train_tokenizer(iter(["여권을", "잃어버렸어요"]), vocab_size=700, min_frequency=2)
    assert tokenizer.texts == ["여권을", "잃어버렸어요"]
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == 3 * ["merge pairs"]


def test_step_03_gives_a_sign_while_it_checks_and_splits_the_samples(house, clock, monkeypatch, capsys):
    monkeypatch.setattr(dataset_script, "choose_validation", slowly(dataset_script.choose_validation, clock))
    house.run("03")
    assert capsys.readouterr().err.startswith("check samples: 00:0")


def test_training_shows_how_far_an_evaluation_is(house, clock, monkeypatch, capsys):
    monkeypatch.setattr(loop, "show_evaluation", slowly(loop.show_evaluation, clock))
    house.run("04", checkpoint_path=house.folder / "new.pt", eval_interval=4, micro_batch_size=1)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.endswith("of the evaluation")]
    shares = [int(re.search(r"(\d+)% of the evaluation", line)[1]) for line in lines]
    assert shares[0] < 30 and shares == sorted(shares) and shares[-1] == 100
    assert all(line.startswith("train: step 3 of 4 (75%), ") for line in lines)  # step 4 counts when it is saved


def test_step_05_and_export_give_a_sign_while_they_load(house, clock, monkeypatch, capsys):
    monkeypatch.setattr(answer_script.Assistant, "load", slowly(answer_script.Assistant.load, clock))
    house.run("05")
    monkeypatch.setattr(export_script, "load_checkpoint", slowly(export_script.load_checkpoint, clock))
    house.run("export", format="hf")
    shown = capsys.readouterr().err
    assert shown.count("load the model: ") == 4  # a sign and the end, twice
    assert "export: " not in shown  # it took no ten seconds


def slowly(function: Callable, clock: FakeTime) -> Callable:
    """The function, which takes eleven seconds more."""

    def take_time(*arguments: object) -> object:
        result = function(*arguments)
        clock.pass_by(11)
        return result

    return take_time
