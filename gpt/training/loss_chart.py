"""loss.svg: the losses of a run as curves, in a file that every browser opens; and one chart for several runs.

    python -m gpt.training.loss_chart checkpoints/log.csv other/log.csv --over minutes

writes loss-comparison.svg. The SVG is written by hand: a drawing library would be one more package to install.
"""

import argparse
import html
import math
import statistics
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pipeline
from gpt.training.log import Row, TrainingLog, read_log
from gpt.training.processes import in_first_process
from pipeline import StepError

from tqdm import tqdm

# Sizes are chosen for a README, which shows the picture 600 pixels wide, and 400 on a phone.
WIDTH = 640
MARGIN, LEFT, RIGHT = 20, 74, 600  # of the texts; edges of the plot
PLOT_HEIGHT = 270
LARGE, MEDIUM, SMALL = 20, 17, 16  # font sizes
INK, QUIET, GRID = "#1a1a1a", "#595959", "#dcdcdc"
TRAINING, VALIDATION = "#1f5fbf", "#c2410c"
RUN_COLORS = ("#1f5fbf", "#c2410c", "#0f7b54", "#8b2fc9", "#946c00", "#c2185b", "#0e7c91", "#4a4a4a")

MOST_POINTS = 400  # of a curve: more than the eye tells apart, in a file that stays small
MOST_DOTS = 40  # evaluations that are marked one by one
SMOOTHED_FROM = 8  # points
STEEP_SHARE = 0.03  # first share of a run, whose steep fall in loss would press the rest of the curve flat

VALIDATION_COLUMN, TRAINING_COLUMN = "validation_bits_per_byte", "train_bits_per_byte"
AXES = ("steps", "minutes", "tokens")

Points = list[tuple[float, float]]  # (place on the x axis, bits per byte)


# ---------------------------------------------------------------------------------------------------
# The chart of one run
# ---------------------------------------------------------------------------------------------------


@in_first_process
def write_chart(path: Path | str, log: TrainingLog, name: str, about: str) -> None:
    """Draw the rows of a log into `path`. Training goes on without a chart that cannot be written."""
    try:
        with pipeline.atomic_write(path) as file:
            file.write(draw_chart(log.read(), name, about))
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        tqdm.write(f"{path}: {what}; training goes on, and the next evaluation draws it again", file=sys.stderr)


def draw_chart(rows: Sequence[Row], name: str, about: str) -> str:
    """The SVG of a log's rows: both losses in bits per byte over the steps, and a mark at the best validation.

    `name` is the title, and `about` the line below it.
    """
    axis = Axis("steps", [rows])
    validation, training = axis.points(rows, VALIDATION_COLUMN), thin(axis.points(rows, TRAINING_COLUMN))
    smoothed = smooth(training)
    plot = Plot(140, axis, loss_range([validation], [smoothed]))
    head = [
        _text(MARGIN, 34, _shorten(name, LARGE), size=LARGE, weight=600),
        _text(MARGIN, 60, _shorten(about, SMALL), size=SMALL, color=QUIET),
        _line(MARGIN, 90, MARGIN + 26, 90, TRAINING, 3.5),
        _text(MARGIN + 34, 96, "training"),
        _line(MARGIN + 120, 90, MARGIN + 146, 90, VALIDATION, 3.5),
        _text(MARGIN + 154, 96, "validation"),
        _text(MARGIN, plot.top - 16, "bits per byte", size=SMALL, color=QUIET),
    ]
    curves = []
    if smoothed != training:
        curves.append(plot.curve(training, TRAINING, width=1.2, opacity=0.3))
    curves += [
        plot.curve(smoothed, TRAINING, width=2.5),
        plot.curve(thin(validation), VALIDATION, width=3),
    ]
    if len(validation) <= MOST_DOTS:
        curves += [plot.dot(point, 3, VALIDATION, VALIDATION) for point in validation]
    if validation:
        best = best_point(validation)
        head.append(_text(WIDTH - MARGIN, 96, describe_best(best, axis), VALIDATION, anchor="end", weight=600))
        curves += [
            _line(plot.x(best[0]), plot.y(best[1]), plot.x(best[0]), plot.bottom, VALIDATION, 1.5, dashes="3 4"),
            plot.dot(best, 6, "white", VALIDATION),
        ]
    caption = f"steps ({rows[-1]['step']:,.0f} in {rows[-1]['seconds'] / 60:,.1f} minutes)" if rows else "steps"
    title = f"{name}: training and validation loss in bits per byte over the steps"
    return _svg(plot.bottom + 64, title, [*head, *plot.axes(caption), *curves])


def describe_size(parameters: int, tokens: int) -> str:
    """The size of a model and of its text, for the line below the title."""
    return f"{_in_words(parameters)} parameters · {_in_words(tokens)} tokens of text"


def _in_words(number: int) -> str:
    """5_300_000 -> "5.3 million", 51_234 -> "51,234"."""
    return f"{number / 1e6:,.1f} million" if number >= 100_000 else f"{number:,}"


# ---------------------------------------------------------------------------------------------------
# Several runs in one chart
# ---------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(
        prog=f"python -m {__spec__.name}", description="Draw the losses of several training runs into one SVG."
    )
    parser.add_argument("logs", nargs="+", metavar="log.csv", help="logs that step 04 wrote beside its checkpoints")
    parser.add_argument("--out", default="loss-comparison.svg", help="the file to write (default: %(default)s)")
    parser.add_argument("--over", choices=AXES, default="steps", help="the x axis (default: %(default)s)")
    options = parser.parse_args(arguments)
    if Path(options.out).suffix.lower() != ".svg":
        raise StepError(f"--out {options.out}: the chart is an SVG; choose a file name that ends in .svg")
    if len(options.logs) > len(RUN_COLORS):
        raise StepError(f"{len(options.logs)} logs given; one chart has colors for {len(RUN_COLORS)}: leave some out")
    runs = dict(zip(name_runs(options.logs), map(read_log, options.logs), strict=True))
    for path, rows in zip(options.logs, runs.values(), strict=True):
        if not any(TRAINING_COLUMN in row for row in rows):
            if not any(VALIDATION_COLUMN in row for row in rows):
                raise StepError(f"{path}: no evaluation yet; wait for the first one of the run")
            print(f"{path}: an older log without {TRAINING_COLUMN}; only its validation loss is drawn")
    svg = draw_comparison(runs, options.over)
    with pipeline.atomic_write(options.out) as file:
        file.write(svg)
    print(f"{options.out}: {len(runs)} run{'s' if len(runs) > 1 else ''} over {options.over}")


def name_runs(paths: Sequence[str]) -> list[str]:
    """A name for each log: of its folder or, for mine.log.csv, of its checkpoint; the path where names are equal."""
    names = []
    for path in map(Path, paths):
        names.append(path.resolve().parent.name if path.name == "log.csv" else path.name.removesuffix(".log.csv"))
    if len(set(names)) == len(names):
        return names
    if len({Path(path).resolve() for path in paths}) < len(paths):
        raise StepError("the same log is given twice; leave one out")
    return [name if names.count(name) == 1 else path for name, path in zip(names, paths, strict=True)]


def draw_comparison(runs: dict[str, Sequence[Row]], over: str) -> str:
    """The SVG of several runs by name: validation solid, training (smoothed) light, the best validation marked.

    `over` is one of AXES.
    """
    axis = Axis(over, list(runs.values()))
    validations = [axis.points(rows, VALIDATION_COLUMN) for rows in runs.values()]
    trainings = [smooth(thin(axis.points(rows, TRAINING_COLUMN))) for rows in runs.values()]
    plot = Plot(112 + 28 * len(runs), axis, loss_range(validations, trainings))
    head = [
        _text(MARGIN, 34, "Loss in bits per byte", size=LARGE, weight=600),
        _text(MARGIN, 60, "solid: validation · light: training", size=SMALL, color=QUIET),
    ]
    light, solid, marks = [], [], []
    for at, (name, validation, training) in enumerate(zip(runs, validations, trainings, strict=True)):
        color, y = RUN_COLORS[at], 96 + 28 * at
        best = describe_best(best_point(validation), axis) if validation else "no evaluation yet"
        room = WIDTH - 2 * MARGIN - 34 - 20 - _width(best, MEDIUM)
        head += [
            _line(MARGIN, y - 6, MARGIN + 26, y - 6, color, 4),
            _text(MARGIN + 34, y, _shorten(name, MEDIUM, room)),
            _text(WIDTH - MARGIN, y, best, color, anchor="end", weight=600),
        ]
        light.append(plot.curve(training, color, width=2, opacity=0.35))
        solid.append(plot.curve(thin(validation), color, width=3))
        if validation:
            marks.append(plot.dot(best_point(validation), 6, "white", color))
    return _svg(
        plot.bottom + 64,
        f"Loss of {', '.join(runs)} in bits per byte over {over}",
        [*head, *plot.axes(axis.unit), *light, *solid, *marks],
    )


def best_point(validation: Points) -> tuple[float, float]:
    return min(validation, key=lambda point: point[1])


def describe_best(best: tuple[float, float], axis: "Axis") -> str:
    """The lowest loss and where it was reached."""
    x, loss = best
    where = {"steps": f"at step {x:,.0f}", "minutes": f"after {x:,.1f} minutes", "tokens": f"at {x:,.1f} {axis.unit}"}
    return f"best {loss:.4f} {where[axis.over]}"


# ---------------------------------------------------------------------------------------------------
# From rows to points
# ---------------------------------------------------------------------------------------------------


class Axis:
    """The x axis: which column it shows, in which unit, and how far the runs have come on it."""

    def __init__(self, over: str, runs: Sequence[Sequence[Row]]):
        column = {"steps": "step", "minutes": "seconds", "tokens": "tokens"}[over]
        most = max((row[column] for rows in runs for row in rows), default=0)
        self.over, self.column = over, column
        self.divisor, self.unit = 1.0, over
        if over == "minutes":
            self.divisor = 60.0
        elif over == "tokens":
            for divisor, unit in ((1e9, "billion tokens"), (1e6, "million tokens"), (1e3, "thousand tokens")):
                if most >= divisor:
                    self.divisor, self.unit = divisor, unit
                    break
        self.end = most / self.divisor or 1.0

    def points(self, rows: Sequence[Row], loss_column: str) -> Points:
        """The losses of the rows that have them."""
        return [(row[self.column] / self.divisor, row[loss_column]) for row in rows if loss_column in row]


def thin(points: Points) -> Points:
    """At most MOST_POINTS points: each the mean of a few neighbours."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    groups = [points[at : at + size] for at in range(0, len(points), size)]
    return [tuple(statistics.fmean(values) for values in zip(*group, strict=True)) for group in groups]


def smooth(points: Points) -> Points:
    """The trend of the losses: the median of each point's neighbours, then their mean.

    The median takes out single wild batches. The longer the curve, the more neighbours on each side: 2 of 16
    points, 10 of 400. At its start, where the loss falls steeply, there are as many before as after a point. At
    its end, which has no points after it, a line through the last ones takes the place of the mean.
    """
    if len(points) < SMOOTHED_FROM:
        return points
    last = len(points) - 1
    most = round(math.sqrt(len(points)) / 2)
    losses = [loss for _, loss in points]
    medians = []
    for at in range(len(points)):
        reach = min(most, at, last - at)
        medians.append(statistics.median(losses[at - reach : at + reach + 1] if at < last else losses[-3:]))
    smoothed = []
    for at, (x, _) in enumerate(points):
        if at + most <= last:
            reach = min(most, at)
            loss = statistics.fmean(medians[at - reach : at + reach + 1])
        else:
            first = max(0, last - 2 * most)
            slope, intercept = statistics.linear_regression(range(first, last + 1), medians[first:])
            loss = intercept + slope * at
        smoothed.append((x, loss))
    return smoothed


def loss_range(validations: Sequence[Points], trainings: Sequence[Points]) -> tuple[float, float]:
    """The lowest and highest loss to show: every validation, and the smoothed training after its first steep fall."""
    losses = [loss for points in validations for _, loss in points]
    for points in trainings:
        steep = STEEP_SHARE * points[-1][0] if len(points) >= SMOOTHED_FROM else 0.0
        losses += [loss for x, loss in points if x >= steep]
    return min(losses, default=0.0), max(losses, default=1.0)


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


# ---------------------------------------------------------------------------------------------------
# SVG
# ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plot:
    """The rectangle of the curves: from values to places in the picture."""

    top: float
    axis: Axis
    losses: tuple[float, float]  # lowest, highest

    @property
    def bottom(self) -> float:
        return self.top + PLOT_HEIGHT

    @property
    def loss_ticks(self) -> list[float]:
        return round_ticks(*self.losses, 4)

    def x(self, value: float) -> float:
        return LEFT + (RIGHT - LEFT) * value / self.axis.end

    def y(self, loss: float) -> float:
        ticks = self.loss_ticks
        return self.bottom - PLOT_HEIGHT * (loss - ticks[0]) / (ticks[-1] - ticks[0])

    def axes(self, caption: str) -> list[str]:
        """Grid lines, numbers, the caption of the x axis, and the clip path that keeps the curves inside."""
        clip = f'<rect x="{LEFT}" y="{self.top}" width="{RIGHT - LEFT}" height="{PLOT_HEIGHT}"/>'
        elements = [f'<clipPath id="plot">{clip}</clipPath>']
        for tick in self.loss_ticks:
            elements.append(_line(LEFT, self.y(tick), RIGHT, self.y(tick), GRID))
            elements.append(_text(LEFT - 10, self.y(tick) + 6, label(tick, self.loss_ticks), anchor="end"))
        ticks = [tick for tick in round_ticks(0, self.axis.end, 5) if tick <= self.axis.end]
        if self.axis.over == "steps":
            ticks = [tick for tick in ticks if tick == int(tick)]
        for tick in ticks:
            elements.append(_line(self.x(tick), self.bottom, self.x(tick), self.bottom + 6, INK, 1.5))
            elements.append(_text(self.x(tick), self.bottom + 25, label(tick, ticks), anchor="middle"))
        elements.append(_line(LEFT, self.bottom, RIGHT, self.bottom, INK, 1.5))
        elements.append(_text((LEFT + RIGHT) / 2, self.bottom + 50, caption, QUIET, "middle", SMALL))
        return elements

    def curve(self, points: Points, color: str, width: float, opacity: float = 1) -> str:
        # With its last point twice and round ends, a curve of one point is a dot.
        places = " ".join(f"{self.x(x):.1f},{self.y(loss):.1f}" for x, loss in [*points, *points[-1:]])
        return (
            f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="{width}" '
            f'stroke-opacity="{opacity}" stroke-linejoin="round" stroke-linecap="round" clip-path="url(#plot)"/>'
        )

    def dot(self, point: tuple[float, float], radius: float, fill: str, color: str) -> str:
        """A mark on a curve; a browser shows its loss under the mouse."""
        x, loss = point
        return (
            f'<circle cx="{self.x(x):.1f}" cy="{self.y(loss):.1f}" r="{radius}" fill="{fill}" '
            f'stroke="{color}" stroke-width="{max(1, radius / 2)}"><title>{x:,.6g}: {loss:.4f}</title></circle>'
        )


def _svg(height: float, title: str, elements: Sequence[str]) -> str:
    """The file: a white plate, so that it reads on dark pages too, and what stands on it."""
    body = "\n".join(elements)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" role="img">\n'
        f"<title>{_escape(title)}</title>\n"
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="white"/>\n{body}\n</svg>\n'
    )


def _text(
    x: float, y: float, text: str, color: str = INK, anchor: str = "start", size: int = MEDIUM, weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{color}">{_escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str, width: float = 1, dashes: str = "none") -> str:
    path = f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
    return f'<path d="{path}" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'


def _escape(text: str) -> str:
    """A text that stands in XML; a file name may hold control characters, which XML does not allow."""
    return html.escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))


def _width(text: str, size: int) -> float:
    """About how wide a text is, in pixels; Hangul letters are as wide as they are high."""
    return size * sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.58 for letter in text)


def _shorten(text: str, size: int, room: float = WIDTH - 2 * MARGIN) -> str:
    """The end of a text that fits `room` pixels: of a path, its end tells most."""
    if _width(text, size) <= room:
        return text
    while text and _width("…" + text, size) > room:
        text = text[1:]
    return "…" + text[max(0, text.find("/")) :]  # whole names of folders, where one fits


if __name__ == "__main__":
    pipeline.run(main)
