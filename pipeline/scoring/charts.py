"""The confusion matrix and the learning curves as pictures."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .confusion import Confusion

_DARK_SHARE = 0.5  # from here on the cell is dark and its number white


def confusion_png(confusion: Confusion) -> bytes:
    """A PNG of the matrix: counts, colored by their share of the row."""
    n = len(confusion.labels)
    side = 2.5 + 0.5 * n
    figure = Figure(figsize=(side + 0.5, side), layout="constrained")
    axes = figure.subplots()
    shares = confusion.shares
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(n), confusion.labels, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), confusion.labels)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    axes.set_title(f"{confusion.accuracy:.1%} of {confusion.clips:,} clips")
    for i, j in np.argwhere(confusion.matrix > 0):
        color = "white" if shares[i, j] > _DARK_SHARE else "black"
        axes.text(j, i, str(confusion.matrix[i, j]), ha="center", va="center", color=color, fontsize=8)
    return to_png(figure)


def curves_png(history: Sequence[dict[str, float]]) -> bytes:
    """A PNG of loss and accuracy by epoch; `history` holds the rows of `history.csv`."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    epochs = [row["epoch"] for row in history]
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for split, style in (("training", "--"), ("validation", "-")):
            axes.plot(epochs, [row[f"{split}_{name}"] for row in history], style, marker=".", label=split)
        axes.set_xlabel("epoch")
        axes.set_title(name)
        axes.grid(alpha=0.3)
        axes.legend()
    return to_png(figure)


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
