"""The figures of every epoch of a run: `history.csv`, and which epoch was the best."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....data.errors import WordspotError
from ....data.tables import read_table, write_table
from ...scoring.confusion import wilson_interval


@dataclass(frozen=True)
class OpenMicrophone:
    """What an epoch's network does on held-out negatives; see `open_microphone`.

    Attributes
    ----------
    miss_rate
        Share of the validation clips of words, 0 to 1, below the threshold.
    threshold
        The lowest, from 0.5 on, that keeps the false accepts within the budget.
    false_accepts_per_hour
        At a threshold of 0.5.
    """

    miss_rate: float
    threshold: float
    false_accepts_per_hour: float


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
    miss_rate, threshold, false_accepts_per_hour
        Those of `OpenMicrophone`; None where no negatives were held out.

    Those of validation are NaN where every clip is trained on.
    """

    epoch: int
    learning_rate: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    miss_rate: float | None = None
    threshold: float | None = None
    false_accepts_per_hour: float | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> "EpochFigures":
        """From the text of a table. Raises `ValueError` for what is no number."""
        open_microphone = (float(row[name]) if row.get(name) else None for name in _OPEN_MICROPHONE)
        return cls(int(row["epoch"]), *(float(row[name]) for name in _REQUIRED[1:]), *open_microphone)


COLUMNS = tuple(field.name for field in dataclasses.fields(EpochFigures))
_OPEN_MICROPHONE = tuple(field.name for field in dataclasses.fields(OpenMicrophone))
_REQUIRED = tuple(name for name in COLUMNS if name not in _OPEN_MICROPHONE)  # tables of older runs have no more


def read_history(path: Path) -> list[EpochFigures]:
    """The rows of `history.csv`, [] when there is none yet. Raises `WordspotError` for a damaged one."""
    if not path.is_file():
        return []
    try:
        return [EpochFigures.from_row(row) for row in read_table(path, _REQUIRED)]
    except (ValueError, WordspotError) as error:
        raise WordspotError(f"{path} is damaged: train again into another folder") from error


def write_history(path: Path, history: Sequence[EpochFigures]) -> None:
    """Writes `history.csv` anew."""
    write_table(path, COLUMNS, [dataclasses.asdict(row) for row in history])


def best_epoch(history: Sequence[EpochFigures], clips: int, words: int = 0) -> EpochFigures:
    """The epoch whose network to keep: the last one that is as good as any, as far as can be known.

    What counts first is how many of the words are missed at a budget of false accepts, where negatives were held out, and
    then the accuracy on clips. As good is what lies within the 95% interval of the best figure on so many validation
    clips: among those the highest is chance, more so the fewer clips there are, but the learning rate falls to nothing:
    the later, the calmer the weights.

    Parameters
    ----------
    history
        At least one epoch.
    clips, words
        How many validation clips there are, and how many of them are of words.
    """
    best, most_detected, most_accurate = history[0], 0.0, 0.0
    for row in history:
        most_detected = max(most_detected, _detected(row))
        least = wilson_interval(most_detected, words)[0] if words else 0.0
        if _detected(row) < least:
            continue
        if _detected(best) < least:  # whatever its accuracy
            best, most_accurate = row, row.validation_accuracy
        most_accurate = max(most_accurate, row.validation_accuracy)
        if row.validation_accuracy >= wilson_interval(most_accurate, clips)[0]:
            best = row
    return best


def _detected(row: EpochFigures) -> float:
    return 1.0 if row.miss_rate is None else 1 - row.miss_rate
