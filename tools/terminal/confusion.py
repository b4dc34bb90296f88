"""The confusion matrix in a terminal of 80 columns."""

import math

from rich.console import Console, RenderableType
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
    headings, rows = _names(confusion)
    width = max(len(str(confusion.matrix.max())), *map(len, headings))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("truth", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    _add_figure_columns(table)
    shares = confusion.shares
    for i, row in enumerate(rows):
        counts = [_count(int(n), shares[i, j], i == j) for j, n in enumerate(confusion.matrix[i])]
        table.add_row(row, *counts, *_figure_cells(confusion, i))
    return table


def _names(confusion: Confusion) -> tuple[list[str], list[str]]:
    """What to call the columns and the rows, so that all fit and no two are alike.

    Labels cut to what fits; where two would be alike, columns are numbered, and a row has the number and the end of a
    label that is too long, because its beginning is what it shares with others.
    """
    labels, digits = confusion.labels, len(str(confusion.matrix.max()))
    width = max(digits, _room(len(labels), _LABEL_WIDTH))
    headings, rows = [label.strip("_")[:width] for label in labels], [label[:_LABEL_WIDTH] for label in labels]
    if len(set(headings)) == len(set(rows)) == len(labels):
        return headings, rows
    numbers = [str(i) for i in range(1, len(labels) + 1)]
    columns = len(labels) * (max(digits, len(numbers[-1])) + 1)
    room = _COLUMNS - _FIGURES_WIDTH - columns - 1 - len(numbers[-1]) - 1
    short = [label if len(label) <= room else f"…{label[1 - room :]}" for label in labels]
    return numbers, [f"{number} {label}" for number, label in zip(numbers, short, strict=True)]


def _room(columns: int, label_width: int) -> int:
    """Characters that each column of counts may have, beside the labels and the figures."""
    return (_COLUMNS - label_width - 1 - _FIGURES_WIDTH) // columns - 1


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
