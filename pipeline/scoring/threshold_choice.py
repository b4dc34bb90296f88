"""Thresholds for a budget of false accepts per hour, and a careful one where too little was heard to count them."""

import math
from collections.abc import Collection, Sequence

import numpy as np

from .stream_score import StreamCandidates, count
from .thresholds import GRID, Point, ThresholdSearch

MARGIN = 1.5  # in log-odds, above the highest false accept that was heard
MOST_LOST = 0.10  # share of the words that the margin may cost
_COUNTED = 2.0  # false accepts that must fit into the budget of the hours heard, to go by their number
_CONFIDENCE = 0.95
_STEP = float(np.diff(np.log(GRID / (1 - GRID))).mean())  # of the grid, in log-odds


def most_per_hour(false_accepts: int, hours: float) -> float:
    """How many there may be per hour in truth, where so many were heard: the upper end of a one-sided 95% interval.

    With none heard it is three, divided by the hours (the rule of three); exact for a Poisson process.

    Examples
    --------
    >>> round(most_per_hour(0, 3), 2), round(most_per_hour(2, 0.5), 1)
    (1.0, 12.6)
    """
    low, high = 0.0, 2.0 * false_accepts + 20
    for _ in range(60):
        middle = (low + high) / 2
        below = sum(math.exp(-middle + n * math.log(middle) - math.lgamma(n + 1)) for n in range(false_accepts + 1))
        low, high = (middle, high) if below > 1 - _CONFIDENCE else (low, middle)
    return high / hours


def hours_to_show(false_accepts_per_hour: float) -> float:
    """Hours without any false accept that show a budget to be kept, with 95% confidence."""
    return -math.log(1 - _CONFIDENCE) / false_accepts_per_hour


def choose_point(
    streams: Sequence[StreamCandidates],
    speech: Sequence[StreamCandidates],
    labels: Sequence[str],
    words: Collection[str],
    thresholds: np.ndarray,
    false_accepts_per_hour: float,
) -> Point:
    """A threshold for each word that keeps the budget in an hour of streams, and in an hour of running speech.

    A kind of sound of which so little was heard that not even two false accepts fit into the budget cannot be gone by like
    that. There all words get at least a careful threshold: `MARGIN` above the highest false accept that was heard, or above
    the thresholds given where none was, but less where that would lose more than `MOST_LOST` of the words.

    Parameters
    ----------
    streams
        With words, in noise.
    speech
        Running speech without any of the words; may be empty.
    labels
        Those of the model.
    words
        Those to choose for.
    thresholds
        float [labels]: of the other words, which keep them and do not count, and where to begin with these.
    false_accepts_per_hour
        The budget.
    """
    kinds = [kind for kind in (streams, speech) if kind]
    counted = [kind for kind in kinds if hours_of(kind) * false_accepts_per_hour >= _COUNTED]
    if counted:
        thresholds = (
            ThresholdSearch(streams, labels, words, thresholds, counted).choose(false_accepts_per_hour).thresholds
        )
    rest = [kind for kind in kinds if not any(kind is other for other in counted)]
    if rest:
        thresholds = _raised(streams, rest, labels, words, thresholds)
    return Point.at(thresholds, streams, speech, labels)


def hours_of(streams: Sequence[StreamCandidates]) -> float:
    """Of all of them together."""
    return sum(stream.duration_s for stream in streams) / 3_600


def careful_threshold(detected: Sequence[float], false_accepts: Sequence[int], start: float) -> float:
    """At least `start`: above all false accepts that were heard, with a margin, if that does not lose too many words.

    Parameters
    ----------
    detected
        Share of the words at each threshold of `GRID`.
    false_accepts
        Heard at each.
    start
        The least.

    Examples
    --------
    >>> few_lost, none = np.linspace(0.95, 0.9, len(GRID)), np.zeros(len(GRID))
    >>> round(careful_threshold(few_lost, none, 0.5), 2)
    0.81
    >>> many_lost = np.linspace(0.95, 0, len(GRID))
    >>> round(careful_threshold(many_lost, none, 0.5), 2)
    0.7
    """
    first = min(int(np.searchsorted(GRID, start)), len(GRID) - 1)
    heard = np.flatnonzero(np.asarray(false_accepts))
    quiet = int(heard[-1]) + 1 if len(heard) else 0
    safe = max(first, quiet) + round(MARGIN / _STEP)
    affordable = np.flatnonzero(np.asarray(detected) >= detected[first] - MOST_LOST)[-1]
    return max(start, float(GRID[min(safe, int(affordable))]))


def _raised(
    streams: Sequence[StreamCandidates],
    kinds: Sequence[Sequence[StreamCandidates]],
    labels: Sequence[str],
    words: Collection[str],
    thresholds: np.ndarray,
) -> np.ndarray:
    """The thresholds, those of `words` at least careful about what was heard in these kinds of sound."""
    chosen = np.array([label in words for label in labels])
    raised = [np.where(chosen, np.maximum(thresholds, value), thresholds) for value in GRID]
    hits = [sum(count(streams, labels, some).per_label[word].hits for word in words) for some in raised]
    said = max(1, sum(word.label in words for stream in streams for word in stream.spoken))
    alone = [np.where(chosen, some, np.inf) for some in raised]
    heard = [sum(count(kind, labels, some).together.false_accepts for kind in kinds) for some in alone]
    lowest = float(thresholds[chosen].min())
    careful = careful_threshold([one / said for one in hits], heard, lowest)
    return np.where(chosen, np.maximum(thresholds, careful), thresholds)
