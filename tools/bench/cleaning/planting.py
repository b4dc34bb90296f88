"""Defects to plant in real clips: what `bench.defects` looks for again."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from ....data.audio import FULL_SCALE, SAMPLE_RATE_HZ, write_wav
from ....pipeline.signal.word_span import word_span

Samples = np.ndarray


@dataclass(frozen=True)
class Defect:
    """A way to spoil a clip.

    Attributes
    ----------
    check
        The check that should find it.
    severities
        Passed to `spoil` in turn.
    spoil
        From int16 [n] samples, a severity and a generator to spoiled samples, or the bytes of a file.
    is_copy
        The original stays, and the spoiled one is put beside it, in half of the cases under another label.
    """

    check: str
    severities: tuple[Any, ...]
    spoil: Callable[[Samples, Any, np.random.Generator], Samples | bytes]
    is_copy: bool = False


def ending(spoiled: Samples | bytes) -> str:
    """What the name of a spoiled clip should end with."""
    if isinstance(spoiled, bytes):
        return {b"fLaC": ".flac", b"OggS": ".ogg", b"FORM": ".aiff", b"RIFF": ".wav"}.get(spoiled[:4], ".mp3")
    return ".wav"


def save(path: Path, spoiled: Samples | bytes) -> None:
    """Writes a spoiled clip: samples as 16-bit WAV, bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(spoiled, bytes):
        path.write_bytes(spoiled)
    else:
        write_wav(path, spoiled)


def to_int16(samples: np.ndarray) -> Samples:
    """Rounds and clips."""
    return np.clip(np.rint(samples), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def encoded(samples: Samples, container: str, subtype: str, compression: float | None = None) -> bytes:
    """The samples as a file of another format."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, SAMPLE_RATE_HZ, subtype, format=container, compression_level=compression)
    return stream.getvalue()


def through(samples: Samples, container: str, subtype: str, compression: float) -> Samples:
    """Encoded and decoded again, by libsndfile."""
    return soundfile.read(io.BytesIO(encoded(samples, container, subtype, compression)), dtype="int16")[0]


def _quiet(samples: Samples, volume: float, _: np.random.Generator) -> Samples:
    return to_int16(samples * (volume * FULL_SCALE / np.abs(samples.astype(np.float64)).mean()))


def _clipped(samples: Samples, how: tuple[float, float], _: np.random.Generator) -> Samples:
    share, gain_after = how
    ceiling = np.quantile(np.abs(samples.astype(np.float64)), 1 - share)
    return to_int16(np.clip(samples / ceiling, -1, 1) * (FULL_SCALE - 1) * gain_after)


def _dropouts(samples: Samples, gap_ms: float, rng: np.random.Generator) -> Samples:
    spoiled, length = samples.copy(), round(gap_ms * SAMPLE_RATE_HZ / 1000)
    loudness = np.convolve(np.abs(samples.astype(np.float64)), np.ones(160) / 160, "same")
    loud = np.flatnonzero(loudness > 0.5 * loudness.max())
    begin = int(np.clip(rng.choice(loud) - length // 2, 160, len(samples) - length - 160))
    spoiled[begin : begin + length] = 0
    return spoiled


def _twice(samples: Samples, pause_s: float, rng: np.random.Generator) -> Samples:
    """The word is said again after a pause."""
    return np.concatenate([samples, to_int16(rng.normal(0, 8, round(pause_s * SAMPLE_RATE_HZ))), samples])


def _offset(samples: Samples, offset: float, rng: np.random.Generator) -> Samples:
    return to_int16(samples + rng.choice([-1, 1]) * offset * FULL_SCALE)


def _cut_off(samples: Samples, how: tuple[float, bool], rng: np.random.Generator) -> Samples:
    lost, padded = how
    first, last = word_span(samples, SAMPLE_RATE_HZ)
    missing = round(lost * (last - first))
    at_start = rng.random() < 0.5
    rest = samples[first + missing :] if at_start else samples[: last - missing]
    return np.pad(rest, (0, len(samples) - len(rest))) if padded else rest


def _narrow(samples: Samples, how: float | tuple[str, str, float], _: np.random.Generator) -> Samples:
    if isinstance(how, tuple):
        return through(samples, *how)
    return _resampled(samples, how)


def _resampled(samples: Samples, rate_hz: float) -> Samples:
    return soxr.resample(soxr.resample(samples, SAMPLE_RATE_HZ, rate_hz), rate_hz, SAMPLE_RATE_HZ)


def _noisy(samples: Samples, snr_db: float, rng: np.random.Generator) -> Samples:
    first, last = word_span(samples, SAMPLE_RATE_HZ)
    speech = np.mean(samples[first:last].astype(np.float64) ** 2)
    return to_int16(samples + rng.normal(0, np.sqrt(speech * 10 ** (-snr_db / 10)), len(samples)))


def _short(samples: Samples, length_ms: float, _: np.random.Generator) -> Samples:
    middle, half = sum(word_span(samples, SAMPLE_RATE_HZ)) // 2, round(length_ms * SAMPLE_RATE_HZ / 2000)
    return samples[max(0, middle - half) : middle + half]


def _truncated(samples: Samples, share: float, _: np.random.Generator) -> bytes:
    whole = encoded(samples, "FLAC" if share < 0.5 else "WAV", "PCM_16")
    return whole[: round(share * len(whole))]


def _misnamed(samples: Samples, how: tuple[str, str], _: np.random.Generator) -> bytes:
    return encoded(samples, *how)


def _copy(samples: Samples, how: str, rng: np.random.Generator) -> Samples | bytes:
    if how == "flac":
        return encoded(samples, "FLAC", "PCM_16")
    if how == "zeros":
        return np.pad(samples, tuple(rng.integers(1, 4_000, 2)))
    volume = np.abs(samples.astype(np.float64)).mean() / FULL_SCALE
    return to_int16(
        samples * max(float(how), 0.005 / volume)
    )  # quieter ones would be near-silent, and rightly discarded


def _same_take(samples: Samples, how: Any, rng: np.random.Generator) -> Samples | bytes:
    if isinstance(how, tuple):
        return encoded(samples, *how)
    if how == "shifted":  # other silence around it, as when the window of a longer recording is chosen anew
        first, last = word_span(samples, SAMPLE_RATE_HZ)
        moved = rng.normal(0, 8, len(samples)) + np.roll(samples, int(rng.integers(-first, len(samples) - last + 1)))
        return to_int16(moved * 0.8)
    if how == "start missing":
        return samples[int(rng.integers(160, 1_600)) :]
    if how == "too loud":
        return to_int16(samples * (1.5 * FULL_SCALE / np.abs(samples.astype(np.int32)).max()))
    if isinstance(how, str):
        return _noisy(samples, float(how.removesuffix(" dB")), rng)
    return _resampled(samples, how)


_MP3, _VORBIS, _OPUS = ("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")
DEFECTS = (
    Defect("unreadable", (0.01, 0.3, 0.6, 0.95), _truncated),
    Defect("too_short", (50, 100, 150, 190), _short),
    Defect("near_silent", (0.0002, 0.001, 0.002, 0.0035), _quiet),
    Defect("low_snr", (-6, -3, 0, 3), _noisy),
    Defect("clipped", ((0.003, 1), (0.01, 1), (0.05, 1), (0.01, 0.3)), _clipped),
    Defect("cut_off", tuple((lost, padded) for lost in (0.2, 0.35, 0.5, 0.65) for padded in (False, True)), _cut_off),
    Defect("speech_outside", (0.1, 0.5, 2.0), _twice),
    Defect("dropouts", (3, 6, 12, 25, 50), _dropouts),
    Defect("dc_offset", (0.012, 0.03, 0.1), _offset),
    Defect("narrow_band", (8_000, 11_025, (*_MP3, 0.99), (*_OPUS, 0.99)), _narrow),
    Defect("wrong_format", (("FLAC", "PCM_16"), ("AIFF", "PCM_16"), _VORBIS, _MP3), _misnamed),
    Defect("duplicate", ("1", "flac", "zeros", "0.7", "0.3"), _copy, is_copy=True),
    Defect(
        "near_duplicate",
        (
            *((*_MP3, 0.5), (*_MP3, 0.99), (*_VORBIS, 0.9), (*_OPUS, 0.9)),
            *("shifted", "start missing", "too loud", 8_000, "20 dB", "10 dB"),
        ),
        _same_take,
        is_copy=True,
    ),
)
