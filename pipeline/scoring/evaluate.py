"""How often a model file is right on labeled clips."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data.clips import Clip, in_sketch, list_clips
from ...data.errors import RecordingError, WordspotError, WordspotWarning
from ...data.labels import SILENCE, UNKNOWN, differing_in_case, is_word
from ...data.splits import SPLITS, assign_splits, speaker_of, split_of_speaker
from ..device.recognizer import Prediction, Recognizer
from ..progress import Progress, no_progress
from ..signal.one_clip import read_one_clip
from .confusion import Confusion
from .report import Mistake

ALL = "all"


@dataclass(frozen=True)
class Evaluation:
    """What a model file makes of a folder of clips.

    Attributes
    ----------
    confusion
        What was said against what was recognized.
    mistakes
        The clips that were recognized as something else, the most confident first.
    unreadable
        Files that could not be read, each with the reason.
    """

    confusion: Confusion
    mistakes: list[Mistake]
    unreadable: list[str]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the figures of `Confusion.to_dict`, and the unreadable files."""
        return self.confusion.to_dict() | {"unreadable": self.unreadable}


def evaluate(
    model: Recognizer | Path | str, data: Path | str, split: str = ALL, *, progress: Progress = no_progress
) -> Evaluation:
    """Judges every clip of a folder, or of the speakers of one split of it.

    Labels that the model does not know count as `_unknown_`; folders named `_unknown_` and `_silence_` are taken as such.

    Parameters
    ----------
    model
        A recognizer, the name of a model that ships, or a model file.
    data
        Clean folder, or any folder `<label>/**/<clip>`; of a longer file the second with its word is judged.
    split
        `all`, or the speakers to judge on: `training`, `validation`, `testing`.
    progress
        Shows how far it has come.

    Raises
    ------
    WordspotError
        No clips there, none of that split, or none that can be read.

    Warns
    -----
    WordspotWarning
        The model was trained on some of these clips; labels that differ from its words only in case.

    Examples
    --------
    >>> import wordspot
    >>> wordspot.evaluate("small", "recordings")
    Traceback (most recent call last):
    wordspot.data.errors.WordspotError: recordings does not exist: check the spelling
    """
    if split not in (ALL, *SPLITS):
        raise WordspotError(f"split is {split!r}; expected one of {', '.join((ALL, *SPLITS))}")
    folder = Path(data)
    recognizer = model if isinstance(model, Recognizer) else Recognizer.load(model)
    clips = _of_split(_judged(list_clips(folder)), folder, split)
    _warn_of_training_clips(clips, recognizer, split)
    _warn_of_case({clip.label for clip in clips}, recognizer)
    labels = _labels(recognizer, clips)
    results: list[tuple[str, int, Prediction]] = []
    unreadable: list[str] = []
    for clip in progress(clips, len(clips)):
        try:
            one = read_one_clip(folder / clip.file_name, recognizer.sample_rate_hz, recognizer.clip_samples)
        except (RecordingError, FileNotFoundError) as error:
            unreadable.append(f"{clip.file_name}: {error}")
            continue
        found = Prediction.of(recognizer.labels, recognizer.classify(one.samples))
        results.append((clip.file_name, labels.index(_known(clip.label, recognizer)), found))
    if not results:
        raise WordspotError(f"{folder} has no clip that can be read: {unreadable[0]}")
    truth = np.array([right for _, right, _ in results], int)
    predicted = np.array([labels.index(found.label) for _, _, found in results], int)
    return Evaluation(Confusion.count(labels, truth, predicted), _mistakes(results, labels), unreadable)


def _mistakes(results: Sequence[tuple[str, int, Prediction]], labels: tuple[str, ...]) -> list[Mistake]:
    wrong = [
        Mistake(name, labels[right], found.label, found.probability)
        for name, right, found in results
        if labels[right] != found.label
    ]
    return sorted(wrong, key=lambda mistake: (-mistake.probability, mistake.file_name))


def _judged(clips: Sequence[Clip]) -> list[Clip]:
    """Without long sound: of the folders that begin with _, only unknown words and silence hold clips."""
    return [clip for clip in clips if is_word(clip.label) or clip.label in (UNKNOWN, SILENCE)]


def _of_split(clips: list[Clip], data: Path, split: str) -> list[Clip]:
    if not clips:
        raise WordspotError(f"{data} has no clips to judge")
    if split == ALL:
        return clips
    splits = _splits(clips, data)
    if split not in splits:
        others = " and ".join(f"--split {name} ({count} clips)" for name, count in sorted(Counter(splits).items()))
        raise WordspotError(f"{data} has no clips to judge of {split} speakers; there is {others}")
    return [clip for clip, its in zip(clips, splits, strict=True) if its == split]


def _splits(clips: Sequence[Clip], data: Path) -> list[str]:
    """The splits as training sees them: of the words together; unknown words and silence of `_` folders are apart."""
    words = [clip for clip in clips if is_word(clip.label)]
    of_word = dict(zip(words, assign_splits(words, data), strict=True)) if words else {}
    return [of_word.get(clip) or split_of_speaker(speaker_of(clip)) for clip in clips]


def _warn_of_training_clips(clips: Sequence[Clip], recognizer: Recognizer, split: str) -> None:
    sample = set(recognizer.description.training_clips)
    if any(in_sketch(clip, sample) for clip in clips):
        remedy = (
            "--split testing (or validation) judges it on speakers it was not trained on"
            if split in (ALL, "training")
            else f"the folder has changed since, and its {split} speakers are no longer those of the training run"
        )
        warnings.warn(
            f"the model was trained on some of these clips, so the figures flatter it: {remedy}",
            WordspotWarning,
            stacklevel=3,
        )


def _warn_of_case(present: set[str], recognizer: Recognizer) -> None:
    words = set(recognizer.description.words)
    for group in differing_in_case(present | words):
        known, others = sorted(words & set(group)), sorted(set(group) - words)
        if known and others:
            warnings.warn(
                f"clips of {' and '.join(others)} count as {UNKNOWN}, for the model knows {' and '.join(known)}: "
                "give them that label if they are the same word",
                WordspotWarning,
                stacklevel=3,
            )


def _labels(recognizer: Recognizer, clips: Sequence[Clip]) -> tuple[str, ...]:
    """The model's labels, and `_unknown_` or `_silence_` where clips have them but the model does not."""
    present = {_known(clip.label, recognizer) for clip in clips}
    return (*recognizer.labels, *sorted(present - set(recognizer.labels)))


def _known(label: str, recognizer: Recognizer) -> str:
    return label if label in (*recognizer.labels, SILENCE) else UNKNOWN
