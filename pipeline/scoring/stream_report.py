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
from .stream_score import StreamCandidates, StreamScore
from .streams import StreamSource, run_detector
from .threshold_choice import choose_point, hours_to_show, most_per_hour
from .thresholds import Point, common_curve

LIMITS_PER_HOUR = (0.5, 1.0, 5.0)
FEWEST_CLIPS = 5  # of a word, to choose a threshold for it


@dataclass(frozen=True)
class StreamReport:
    """What a detector did on the streams of one signal-to-noise ratio.

    Attributes
    ----------
    snr_db
        The ratio; None for a recording of one's own.
    score, speech
        Counts with the thresholds of the model file, on the streams and in running speech; None where there was none.
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
    speech_origin
        Where the running speech comes from.
    """

    snr_db: float | None
    score: StreamScore
    speech: StreamScore | None
    curve: list[Point]
    chosen: dict[float, Point]
    clips: Counter[str]
    few: list[str]
    labels: tuple[str, ...]
    speech_origin: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "snr_db": self.snr_db,
            "hours": self.score.hours,
            "clips": dict(self.clips),
            "words_with_too_few_clips": self.few,
            "together": self.score.together.to_dict(self.score.hours),
            "per_label": {label: one.to_dict(self.score.hours) for label, one in self.score.per_label.items()},
            "running_speech": speech_to_dict(self.speech, self.speech_origin),
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
    false_accepts_per_hour
        The limit.
    score, speech
        What they bring on the streams that they were chosen on and in running speech (None where there was none), together
        with the thresholds that the other words keep.
    speech_origin
        Where the running speech comes from.
    clips
        How many different clips of each word they were chosen on.
    unsaid, few
        Words without clips, and words with so few that a threshold would be chance; both keep what they had.
    never_detected
        Words that were said, and that these thresholds give up: too many other words sound like them.
    """

    thresholds: dict[str, float]
    false_accepts_per_hour: float
    score: StreamScore
    speech: StreamScore | None
    speech_origin: str
    clips: Counter[str]
    unsaid: list[str]
    few: list[str]
    never_detected: list[str]

    @property
    def kept_false_accepts_per_hour(self) -> float:
        """Of the words that keep their threshold: the limit holds without these."""
        kept = (*self.unsaid, *self.few)
        return sum(self.score.per_label[word].false_accepts for word in kept) / self.score.hours

    def to_dict(self) -> dict[str, Any]:
        """What the thresholds rest on, JSON-ready; it stands in the model file as `threshold_choice`."""
        return choice_to_dict(self.false_accepts_per_hour, self.clips, self.score, self.speech, self.speech_origin)


def choice_to_dict(
    false_accepts_per_hour: float,
    clips: Counter[str],
    score: StreamScore | None,
    speech: StreamScore | None,
    speech_origin: str,
) -> dict[str, Any]:
    """What thresholds for a budget rest on, JSON-ready: clips, words in noise and running speech, where there were any."""
    return {
        "false_accepts_per_hour": false_accepts_per_hour,
        "hours_to_show": hours_to_show(false_accepts_per_hour),
        "clips": dict(clips),
        "miss_rate": score.together.miss_rate if score and score.together.said else None,
        "in_noise": heard_to_dict(score) if score else None,
        "running_speech": speech_to_dict(speech, speech_origin),
    }


def heard_to_dict(score: StreamScore) -> dict[str, Any]:
    """How long was listened, the false accepts there, and how many per hour there may be in truth (95%)."""
    return {
        "hours": score.hours,
        "false_accepts": score.together.false_accepts,
        "at_most_per_hour": most_per_hour(score.together.false_accepts, score.hours),
    }


def speech_to_dict(speech: StreamScore | None, origin: str) -> dict[str, Any] | None:
    """The same of running speech, and where it comes from; None where there was none."""
    return {"from": origin, **heard_to_dict(speech)} if speech else None


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
    now = {snr_db: Point.at(thresholds, some, run.speech, labels) for snr_db, some in run.by_snr_db.items()}
    return [
        StreamReport(
            snr_db,
            now[snr_db].score,
            now[snr_db].speech,
            common_curve(some, labels, run.speech),
            _choices(some, run.speech, labels, enough, _to_begin_with(recognizer, settings, enough)),
            run.clips,
            few,
            labels,
            run.speech_origin,
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

    Where too little was heard to tell, all words get at least a careful one (see `threshold_choice`).

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
    begin = _to_begin_with(recognizer, settings, enough)
    point = choose_point(run.all, run.speech, recognizer.labels, enough, begin, false_accepts_per_hour)
    per_label = point.score.per_label
    if not any(per_label[word].hits for word in enough):
        raise WordspotError(
            f"with thresholds that fire {false_accepts_per_hour:g} times per hour at nothing, no word is detected any more; "
            "nothing was written: allow more false accepts per hour, or mix words that are louder beside the noise"
        )
    thresholds = by_label(point.thresholds, recognizer.labels)
    return ThresholdChoice(
        thresholds={word: thresholds[word] for word in enough},
        false_accepts_per_hour=false_accepts_per_hour,
        score=point.score,
        speech=point.speech,
        speech_origin=run.speech_origin,
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


def _to_begin_with(recognizer: Recognizer, settings: StreamSettings, words: Sequence[str]) -> np.ndarray:
    """The default threshold for words to choose one for; the others keep theirs: float [labels]."""
    kept = thresholds_of(recognizer, settings.threshold)
    return np.where([label in words for label in recognizer.labels], settings.threshold, kept)


def _choices(
    streams: list[StreamCandidates],
    speech: list[StreamCandidates],
    labels: tuple[str, ...],
    words: list[str],
    begin: np.ndarray,
) -> dict[float, Point]:
    if not words:
        return {}
    return {limit: choose_point(streams, speech, labels, words, begin, limit) for limit in LIMITS_PER_HOUR}


def _rates(point: Point) -> dict[str, float | None]:
    miss_rate = point.score.together.miss_rate
    return {
        "miss_rate": None if np.isnan(miss_rate) else miss_rate,
        "false_accepts_per_hour": point.score.false_accepts_per_hour,
        "false_accepts_per_hour_of_speech": point.speech.false_accepts_per_hour if point.speech else None,
    }
