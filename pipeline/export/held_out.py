"""Thresholds of a model file that has just been exported, chosen on what its run held out."""

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data.errors import WordspotError, WordspotWarning
from ..device.recognizer import Prediction, Recognizer
from ..device.stream import StreamSettings
from ..progress import Progress, no_progress
from ..scoring.running_speech import RunningSpeech
from ..scoring.stream_mix import MixSettings
from ..scoring.stream_report import FEWEST_CLIPS, by_label, choice_to_dict
from ..scoring.stream_score import StreamCandidates, count
from ..scoring.streams import StreamSource, listen_to_speech, run_detector
from ..scoring.threshold_choice import careful_threshold, choose_point
from ..scoring.thresholds import GRID, Point
from ..training.examples.batches import Examples

_WORDS_PER_HOUR, _OTHERS_PER_HOUR = 600, 60
_TIMES_SAID = 3  # each clip: more would tell little that is new
_HOURS = (0.02, 0.3)  # of words in noise, so that an export stays quick
_NO_BUDGET = 0.0  # nothing can be counted within it, so that thresholds are careful ones


@dataclass(frozen=True)
class HeldOut:
    """What a run did not train on.

    Attributes
    ----------
    clips_folder
        Its clean folder; None where it is gone or has changed.
    split
        `testing`, or `validation` where nobody tests.
    examples
        Clips of that split, as frames.
    speech
        Running speech without any of the words; of it, too, only what is not trained on is used.
    """

    clips_folder: Path | None
    split: str
    examples: Examples
    speech: RunningSpeech

    def clips(self, recognizer: Recognizer) -> Counter[str]:
        """How many clips there are of each word."""
        labels = Counter(recognizer.labels[int(index)] for index in self.examples.classes)
        return Counter({word: labels[word] for word in recognizer.description.words})


@dataclass(frozen=True)
class ChosenThresholds:
    """{word: threshold}, and what they rest on, as `ModelDescription.threshold_choice` has it."""

    thresholds: dict[str, float]
    choice: dict[str, Any]


def choose_held_out(
    recognizer: Recognizer,
    held_out: HeldOut,
    false_accepts_per_hour: float,
    negatives: Path | None = None,
    *,
    progress: Progress = no_progress,
) -> ChosenThresholds:
    """Chooses a threshold for every word, for a budget of false accepts per hour.

    The clips are mixed into a few minutes of streams, and the detector listens to these and to the running speech. Without
    the clips' sound it listens to the running speech alone, and what is missed is counted on the frames of the clips.

    Parameters
    ----------
    recognizer
        The model file.
    held_out
        To choose on.
    false_accepts_per_hour
        The budget.
    negatives
        A folder of running speech, as `held_out.speech` has it already.
    progress
        Shows how far listening has come, in streams.
    """
    if held_out.clips_folder is None:
        reason = "the clips that it was trained on are gone, have changed, or are no sound"
        return _from_frames(recognizer, held_out, false_accepts_per_hour, reason, progress)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WordspotWarning)  # what is little is in the choice
            return _from_streams(recognizer, held_out, false_accepts_per_hour, negatives, progress)
    except WordspotError as error:
        return _from_frames(recognizer, held_out, false_accepts_per_hour, str(error), progress)


def _from_streams(
    recognizer: Recognizer, held_out: HeldOut, limit: float, negatives: Path | None, progress: Progress
) -> ChosenThresholds:
    clips = held_out.clips(recognizer)
    hours = float(np.clip(_TIMES_SAID * clips.total() / _WORDS_PER_HOUR, *_HOURS))
    mix = MixSettings(hours=hours, stream_minutes=5, words_per_hour=_WORDS_PER_HOUR, others_per_hour=_OTHERS_PER_HOUR)
    source = StreamSource(held_out.clips_folder or Path(), split=held_out.split, negatives=negatives)
    run = run_detector(recognizer, source, mix, progress=progress)
    point = _choose(recognizer, run.all, run.speech, run.clips, limit)
    choice = choice_to_dict(limit, run.clips, point.score, point.speech, run.speech_origin)
    return ChosenThresholds(by_label(point.thresholds, recognizer.labels), choice)


def _choose(
    recognizer: Recognizer,
    streams: list[StreamCandidates],
    speech: list[StreamCandidates],
    clips: Counter[str],
    limit: float,
) -> Point:
    """A word with too few clips gets the highest threshold of the others; where all have, they share a careful one."""
    labels, words = recognizer.labels, recognizer.description.words
    is_word = np.array([label in words for label in labels])
    begin = np.where(is_word, StreamSettings().threshold, np.inf)
    enough = [word for word in words if clips[word] >= FEWEST_CLIPS]
    if not enough:
        return choose_point(streams, speech, labels, words, begin, _NO_BUDGET)
    chosen = choose_point(streams, speech, labels, enough, begin, limit).thresholds
    is_chosen = np.array([label in enough for label in labels])
    thresholds = np.where(is_word & ~is_chosen, chosen[is_chosen].max(), chosen)
    return Point.at(thresholds, streams, speech, labels)


def _from_frames(
    recognizer: Recognizer, held_out: HeldOut, limit: float, reason: str, progress: Progress
) -> ChosenThresholds:
    labels, words = recognizer.labels, recognizer.description.words
    source = StreamSource(Path(), split=held_out.split)
    speech = listen_to_speech(recognizer, held_out.speech, source, progress=progress)
    is_word = np.array([label in words for label in labels])
    heard = [count(speech, labels, np.where(is_word, value, np.inf)).together.false_accepts for value in GRID]
    detected = _detected(recognizer, held_out.examples).tolist()
    threshold = careful_threshold(detected, heard, StreamSettings().threshold)
    thresholds = by_label(np.where(is_word, threshold, np.inf), labels)
    score = count(speech, labels, np.where(is_word, threshold, np.inf)) if speech else None
    choice = choice_to_dict(limit, held_out.clips(recognizer), None, score, held_out.speech.origin)
    missed = 1 - detected[int(np.searchsorted(GRID, threshold))]
    return ChosenThresholds(thresholds, choice | {"miss_rate": missed, "without_streams": reason})


def _detected(recognizer: Recognizer, examples: Examples) -> np.ndarray:
    """Share of the words' clips that are recognized at each threshold of `GRID`; ones where there are no clips."""
    words = recognizer.description.words
    found = [
        (recognizer.labels[int(index)], Prediction.of(recognizer.labels, recognizer.classify_features(frames)))
        for frames, index in zip(examples.frames, examples.classes, strict=True)
        if recognizer.labels[int(index)] in words
    ]
    values = np.array([one.probability if one.label == label else -1.0 for label, one in found])
    return np.array([(values >= value).mean() for value in GRID]) if found else np.ones(len(GRID))
