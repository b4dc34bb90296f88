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

    In the part that the audit doubts (a suspicion of 0.5 and more) all decisions count. In the rest, or in all where there was
    no audit, only those of the queue `random`: what is heard elsewhere was chosen because it is likelier to be wrong.

    Parameters
    ----------
    clips, heard
        All clips, and what people said of them.
    queues
        For each clip the queue that offered it when it was decided last; empty for none.
    """
    parts: tuple[list[int], list[int]] = ([], [])
    for place, clip in enumerate(clips):
        parts[bool(clip.suspicion and clip.suspicion.value >= _DOUBTFUL)].append(place)
    rest, doubtful = parts
    at_random = [place for place in rest if queues[place] == "random"]
    open_rest, open_doubtful = (sum(not heard.whats[place] for place in part) for part in parts)
    missing = FEWEST - len(at_random) if open_rest else 0
    heard_doubtful = [place for place in doubtful if heard.whats[place]]
    if missing > 0 or (open_doubtful and len(heard_doubtful) < _FEWEST_DOUBTFUL):
        return Remaining(open_rest + open_doubtful, None, None, max(0, missing))
    shares = [_share(heard, at_random), _share(heard, heard_doubtful)]
    counts = [open_rest, open_doubtful]
    wrong, most = (sum(n * share[end] for n, share in zip(counts, shares, strict=True)) for end in (0, 1))
    return Remaining(sum(counts), wrong, most)


def _share(heard: Heard, places: Iterable[int]) -> tuple[float, float]:
    """The share found wrong, and the upper end of its interval."""
    wrong = [heard.whats[place] in ("relabel", "drop") for place in places]
    share = sum(wrong) / len(wrong) if wrong else 0.0
    return share, wilson_interval(share, len(wrong))[1]
