"""How good a detector is on a stream: misses against false accepts per hour."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from ...data.labels import is_word
from ...data.recordings.annotations import Annotation

LATEST_S = 1.0  # after its end a word may still be detected: then its last tenths have left a window of a second
_ROUNDING_S = 1e-6  # less than a sample


class TimedLabel(NamedTuple):
    """A detection as it is counted: its label, and at which second of its stream it came."""

    label: str
    time_s: float


@dataclass(frozen=True)
class StreamCandidates:
    """What a detector found alone in one stream, before thresholds, and what was said there.

    Attributes
    ----------
    best, value
        int [candidates] and float [candidates]: label and probability of each lone word (see `device.stream`).
    time_s
        float [candidates]: when each was found, rising.
    hold_off_s
        Seconds after a detection without another.
    duration_s
        Of the stream.
    spoken
        Its words.
    """

    best: np.ndarray
    value: np.ndarray
    time_s: np.ndarray
    hold_off_s: float
    duration_s: float
    spoken: Sequence[Annotation]


@dataclass(frozen=True)
class JudgedDetection:
    """What became of one detection.

    Attributes
    ----------
    detection
        Its label and time.
    kind
        `hit`, `wrong` (another of the model's words was said) or `false` (nothing of the kind was said).
    spoken
        The word at that time, if any.
    """

    detection: TimedLabel
    kind: Literal["hit", "wrong", "false"]
    spoken: Annotation | None


@dataclass
class WordCounts:
    """What was counted for one label, or for all together.

    Attributes
    ----------
    said, hits, wrong
        How often it was said, detected, and taken for another word; the other times it was missed.
    false_accepts
        How often it was detected where neither it nor another word of the model was said.
    at_other_words
        How many of these at words that are not the model's.
    delays_s
        For each hit, from the end of the word to the detection; negative when it came before the end.
    """

    said: int = 0
    hits: int = 0
    wrong: int = 0
    false_accepts: int = 0
    at_other_words: int = 0
    delays_s: list[float] = field(default_factory=list)

    @property
    def misses(self) -> int:
        """Said, and nothing was detected."""
        return self.said - self.hits - self.wrong

    @property
    def miss_rate(self) -> float:
        """Share that was not detected as what it was: missed, or taken for another word; NaN where none was said."""
        return 1 - self.hits / self.said if self.said else float("nan")

    def to_dict(self, hours: float) -> dict[str, Any]:
        """The figures, as they stand in JSON."""
        delays = np.quantile(self.delays_s, [0.5, 0.95]).tolist() if self.delays_s else [None, None]
        return {
            "said": self.said,
            "hits": self.hits,
            "misses": self.misses,
            "wrong_word": self.wrong,
            "miss_rate": self.miss_rate if self.said else None,
            "false_accepts": self.false_accepts,
            "false_accepts_at_other_words": self.at_other_words,
            "false_accepts_per_hour": self.false_accepts / hours,
            "delay_median_s": delays[0],
            "delay_95_percent_s": delays[1],
        }


@dataclass(frozen=True)
class StreamScore:
    """Counts over streams of so many hours: together, and of each label."""

    hours: float
    together: WordCounts
    per_label: dict[str, WordCounts]

    @property
    def false_accepts_per_hour(self) -> float:
        """Of all labels together."""
        return self.together.false_accepts / self.hours


def fire(stream: StreamCandidates, labels: Sequence[str], thresholds: np.ndarray) -> list[TimedLabel]:
    """The detections that the rule (see `device.stream`) makes of candidates: thresholds float [labels]."""
    detections: list[TimedLabel] = []
    for k in np.flatnonzero(stream.value >= thresholds[stream.best]):
        time_s = float(stream.time_s[k])
        if not detections or time_s - detections[-1].time_s >= stream.hold_off_s - _ROUNDING_S:
            detections.append(TimedLabel(labels[int(stream.best[k])], time_s))
    return detections


def judge(
    detections: Sequence[TimedLabel], spoken: Sequence[Annotation], words: Sequence[str]
) -> list[JudgedDetection]:
    """What became of each detection of one stream.

    A detection belongs to a word when it comes after its start and at most `LATEST_S` after its end. The first one with its
    label is a hit. Of the others, the first that belongs to one of the model's words that was never hit means that this
    word was taken for another; all the rest, second hits too, are false accepts.
    """
    starts = [word.start_s for word in spoken]
    near = [_near(one.time_s, spoken, starts) for one in detections]
    taken: set[int] = set()
    hit: dict[int, int] = {}
    for i, one in enumerate(detections):
        index = next((j for j in near[i] if j not in taken and spoken[j].label == one.label), None)
        if index is not None:
            taken.add(index)
            hit[i] = index
    judged = []
    for i, one in enumerate(detections):
        if i in hit:
            judged.append(JudgedDetection(one, "hit", spoken[hit[i]]))
            continue
        index = next((j for j in near[i] if j not in taken and spoken[j].label in words), None)
        if index is not None:
            taken.add(index)
            judged.append(JudgedDetection(one, "wrong", spoken[index]))
        else:
            judged.append(JudgedDetection(one, "false", spoken[near[i][-1]] if near[i] else None))
    return judged


def _near(time_s: float, spoken: Sequence[Annotation], starts: Sequence[float]) -> list[int]:
    """Indices of the words that a detection at this time may belong to."""
    found = []
    for j in range(bisect_left(starts, time_s) - 1, -1, -1):
        if spoken[j].end_s + LATEST_S < time_s:
            break
        found.append(j)
    return found[::-1]


def count(streams: Sequence[StreamCandidates], labels: Sequence[str], thresholds: np.ndarray) -> StreamScore:
    """Fires and judges: thresholds float [labels], infinite for labels that never fire."""
    words = [label for label in labels if is_word(label)]
    per_label = {word: WordCounts() for word in words}
    for stream in streams:
        for word in stream.spoken:
            if word.label in per_label:
                per_label[word.label].said += 1
        for judged in judge(fire(stream, labels, thresholds), stream.spoken, words):
            _add(per_label, judged)
    hours = sum(stream.duration_s for stream in streams) / 3_600
    return StreamScore(hours, _sum(list(per_label.values())), per_label)


def _add(per_label: dict[str, WordCounts], judged: JudgedDetection) -> None:
    spoken, counts = judged.spoken, per_label[judged.detection.label]
    if judged.kind == "hit" and spoken:
        counts.hits += 1
        counts.delays_s.append(judged.detection.time_s - spoken.end_s)
    elif judged.kind == "wrong" and spoken:
        per_label[spoken.label].wrong += 1
    else:
        counts.false_accepts += 1
        counts.at_other_words += spoken is not None and spoken.label not in per_label


def _sum(counts: Sequence[WordCounts]) -> WordCounts:
    names = ("said", "hits", "wrong", "false_accepts", "at_other_words")
    delays = [delay for one in counts for delay in one.delays_s]
    return WordCounts(**{name: sum(getattr(one, name) for one in counts) for name in names}, delays_s=delays)
