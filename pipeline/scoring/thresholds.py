"""Thresholds that keep false accepts per hour below a limit, and what they miss."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ...data.labels import is_word
from .stream_score import StreamCandidates, StreamScore, count

GRID = 1 / (1 + np.exp(-np.linspace(-0.8, 8, 133)))  # 0.31 to 0.9997, finer towards 1: even steps of log-odds
_TRUSTED = 10  # false accepts: so many are counted, fewer are estimated


@dataclass(frozen=True)
class Point:
    """One point of the curve: thresholds float [labels], infinite for labels that never fire, and what came of them.

    `speech` is what came of them in running speech; None where there was none.
    """

    thresholds: np.ndarray
    score: StreamScore
    speech: StreamScore | None = None

    @classmethod
    def at(
        cls,
        thresholds: np.ndarray,
        streams: Sequence[StreamCandidates],
        speech: Sequence[StreamCandidates],
        labels: Sequence[str],
    ) -> "Point":
        """Counts what thresholds bring on streams and in running speech, which may be empty."""
        return cls(
            thresholds, count(streams, labels, thresholds), count(speech, labels, thresholds) if speech else None
        )


def common_curve(
    streams: Sequence[StreamCandidates], labels: Sequence[str], speech: Sequence[StreamCandidates] = ()
) -> list[Point]:
    """The same threshold for every word, from low to high."""
    fires = _fires(labels)
    return [Point.at(np.where(fires, value, np.inf), streams, speech, labels) for value in GRID]


def reaching(curve: Sequence[Point], false_accepts_per_hour: float) -> Point | None:
    """The point with the lowest threshold from which on upwards the limit is kept; None where even the highest exceeds it."""
    found = None
    for point in reversed(curve):
        if point.score.false_accepts_per_hour > false_accepts_per_hour:
            break
        found = point
    return found


class ThresholdSearch:
    """Chooses a threshold for each word, so that together they detect the most within a limit of false accepts.

    For each word alone it is counted what every threshold brings: hits, less other words taken for it, as a share of how
    often it was said, so that a rare word counts as much as any; against false accepts. A few hours hold few false accepts
    above a high threshold, and to trust that none came means that none will would be rash: from the threshold on that only
    `_TRUSTED` exceeded, their number is estimated instead, as falling exponentially with the log-odds of the threshold, at
    the rate that those few show (peaks over threshold; Pickands 1975, doi:10.1214/aos/1176343003, with an exponential
    tail). At one price for a false accept per hour each word then takes the threshold that gains most, and the lowest price
    is found at which the estimates together keep the limit.

    Parameters
    ----------
    streams
        To choose on.
    labels
        Those of the model.
    words
        Those to choose for; one that is never said is left out.
    others
        Thresholds of all the other labels, float [labels]; None: they never fire. They do not count towards the limit.
    kinds
        Where false accepts are counted, one kind of streams after the other, as words in noise and running speech: the
        limit holds in an hour of each kind. Default: `streams`.
    """

    def __init__(
        self,
        streams: Sequence[StreamCandidates],
        labels: Sequence[str],
        words: Collection[str],
        others: np.ndarray | None = None,
        kinds: Sequence[Sequence[StreamCandidates]] = (),
    ) -> None:
        self._streams, self._labels = streams, labels
        self._others = np.full(len(labels), np.inf) if others is None else others
        said = {word.label for stream in streams for word in stream.spoken}
        self._chosen = np.flatnonzero(_fires(labels) & [label in said and label in words for label in labels])
        shape = len(self._chosen), len(GRID)  # also where no word is said
        scores = self._scores(streams)
        gains = [_gains(row, labels[int(index)]) for index, row in zip(self._chosen, scores, strict=True)]
        per_hour = [
            _false_accepts_per_hour(scores if kind is streams else self._scores(kind)) for kind in kinds or [streams]
        ]
        self._gains, self._costs = np.array(gains).reshape(shape), np.array(per_hour).reshape(-1, *shape)

    def choose(self, false_accepts_per_hour: float) -> Point:
        """The thresholds for a limit, with what they bring on the same streams."""
        prices = np.geomspace(1e-6, 1e3, 400)  # shares of a word's hits that a false accept per hour must bring
        places = [(self._gains - price * self._costs.sum(axis=0)).argmax(axis=1) for price in prices]
        costs = [self._costs[:, np.arange(len(self._chosen)), place].sum(axis=1).max() for place in places]
        cheapest = next(
            (place for place, cost in zip(places, costs, strict=True) if cost <= false_accepts_per_hour), places[-1]
        )
        thresholds = self._others.copy()
        thresholds[self._chosen] = GRID[cheapest]
        return Point(thresholds, count(self._streams, self._labels, thresholds))

    def _scores(self, streams: Sequence[StreamCandidates]) -> list[list[StreamScore]]:
        """What each threshold brings for each word alone."""
        only = [[self._only(int(index), value) for value in GRID] for index in self._chosen]
        return [[count(streams, self._labels, thresholds) for thresholds in row] for row in only]

    def _only(self, index: int, value: float) -> np.ndarray:
        thresholds = np.full(len(self._labels), np.inf)
        thresholds[index] = value
        return thresholds


def expected(counted: Sequence[int]) -> np.ndarray:
    """False accepts to expect at each threshold of `GRID`, from those counted: float64 [thresholds], falling."""
    counts = np.maximum.accumulate(np.asarray(counted, float)[::-1])[::-1]
    few = counts <= _TRUSTED
    first = int(few.argmax()) if few.any() else len(counts) - 1
    at_first = max(counts[first], 1.0)
    decay = max(counts[first:].sum() / at_first, 1.0)  # steps of the grid in which it falls to 1/e
    tail = at_first * np.exp(-np.arange(len(counts) - first) / decay)
    return np.concatenate([counts[:first], tail])


def _gains(scores: Sequence[StreamScore], label: str) -> list[float]:
    said = scores[0].per_label[label].said
    return [(score.together.hits - score.together.wrong) / said for score in scores]


def _false_accepts_per_hour(scores: Sequence[Sequence[StreamScore]]) -> list[np.ndarray]:
    """To expect of each word at each threshold of `GRID`."""
    return [expected([score.together.false_accepts for score in row]) / row[0].hours for row in scores]


def _fires(labels: Sequence[str]) -> np.ndarray:
    return np.array([is_word(label) for label in labels])
