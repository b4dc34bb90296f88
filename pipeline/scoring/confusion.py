"""The confusion matrix and what follows from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data.tables import write_table

_Z_95 = 1.959963984540054  # of the standard normal distribution: 95% lie within


def wilson_interval(share: float, n: float) -> tuple[float, float]:
    """The 95% score interval of a share of n clips (Wilson 1927, doi:10.2307/2276774), as if they were independent."""
    if n == 0:
        return 0.0, 1.0
    center = share + _Z_95**2 / (2 * n)
    half = _Z_95 * math.sqrt(share * (1 - share) / n + _Z_95**2 / (4 * n * n))
    scale = 1 + _Z_95**2 / n
    # of 0 and 1 the bounds are themselves, which rounding misses
    return max(0.0, min(share, (center - half) / scale)), min(1.0, max(share, (center + half) / scale))


@dataclass(frozen=True)
class Confusion:
    """Counts of what was said against what was recognized.

    Attributes
    ----------
    labels
        Names of the rows and columns.
    matrix
        int64 [labels, labels]: rows are the truth, columns the prediction.
    worth
        How many independent clips these are worth, where several are of one voice; None: as many as they are.
    """

    labels: tuple[str, ...]
    matrix: np.ndarray
    worth: float | None = None

    @classmethod
    def count(cls, labels: Sequence[str], truth: np.ndarray, predicted: np.ndarray) -> "Confusion":
        """Counts pairs of label indices, int [clips] each."""
        matrix = np.zeros((len(labels), len(labels)), np.int64)
        np.add.at(matrix, (truth, predicted), 1)
        return cls(tuple(labels), matrix)

    @property
    def clips(self) -> int:
        """How many clips were judged."""
        return int(self.matrix.sum())

    @property
    def accuracy(self) -> float:
        """Share of clips that were recognized as what they are, in [0, 1]; NaN without clips."""
        return float(np.trace(self.matrix)) / self.clips if self.clips else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% score interval of the accuracy."""
        return wilson_interval(self.accuracy, self.clips if self.worth is None else self.worth)

    @property
    def precision(self) -> np.ndarray:
        """float64 [labels]: share of the clips recognized as a label that were it; NaN for one never recognized."""
        return _share(np.diag(self.matrix), self.matrix.sum(axis=0))

    @property
    def recall(self) -> np.ndarray:
        """float64 [labels]: share of a label's clips that were recognized as it; NaN for a label without clips."""
        return _share(np.diag(self.matrix), self.matrix.sum(axis=1))

    @property
    def f1(self) -> np.ndarray:
        """float64 [labels]: harmonic mean of precision and recall; NaN for a label neither said nor recognized."""
        return _share(2 * np.diag(self.matrix), self.matrix.sum(axis=0) + self.matrix.sum(axis=1))

    @property
    def shares(self) -> np.ndarray:
        """float64 [labels, labels]: each row divided by its sum, zero for a label without clips."""
        return np.nan_to_num(_share(self.matrix, self.matrix.sum(axis=1, keepdims=True)))

    def worst_pairs(self, count: int) -> list[tuple[str, str, int]]:
        """The most frequent confusions: (truth, prediction, clips), most first."""
        off_diagonal = self.matrix - np.diag(np.diag(self.matrix))
        order = np.argsort(-off_diagonal, axis=None, kind="stable")[:count]
        pairs = [divmod(int(flat), len(self.labels)) for flat in order]
        return [(self.labels[i], self.labels[j], int(off_diagonal[i, j])) for i, j in pairs if off_diagonal[i, j]]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: accuracy, interval, clips, labels, confusion, per_label (null where a figure is undefined)."""
        per_label = {
            label: {
                "precision": _or_none(self.precision[i]),
                "recall": _or_none(self.recall[i]),
                "f1": _or_none(self.f1[i]),
                "clips": int(self.matrix[i].sum()),
            }
            for i, label in enumerate(self.labels)
        }
        return {
            "accuracy": _or_none(self.accuracy),
            "interval": list(self.interval),
            "clips": self.clips,
            "labels": list(self.labels),
            "confusion": self.matrix.tolist(),
            "per_label": per_label,
        }

    def write_csv(self, path: Path) -> None:
        """Writes the matrix as a table: the first column is the truth, each other one a predicted label."""
        corner = "truth/prediction"  # with a slash, which no label has
        counts = self.matrix.tolist()
        rows = [
            {corner: label, **dict(zip(self.labels, row, strict=True))}
            for label, row in zip(self.labels, counts, strict=True)
        ]
        write_table(path, (corner, *self.labels), rows)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
