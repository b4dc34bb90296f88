"""The confusion matrix in a terminal of 80 columns."""

import math
from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...pipeline.scoring.confusion import Confusion

_WIDEST_MATRIX = 12  # labels; more do not fit 80 columns
_WORST_PAIRS = 12
_COLUMNS = 80
_LABEL_WIDTH = 9
_FIGURES_WIDTH = 3 * 5  # precision, recall and F1


def print_confusion(console: Console, confusion: Confusion) -> None:
    """Prints the matrix with precision, recall and F1 of each label, in percent.

    With more labels than fit, or on a narrower terminal, prints the figures of each label and the most frequent
    confusions instead.
    """
    if len(confusion.labels) <= _WIDEST_MATRIX and console.width >= _COLUMNS:
        console.print(_matrix(confusion), soft_wrap=False)
        return
    console.print(_figures(confusion), soft_wrap=False)
    for truth, predicted, clips in confusion.worst_pairs(_WORST_PAIRS):
        console.print(f"  {truth} recognized as {predicted}: {clips}", highlight=False)


def accuracy_line(confusion: Confusion) -> str:
    """`accuracy 95.1% (95% interval 94.2 to 95.9) on 2,310 clips`."""
    low, high = confusion.interval
    if not confusion.clips:
        return "no clips to judge"
    return f"accuracy {confusion.accuracy:.1%} (95% interval {100 * low:.1f} to {100 * high:.1f}) on {confusion.clips:,} clips"


def _matrix(confusion: Confusion) -> RenderableType:
    names = _names(confusion)
    width = max(len(str(confusion.matrix.max())), *map(len, names.headings))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("truth", no_wrap=True)
    for heading in names.headings:
        table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    _add_figure_columns(table)
    shares = confusion.shares
    for i, row in enumerate(names.rows):
        counts = [_count(int(n), shares[i, j], i == j) for j, n in enumerate(confusion.matrix[i])]
        table.add_row(row, *counts, *_figure_cells(confusion, i))
    return Group(table, names.legend) if names.legend else table


class _Names(NamedTuple):
    """What to call the columns and the rows, so that all fit and no two are alike; `legend` says what numbers stand for."""

    headings: list[str]
    rows: list[str]
    legend: str = ""


def _names(confusion: Confusion) -> _Names:
    """Labels cut to what fits; where two would be alike, columns and rows are numbered."""
    labels, digits = confusion.labels, len(str(confusion.matrix.max()))
    width = max(digits, (_COLUMNS - _LABEL_WIDTH - 1 - _FIGURES_WIDTH) // len(labels) - 1)
    headings = [label.strip("_")[:width] for label in labels]
    rows = [label[: min(_LABEL_WIDTH, _room(len(labels), max(digits, *map(len, headings))))] for label in labels]
    if len(set(headings)) == len(set(rows)) == len(labels):
        return _Names(headings, rows)
    numbers = [str(i) for i in range(1, len(labels) + 1)]
    named = [f"{number} {label}" for number, label in zip(numbers, labels, strict=True)]
    if max(map(len, named)) <= _room(len(labels), max(digits, len(numbers[-1]))):
        return _Names(numbers, named)
    return _Names(numbers, numbers, ", ".join(named))


def _room(columns: int, width: int) -> int:
    """Characters that a row has for its label, beside so many columns of counts of that width and the figures."""
    return _COLUMNS - _FIGURES_WIDTH - columns * (width + 1) - 1


def _figures(confusion: Confusion) -> RenderableType:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("label", no_wrap=True, max_width=40)
    table.add_column("clips", justify="right")
    _add_figure_columns(table)
    for i, label in enumerate(confusion.labels):
        table.add_row(label, str(confusion.matrix[i].sum()), *_figure_cells(confusion, i))
    return table


def _add_figure_columns(table: Table) -> None:
    for name in ("prec", "rec", "F1"):
        table.add_column(name, justify="right", no_wrap=True, min_width=4)


def _figure_cells(confusion: Confusion, i: int) -> list[str]:
    values = (confusion.precision[i], confusion.recall[i], confusion.f1[i])
    return ["-" if math.isnan(value) else f"{100 * value:.0f}" for value in values]


def _count(count: int, share: float, right: bool) -> Text:
    """Green the more of a row lands on the diagonal, red the more lands beside it; a dot for none."""
    if not count:
        return Text(".", style="dim")
    if right:
        return Text(str(count), style="bold green" if share >= 0.9 else "green" if share >= 0.7 else "yellow")
    return Text(str(count), style="bold white on red" if share >= 0.1 else "red" if share >= 0.03 else "")
