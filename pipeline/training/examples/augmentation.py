"""Making each example new every time it is used, in the mel-power domain: no waveform, no Fourier transform."""

import math

import numpy as np

NATS_PER_DB = math.log(10) / 10


def shift(frames: np.ndarray, largest: int, rng: np.random.Generator) -> np.ndarray:
    """Moves each of float32 [n, frames, mels] by up to `largest` frames; its edge frame fills the gap."""
    offsets = rng.integers(-largest, largest, len(frames), endpoint=True)
    index = np.clip(np.arange(frames.shape[1]) - offsets[:, None], 0, frames.shape[1] - 1)
    return np.take_along_axis(frames, index[:, :, None], axis=1)


def gain(frames: np.ndarray, largest_db: float, rng: np.random.Generator) -> np.ndarray:
    """Raises or lowers each of float32 [n, frames, mels] natural-log values by up to `largest_db`."""
    change = rng.uniform(-largest_db, largest_db, (len(frames), 1, 1)) * NATS_PER_DB
    return frames + change.astype(np.float32)


def mix(frames: np.ndarray, noise: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
    """Adds noise to speech; both float32 [n, frames, mels] natural-log power, `snr_db` [n] of mean mel power.

    Powers of independent sounds add (their cross term is zero on average), so that
    ln(e^a + e^b) is what the sum of the waveforms would have given.
    """
    target = mean_log_power(frames) - snr_db * NATS_PER_DB
    change = target - mean_log_power(noise)
    return np.logaddexp(frames, noise + change[:, None, None].astype(np.float32))


def mean_log_power(frames: np.ndarray) -> np.ndarray:
    """Natural log of the mean power over frames and mels of float [n, frames, mels]: float [n]."""
    peak = frames.max(axis=(1, 2))
    return peak + np.log(np.exp(frames - peak[:, None, None]).mean(axis=(1, 2)))


def tilt(noise: np.ndarray, largest_db: float, rng: np.random.Generator) -> np.ndarray:
    """Tilts the spectrum of each of float32 [n, frames, mels] by up to `largest_db` from its middle to its ends."""
    slope = rng.uniform(-largest_db, largest_db, (len(noise), 1, 1)) * NATS_PER_DB
    return noise + (slope * np.linspace(-1, 1, noise.shape[2])).astype(np.float32)


def stretch(frames: np.ndarray, largest: float, rng: np.random.Generator) -> np.ndarray:
    """Said faster or slower: time of each of float32 [n, frames, mels] times 1 ± up to `largest`, about its middle."""
    middle = (frames.shape[1] - 1) / 2
    rates = 1 + rng.uniform(-largest, largest, (len(frames), 1))
    return _resampled(frames, middle + (np.arange(frames.shape[1]) - middle) * rates, 1)


def warp(frames: np.ndarray, largest: float, centers_hz: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another vocal tract: frequencies of each of float32 [n, frames, mels] times 1 ± up to `largest`.

    A tract that is a tenth shorter has formants a tenth higher (Jaitly and Hinton 2013, "Vocal tract length perturbation
    improves speech recognition"); `centers_hz` [mels] are those of the bands. Beyond the last band its value goes on.
    """
    factors = 1 + rng.uniform(-largest, largest, (len(frames), 1))
    sources = np.interp(centers_hz * factors, centers_hz, np.arange(len(centers_hz)))
    return _resampled(frames, sources, 2)


def reverberate(frames: np.ndarray, hop_ms: float, rng: np.random.Generator) -> np.ndarray:
    """Each of float32 [n, frames, mels] in a room: a tail of its power that dies away, fainter or as strong as the sound.

    The reverberation time (60 dB) is 0.2 to 0.8 s, the tail's energy 0 to 12 dB below that of the sound.
    """
    decay = 10 ** (-6 * hop_ms / rng.uniform(200, 800, (len(frames), 1)))
    level = 10 ** (-rng.uniform(0, 12, (len(frames), 1)) / 10) * (1 - decay) / decay
    power = np.exp(frames, dtype=np.float64)
    tail = np.zeros_like(power)
    for time in range(1, frames.shape[1]):
        tail[:, time] = decay * (tail[:, time - 1] + power[:, time - 1])
    return np.log(power + level[:, None] * tail).astype(np.float32)


def _resampled(frames: np.ndarray, sources: np.ndarray, axis: int) -> np.ndarray:
    """Each of float32 [n, frames, mels] read along an axis at places [n, size], between which it is linear."""
    places = np.clip(sources, 0, frames.shape[axis] - 1)
    below = np.minimum(places.astype(int), frames.shape[axis] - 2)
    share = np.expand_dims(places - below, 3 - axis).astype(np.float32)
    low, high = (np.take_along_axis(frames, np.expand_dims(at, 3 - axis), axis) for at in (below, below + 1))
    return low + share * (high - low)


def mask(frames: np.ndarray, axis: int, largest: int, value: float, rng: np.random.Generator) -> np.ndarray:
    """Overwrites a stretch of up to `largest` along axis 1 (time) or 2 (mels) of each example with `value`.

    After SpecAugment (Park et al., arXiv 1904.08779).
    """
    size = frames.shape[axis]
    width = rng.integers(0, min(largest, size), len(frames), endpoint=True)
    start = rng.integers(0, size - width, endpoint=True)
    position = np.arange(size)
    inside = (position >= start[:, None]) & (position < (start + width)[:, None])
    return np.where(np.expand_dims(inside, 3 - axis), np.float32(value), frames)
