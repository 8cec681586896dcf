"""The drawing of a chart as SVG, written by hand: a drawing library would be one more package to install."""

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gpt.training.curves import Axis, Point, Points, label, round_ticks

# Sizes are chosen for a README, which shows the picture 600 pixels wide, and 400 on a phone.
WIDTH = 640
MARGIN, LEFT, RIGHT = 20, 74, 600  # of the texts; edges of the plot
PLOT_HEIGHT = 270
LARGE, MEDIUM, SMALL = 20, 17, 16  # font sizes
INK, QUIET, GRID = "#1a1a1a", "#595959", "#dcdcdc"


@dataclass(frozen=True)
class Plot:
    """The rectangle of the curves: from values to pixels."""

    top: float
    axis: Axis
    losses: tuple[float, float]  # lowest, highest

    @property
    def bottom(self) -> float:
        """The lower edge in pixels."""
        return self.top + PLOT_HEIGHT

    @property
    def loss_ticks(self) -> list[float]:
        """The losses at the grid lines."""
        return round_ticks(*self.losses, 4)

    def x(self, value: float) -> float:
        """The pixel of a value on the x axis."""
        return LEFT + (RIGHT - LEFT) * value / self.axis.end

    def y(self, loss: float) -> float:
        """The pixel of a loss."""
        ticks = self.loss_ticks
        return self.bottom - PLOT_HEIGHT * (loss - ticks[0]) / (ticks[-1] - ticks[0])

    def axes(self, caption: str) -> list[str]:
        """Grid lines, numbers, the caption of the x axis, and the clip path that keeps the curves inside."""
        clip = f'<rect x="{LEFT}" y="{self.top}" width="{RIGHT - LEFT}" height="{PLOT_HEIGHT}"/>'
        elements = [f'<clipPath id="plot">{clip}</clipPath>']
        for tick in self.loss_ticks:
            elements.append(draw_line(LEFT, self.y(tick), RIGHT, self.y(tick), GRID))
            elements.append(draw_text(LEFT - 10, self.y(tick) + 6, label(tick, self.loss_ticks), anchor="end"))
        ticks = [tick for tick in round_ticks(0, self.axis.end, 5) if tick <= self.axis.end]
        if self.axis.over == "steps":
            ticks = [tick for tick in ticks if tick == int(tick)]
        for tick in ticks:
            elements.append(draw_line(self.x(tick), self.bottom, self.x(tick), self.bottom + 6, INK, 1.5))
            elements.append(draw_text(self.x(tick), self.bottom + 25, label(tick, ticks), anchor="middle"))
        elements.append(draw_line(LEFT, self.bottom, RIGHT, self.bottom, INK, 1.5))
        elements.append(draw_text((LEFT + RIGHT) / 2, self.bottom + 50, caption, QUIET, "middle", SMALL))
        return elements

    def curve(self, points: Points, color: str, width: float, opacity: float = 1) -> str:
        """A line through the points."""
        # With its last point twice and round ends, a curve of one point is a dot.
        pixels = " ".join(f"{self.x(x):.1f},{self.y(loss):.1f}" for x, loss in [*points, *points[-1:]])
        return (
            f'<polyline points="{pixels}" fill="none" stroke="{color}" stroke-width="{width}" '
            f'stroke-opacity="{opacity}" stroke-linejoin="round" stroke-linecap="round" clip-path="url(#plot)"/>'
        )

    def dot(self, point: Point, radius: float, fill: str, color: str) -> str:
        """A mark on a curve; a browser shows its loss under the mouse."""
        x, loss = point
        return (
            f'<circle cx="{self.x(x):.1f}" cy="{self.y(loss):.1f}" r="{radius}" fill="{fill}" '
            f'stroke="{color}" stroke-width="{max(1, radius / 2)}"><title>{x:,.6g}: {loss:.4f}</title></circle>'
        )


def draw_svg(height: float, title: str, elements: Sequence[str]) -> str:
    """The file: the elements on a white background, so that it reads on dark pages too."""
    body = "\n".join(elements)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" role="img">\n'
        f"<title>{_escape(title)}</title>\n"
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="white"/>\n{body}\n</svg>\n'
    )


def draw_text(
    x: float, y: float, text: str, color: str = INK, anchor: str = "start", size: int = MEDIUM, weight: int = 400
) -> str:
    """A text whose start, middle or end (`anchor`) is at (x, y)."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{color}">{_escape(text)}</text>'
    )


def draw_line(x1: float, y1: float, x2: float, y2: float, color: str, width: float = 1, dashes: str = "none") -> str:
    """A straight line."""
    path = f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
    return f'<path d="{path}" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'


def _escape(text: str) -> str:
    """A text as XML has it; a file name may hold control characters, which XML does not allow."""
    return html.escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))


def text_width(text: str, size: int) -> float:
    """About how wide a text is, in pixels; Hangul letters are as wide as they are high."""
    return size * sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.58 for letter in text)


def shorten(text: str, size: int, room: float = WIDTH - 2 * MARGIN) -> str:
    """The end of a text that fits into `room` pixels: the end of a path says most."""
    if text_width(text, size) <= room:
        return text
    while text and text_width("…" + text, size) > room:
        text = text[1:]
    return "…" + text[max(0, text.find("/")) :]  # whole names of folders, where one fits
