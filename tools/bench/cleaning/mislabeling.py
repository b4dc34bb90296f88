"""Wrong labels planted among clips, for benches that look for them or train on them."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ....data.clips import Clip


@dataclass(frozen=True)
class Planted:
    """Clips, some with wrong labels.

    Attributes
    ----------
    clips
        All of them, in the order they came.
    truth
        {file name: right label} of those with a wrong one.
    """

    clips: list[Clip]
    truth: dict[str, str]


def plant(
    clips: Sequence[Clip], share: float, rng: np.random.Generator, confusions: Mapping[str, str] | None = None
) -> Planted:
    """Gives a share of the clips another label: any other word's, or by `confusions`, {right label: wrong label}."""
    words = sorted({clip.label for clip in clips})
    planted, truth = list(clips), {}
    for row in rng.permutation(len(clips))[: round(share * len(clips))]:
        right = clips[row].label
        wrong = confusions[right] if confusions else str(rng.choice([word for word in words if word != right]))
        planted[row] = dataclasses.replace(clips[row], label=wrong)
        truth[clips[row].file_name] = right
    return Planted(planted, truth)
