"""The figures of every epoch of a run: `history.csv`, and which epoch was the best."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....data.errors import WordspotError
from ....data.tables import read_table, write_table
from ...scoring.confusion import wilson_interval


@dataclass(frozen=True)
class EpochFigures:
    """One row of `history.csv`.

    Attributes
    ----------
    epoch
        From 1 on.
    learning_rate
        At its beginning.
    training_loss, validation_loss
        Mean cross-entropy in nats; the first while training, of augmented examples.
    training_accuracy, validation_accuracy
        0 to 1.

    Those of validation are NaN where every clip is trained on.
    """

    epoch: int
    learning_rate: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> "EpochFigures":
        """From the text of a table. Raises `ValueError` for what is no number."""
        return cls(int(row["epoch"]), *(float(row[name]) for name in COLUMNS[1:]))


COLUMNS = tuple(field.name for field in dataclasses.fields(EpochFigures))


def read_history(path: Path) -> list[EpochFigures]:
    """The rows of `history.csv`, [] when there is none yet. Raises `WordspotError` for a damaged one."""
    if not path.is_file():
        return []
    try:
        return [EpochFigures.from_row(row) for row in read_table(path, COLUMNS)]
    except (ValueError, WordspotError) as error:
        raise WordspotError(f"{path} is damaged: train again into another folder") from error


def write_history(path: Path, history: Sequence[EpochFigures]) -> None:
    """Writes `history.csv` anew."""
    write_table(path, COLUMNS, [dataclasses.asdict(row) for row in history])


def best_epoch(history: Sequence[EpochFigures], clips: int) -> EpochFigures:
    """The epoch whose network to keep: the last one that is as good as the most accurate, as far as can be known.

    That is within the 95% interval of the highest accuracy on so many validation clips. Among those the highest is chance,
    more so the fewer clips there are, but the learning rate falls to nothing: the later, the calmer the weights.
    """
    highest = max(row.validation_accuracy for row in history)
    low, _ = wilson_interval(highest, clips)
    return next(row for row in reversed(history) if row.validation_accuracy >= low)
