"""What a model took clips for: in a run or an evaluation, and where `listen` kept them."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...data.clips import Clip
from ...data.errors import WordspotError
from ..scoring.predictions import JudgedClip, read_predictions


@dataclass(frozen=True, slots=True)
class Kept:
    """Why `listen` kept a clip.

    Attributes
    ----------
    kind
        `detection`, or `uncertain` for a near miss.
    recognized, probability
        The likeliest word, and how likely it was, in [0, 1].
    """

    kind: str
    recognized: str
    probability: float


def read_judged(folder: Path, clips: Sequence[Clip], judged: Path) -> dict[str, JudgedClip]:
    """What a run or an evaluation took clips for.

    Parameters
    ----------
    folder, clips
        The clean folder, and its clips.
    judged
        The run, or the evaluation.

    Returns
    -------
    {file name: what it was taken for}, of the clips that are the very ones that were judged.

    Raises
    ------
    WordspotError
        None of them is, or the folder has no such table.
    """
    recordings = {clip.file_name: clip.recording for clip in clips}
    predictions = read_predictions(judged)
    found = {one.file_name: one for one in predictions if _is_same(one.recording, recordings.get(one.file_name))}
    if not found:
        seen = f"for example {predictions[0].file_name}" if predictions else "it judged none"
        raise WordspotError(
            f"{judged} judged none of the clips of {folder} ({seen}): give the clean folder that it was made with, or judge "
            f"these: `wordspot evaluate MODEL {folder} --out DIR`"
        )
    return found


def _is_same(recording: str, here: str | None) -> bool:
    """Whether a clip of this name is that recording's; where one of them does not say, the name decides."""
    return here is not None and (here == recording or not here or not recording)


def kept_of(row: Mapping[str, str]) -> Kept | None:
    """Why `listen` kept the clip of a row; None in tables that `clean` wrote, which have no such columns."""
    if not row.get("kind"):
        return None
    with contextlib.suppress(ValueError):
        return Kept(row["kind"], row.get("recognized", ""), float(row.get("probability", "")))
    return Kept(row["kind"], row.get("recognized", ""), 0.0)
