"""Which descriptors are most alike among very many, by hashed bands, where comparing all with all would take too long.

A band says on which side of 32 random planes a descriptor lies. When descriptors are sorted by their bands, those that
are alike tend to lie near each other, and each is compared with the next 64 to 127; other planes bring others together, so this
is done 48 times. The work for each is the same however many there are, and however many fall into one band.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...progress import Progress, no_progress

_BANDS = 48  # of pairs of copies with a similarity above 0.85 they miss one in 370 among a million
_PLANES = 32
_KEPT = 6  # most alike of each: see tools/bench/README.md
_BLOCK = 64
_ROWS_AT_ONCE = 64 * _BLOCK
_STEPS = 4_096  # of similarity: what differs by less counts as equal
_LARGEST = np.uint64(2**32 - 1)
_HALF = np.uint64(32)


def nearest_pairs(
    descriptors: NDArray[np.int8], clips: NDArray[np.integer], least: float, progress: Progress = no_progress
) -> NDArray[np.int32]:
    """Pairs of clips of which one is among the six that are most alike to the other.

    Clips that are equally alike come in their order: a crowd of equal ones stays connected by its first ones.

    Parameters
    ----------
    descriptors
        int8 [all clips, features].
    clips
        Those that count, ascending.
    least
        Similarity, the cosine of the angle between descriptors relative to mean and deviation, from which on two are alike.
    progress
        Shows how many of the bands have been gone through: a million clips take minutes.

    Returns
    -------
    int32 [pairs, 2], ascending, the lower clip first.
    """
    contents = _Contents.of(descriptors, clips)
    best = np.zeros((len(clips), _KEPT), np.uint64)
    for seed in progress(range(_BANDS), _BANDS):
        order = np.argsort(contents.bands(np.random.default_rng(seed)), kind="stable")
        for begin in range(0, len(order), _ROWS_AT_ONCE):
            places = order[begin : begin + _ROWS_AT_ONCE + _BLOCK]
            first, second, similarity = _alike(contents.features(places), least)
            _keep(best, places[first], places[second], similarity)
    return _pairs(best, clips)


@dataclass(frozen=True)
class _Contents:
    """The descriptors of the clips that count, and mean and deviation of their features, the same in any order."""

    descriptors: NDArray[np.int8]
    clips: NDArray[np.integer]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, descriptors: NDArray[np.int8], clips: NDArray[np.integer]) -> "_Contents":
        sums = squares = np.zeros(descriptors.shape[1], np.int64)
        for part in np.array_split(clips, len(clips) // _ROWS_AT_ONCE + 1):
            values = descriptors[part].astype(np.int64)
            sums, squares = sums + values.sum(axis=0), squares + (values**2).sum(axis=0)
        mean = sums / len(clips)
        deviation = np.maximum(np.sqrt(squares / len(clips) - mean**2), 1e-3)
        return cls(descriptors, clips, mean.astype(np.float32), deviation.astype(np.float32))

    def features(self, places: NDArray[np.integer]) -> NDArray[np.float32]:
        """float32 [rows at once and a block, features], of length 1; zeros where there are fewer places."""
        features = np.zeros((_ROWS_AT_ONCE + _BLOCK, len(self.mean)), np.float32)
        features[: len(places)] = (self.descriptors[self.clips[places]] - self.mean) / self.deviation
        features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)
        return features

    def bands(self, rng: np.random.Generator) -> NDArray[np.uint32]:
        """uint32 [clips]: a bit for each plane through the mean."""
        planes = rng.normal(size=(len(self.mean), _PLANES)).astype(np.float32) / self.deviation[:, None]
        edges, bands = self.mean @ planes, np.empty(len(self.clips), np.uint32)
        for begin in range(0, len(bands), _ROWS_AT_ONCE):
            part = self.clips[begin : begin + _ROWS_AT_ONCE]
            sides = self.descriptors[part].astype(np.float32) @ planes > edges
            bands[begin : begin + _ROWS_AT_ONCE] = np.packbits(sides, axis=1).view(">u4").ravel()
        return bands


def _alike(
    features: NDArray[np.float32], least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Rows that are alike, a lower one, a higher one and their similarity: of each block and the block after it."""
    blocks = features[:_ROWS_AT_ONCE].reshape(-1, _BLOCK, features.shape[1])
    similar = blocks @ sliding_window_view(features, 2 * _BLOCK, axis=0)[::_BLOCK]
    places = np.flatnonzero(similar > least)
    row, column = np.divmod(places, 2 * _BLOCK)
    column += row // _BLOCK * _BLOCK
    is_pair = column > row
    return row[is_pair], column[is_pair], similar.reshape(-1)[places[is_pair]]


def _keep(
    best: NDArray[np.uint64], first: NDArray[np.integer], second: NDArray[np.integer], similarity: NDArray[np.floating]
) -> None:
    """Takes pairs into uint64 [clips, kept], the best of each in order: similarity above, below it who, the first one most."""
    steps = np.rint(similarity * _STEPS).astype(np.uint64) << _HALF
    owners, others = np.concatenate((first, second)), np.concatenate((second, first))
    codes = np.concatenate((steps, steps)) | (_LARGEST - others.astype(np.uint64))
    is_better = codes > best[owners, -1]  # in a crowd few are, after some bands
    owners, codes = owners[is_better], codes[is_better]
    touched = np.unique(owners)
    owners, codes = np.append(owners, np.repeat(touched, _KEPT)), np.append(codes, best[touched])
    order = np.lexsort((~codes, owners))
    owners, codes = owners[order], codes[order]
    is_other = np.append(True, (owners[1:] != owners[:-1]) | (codes[1:] != codes[:-1]))[: len(owners)]
    owners, codes = owners[is_other], codes[is_other]
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    is_kept = rank < _KEPT
    best[owners[is_kept], rank[is_kept]] = codes[is_kept]


def _pairs(best: NDArray[np.uint64], clips: NDArray[np.integer]) -> NDArray[np.int32]:
    """int32 [pairs, 2], ascending, of clips and those that they keep, which are overwritten: they may be many millions."""
    for begin in range(0, len(best), _ROWS_AT_ONCE):
        kept = best[begin : begin + _ROWS_AT_ONCE]
        owners = clips[begin : begin + _ROWS_AT_ONCE, None].astype(np.uint64)
        others = clips[np.where(kept > 0, _LARGEST - (kept & _LARGEST), 0)].astype(np.uint64)
        kept[:] = np.where(kept > 0, np.minimum(owners, others) << _HALF | np.maximum(owners, others), 0)
    codes = best.reshape(-1)
    codes.sort()
    is_other, count = np.append(True, codes[1:] != codes[:-1]) & (codes > 0), 0
    for begin in range(0, len(codes), _ROWS_AT_ONCE):  # in its place: at this moment most memory is needed
        part = codes[begin : begin + _ROWS_AT_ONCE][is_other[begin : begin + _ROWS_AT_ONCE]]
        codes[count : count + len(part)] = part
        count += len(part)
    return codes[:count].astype("<u8", copy=False).view("<i4").reshape(-1, 2)[:, ::-1]
