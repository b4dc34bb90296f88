"""Finding recordings that are the same audio, or the same take: fingerprints first, waveforms then."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ....data.arrays import Samples
from ...progress import Progress, no_progress
from ...signal.spectrum import BIN_HZ, single_rfft
from ..checks.cut_stack import CutStack
from .candidates import candidates
from .same_take import AGREEMENT_OF_SAME_TAKE, agreement

CORRELATION_OF_SAME_TAKE = 0.7
_ROUNDING_RMS = 0.75  # of 16-bit steps; it is 0.71 between a copy that was truncated and one that was rounded
_LEAST_SHARE = 0.01  # of a clip's energy, that overlaps
_BAND_EDGES = np.unique(np.round(np.geomspace(150, 3_800, 13) / BIN_HZ).astype(int))
_WIDTH_FRAMES = 38.4  # 0.77 s around the word's center
_KEPT = 8  # cosines in time, and as many in frequency
_FLOOR = 1e-4  # of the loudest band: what is 40 dB below it does not count
_PI_TIMES = np.pi * np.arange(_KEPT)[:, None]
_BANDS = len(_BAND_EDGES) - 1
_IN_FREQUENCY = np.cos(_PI_TIMES * (np.arange(_BANDS) + 0.5) / _BANDS).T / _BANDS
_STEPS_PER_UNIT = 40  # then nearly all cosines of speech fit into a byte
_DIGEST_BYTES = 16
_DESCRIPTOR_BYTES = _KEPT * _KEPT - 1
FINGERPRINT_BYTES = _DIGEST_BYTES + _DESCRIPTOR_BYTES


def fingerprints(stack: CutStack) -> list[str]:
    """What is remembered of clips to find duplicates: a digest of the samples, and a description of the spectrogram.

    The description is the log spectrogram in 12 bands from 150 to 3,800 Hz (what every codec and telephone keeps), 0.77 s
    around the center of its energy (so that shifting does not matter), as 8 x 8 cosines without the constant one (so
    that gain does not matter).

    Returns
    -------
    Base64 text of 16 + 63 bytes for each; empty for silence.
    """
    if not stack.content.size:
        return [""] * len(stack.cuts)
    digests = (bytes.fromhex(cut.content_hash) for cut in stack.cuts)
    described = (descriptor.tobytes() for descriptor in _describe(stack))
    return [base64.b64encode(one + other).decode("ascii") for one, other in zip(digests, described, strict=True)]


def _describe(stack: CutStack) -> NDArray[np.int8]:
    """int8 [cuts, 63]: the cosines of each spectrogram around the center of its energy."""
    bands = np.add.reduceat(stack.power[..., : _BAND_EDGES[-1]], _BAND_EDGES[:-1], axis=-1)
    cuts, frames, _ = bands.shape
    floors = np.maximum(_FLOOR * bands.max(axis=(1, 2)).astype(np.float64), 1e-20).astype(np.float32)
    spectrograms = np.log(bands + floors[:, None, None])
    spectrograms -= spectrograms.min(
        axis=(1, 2), keepdims=True
    )  # what lies beyond a clip's ends is its quietest moment
    above = np.maximum(stack.frame_power - 3 * stack.ranked_frame_power[:, frames // 5, None], 0)
    moments = np.arange(frames)
    centers = above @ moments.astype(np.float64) / np.maximum(above.sum(axis=1).astype(np.float64), 1e-20)
    offset = moments - centers[:, None]
    inside = np.minimum(np.maximum((_WIDTH_FRAMES + 1) / 2 - np.abs(offset), 0), 1)  # a part of the frames at its edges
    in_time = np.cos(_PI_TIMES * (offset / _WIDTH_FRAMES + 0.5)[:, None]) * (inside / _WIDTH_FRAMES)[:, None]
    cosines = (in_time @ spectrograms @ _IN_FREQUENCY).reshape(cuts, -1)[:, 1:]
    return np.minimum(np.maximum(np.rint(cosines * _STEPS_PER_UNIT), -127), 127).astype(np.int8)


class Relation(IntEnum):
    """How two clips are related."""

    NONE = 0
    NEAR = 1
    SAME = 2


def relate(first: Samples, second: Samples) -> Relation:
    """Compares two clips, int16 [n] and [m] without outer zeros, sample by sample at the shift where they agree best.

    The correlation is of the band around 2 kHz: hum and offset, which two takes may share, do not count, nor what
    telephones and codecs take away. The shift is looked for at half the rate, and then looked at more closely. Clips that
    correlate are near only if they also run alike in every band and at every moment, see `agreement`.
    """
    louder, quieter = sorted((first, second), key=_peak, reverse=True)
    loud, quiet = _around_2_khz(louder), _around_2_khz(quieter)
    if min(len(loud), len(quiet)) == 0:
        return Relation.NONE
    near = 2 * _best_shift(loud[::2], quiet[::2])
    shifts = range(near - 2, near + 3)
    correlations = {shift: _correlation(loud, quiet, shift) for shift in shifts}
    best = max(correlations, key=correlations.__getitem__)
    if correlations[best] < CORRELATION_OF_SAME_TAKE:
        return Relation.NONE
    if any(_is_rounding(louder, quieter, shift) for shift in shifts):
        return Relation.SAME
    is_same_take = agreement(*_overlap(louder, quieter, best)) >= AGREEMENT_OF_SAME_TAKE
    return Relation.NEAR if is_same_take else Relation.NONE


def _peak(samples: Samples) -> int:
    return max(int(samples.max(initial=0)), -int(samples.min(initial=0)))


def _around_2_khz(samples: np.ndarray) -> np.ndarray:
    """float32 [n - 5]: x[t] + x[t + 1] - x[t + 4] - x[t + 5]: nothing of 0, 4 and 8 kHz is left."""
    samples = samples.astype(np.float32)
    pairs = samples[:-1] + samples[1:]
    return pairs[:-4] - pairs[4:]


def _best_shift(loud: np.ndarray, quiet: np.ndarray) -> int:
    """How many samples after the quieter clip the louder one begins, where they agree best and half of one is covered."""
    half = (min(len(loud), len(quiet)) + 1) // 2
    first, last = half - len(loud), len(quiet) - half
    size = _quick_size(last - first + half)  # what wraps around falls on other shifts
    products = size**2 * np.fft.irfft(single_rfft(quiet, size) * np.conj(single_rfft(loud, size)), size)
    products = np.concatenate((products[first:], products[: last + 1])) if first < 0 else products[: last + 1]
    energies = _overlapping_energy(quiet, first, last, len(loud)).astype(np.float64)
    energies *= _overlapping_energy(loud, -last, -first, len(quiet))[::-1]
    # where next to nothing of either sounds in what overlaps, the rounding of the transform would decide
    least = max(1e-9, _LEAST_SHARE**2 * float(loud @ loud) * float(quiet @ quiet))
    return first + int(np.where(energies >= least, products / np.sqrt(np.maximum(energies, least)), -1).argmax())


def _quick_size(least: int) -> int:
    """A length from `least` on of which a Fourier transform is quick: four to eight times a power of two."""
    step = 1 << max(0, least.bit_length() - 3)
    return -(-least // step) * step


def _correlation(loud: np.ndarray, quiet: np.ndarray, shift: int) -> float:
    """Normalized, of what overlaps when the louder one begins `shift` samples after the quieter one."""
    one, other = _overlap(loud, quiet, shift)
    if not len(one):
        return 0.0
    return float(one @ other) / max(1e-9, float(np.sqrt(float(one @ one) * float(other @ other))))


def _overlap(loud: np.ndarray, quiet: np.ndarray, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """What of the quieter and the louder clip lies on each other when the louder one begins `shift` samples later."""
    begin, end = max(0, shift), max(0, shift, min(len(quiet), shift + len(loud)))
    return quiet[begin:end], loud[begin - shift : end - shift]


def _overlapping_energy(samples: np.ndarray, first: int, last: int, length: int) -> np.ndarray:
    """Energy of samples [begin, begin + length) for each begin from `first` to `last`, as far as they exist."""
    before, end = max(0, -first), max(0, -first) + len(samples)
    sums = np.zeros(max(end, before + last + length) + 1, np.int64)  # of whole numbers: five times as fast as floats
    np.cumsum(samples.astype(np.int64) ** 2, out=sums[before + 1 : end + 1])
    sums[end + 1 :] = sums[end]
    begins = slice(before + first, before + last + 1)
    return sums[begins.start + length : begins.stop + length] - sums[begins]


def _is_rounding(louder: Samples, quieter: Samples, shift: int) -> bool:
    """Whether the quieter clip is the louder one, scaled and rounded; where only one is, the other counts as zeros."""
    begin, end = min(0, shift), max(len(quieter), shift + len(louder))
    both = np.zeros((2, end - begin), np.float64)
    both[0, shift - begin : shift - begin + len(louder)] = louder
    both[1, -begin : len(quieter) - begin] = quieter
    gain = (both[0] @ both[1]) / (both[0] @ both[0])
    rest = both[1] - gain * both[0]
    return float(np.sqrt(np.mean(rest**2))) < _ROUNDING_RMS and np.abs(rest).max() < 2


@dataclass
class Fingerprints:
    """The fingerprints of many clips, and the groups that they form; 79 bytes per clip."""

    _bytes: bytearray = field(default_factory=bytearray)

    def add(self, fingerprint: str) -> None:
        """Takes one more."""
        self._bytes += base64.b64decode(fingerprint)

    def __len__(self) -> int:
        return len(self._bytes) // (FINGERPRINT_BYTES)

    def groups(
        self, compare: Callable[[NDArray[np.int32]], NDArray[np.int8]], progress: Progress = no_progress
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Who belongs together.

        Parameters
        ----------
        compare
            Gives the relation of each pair of clips of int32 [pairs, 2], int8 [pairs], by looking at their waveforms.
        progress
            Shows how far the search for such pairs has come, where clips are many.

        Returns
        -------
        same, near
            int64 [clips] each: the first clip of the group of each, itself where it is alone; groups of the same audio, and
            of the same take (which the same audio is too).
        """
        table = np.frombuffer(self._bytes, np.uint8).reshape(-1, FINGERPRINT_BYTES)
        equal = _first_of_equal(np.ascontiguousarray(table[:, :_DIGEST_BYTES]).view(np.uint64))
        firsts = np.flatnonzero(equal == np.arange(len(equal)))
        pairs = candidates(table[:, _DIGEST_BYTES:].view(np.int8), firsts, progress)
        relations = compare(pairs)
        same = _joined(equal, pairs[relations == Relation.SAME].tolist())
        return same, _joined(same, pairs[relations == Relation.NEAR].tolist())


def _first_of_equal(rows: NDArray[np.uint64]) -> NDArray[np.int64]:
    """int64 [rows]: the first of those that are the same as each of uint64 [rows, 2]."""
    order = np.lexsort(rows.T)  # equal ones in the order in which they came
    in_order = rows[order]
    begins = np.flatnonzero(np.append(True, (in_order[1:] != in_order[:-1]).any(axis=1))[: len(rows)])
    firsts = np.empty(len(rows), np.int64)
    firsts[order] = np.repeat(order[begins], np.diff(begins, append=len(rows)))
    return firsts


def _joined(firsts: NDArray[np.int64], pairs: Iterable[list[int]]) -> NDArray[np.int64]:
    """The first of each group, int64 [clips], after joining the groups of each pair; few, beside the clips."""
    firsts = firsts.copy()
    parent: dict[int, int] = {}

    def root(member: int) -> int:
        while parent.setdefault(member, member) != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for first, second in pairs:
        low, high = sorted((root(int(firsts[first])), root(int(firsts[second]))))
        parent[high] = low
    joined = np.arange(len(firsts))
    for member in parent:
        joined[member] = root(member)
    return joined[firsts]
