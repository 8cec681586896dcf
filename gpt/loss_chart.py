"""loss.svg: the two losses of a run as curves, in a file that every browser opens.

Written out by hand: a drawing library would be one more package to install, for one picture of two lines.
"""

import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import pipeline
from gpt.log import TrainingLog
from gpt.processes import in_first_process

from tqdm import tqdm

WIDTH, HEIGHT = 900, 500
LEFT, RIGHT, TOP, BOTTOM = 64, 870, 92, 446  # edges of the plot
TRAINING, VALIDATION, INK, QUIET, GRID = "#2b6cb0", "#d9480f", "#333333", "#707070", "#e4e4e4"
MOST_POINTS = 400  # of a curve: more than the eye tells apart, in a file that stays small
MOST_DOTS = 60  # evaluations that are marked one by one
SMOOTHED_FROM = 40  # points; fewer are no thicket
SMOOTHED_SHARE = 0.02  # of all points, on each side of one: its neighbours

Points = list[tuple[float, float]]  # (step, bits per byte)


@in_first_process
def write_chart(path: Path | str, log: TrainingLog, bytes_per_token: float) -> None:
    """Draw the rows of a log into `path`. No chart is worth a run: one that cannot be written is told and let go."""
    try:
        with pipeline.atomic_write(path) as file:
            file.write(draw_chart(log.read(), bytes_per_token))
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        tqdm.write(f"{path}: {what}; training goes on, and the next evaluation draws it again", file=sys.stderr)


def draw_chart(rows: Sequence[dict[str, float]], bytes_per_token: float) -> str:
    """The SVG of a log's rows: both losses in bits per byte, over the steps, and a mark at the best validation.

    The training loss is in nats per token; `bytes_per_token`, the mean of the training text, puts it on the
    axis of the validation loss.
    """
    column = "validation_bits_per_byte"
    validation = [(row["step"], row[column]) for row in rows if column in row]
    training = thin([(row["step"], row["train_loss"] / math.log(2) / bytes_per_token) for row in rows])
    smoothed = smooth(training)

    # The axis fits the smoothed curve: one wild batch must not press everything else flat.
    losses = [loss for _, loss in smoothed + validation] or [0.0]
    loss_ticks = round_ticks(min(losses), max(losses), 6)
    last_step = max([1.0, *(row["step"] for row in rows)])
    step_ticks = [tick for tick in round_ticks(0, last_step, 8) if tick <= last_step and tick == int(tick)]
    plot = _Plot(last_step, loss_ticks[0], loss_ticks[-1])

    elements = [
        _text(LEFT, 30, "Loss while training", size=18, weight=600),
        _text(RIGHT, 30, describe(rows), anchor="end", color=QUIET),
        _line(LEFT, 52, LEFT + 24, 52, TRAINING, 2),
        _text(LEFT + 32, 56, "training"),
        _line(LEFT + 112, 52, LEFT + 136, 52, VALIDATION, 2),
        _text(LEFT + 144, 56, "validation"),
        _text(12, TOP - 14, "bits per byte", color=QUIET),
        _text((LEFT + RIGHT) / 2, BOTTOM + 42, "step", anchor="middle", color=QUIET),
    ]
    for tick in loss_ticks:
        elements.append(_line(LEFT, plot.y(tick), RIGHT, plot.y(tick), GRID))
        elements.append(_text(LEFT - 8, plot.y(tick) + 4, label(tick, loss_ticks), anchor="end"))
    for tick in step_ticks:
        elements.append(_line(plot.x(tick), BOTTOM, plot.x(tick), BOTTOM + 5, INK))
        elements.append(_text(plot.x(tick), BOTTOM + 20, label(tick, step_ticks), anchor="middle"))
    elements.append(_line(LEFT, BOTTOM, RIGHT, BOTTOM, INK))
    if smoothed != training:
        elements.append(plot.curve(training, TRAINING, width=1, opacity=0.3))
    elements.append(plot.curve(smoothed, TRAINING, width=2))
    elements.append(plot.curve(thin(validation), VALIDATION, width=2))
    if len(validation) <= MOST_DOTS:
        elements += [plot.dot(point, 2.5, VALIDATION) for point in validation]
    if validation:
        best = min(validation, key=lambda point: point[1])
        elements += [
            _line(plot.x(best[0]), plot.y(best[1]), plot.x(best[0]), BOTTOM, VALIDATION, dashes="3 4"),
            plot.dot(best, 5, "white"),
            _text(LEFT + 236, 56, f"best: {best[1]:.4f} at step {best[0]:,.0f}", color=VALIDATION, weight=600),
        ]
    body = "\n".join(elements)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" role="img">\n'
        "<title>Training and validation loss in bits per byte over the steps</title>\n"
        f'<clipPath id="plot"><rect x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"/></clipPath>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def thin(points: Points) -> Points:
    """At most MOST_POINTS points: each the mean of a few neighbours."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    groups = [points[at : at + size] for at in range(0, len(points), size)]
    return [tuple(statistics.fmean(values) for values in zip(*group, strict=True)) for group in groups]


def smooth(points: Points) -> Points:
    """Each loss as the median of its neighbours: one wild batch leaves it where it is.

    They are as many before as after it, so that the ends of the curve are not shifted.
    """
    if len(points) < SMOOTHED_FROM:
        return points
    most = math.ceil(SMOOTHED_SHARE * len(points))
    smoothed = []
    for at, (step, _) in enumerate(points):
        reach = min(most, at, len(points) - 1 - at)
        smoothed.append((step, statistics.median(loss for _, loss in points[at - reach : at + reach + 1])))
    return smoothed


def round_ticks(low: float, high: float, about: int) -> list[float]:
    """About so many round numbers, 1, 2 or 5 times a power of ten apart, from at most `low` to at least `high`."""
    gap = max(high - low, abs(high) / 100, 1e-6) / about
    power = 10 ** math.floor(math.log10(gap))
    gap = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= gap * (1 - 1e-9))
    first, last = math.floor(low / gap + 1e-9), math.ceil(high / gap - 1e-9)
    return [count * gap for count in range(first, max(last, first + 1) + 1)]


def label(tick: float, ticks: Sequence[float]) -> str:
    """The number with as many digits as its axis needs: "2,000", "1.75"."""
    gap = ticks[1] - ticks[0] if len(ticks) > 1 else 1
    return f"{tick:,.{max(0, -math.floor(math.log10(gap) + 1e-9))}f}"


def describe(rows: Sequence[dict[str, float]]) -> str:
    """How far the run has come."""
    if not rows:
        return ""
    last = rows[-1]
    return f"step {last['step']:,.0f}, {last['seconds'] / 60:,.1f} minutes, {last['tokens'] / 1e6:,.1f} million tokens"


class _Plot:
    """The rectangle of the curves: from steps and losses to places in the picture."""

    def __init__(self, last_step: float, low: float, high: float):
        self.last_step, self.low, self.high = last_step, low, high

    def x(self, step: float) -> float:
        return LEFT + (RIGHT - LEFT) * step / self.last_step

    def y(self, loss: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (loss - self.low) / (self.high - self.low)

    def curve(self, points: Points, color: str, width: float, opacity: float = 1) -> str:
        # With its last point twice and round ends, a curve of one point is a dot.
        places = " ".join(f"{self.x(step):.1f},{self.y(loss):.1f}" for step, loss in [*points, *points[-1:]])
        return (
            f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="{width}" '
            f'stroke-opacity="{opacity}" stroke-linejoin="round" stroke-linecap="round" clip-path="url(#plot)"/>'
        )

    def dot(self, point: tuple[float, float], radius: float, fill: str) -> str:
        """A mark on the validation curve; a browser shows its numbers under the mouse."""
        step, loss = point
        return (
            f'<circle cx="{self.x(step):.1f}" cy="{self.y(loss):.1f}" r="{radius}" fill="{fill}" '
            f'stroke="{VALIDATION}" stroke-width="2"><title>step {step:,.0f}: {loss:.4f}</title></circle>'
        )


def _text(x: float, y: float, text: str, anchor="start", color=INK, size=13, weight=400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{color}">{text}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str, width: float = 1, dashes="none") -> str:
    path = f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
    return f'<path d="{path}" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'
