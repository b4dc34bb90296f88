"""How good a detector is on streams: what the model file's thresholds bring, and what others would."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.errors import WordspotError
from ..device.recognizer import Recognizer
from ..device.stream import StreamSettings, thresholds_of
from ..progress import Progress, no_progress
from .stream_mix import MixSettings
from .stream_score import StreamCandidates, StreamScore, count
from .streams import StreamSource, run_detector
from .thresholds import Point, ThresholdSearch, common_curve

LIMITS_PER_HOUR = (0.5, 1.0, 5.0)
FEWEST_CLIPS = 5  # of a word, to choose a threshold for it


@dataclass(frozen=True)
class StreamReport:
    """What a detector did on the streams of one signal-to-noise ratio.

    Attributes
    ----------
    snr_db
        The ratio; None for a recording of one's own.
    score
        Counts with the thresholds of the model file.
    curve
        What one threshold for all words would bring, from low to high.
    chosen
        {limit of false accepts per hour: a threshold for each word that keeps it, and what they bring}; empty where all
        words were said too seldom to choose by.
    clips
        How many different clips of each word there were.
    few
        Words with so few of them that a threshold would be chance: they keep the one they have.
    labels
        Those of the model.
    """

    snr_db: float | None
    score: StreamScore
    curve: list[Point]
    chosen: dict[float, Point]
    clips: Counter[str]
    few: list[str]
    labels: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "snr_db": self.snr_db,
            "hours": self.score.hours,
            "clips": dict(self.clips),
            "words_with_too_few_clips": self.few,
            "together": self.score.together.to_dict(self.score.hours),
            "per_label": {label: one.to_dict(self.score.hours) for label, one in self.score.per_label.items()},
            "curve": [{"threshold": float(np.min(point.thresholds)), **_rates(point)} for point in self.curve],
            "thresholds": [
                {"limit_per_hour": limit, **_rates(point), "thresholds": by_label(point.thresholds, self.labels)}
                for limit, point in self.chosen.items()
            ],
        }


@dataclass(frozen=True)
class ThresholdChoice:
    """Thresholds for a limit of false accepts per hour.

    Attributes
    ----------
    thresholds
        {word: threshold} of the words that could be judged.
    score
        What they bring on the streams that they were chosen on, together with the thresholds that the other words keep.
    clips
        How many different clips of each word they were chosen on.
    unsaid, few
        Words without clips, and words with so few that a threshold would be chance; both keep what they had.
    never_detected
        Words that were said, and that these thresholds give up: too many other words sound like them.
    """

    thresholds: dict[str, float]
    score: StreamScore
    clips: Counter[str]
    unsaid: list[str]
    few: list[str]
    never_detected: list[str]

    @property
    def kept_false_accepts_per_hour(self) -> float:
        """Of the words that keep their threshold: the limit holds without these."""
        kept = (*self.unsaid, *self.few)
        return sum(self.score.per_label[word].false_accepts for word in kept) / self.score.hours


def score_streams(
    recognizer: Recognizer,
    source: StreamSource,
    mix: MixSettings = MixSettings(),
    settings: StreamSettings = StreamSettings(),
    *,
    progress: Progress = no_progress,
) -> list[StreamReport]:
    """Judges a detector on streams, one report per signal-to-noise ratio; raises and warns as `run_detector`."""
    run = run_detector(recognizer, source, mix, settings, progress=progress)
    thresholds, labels = thresholds_of(recognizer, settings.threshold), recognizer.labels
    enough, few = _split_by_clips(recognizer.description.words, run.clips)
    return [
        StreamReport(
            snr_db,
            count(some, labels, thresholds),
            common_curve(some, labels),
            _choices(some, labels, enough, thresholds),
            run.clips,
            few,
            labels,
        )
        for snr_db, some in run.by_snr_db.items()
    ]


def choose_thresholds(
    recognizer: Recognizer,
    source: StreamSource,
    false_accepts_per_hour: float = 1.0,
    mix: MixSettings = MixSettings(),
    settings: StreamSettings = StreamSettings(),
    *,
    progress: Progress = no_progress,
) -> ThresholdChoice:
    """Chooses a threshold for each word, so that all together fire at most so often where no word was said.

    Raises
    ------
    WordspotError
        None of the model's words is said often enough, or no word would be detected any more; else as `run_detector`.
    """
    run = run_detector(recognizer, source, mix, settings, progress=progress)
    words = recognizer.description.words
    enough, few = _split_by_clips(words, run.clips)
    if not enough:
        raise WordspotError(
            f"{source.data} has fewer than {FEWEST_CLIPS} clips of each of the model's words: thresholds would be chance"
        )
    kept = thresholds_of(recognizer, settings.threshold)
    point = ThresholdSearch(run.all, recognizer.labels, enough, kept).choose(false_accepts_per_hour)
    per_label = point.score.per_label
    if not any(per_label[word].hits for word in enough):
        raise WordspotError(
            f"with thresholds that fire {false_accepts_per_hour:g} times per hour at nothing, no word is detected any more; "
            "nothing was written: allow more false accepts per hour, or mix words that are louder beside the noise"
        )
    thresholds = by_label(point.thresholds, recognizer.labels)
    return ThresholdChoice(
        thresholds={word: thresholds[word] for word in enough},
        score=point.score,
        clips=run.clips,
        unsaid=[word for word in words if not run.clips[word]],
        few=few,
        never_detected=[word for word in enough if per_label[word].said and not per_label[word].hits],
    )


def _split_by_clips(words: Sequence[str], clips: Counter[str]) -> tuple[list[str], list[str]]:
    """Words with enough clips to choose a threshold by, and those with some, but too few."""
    enough = [word for word in words if clips[word] >= FEWEST_CLIPS]
    return enough, [word for word in words if 0 < clips[word] < FEWEST_CLIPS]


def by_label(thresholds: np.ndarray, labels: Sequence[str]) -> dict[str, float]:
    """{word: threshold} of those that can fire, rounded up to four places."""
    pairs = zip(labels, thresholds, strict=True)
    return {label: min(1.0, float(np.ceil(value * 1e4) / 1e4)) for label, value in pairs if np.isfinite(value)}


def _choices(
    streams: list[StreamCandidates], labels: tuple[str, ...], words: list[str], kept: np.ndarray
) -> dict[float, Point]:
    if not words:
        return {}
    search = ThresholdSearch(streams, labels, words, kept)
    return {limit: search.choose(limit) for limit in LIMITS_PER_HOUR}


def _rates(point: Point) -> dict[str, float | None]:
    miss_rate = point.score.together.miss_rate
    return {
        "miss_rate": None if np.isnan(miss_rate) else miss_rate,
        "false_accepts_per_hour": point.score.false_accepts_per_hour,
    }
