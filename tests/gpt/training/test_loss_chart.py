"""loss.svg and the comparison of runs: the numbers of the logs, in a picture that reads at any size."""

import errno
import itertools
import math
import os
import random
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pipeline
from gpt.checkpoint import load_checkpoint
from gpt.training.curves import MOST_POINTS, label, round_ticks, smooth, thin
from gpt.training.log import COLUMNS, FIRST_COLUMNS, TrainingLog
from gpt.training.loss_chart import (
    RUN_COLORS,
    describe_size,
    draw_chart,
    draw_comparison,
    main,
    name_runs,
    write_chart,
)
from gpt.training.svg import PLOT_HEIGHT, WIDTH
from pipeline import StepError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Rows = list[dict[str, float]]
TITLE = ("checkpoints/ckpt.pt", "5.3 million parameters · 0.3 million tokens of text")


def rows(losses: list[float], evaluations: dict[int, float] | None = None, first: int = 1) -> Rows:
    """Rows of a log, one a step, with validation losses at some steps."""
    made = [
        {"step": step, "seconds": 30 * step, "tokens": 1000 * step, "train_loss": 1.0, "train_bits_per_byte": loss}
        for step, loss in enumerate(losses, start=first)
    ]
    for step, bits in (evaluations or {}).items():
        made[step - first]["validation_bits_per_byte"] = bits
    return made


def save(path: Path, these: Rows, columns: tuple[str, ...] = tuple(COLUMNS)) -> Path:
    """A log.csv with these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(str(row.get(name, "")) for name in columns) for row in these]
    path.write_text("\n".join([",".join(columns), *lines, ""]), encoding="ascii")
    return path


def drawn(svg: str) -> ElementTree.Element:
    """The SVG as a tree: well-formed, or this raises."""
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [element.text for element in drawn(svg).iter("{http://www.w3.org/2000/svg}text")]


def curves(svg: str) -> list[list[tuple[float, float]]]:
    lines = drawn(svg).iter("{http://www.w3.org/2000/svg}polyline")
    return [[tuple(map(float, place.split(","))) for place in line.get("points").split()] for line in lines]


def roughness(losses: list[float]) -> float:
    """How far a curve goes up and down in all."""
    return sum(abs(later - loss) for loss, later in itertools.pairwise(losses))


# --- The chart of one run ---


def test_a_run_leaves_a_chart_with_its_name_its_size_and_its_best_evaluation(house):
    svg = house.checkpoint.with_name("loss.svg").read_text(encoding="utf-8")
    checkpoint = load_checkpoint(house.checkpoint)
    best = min(checkpoint["run"]["history"], key=lambda entry: entry["bits_per_byte"])
    said = texts(svg)
    assert f"best {best['bits_per_byte']:.4f} at step {best['step']}" in said
    assert {"bits per byte", "training", "validation"} <= set(said)
    assert said[0].endswith("checkpoints/ckpt.pt")
    assert re.fullmatch(r"[\d,]+ parameters · [\d,]+ tokens of text", said[1])


def test_the_size_of_a_run_is_told_in_words():
    assert describe_size(5_312_000, 312_000) == TITLE[1]
    assert describe_size(51_234, 6_789) == "51,234 parameters · 6,789 tokens of text"


def test_both_losses_share_one_axis():
    """A training loss of 2 bits per byte stands as high as a validation loss of 2 bits per byte."""
    train, validation = curves(draw_chart(rows([2.0, 2.0, 2.0, 1.0], {1: 2.0, 4: 1.0}), *TITLE))
    assert train[0][1] == validation[0][1] < train[-1][1] == validation[-1][1]


@settings(max_examples=100, deadline=None)
@given(
    losses=st.lists(st.floats(1e-3, 1e3), max_size=60),
    evaluations=st.dictionaries(st.integers(1, 60), st.floats(1e-3, 1e3), max_size=8),
    first=st.integers(1, 10**6),
    name=st.text(st.characters(codec="utf-8"), max_size=200),
)
def test_any_log_makes_a_chart_whose_words_and_evaluations_lie_within_it(losses, evaluations, first, name):
    evaluations = {first + step - 1: bits for step, bits in evaluations.items() if step <= len(losses)}
    svg = draw_chart(rows(losses, evaluations, first), name, "12,345 parameters")
    root = drawn(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    for element in root.iter():
        for x, y in (("x", "y"), ("cx", "cy")):
            if element.get(x):
                assert 0 <= float(element.get(x)) <= width and 0 <= float(element.get(y)) <= height
    assert not re.search(r'"(nan|inf|-inf)', svg)


def test_letters_are_readable_where_a_readme_shows_the_chart_600_pixels_wide():
    svg = draw_chart(rows([2.0] * 20, {20: 2.0}), *TITLE)
    sizes = [int(size) for size in re.findall(r'font-size="(\d+)"', svg)]
    assert min(sizes) * 600 / WIDTH >= 14 and min(sizes) * 400 / WIDTH >= 10
    assert 'fill="white"' in svg.split("<text")[0]


def test_a_long_path_keeps_its_end():
    shown = texts(draw_chart(rows([2.0]), "아주 긴 폴더 이름/" * 20 + "ckpt.pt", ""))[0]
    assert re.fullmatch("…(/아주 긴 폴더 이름)+/ckpt.pt", shown) and len(shown) < 60


def test_one_wild_batch_presses_nothing_flat():
    losses = [2.0 - 0.007 * step for step in range(100)]
    quiet = curves(draw_chart(rows(losses), *TITLE))[-2]
    losses[50] = 170.0
    wild = curves(draw_chart(rows(losses), *TITLE))[-2]
    assert max(abs(one[1] - other[1]) for one, other in zip(quiet, wild, strict=True)) < 5


def test_the_steep_fall_at_the_start_leaves_most_of_the_height_to_the_rest():
    losses = [12.0, 9.0, 6.0, 4.0] + [3.0 - 0.005 * step for step in range(200)]
    _, trend, _ = curves(draw_chart(rows(losses), *TITLE))
    assert trend[-1][1] - trend[20][1] > PLOT_HEIGHT / 4


def test_a_long_run_makes_no_larger_chart():
    sizes = [len(draw_chart(rows([5.0] * steps), *TITLE)) for steps in (2 * MOST_POINTS, 20 * MOST_POINTS)]
    assert sizes[1] < 1.3 * sizes[0] < 40_000


# --- Smoothing ---


@pytest.mark.parametrize("count", [15, 20, 39, 1000])
def test_short_runs_are_smoothed_like_long_ones(count):
    """A falling loss with the noise of the batches: its curve goes up and down a third as much at most."""
    chance = random.Random(1)
    trend = [3.0 - step / count for step in range(count)]
    points = [(float(step), loss + chance.gauss(0, 0.3)) for step, loss in enumerate(trend)]
    smoothed = [loss for _, loss in smooth(points)]
    assert roughness(smoothed[1:]) < roughness([loss for _, loss in points[1:]]) / 3
    assert max(abs(one - other) for one, other in zip(smoothed[2:], trend[2:], strict=True)) < 0.4


def test_a_straight_line_stays_where_it_is_up_to_its_end():
    points = [(float(step), 3.0 - 0.01 * step) for step in range(50)]
    assert [loss for _, loss in smooth(points)[:-1]] == pytest.approx([loss for _, loss in points[:-1]], abs=0.01)
    assert smooth(points)[-1][1] == pytest.approx(points[-1][1], abs=0.01)


@given(st.lists(st.floats(0, 9), min_size=1, max_size=1500))
@settings(max_examples=30, deadline=None)
def test_thinning_keeps_the_mean_of_what_it_joins_and_smoothing_the_start(losses):
    points = [(step, loss) for step, loss in enumerate(losses)]
    thinned = thin(points)
    assert len(thinned) <= MOST_POINTS
    assert thinned[0][0] < 4 and min(losses) - 1e-9 <= thinned[0][1] <= max(losses) + 1e-9
    smoothed = smooth(points)
    assert smoothed[0] == points[0] and [x for x, _ in smoothed] == [x for x, _ in points]


# --- Axes ---


@given(low=st.floats(-1e4, 1e4), spread=st.floats(0, 1e5), about=st.integers(2, 10))
@settings(max_examples=200, deadline=None)
def test_ticks_are_round_numbers_around_the_values(low, spread, about):
    ticks = round_ticks(low, low + spread, about)
    gap = ticks[1] - ticks[0]
    assert ticks[0] <= low + gap / 1e6 and ticks[-1] >= low + spread - gap / 1e6
    assert 2 <= len(ticks) <= about + 3
    assert re.fullmatch(r"[125]0*|10*", f"{gap / 10 ** math.floor(math.log10(gap * 1.000001)):.0f}")
    assert [float(label(tick, ticks).replace(",", "")) for tick in ticks] == pytest.approx(ticks, abs=gap / 1e6)


@pytest.mark.parametrize(
    ("over", "unit", "best"),
    [
        ("steps", "steps", "best 2.0000 at step 1,500"),
        ("minutes", "minutes", "best 2.0000 after 750.0 minutes"),
        ("tokens", "million tokens", "best 2.0000 at 1.5 million tokens"),
    ],
)
def test_runs_are_compared_over_steps_minutes_or_tokens(over, unit, best):
    said = texts(draw_comparison({"기준": rows([3.0] * 2000, {1500: 2.0, 2000: 2.5})}, over))
    assert unit in said and best in said


# --- Several runs ---


def test_each_run_has_a_name_a_color_and_its_best_point():
    runs = {
        name: rows([3.0] * 20, {10: 2.0 + at, 20: 2.5 + at}) for at, name in enumerate(["기준", "큰 모델", "긴 글"])
    }
    svg = draw_comparison(runs, "steps")
    assert {*runs, "best 2.0000 at step 10", "best 3.0000 at step 10", "best 4.0000 at step 10"} <= set(texts(svg))
    assert all(svg.count(f'stroke="{color}"') == 4 for color in RUN_COLORS[:3])  # legend, two curves, best point
    assert RUN_COLORS[3] not in svg


def test_a_run_of_half_the_steps_ends_in_the_middle():
    svg = draw_comparison({"짧게": rows([3.0] * 100, {100: 2.0}), "길게": rows([3.0] * 200, {200: 2.0})}, "steps")
    short, long = curves(svg)[:2]
    assert short[-1][0] - short[0][0] == pytest.approx((long[-1][0] - long[0][0]) / 2, abs=3)


def test_the_comparison_of_two_logs_ends_with_its_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    logs = [save(Path(name) / "log.csv", rows([3.0] * 20, {20: 2.0})) for name in ("기준", "큰 모델")]
    main([str(log) for log in logs])
    assert capsys.readouterr().out == "loss-comparison.svg: 2 runs over steps\n"
    assert {"기준", "큰 모델"} <= set(texts(Path("loss-comparison.svg").read_text(encoding="utf-8")))
    main([str(logs[0]), "--out", "그림/기준.svg", "--over", "minutes"])
    assert capsys.readouterr().out == "그림/기준.svg: 1 run over minutes\n"
    assert "minutes" in texts(Path("그림/기준.svg").read_text(encoding="utf-8"))


def test_of_an_older_log_only_the_validation_is_compared(tmp_path, capsys):
    """Its training loss is in nats per token, and nothing tells how many bytes a token has."""
    old = save(tmp_path / "old" / "log.csv", rows([3.0] * 20, {10: 2.5, 20: 2.0}), FIRST_COLUMNS)
    main([str(old), "--out", str(tmp_path / "loss.svg")])
    assert f"{old}: an older log without train_bits_per_byte; only its validation" in capsys.readouterr().out
    training, validation = curves((tmp_path / "loss.svg").read_text(encoding="utf-8"))
    assert (len(training), len(validation)) == (0, 3)


def test_a_run_is_named_after_its_folder_or_checkpoint_and_by_its_path_where_names_are_equal():
    assert name_runs(["a/log.csv", "b/mine.log.csv", "b/log.older.csv"]) == ["a", "mine", "log.older.csv"]
    assert name_runs(["x/a/log.csv", "y/a/log.csv", "b/log.csv"]) == ["x/a/log.csv", "y/a/log.csv", "b"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "file not found"),
        (b"", "not a log of step 04"),
        ("단계;손실\n1;3,5\n".encode(), "not a log of step 04"),
        (b"\xff\xd8\xff", "not a log of step 04"),
        (",".join(COLUMNS).encode() + b"\n", "no rows yet"),
    ],
)
def test_a_log_that_cannot_be_read_is_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys, content, complaint):
    good, bad = save(tmp_path / "기준" / "log.csv", rows([3.0] * 20, {20: 2.0})), tmp_path / "log.csv"
    if content is not None:
        bad.write_bytes(content)
    monkeypatch.setattr("sys.argv", ["loss_chart.py", str(good), str(bad), "--out", str(tmp_path / "loss.svg")])
    with pytest.raises(SystemExit) as end:
        pipeline.run(main)
    printed = capsys.readouterr()
    assert (end.value.code, printed.out, len(printed.err.splitlines())) == (2, "", 1)
    assert printed.err.startswith(f"{bad}: {complaint}")
    assert not (tmp_path / "loss.svg").exists()


def test_a_folder_in_the_place_of_a_log_is_one_line(tmp_path):
    with pytest.raises(StepError, match=r"give the log\.csv of a run"):
        main([str(tmp_path), "--out", str(tmp_path / "loss.svg")])


def test_a_run_with_nothing_to_draw_is_one_line(tmp_path):
    old = save(tmp_path / "log.csv", rows([3.0] * 20), FIRST_COLUMNS)
    with pytest.raises(StepError, match="no evaluation yet"):
        main([str(old), "--out", str(tmp_path / "loss.svg")])


def test_a_log_is_never_overwritten_with_a_chart(tmp_path):
    log = save(tmp_path / "log.csv", rows([3.0] * 20, {20: 2.0}))
    with pytest.raises(StepError, match=r"ends in \.svg"):
        main([str(log), "--out", str(log)])


def test_more_runs_than_colors_or_one_log_twice_are_refused(tmp_path):
    log = str(save(tmp_path / "log.csv", rows([3.0])))
    with pytest.raises(StepError, match=f"{len(RUN_COLORS) + 1} logs given"):
        main([log] * (len(RUN_COLORS) + 1))
    with pytest.raises(StepError, match="given twice"):
        main([log, log])


# --- The file ---


def test_a_failed_drawing_leaves_the_chart_before_it(tmp_path, monkeypatch, capsys):
    path = tmp_path / "loss.svg"
    log = TrainingLog(save(tmp_path / "log.csv", rows([3.0])), 4.1)
    write_chart(path, log, *TITLE)
    before = path.read_bytes()
    save(log.path, rows([3.0, 2.0]))
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    write_chart(path, log, *TITLE)
    assert path.read_bytes() == before and sorted(os.listdir(tmp_path)) == ["log.csv", "loss.svg"]
    assert "no space left on device" in capsys.readouterr().err


def test_the_chart_of_an_older_log_has_its_training_loss_in_bits_per_byte(tmp_path):
    """2 bits per byte, of tokens of 4.1 bytes, are so many nats per token."""
    these = [{**row, "train_loss": 2.0 * math.log(2) * 4.1} for row in rows([0.0] * 3, {1: 2.0, 3: 1.0})]
    log = TrainingLog(save(tmp_path / "log.csv", these, FIRST_COLUMNS), 4.1)
    training, validation = curves(draw_chart(log.read(), *TITLE))
    assert training[0][1] == training[-1][1] == validation[0][1]
