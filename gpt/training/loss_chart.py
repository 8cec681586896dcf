"""loss.svg: the losses of a run as curves, in a file that every browser opens; and one chart for several runs.

    python -m gpt.training.loss_chart checkpoints/log.csv other/log.csv --over minutes

writes loss-comparison.svg.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pipeline
from gpt.training.curves import Axis, Point, Points, loss_range, smooth, thin
from gpt.training.log import Row, TrainingLog, read_log
from gpt.training.processes import in_first_process
from gpt.training.svg import (
    LARGE,
    MARGIN,
    MEDIUM,
    QUIET,
    SMALL,
    WIDTH,
    Plot,
    draw_line,
    draw_svg,
    draw_text,
    shorten,
    text_width,
)
from pipeline import StepError

from tqdm import tqdm

TRAINING, VALIDATION, GROUNDED = "#1f5fbf", "#c2410c", "#0f7b54"
RUN_COLORS = ("#1f5fbf", "#c2410c", "#0f7b54", "#8b2fc9", "#946c00", "#c2185b", "#0e7c91", "#4a4a4a")
MOST_DOTS = 40  # evaluations that are marked one by one

VALIDATION_COLUMN, TRAINING_COLUMN = "validation_bits_per_byte", "train_bits_per_byte"
GROUNDED_COLUMN = "grounded_bits_per_byte"
AXES = ("steps", "minutes", "tokens")


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
    smoothed, grounded = smooth(training), axis.points(rows, GROUNDED_COLUMN)
    plot = Plot(140, axis, loss_range([validation, grounded], [smoothed]))
    head = [
        draw_text(MARGIN, 34, shorten(name, LARGE), size=LARGE, weight=600),
        draw_text(MARGIN, 60, shorten(about, SMALL), size=SMALL, color=QUIET),
        draw_line(MARGIN, 90, MARGIN + 26, 90, TRAINING, 3.5),
        draw_text(MARGIN + 34, 96, "training"),
        draw_line(MARGIN + 120, 90, MARGIN + 146, 90, VALIDATION, 3.5),
        draw_text(MARGIN + 154, 96, "validation"),
        *draw_grounded_key(grounded),
        draw_text(MARGIN, plot.top - 16, "bits per byte", size=SMALL, color=QUIET),
    ]
    curves = []
    if smoothed != training:
        curves.append(plot.curve(training, TRAINING, width=1.2, opacity=0.3))
    curves += [
        plot.curve(smoothed, TRAINING, width=2.5),
        plot.curve(thin(validation), VALIDATION, width=3),
    ]
    if grounded:
        curves.append(plot.curve(thin(grounded), GROUNDED, width=2.5))
    if len(validation) <= MOST_DOTS:
        curves += [plot.dot(point, 3, VALIDATION, VALIDATION) for point in validation]
    if validation:
        best = best_point(validation)
        head.append(draw_text(WIDTH - MARGIN, 96, describe_best(best, axis), VALIDATION, anchor="end", weight=600))
        curves += [
            draw_line(plot.x(best[0]), plot.y(best[1]), plot.x(best[0]), plot.bottom, VALIDATION, 1.5, dashes="3 4"),
            plot.dot(best, 6, "white", VALIDATION),
        ]
    caption = f"steps ({rows[-1]['step']:,.0f} in {rows[-1]['seconds'] / 60:,.1f} minutes)" if rows else "steps"
    title = f"{name}: training and validation loss in bits per byte over the steps"
    return draw_svg(plot.bottom + 64, title, [*head, *plot.axes(caption), *curves])


def draw_grounded_key(grounded: Points) -> list[str]:
    """The name of the third curve, where there is one: validation answers that have their document before them."""
    if not grounded:
        return []
    return [
        draw_line(MARGIN + 255, 90, MARGIN + 281, 90, GROUNDED, 3.5),
        draw_text(MARGIN + 289, 96, "grounded answers"),
    ]


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
    """Draw the logs that are named on the command line."""
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


def draw_comparison(runs: Mapping[str, Sequence[Row]], over: str) -> str:
    """The SVG of several runs by name: validation solid, training (smoothed) light, the best validation marked.

    `over` is one of AXES.
    """
    axis = Axis(over, list(runs.values()))
    validations = [axis.points(rows, VALIDATION_COLUMN) for rows in runs.values()]
    trainings = [smooth(thin(axis.points(rows, TRAINING_COLUMN))) for rows in runs.values()]
    plot = Plot(112 + 28 * len(runs), axis, loss_range(validations, trainings))
    head = [
        draw_text(MARGIN, 34, "Loss in bits per byte", size=LARGE, weight=600),
        draw_text(MARGIN, 60, "solid: validation · light: training", size=SMALL, color=QUIET),
    ]
    light, solid, marks = [], [], []
    for number, (name, validation, training) in enumerate(zip(runs, validations, trainings, strict=True)):
        color, y = RUN_COLORS[number], 96 + 28 * number
        best = describe_best(best_point(validation), axis) if validation else "no evaluation yet"
        room = WIDTH - 2 * MARGIN - 34 - 20 - text_width(best, MEDIUM)
        head += [
            draw_line(MARGIN, y - 6, MARGIN + 26, y - 6, color, 4),
            draw_text(MARGIN + 34, y, shorten(name, MEDIUM, room)),
            draw_text(WIDTH - MARGIN, y, best, color, anchor="end", weight=600),
        ]
        light.append(plot.curve(training, color, width=2, opacity=0.35))
        solid.append(plot.curve(thin(validation), color, width=3))
        if validation:
            marks.append(plot.dot(best_point(validation), 6, "white", color))
    return draw_svg(
        plot.bottom + 64,
        f"Loss of {', '.join(runs)} in bits per byte over {over}",
        [*head, *plot.axes(axis.unit), *light, *solid, *marks],
    )


def best_point(validation: Points) -> Point:
    """The point with the lowest loss."""
    return min(validation, key=lambda point: point[1])


def describe_best(best: Point, axis: Axis) -> str:
    """The lowest loss and where it was reached."""
    x, loss = best
    where = {"steps": f"at step {x:,.0f}", "minutes": f"after {x:,.1f} minutes", "tokens": f"at {x:,.1f} {axis.unit}"}
    return f"best {loss:.4f} {where[axis.over]}"


if __name__ == "__main__":
    pipeline.run(main)
