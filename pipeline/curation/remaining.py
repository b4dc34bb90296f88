"""How many wrong labels are left among the clips that nobody has heard: an estimate from those that somebody has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..scoring.confusion import wilson_interval
from .queue import Heard, ReviewClip

FEWEST = 30  # decisions at random that an estimate rests on
_FEWEST_DOUBTFUL = 10  # decisions among the doubtful clips
_DOUBTFUL = 0.5  # from this suspicion on the audit takes another word for likelier than the label


@dataclass(frozen=True)
class Remaining:
    """Wrong labels that are left.

    Attributes
    ----------
    clips
        Clips that nobody has decided.
    wrong
        How many of them are probably wrong; None while too few were heard to say so.
    most
        How many there may be: the upper end of the 95% intervals (Wilson) of what was heard; None like the former.
    missing
        How many decisions at random it takes until there is an estimate; 0 where there is one.
    """

    clips: int
    wrong: float | None
    most: float | None
    missing: int = 0


def remaining(clips: Sequence[ReviewClip], heard: Heard, queues: Sequence[str]) -> Remaining:
    """Estimates it in two parts, each from the share found wrong in it.

    In the part that the audit doubts (a suspicion of 0.5 and more) all decisions count. In the rest, or in all while fewer than
    ten doubtful ones are decided, only those of the queue `random`: what is heard elsewhere was chosen because it is likelier
    to be wrong.

    Parameters
    ----------
    clips, heard
        All clips, and what people said of them.
    queues
        For each clip the queue that offered it when it was decided last; empty for none.
    """
    rest, doubtful = _parts(clips, heard)
    at_random = [place for place in rest if queues[place] == "random"]
    heard_doubtful = [place for place in doubtful if heard.whats[place]]
    counts = [sum(not heard.whats[place] for place in part) for part in (rest, doubtful)]
    if counts[0] and len(at_random) < FEWEST:
        return Remaining(sum(counts), None, None, FEWEST - len(at_random))
    shares = [_share(heard, at_random), _share(heard, heard_doubtful)]
    wrong, most = (sum(n * share[end] for n, share in zip(counts, shares, strict=True)) for end in (0, 1))
    return Remaining(sum(counts), wrong, most)


def _parts(clips: Sequence[ReviewClip], heard: Heard) -> tuple[Sequence[int], Sequence[int]]:
    """The rest, and what the audit doubts: nothing while too few of that were heard."""
    doubtful = [place for place, clip in enumerate(clips) if clip.suspicion and clip.suspicion.value >= _DOUBTFUL]
    whats = [heard.whats[place] for place in doubtful]
    if sum(map(bool, whats)) < min(_FEWEST_DOUBTFUL, len(doubtful)):
        return range(len(clips)), []
    return sorted(set(range(len(clips))).difference(doubtful)), doubtful


def _share(heard: Heard, places: Iterable[int]) -> tuple[float, float]:
    """The share found wrong, and the upper end of its interval."""
    wrong = [heard.whats[place] in ("relabel", "drop") for place in places]
    share = sum(wrong) / len(wrong) if wrong else 0.0
    return share, wilson_interval(share, len(wrong))[1]
