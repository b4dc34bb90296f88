"""Charts in a page: where the lines and their scales lie; `parts.html` draws them as SVG in the colors of the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

_MOST_STEPS = 5
_ROUND_STEPS = (1, 2, 5, 10)

Style = Literal["solid", "dashed", "steps", "dots"]


@dataclass(frozen=True)
class Line:
    """One line of a chart, or its dots.

    Attributes
    ----------
    name
        What it shows.
    points
        (x, y) each, finite, from left to right.
    style
        `steps` stay at a value until the next; `dots` are not joined.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: Style = "solid"


class Tick(NamedTuple):
    """A value on a scale: its text, and where it stands, in percent from the left or from the bottom."""

    text: str
    percent: float


class Dot(NamedTuple):
    """A point of a line: percent from the left and from the top, and its values in words."""

    left: float
    top: float
    text: str


@dataclass(frozen=True)
class LineChart:
    """Some lines over the same scales.

    Attributes
    ----------
    title
        What the lines show.
    x_title
        What the scale below counts, in whole numbers.
    lines
        At least one of them with a point.
    is_share
        Whether y is a share, shown in percent.
    marked
        (x, its name) of a place to be marked.
    """

    title: str
    x_title: str
    lines: Sequence[Line]
    is_share: bool = False
    marked: tuple[float, str] | None = None

    @property
    def x_ticks(self) -> list[Tick]:
        """Whole numbers from the first to the last point."""
        low, high = self._x_range
        step = max(1.0, _round_step(high - low))
        values = [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
        return [Tick(f"{value:g}", self._left(value)) for value in values]

    @property
    def y_ticks(self) -> list[Tick]:
        """Round values, the first not above any point and the last not below."""
        low, high, step = self._y_scale
        values = [low + step * k for k in range(round((high - low) / step) + 1)]
        return [Tick(self._in_words(value, step), 100 - self._top(value)) for value in values]

    @property
    def marked_percent(self) -> float | None:
        """Where the marked place lies, in percent from the left."""
        return None if self.marked is None else self._left(self.marked[0])

    def path(self, line: Line) -> str:
        """The line as the `d` of an SVG path in a box of 100 by 100; empty for dots."""
        if line.style == "dots" or not line.points:
            return ""
        corners = [(self._left(x), self._top(y)) for x, y in line.points]
        first, rest = corners[0], corners[1:]
        join = "H{0:.2f}V{1:.2f}" if line.style == "steps" else "L{0:.2f} {1:.2f}"
        return f"M{first[0]:.2f} {first[1]:.2f}" + "".join(join.format(*corner) for corner in rest)

    def dots(self, line: Line) -> list[Dot]:
        """The points of a line."""
        step = self._y_scale[2] / 100
        return [
            Dot(self._left(x), self._top(y), f"{line.name}, {self.x_title} {x:g}: {self._in_words(y, step)}")
            for x, y in line.points
        ]

    def _in_words(self, y: float, step: float) -> str:
        scale, unit = (100, "%") if self.is_share else (1, "")
        digits = max(0, -math.floor(math.log10(step * scale) + 1e-9))
        return f"{y * scale:.{digits}f}{unit}".replace("-", "\N{MINUS SIGN}")

    @property
    def _x_range(self) -> tuple[float, float]:
        values = [x for line in self.lines for x, _ in line.points]
        low, high = min(values), max(values)
        return (low, high) if low < high else (low - 0.5, high + 0.5)

    @property
    def _y_scale(self) -> tuple[float, float, float]:
        """The lowest tick, the highest, and from one to the next."""
        values = [y for line in self.lines for _, y in line.points]
        low, high = min(values), max(values)
        if low == high:
            low, high = (low, low + 1) if low == 0 else (low - abs(low) / 10, high + abs(high) / 10)
        step = _round_step(high - low)
        return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step

    def _left(self, x: float) -> float:
        low, high = self._x_range
        return 100 * (x - low) / (high - low)

    def _top(self, y: float) -> float:
        low, high, _ = self._y_scale
        return 100 * (high - y) / (high - low)


def _round_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that a span has at most five of it."""
    power = 10.0 ** math.floor(math.log10(span / _MOST_STEPS))
    return next(power * step for step in _ROUND_STEPS if span / (power * step) <= _MOST_STEPS + 1e-9)
