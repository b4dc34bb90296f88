"""Background noise as log-mel frames: recorded where there is some, and synthetic always."""

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from ....data.feature_set import FeatureSet
from ....data.front_end import FrontEnd
from ...features.log_mel import hann_window, log_mel, mel_matrix
from ...signal.noise import SPECTRAL_EXPONENTS, colored_noise
from ..settings import AugmentSettings
from . import augmentation as augment

_SYNTHETIC_SECONDS = 4
_SYNTHETIC_SHARE = 0.3  # of the draws, where there is recorded noise too


class NoiseSource:
    """Draws noise frames of one split.

    Synthetic noise (colored, steady) is drawn besides the recorded noise, because a handful of recordings is all that
    most people have and a recognizer must not learn them by heart.
    """

    def __init__(self, feature_set: FeatureSet, split: str, settings: AugmentSettings) -> None:
        self.front_end = feature_set.front_end
        self.settings = settings
        recorded = [part for part in feature_set.noise_of(split) if len(part) >= self.front_end.n_frames]
        self._banks = [_Bank(recorded, self.front_end.n_frames)] if recorded else []
        self._banks.append(_Bank(synthetic_noise(self.front_end, split), self.front_end.n_frames))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Noise of arbitrary level: float32 [count, frames, mels]."""
        noise = self._banks[0].draw(count, rng)
        if len(self._banks) > 1:
            synthetic = rng.random(count) < _SYNTHETIC_SHARE
            noise[synthetic] = self._banks[1].draw(int(synthetic.sum()), rng)
        return augment.tilt(noise, self.settings.tilt_db, rng)

    def draw_silence(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Examples of silence, float32 [count, frames, mels]: noise at a level anywhere down to digital silence."""
        noise = self.draw(count, rng)
        level_dbfs = rng.uniform(self.settings.min_silence_dbfs, 0, count)
        target = full_scale_log_power(self.front_end) + level_dbfs * augment.NATS_PER_DB
        noise += (target - augment.mean_log_power(noise))[:, None, None].astype(np.float32)
        floor = np.float32(np.log(self.front_end.log_floor))
        noise[rng.random(count) < self.settings.digital_silence_share] = floor
        return np.maximum(noise, floor)


class _Bank:
    """Stretches of noise laid end to end, and every position where a clip's worth of one of them begins."""

    def __init__(self, parts: Sequence[np.ndarray], n_frames: int) -> None:
        self._frames = np.concatenate(parts)
        lengths = np.array([len(part) for part in parts])
        begins = np.cumsum(lengths) - lengths
        self._starts = np.concatenate(
            [begin + np.arange(length - n_frames + 1) for begin, length in zip(begins, lengths, strict=True)]
        )
        self._offsets = np.arange(n_frames)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        starts = rng.choice(self._starts, count)
        return self._frames[starts[:, None] + self._offsets].astype(np.float32)


def synthetic_noise(front_end: FrontEnd, split: str) -> list[np.ndarray]:
    """Log-mel frames of `synthetic_noise_waveforms`: float32 [frames, mels] each."""
    return [log_mel(waveform, front_end) for waveform in synthetic_noise_waveforms(front_end, split)]


def synthetic_noise_waveforms(front_end: FrontEnd, split: str) -> Iterator[np.ndarray]:
    """Steady colored noise, a few seconds of each color, different for each split: float32 [n] each, peak 1."""
    rng = np.random.default_rng(list(split.encode()))
    size = _SYNTHETIC_SECONDS * max(front_end.sample_rate_hz, front_end.clip_samples)
    for exponent in SPECTRAL_EXPONENTS:
        yield colored_noise(size, exponent, rng)


@functools.cache
def full_scale_log_power(front_end: FrontEnd) -> float:
    """Natural log of the mean mel power of white noise with an RMS of 1: each bin has the window's energy."""
    window_energy = float((hann_window(front_end.window_samples) ** 2).sum())
    return float(np.log(window_energy * mel_matrix(front_end).sum(axis=0).mean()))
