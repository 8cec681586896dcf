"""From the rows of a log to the points of a curve: units, thinning, smoothing, and round numbers for the axes."""

import math
import statistics
from collections.abc import Sequence

from gpt.training.log import Row

MOST_POINTS = 400  # of a curve: more than the eye can tell apart, in a file that stays small
SMOOTHED_FROM = 8  # points
STEEP_SHARE = 0.03  # first share of a run, whose steep fall in loss would press the rest of the curve flat

Point = tuple[float, float]  # (value on the x axis, bits per byte)
Points = list[Point]


class Axis:
    """The x axis: which column it shows, in which unit, and how far the runs have come on it."""

    def __init__(self, over: str, runs: Sequence[Sequence[Row]]) -> None:
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
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(statistics.fmean(x for x, _ in group), statistics.fmean(loss for _, loss in group)) for group in groups]


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
    for index in range(len(points)):
        reach = min(most, index, last - index)
        medians.append(statistics.median(losses[index - reach : index + reach + 1] if index < last else losses[-3:]))
    smoothed = []
    for index, (x, _) in enumerate(points):
        if index + most <= last:
            reach = min(most, index)
            loss = statistics.fmean(medians[index - reach : index + reach + 1])
        else:
            first = max(0, last - 2 * most)
            slope, intercept = statistics.linear_regression(range(first, last + 1), medians[first:])
            loss = intercept + slope * index
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
