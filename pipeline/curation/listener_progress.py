"""How far a listener has come in a queue, how fast, and whether listening on is worth it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ...data.decisions import Decision

_LAST = 30  # decisions that the share found wrong is taken over
_PAUSE_S = 60.0  # longer between two decisions is a pause, and no work
_LAST_FOR_SPEED = 100
_HARDLY_ANY = 1  # found wrong among the last 30


@dataclass(frozen=True)
class Progress:
    """How far a listener has come in a queue.

    Attributes
    ----------
    decided
        Decisions of this listener that count.
    per_minute
        How many a minute, pauses left out; 0 before the second one.
    last, wrong
        How many of the last 30 decisions in this queue there are, and in how many of them the label was found wrong.
    hint
        That listening on is hardly worth it, in words; empty while it is.
    """

    decided: int
    per_minute: float
    last: int
    wrong: int
    hint: str


def progress_in(queue: str, decisions: Sequence[Decision]) -> Progress:
    """How far a listener has come, by that one's decisions that count, in the order in which they were made."""
    of_clips = [one for one in decisions if one.what != "note"]
    last = [one for one in of_clips if one.queue == queue and one.what != "window"][-_LAST:]
    wrong = sum(one.what in ("relabel", "drop") for one in last)
    return Progress(
        len(of_clips), _per_minute(of_clips[-_LAST_FOR_SPEED:]), len(last), wrong, _hint(queue, len(last), wrong)
    )


def _per_minute(decisions: Iterable[Decision]) -> float:
    moments = sorted({datetime.fromisoformat(decision.when) for decision in decisions})
    gaps = [(after - before).total_seconds() for before, after in pairwise(moments)]
    worked = [gap for gap in gaps if gap <= _PAUSE_S]
    return 60 * len(worked) / sum(worked) if worked and sum(worked) > 0 else 0.0


def _hint(queue: str, last: int, wrong: int) -> str:
    """After so many labels that were right, more of the same hardly finds any."""
    if last < _LAST or wrong > _HARDLY_ANY:
        return ""
    seen = f"{wrong or 'None'} of the last {_LAST} was wrong"
    if queue == "random":
        return f"{seen}: few labels are, so listen where they are suspicious instead."
    return f"{seen}: going on here hardly finds more. Another queue is better worth your time."
