"""What the models that ship must keep quiet at: running speech, words run together, and tones, as log-mel frames."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...data.arrays import LogMel, to_waveform
from ...data.audio import read_sound
from ...data.front_end import FrontEnd
from ...pipeline.features.log_mel import log_mel
from ...pipeline.training.examples import augmentation

HELD_OUT_EACH = 3  # every third speaker of the running speech is kept from training, to judge on
_LOUD_NATS = 7.0  # below its loudest frame: what of a clip is its word
_LONGEST_CUT_FRAMES = 60
_TONE_FLOOR, _MOST_PARTIALS = -14.0, 4


def training_speech(folder: Path, front_end: FrontEnd) -> list[LogMel]:
    """Frames float16 [frames, mels] of each speaker's file that may be trained on: all but every third, by name."""
    files = sorted(folder.glob("*.opus"))
    kept = [path for place, path in enumerate(files) if place % HELD_OUT_EACH]
    return [log_mel(to_waveform(read_sound(path).samples), front_end).astype(np.float16) for path in kept]


class RunningSpeech:
    """Windows at every place of running speech; those that a network falls for come more often.

    Parameters
    ----------
    parts
        float16 [frames, mels] of each speaker.
    n_frames
        Of a window.
    """

    def __init__(self, parts: Sequence[LogMel], n_frames: int) -> None:
        lengths = np.array([len(part) for part in parts])
        begins = np.cumsum(lengths) - lengths
        self._frames = np.concatenate(parts)
        self.starts = np.concatenate(
            [begin + np.arange(length - n_frames + 1) for begin, length in zip(begins, lengths, strict=True)]
        )
        self.hard = np.zeros(0, int)
        self._offsets = np.arange(n_frames)

    def windows(self, starts: np.ndarray) -> LogMel:
        """float32 [n, frames, mels] from these places on."""
        return self._frames[starts[:, None] + self._offsets].astype(np.float32)

    def draw(self, count: int, rng: np.random.Generator) -> LogMel:
        """float32 [count, frames, mels], half of them such as were fallen for, where there are any."""
        from_hard = count // 2 if len(self.hard) else 0
        starts = rng.choice(self.starts, count - from_hard)
        return self.windows(np.concatenate([starts, rng.choice(self.hard, from_hard)]) if from_hard else starts)


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
    loud = np.flatnonzero(loudest > loudest.max() - _LOUD_NATS)
    word = frames[max(0, loud[0] - 2) : loud[-1] + 3]
    return word - np.float32(augmentation.mean_log_power(word[None])[0])


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
