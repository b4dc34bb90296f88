"""The confusion matrix as a PNG."""

import io

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
    return _to_png(figure)


def _to_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
