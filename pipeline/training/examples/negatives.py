"""Sound without any of the words: running speech cut anywhere, words run together, tones, hum and clicks, as log-mel frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ....data.arrays import LogMel
from ....data.labels import SILENCE, UNKNOWN, is_word
from . import augmentation as augment

_LOUD_NATS = 7.0  # below its loudest frame: what of a clip is its word
_LONGEST_CUT_FRAMES = 60
_TONE_FLOOR, _MOST_PARTIALS = -14.0, 4
_MOST_CLICKS, _CLICK_FRAMES = 6, 3  # a click lies in the windows of this many frames
_CLICKS_SHARE, _HUM_SHARE = 0.2, 0.2  # of the made sounds; the others are tones
_QUIET_NATS = 5.0  # below the loud frames of its recording: a window without any louder frame is a pause
_LOUD_PERCENT = 95
_FALLEN_FOR = 0.2  # probability of a word from which on a window is hard
_MINED_WINDOWS = 4_096  # looked at before an epoch
_ENOUGH_HARD = 100  # windows, so that none of them comes all too often

SPEECH, RUN_TOGETHER, MADE = "speech", "run together", "made"
_SHARES = {SPEECH: 0.7, RUN_TOGETHER: 0.2, MADE: 0.1}


class RunningSpeech:
    """Windows at every place of running speech; those that a network falls for come more often.

    Parameters
    ----------
    parts
        float16 [frames, mels] of each recording, at least a window long.
    n_frames
        Of a window.
    """

    def __init__(self, parts: Sequence[LogMel], n_frames: int) -> None:
        lengths = np.array([len(part) for part in parts], int)
        begins = np.cumsum(lengths) - lengths
        self._frames = np.concatenate(parts)
        self.starts = np.concatenate(
            [begin + np.arange(length - n_frames + 1) for begin, length in zip(begins, lengths, strict=True)]
        )
        self.hard = np.zeros(0, int)
        self._offsets = np.arange(n_frames)
        self._is_quiet = np.zeros(len(self._frames), bool)
        for begin, part in zip(begins, parts, strict=True):
            quiet = _quiet_windows(part, n_frames)
            self._is_quiet[begin : begin + len(quiet)] = quiet

    def windows(self, starts: np.ndarray) -> LogMel:
        """float32 [n, frames, mels] from these places on."""
        return self._frames[starts[:, None] + self._offsets].astype(np.float32)

    def are_quiet(self, starts: np.ndarray) -> npt.NDArray[np.bool_]:
        """Whether the windows from these places on hold nothing but a pause: bool [n]."""
        return self._is_quiet[starts]

    def draw_starts(self, count: int, rng: np.random.Generator, hard_share: float = 0.5) -> npt.NDArray[np.intp]:
        """Int [count] places, `hard_share` of them such as were fallen for, where there are any."""
        from_hard = int(count * hard_share) if len(self.hard) else 0
        starts = rng.choice(self.starts, count - from_hard)
        return np.concatenate([starts, rng.choice(self.hard, from_hard)]) if from_hard else starts

    def draw(self, count: int, rng: np.random.Generator) -> LogMel:
        """float32 [count, frames, mels], half of them such as were fallen for, where there are any."""
        return self.windows(self.draw_starts(count, rng))


def _quiet_windows(frames: LogMel, n_frames: int) -> npt.NDArray[np.bool_]:
    """For every window, whether its loudest frame is far below the loud ones of the recording."""
    loudest = frames.max(axis=1).astype(np.float32)
    in_window = np.lib.stride_tricks.sliding_window_view(loudest, n_frames).max(axis=1)
    return in_window < np.percentile(loudest, _LOUD_PERCENT) - _QUIET_NATS


class Drawn(NamedTuple):
    """Frames float32 [n, frames, mels] and the label of each."""

    frames: LogMel
    labels: list[str]


@dataclass(frozen=True)
class NegativeExamples:
    """Negatives to train on, of several kinds.

    Attributes
    ----------
    speech
        Running speech and other long recordings; None: there are none.
    clips
        float16 [clips, frames, mels], of which words are run together; memory mapped.
    clip_rows
        Which of them may be trained on.
    labels
        Of the network.
    mined_share
        Share of the windows of running speech that are such as the network fell for.
    """

    speech: RunningSpeech | None
    clips: LogMel
    clip_rows: npt.NDArray[np.intp]
    labels: tuple[str, ...]
    mined_share: float

    def counts(self, total: float) -> dict[str, int]:
        """How many of each kind, if all kinds together were to be `total`; a kind that there is not is left out."""
        there = [MADE]
        if UNKNOWN in self.labels:
            there += [RUN_TOGETHER] + ([SPEECH] if self.speech else [])
        return {kind: round(total * share) for kind, share in _SHARES.items() if kind in there}

    def draw(self, kind: str, count: int, rng: np.random.Generator) -> Drawn:
        """Examples of a kind."""
        if kind == SPEECH:
            return self._speech(count, rng)
        if kind == RUN_TOGETHER:
            return Drawn(
                run_together(self.clips[np.sort(rng.choice(self.clip_rows, 4 * count))], count, rng), [UNKNOWN] * count
            )
        return Drawn(made_sounds(self.clips.shape[1:], count, rng), [SILENCE] * count)

    def _speech(self, count: int, rng: np.random.Generator) -> Drawn:
        assert self.speech is not None
        hard_share = self.mined_share * min(1.0, len(self.speech.hard) / _ENOUGH_HARD)
        starts = self.speech.draw_starts(count, rng, hard_share)
        labels = [SILENCE if quiet else UNKNOWN for quiet in self.speech.are_quiet(starts)]
        return Drawn(self.speech.windows(starts), labels)

    def mine(self, answer: Callable[[LogMel], np.ndarray], rng: np.random.Generator) -> None:
        """Notes which windows of running speech, of some thousands, the network takes for a word.

        Parameters
        ----------
        answer
            Probabilities [n, labels] of frames float32 [n, frames, mels].
        rng
            Chooses the windows that are looked at.
        """
        if self.speech is None or not self.mined_share:
            return
        starts = np.sort(rng.choice(self.speech.starts, min(_MINED_WINDOWS, len(self.speech.starts)), replace=False))
        words = [index for index, label in enumerate(self.labels) if is_word(label)]
        found = answer(self.speech.windows(starts))[:, words].max(axis=1)
        self.speech.hard = starts[found > _FALLEN_FOR]


def run_together(clips: LogMel, count: int, rng: np.random.Generator) -> LogMel:
    """float32 [count, frames, mels]: words of clips [n, frames, mels] without their pauses, cut anywhere."""
    n_frames = clips.shape[1]
    out = np.empty((count, *clips.shape[1:]), np.float32)
    for place in range(count):
        cut, parts = int(rng.integers(_LONGEST_CUT_FRAMES)), []
        while sum(map(len, parts)) < n_frames + cut:
            parts.append(_word_of(clips[int(rng.integers(len(clips)))].astype(np.float32)) + rng.uniform(-1, 1))
        out[place] = np.concatenate(parts)[cut : cut + n_frames] + rng.uniform(-4, 4)
    return out


def _word_of(frames: LogMel) -> LogMel:
    """The frames of a clip that sound, at a mean log power of 0."""
    loudest = frames.max(axis=1)
    loud = np.flatnonzero(~(loudest <= loudest.max() - _LOUD_NATS))  # of damaged features, which are no numbers, all
    word = frames[max(0, loud[0] - 2) : loud[-1] + 3]
    return word - np.float32(augment.mean_log_power(word[None])[0])


def made_sounds(shape: tuple[int, ...], count: int, rng: np.random.Generator) -> LogMel:
    """float32 [count, frames, mels]: tones, hum or clicks."""
    n_frames, n_mels = shape
    made = np.empty((count, n_frames, n_mels), np.float32)
    chance = rng.random(count)
    for one, at in zip(made, chance, strict=True):
        make = clicks if at < _CLICKS_SHARE else hums if at < _CLICKS_SHARE + _HUM_SHARE else tones
        one[:] = make((n_frames, n_mels), 1, rng)[0]
    return made


def hums(shape: tuple[int, int], count: int, rng: np.random.Generator) -> LogMel:
    """float32 [count, frames, mels]: steady, loudest in the lowest mels, as of mains and motors."""
    fall = rng.uniform(0.1, 1, (count, 1, 1)) * np.arange(shape[1])
    level = rng.uniform(-6, 4, (count, 1, 1))
    return np.maximum(level - fall, _TONE_FLOOR).astype(np.float32) + rng.normal(0, 0.3, (count, *shape)).astype(
        np.float32
    )


def clicks(shape: tuple[int, int], count: int, rng: np.random.Generator) -> LogMel:
    """float32 [count, frames, mels]: a few clicks, each as loud in all mels, over faint noise."""
    sound = (_TONE_FLOOR + rng.normal(0, 0.8, (count, *shape))).astype(np.float32)
    for one in sound:
        for _ in range(int(rng.integers(1, _MOST_CLICKS + 1))):
            start = int(rng.integers(shape[0]))
            one[start : start + _CLICK_FRAMES] = rng.uniform(-10, 2) + rng.normal(0, 0.5, shape[1])
    return sound


def tones(shape: tuple[int, int], count: int, rng: np.random.Generator) -> LogMel:
    """float32 [count, frames, mels]: one to four tones, steady, wavering or gliding, on all the time or for a part of it."""
    return np.stack([_tone(shape, rng) for _ in range(count)])


def _tone(shape: tuple[int, int], rng: np.random.Generator) -> LogMel:
    n_frames, n_mels = shape
    sound = (_TONE_FLOOR + rng.normal() + rng.normal(0, 0.8, shape)).astype(np.float32)
    time, mels = np.arange(n_frames), np.arange(n_mels)
    for _ in range(int(rng.integers(1, _MOST_PARTIALS + 1))):
        waver = rng.uniform(-6, 6) * np.sin(time * rng.uniform(0.02, 0.4) + rng.uniform(0, 6))
        course = (np.zeros(n_frames), waver, rng.uniform(-0.1, 0.1) * time)[int(rng.integers(3))]
        distance = mels - (rng.uniform(1, n_mels - 1) + course)[:, None]
        partial = rng.uniform(-6, 6) - distance**2 * rng.uniform(0.8, 3)
        sound = np.where(_is_on(n_frames, rng)[:, None], np.logaddexp(sound, partial), sound)
    return sound.astype(np.float32)


def _is_on(n_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Bool [frames]: a stretch of the time, or all of it; sometimes beating."""
    on = np.ones(n_frames, bool)
    if rng.random() < 0.6:
        first, last = np.sort(rng.integers(0, n_frames, 2))
        on[:first], on[last:] = False, False
    if rng.random() < 0.3:
        on &= np.sin(np.arange(n_frames) * rng.uniform(0.1, 1)) > rng.uniform(-0.7, 0.5)
    return on
