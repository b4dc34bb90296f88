"""How often a model file is right on labeled clips."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ
from ...data.buckets import here
from ...data.clips import Clip, in_sketch, list_clips
from ...data.errors import RecordingError, WordspotError, WordspotWarning
from ...data.labels import SILENCE, UNKNOWN, differing_in_case, is_word
from ...data.recordings.folders import check_folder
from ...data.splits import SPLITS, assign_splits, speaker_of, split_of_speaker
from ..device.recognizer import Prediction, Recognizer
from ..progress import Progress, no_progress
from ..signal.one_clip import read_one_clip
from .confusion import Confusion
from .predictions import PREDICTIONS, JudgedClip, mistakes_of, review_command, write_predictions
from .report import JudgedReport, players_of, write_report

ALL = "all"


@dataclass(frozen=True)
class Evaluation:
    """What a model file makes of a folder of clips.

    Attributes
    ----------
    confusion
        What was said against what was recognized.
    judged
        What each clip was recognized as, in the order of the folder.
    unreadable
        Files that could not be read, each with the reason.
    notes
        What the figures hide, in sentences.
    speakers
        How many people the clips are of; None where some of them are not known.
    """

    confusion: Confusion
    judged: list[JudgedClip]
    unreadable: list[str]
    notes: tuple[str, ...] = ()
    speakers: int | None = None

    @property
    def mistakes(self) -> list[JudgedClip]:
        """The clips that were recognized as something else, the most confident first."""
        return mistakes_of(self.judged)

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
    >>> confusion = wordspot.evaluate("small", "recordings").confusion
    >>> int(confusion.matrix.sum())  # clips
    96
    >>> 0 <= confusion.accuracy <= 1
    True
    """
    if split not in (ALL, *SPLITS):
        raise WordspotError(f"split is {split!r}; expected one of {', '.join((ALL, *SPLITS))}")
    folder = here(data)
    recognizer = model if isinstance(model, Recognizer) else Recognizer.load(model)
    clips = _of_split(_judged(list_clips(folder)), folder, split)
    notes = (*notes_of_training(clips, recognizer, split), *_notes_of_case({clip.label for clip in clips}, recognizer))
    for note in notes:
        warnings.warn(note, WordspotWarning, stacklevel=2)
    judged, unreadable = _judge(clips, folder, recognizer, progress)
    if not judged:
        raise WordspotError(f"{folder} has no clip that can be read: {unreadable[0]}")
    labels = _labels(recognizer, clips)
    truth = np.array([labels.index(one.truth) for one in judged], int)
    predicted = np.array([labels.index(one.predicted) for one in judged], int)
    confusion = Confusion.count(labels, truth, predicted)
    return Evaluation(confusion, judged, unreadable, notes, _speakers(clips))


def write_evaluation_report(
    path: Path | str,
    result: Evaluation,
    model: Recognizer,
    data: Path | str,
    split: str = ALL,
    *,
    model_name: str = "model",
    review: str = "",
) -> None:
    """Writes what `evaluate` found as one HTML file, with the mistakes to listen to.

    Parameters
    ----------
    path
        The HTML file.
    result
        What `evaluate` gave for this model, data and split.
    model, data, split
        What was judged.
    model_name
        What to call the model.
    review
        The command that plays the clips of every cell of the matrix; empty for none.
    """
    folder = here(data)
    facts = {
        "Model": model_name,
        "Data": str(folder),
        "Speakers": split if result.speakers is None else f"{split}, {result.speakers:,} of them",
        "Quantization": model.description.quantization,
        "Made by": model.description.made_by,
        "Unreadable files": str(len(result.unreadable)),
    }
    players = players_of(result.mistakes, lambda name: _as_judged(folder / name, model))
    report = JudgedReport(
        title="Evaluation report",
        subject=f"{model_name} on {folder}",
        judged_on=_whose(result, split),
        confusion=result.confusion,
        mistakes=result.mistakes,
        facts=facts,
        caveats=[f"{note[0].upper()}{note[1:]}." for note in result.notes],
        players=players,
        no_sound="" if players else f"Without sound: these clips are not in {folder} any more.",
        review=review,
    )
    write_report(here(path), report)


def write_evaluation(
    folder: Path | str,
    result: Evaluation,
    model: Recognizer,
    data: Path | str,
    split: str = ALL,
    *,
    model_name: str = "model",
) -> None:
    """Writes what `evaluate` found as a folder: `predictions.csv`, which `review` plays clips by, the matrix and the report.

    Parameters
    ----------
    folder
        Made if need be; files of an earlier evaluation are replaced.
    result, model, data, split, model_name
        See `write_evaluation_report`.

    Raises
    ------
    WordspotError
        The folder holds something else; see `check_can_hold_evaluation`.
    """
    folder, data = here(folder), here(data)
    check_can_hold_evaluation(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(folder, result.judged)
    result.confusion.write_csv(folder / "confusion.csv")
    review = review_command(data, "--evaluation", folder)
    write_evaluation_report(folder / "report.html", result, model, data, split, model_name=model_name, review=review)


def check_can_hold_evaluation(folder: Path | str) -> None:
    """Raises `WordspotError` unless a folder is new, empty, or that of an earlier evaluation."""
    folder = here(folder)
    if not folder.exists():
        return
    check_folder(folder)
    if {entry.name for entry in folder.iterdir()} - {PREDICTIONS, "confusion.csv", "report.html"}:
        raise WordspotError(f"{folder} holds something else: choose a new folder for the evaluation")


def _judge(
    clips: Sequence[Clip], folder: Path, recognizer: Recognizer, progress: Progress
) -> tuple[list[JudgedClip], list[str]]:
    """What each clip was recognized as, right or wrong, and the files that cannot be read."""
    judged: list[JudgedClip] = []
    unreadable: list[str] = []
    for clip in progress(clips, len(clips)):
        try:
            one = read_one_clip(folder / clip.file_name, recognizer.sample_rate_hz, recognizer.clip_samples)
        except (RecordingError, FileNotFoundError) as error:
            unreadable.append(f"{clip.file_name}: {error}")
            continue
        found = Prediction.of(recognizer.labels, recognizer.classify(one.samples))
        truth = _known(clip.label, recognizer)
        judged.append(JudgedClip(clip.file_name, truth, found.label, found.probability, clip.recording))
    return judged, unreadable


def _as_judged(path: Path, model: Recognizer) -> Samples:
    """The second that was judged, at the rate of players."""
    return read_one_clip(
        path, SAMPLE_RATE_HZ, round(model.clip_samples * SAMPLE_RATE_HZ / model.sample_rate_hz)
    ).samples


def _whose(result: Evaluation, split: str) -> str:
    speakers = "" if result.speakers is None else f"{result.speakers:,} "
    return f"of {speakers}speakers" if split == ALL else f"of {speakers}{split} speakers"


def _speakers(clips: Sequence[Clip]) -> int | None:
    names = {clip.speaker for clip in clips}
    return None if "" in names else len(names)


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
        others = " and ".join(f"split {name} ({count} clips)" for name, count in sorted(Counter(splits).items()))
        raise WordspotError(f"{data} has no clips to judge of {split} speakers; there is {others}")
    return [clip for clip, its in zip(clips, splits, strict=True) if its == split]


def _splits(clips: Sequence[Clip], data: Path) -> list[str]:
    """The splits as training sees them: of the words together; unknown words and silence of `_` folders are apart."""
    words = [clip for clip in clips if is_word(clip.label)]
    of_word = dict(zip(words, assign_splits(words, data), strict=True)) if words else {}
    return [of_word.get(clip) or split_of_speaker(speaker_of(clip)) for clip in clips]


def notes_of_training(clips: Sequence[Clip], recognizer: Recognizer, split: str) -> list[str]:
    """That the model was trained on some of these clips of a split, where it was."""
    sample = set(recognizer.description.training_clips)
    if not any(in_sketch(clip, sample) for clip in clips):
        return []
    remedy = (
        "split testing (or validation) judges it on speakers it was not trained on"
        if split in (ALL, "training")
        else f"the {split} speakers were trained on: the folder has changed since, or has so few clips that all of them were"
    )
    return [f"the model was trained on some of these clips, so the figures flatter it: {remedy}"]


def _notes_of_case(present: set[str], recognizer: Recognizer) -> list[str]:
    words = set(recognizer.description.words)
    notes = []
    for group in differing_in_case(present | words):
        known, others = sorted(words & set(group)), sorted(set(group) - words)
        if known and others:
            notes.append(
                f"clips of {' and '.join(others)} count as {UNKNOWN}, for the model knows {' and '.join(known)}: "
                "give them that label if they are the same word"
            )
    return notes


def _labels(recognizer: Recognizer, clips: Sequence[Clip]) -> tuple[str, ...]:
    """The model's labels, and `_unknown_` or `_silence_` where clips have them but the model does not."""
    present = {_known(clip.label, recognizer) for clip in clips}
    return (*recognizer.labels, *sorted(present - set(recognizer.labels)))


def _known(label: str, recognizer: Recognizer) -> str:
    return label if label in (*recognizer.labels, SILENCE) else UNKNOWN
