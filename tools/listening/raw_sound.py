"""What raw samples in a pipe are, where they are not what was agreed: 16-bit, little-endian, mono, at the model's rate.

Raw samples carry no header, and samples of another kind give loud noise, in which no word is ever found and nothing says
why. But their bytes differ from those of 16-bit samples: the two bytes of a sample are distributed alike, or neighbouring
samples are not equally loud, which those of one channel always are.
Another rate shows by the clock: a live source brings more or fewer seconds of sound than went by.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from ...data.arrays import FULL_SCALE, Samples, to_samples, to_waveform

JUDGED_BYTES = 32_000  # a second at 16 kHz; less is not judged
_QUIETEST = 0.0005  # mean |x|, below which nothing can be seen: -66 dBFS
_LOUD = 0.25  # mean |x|: misread sound is noise louder than this
_ALIKE = 0.15  # half the summed differences of two distributions of bytes
_UNIFORM = 3 / 256  # the most frequent byte of uniform ones is about one in 256
_MUTED_S = 10.0
_PACE_JUDGED_S = 5.0
_WAITED_SHARE = 0.5  # who waits less for sound than this is not fed by a live source, but by a file
_FASTER, _SLOWER = 1.25, 0.75
_RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)


def is_quiet(data: bytes) -> bool:
    """Whether nothing can be seen in these raw bytes."""
    return float(np.abs(to_waveform(np.frombuffer(data, "<i2", len(data) // 2))).mean()) < _QUIETEST


def other_encoding(data: bytes) -> str | None:
    """What raw bytes are, if they are clearly no 16-bit little-endian mono sound; None if they are, or who knows.

    Parameters
    ----------
    data
        At least `JUDGED_BYTES` from an even place of the stream on, not quiet.
    """
    data = data[: len(data) // 24 * 24]  # whole samples of every width
    samples = to_waveform(np.frombuffer(data, "<i2"))
    return next((name for name, is_so in _KINDS if is_so(data, samples)), None)


def _is_float(kind: str) -> Callable[[bytes, np.ndarray], bool]:
    def is_so(data: bytes, samples: np.ndarray) -> bool:
        size = np.abs(np.frombuffer(data, kind))
        with np.errstate(invalid="ignore"):
            plausible = (size == 0) | ((size > 1e-8) & (size < 4))
        return bool(plausible.mean() > 0.99 and np.count_nonzero(size) > len(size) / 10)

    return is_so


def _is_32_bit(data: bytes, samples: np.ndarray) -> bool:
    """The lower halves are noise or nothing, and the upper ones sound; neighbours of 16 bits are equally loud."""
    low, high = (float(np.abs(half).mean()) for half in (samples[0::2], samples[1::2]))
    return high > 0 and (low == 0 or (0.4 < low < 0.6 and high < low / 4))


def _is_big_endian(data: bytes, samples: np.ndarray) -> bool:
    """Loud as it is, and quiet with its bytes exchanged; but so are samples at the rails, which are left out."""
    kept = samples[np.abs(samples + 0.5 / FULL_SCALE) < 1 - 1 / FULL_SCALE]
    if len(kept) < len(samples) / 4:
        return False
    swapped = to_waveform(to_samples(kept).byteswap())
    level, swapped_level = float(np.abs(kept).mean()), float(np.abs(swapped).mean())
    return level > _LOUD and swapped_level < level / 4 and len(set(data[::2])) > 1


def _is_8_bit(data: bytes, samples: np.ndarray) -> bool:
    """Unsigned, signed, A-law or mu-law: both bytes of a pair are distributed alike, as they are in 24 bits."""
    pairs = np.frombuffer(data, np.uint8).reshape(-1, 2)
    pairs = pairs[
        (pairs[:, 0] != pairs[:, 1]) | ((pairs[:, 0] != 0) & (pairs[:, 0] != 255))
    ]  # 0 and -1 are alike anyway
    if len(pairs) < len(data) / 8:
        return False
    even, odd = (np.bincount(pairs[:, place], minlength=256) / len(pairs) for place in (0, 1))
    return bool(np.abs(even - odd).sum() / 2 < _ALIKE and even.max() > _UNIFORM)


def _is_stereo(data: bytes, samples: np.ndarray) -> bool:
    """Each sample resembles its neighbour of one side more than that of the other."""
    within, between = np.abs(samples[1::2] - samples[0::2]).mean(), np.abs(samples[2::2] - samples[1:-1:2]).mean()
    return bool(min(within, between) < 0.25 * max(within, between))


_KINDS: tuple[tuple[str, Callable[[bytes, np.ndarray], bool]], ...] = (
    ("64-bit floating-point", _is_float("<f8")),
    ("32-bit floating-point", _is_float("<f4")),
    ("32-bit integer", _is_32_bit),
    ("8-bit or 24-bit", _is_8_bit),
    ("big-endian 16-bit", _is_big_endian),
    ("stereo", _is_stereo),
)


class Pace:
    """Notices sound that comes faster or slower than real time, as of another rate.

    Parameters
    ----------
    sample_rate_hz
        What was agreed.
    clock
        Seconds that go by.
    """

    def __init__(self, sample_rate_hz: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate_hz, self._clock = sample_rate_hz, clock
        self._begin: float | None = None
        self._waited_s = 0.0
        self._samples = 0
        self._judged = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around whatever waits for sound."""
        before = self._clock()
        yield
        if self._begin is not None:
            self._waited_s += self._clock() - before

    def add(self, samples: int) -> str | None:
        """Counts samples that have come; gives a sentence once, when they come at another rate."""
        now = self._clock()
        if self._begin is None:  # what had gathered before does not count
            self._begin = now
            return None
        self._samples += samples
        elapsed_s = now - self._begin
        if self._judged or elapsed_s < _PACE_JUDGED_S:
            return None
        self._judged = True
        speed = self._samples / elapsed_s / self._rate_hz
        if self._waited_s < _WAITED_SHARE * elapsed_s or _SLOWER < speed < _FASTER:
            return None
        rate_hz = min(_RATES_HZ, key=lambda rate: abs(rate - speed * self._rate_hz))
        return (
            f"raw sound comes {speed:.2f} times as fast as real time, like {rate_hz} Hz, or more channels or bits; expected "
            f"{self._rate_hz} Hz, 16 bits, mono: with arecord, use -f S16_LE -r {self._rate_hz} -c 1"
        )


def note_when_muted(blocks: Iterator[Samples], sample_rate_hz: int, note: Callable[[str], None]) -> Iterator[Samples]:
    """The same blocks, int16 [n]; says so when for ten seconds every sample is the same."""
    value, same, said = None, 0, False
    for block in blocks:
        for one, length in _outer_runs(block):
            if one != value:
                value, same, said = one, 0, False
            same += length
            if same >= _MUTED_S * sample_rate_hz and not said:
                note(f"no sound at all for {_MUTED_S:g} s: is the microphone muted, or is it another device?")
                said = True
        yield block


def _outer_runs(block: Samples) -> Iterator[tuple[int, int]]:
    """(value, length) of the run of equal samples at the start of a block, and of that at its end."""
    changes = np.flatnonzero(block[1:] != block[:-1]) + 1
    if len(changes):
        yield int(block[0]), int(changes[0])
        if len(changes) > 1:
            yield int(block[changes[0]]), 1  # breaks the run
        yield int(block[-1]), len(block) - int(changes[-1])
    elif len(block):
        yield int(block[0]), len(block)
