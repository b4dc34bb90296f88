"""Which clips may be the same take, by their fingerprints: those whose waveforms are worth comparing."""

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress, no_progress
from .bands import nearest_pairs

SIMILARITY_OF_CANDIDATES = 0.85
_FEW = 64  # so few are all compared with each other: too few to know which features are common
_MOST_CLIPS = 50_000  # of which all are compared with all: some five seconds
_MOST_PAIRS = 200_000  # two minutes of comparing waveforms: so many are no coincidence, but hum or silence
_BLOCK = 256


def candidates(
    descriptors: NDArray[np.int8], clips: NDArray[np.int64], progress: Progress = no_progress
) -> NDArray[np.int32]:
    """Pairs of clips whose fingerprints look alike.

    Every feature is taken relative to its mean and deviation over all clips, because what most words have in common
    says nothing. Up to 50,000 clips are compared all with all, block by block. Of more, or where more than 200,000 pairs look
    alike, each clip is paired with the few that are most like it, by hashed bands: then the work grows with the clips and not
    with their square.

    Parameters
    ----------
    descriptors
        int8 [all clips, features].
    clips
        Those that count, ascending.
    progress
        Shows how far it has come, where they are many.

    Returns
    -------
    int32 [pairs, 2], ascending, the lower clip first.
    """
    if len(clips) <= _FEW:
        return clips.astype(np.int32)[np.stack(np.triu_indices(len(clips), 1), axis=1)]
    pairs = all_with_all(descriptors[clips], _MOST_PAIRS) if len(clips) <= _MOST_CLIPS else None
    if pairs is None:
        return nearest_pairs(descriptors, clips, SIMILARITY_OF_CANDIDATES, progress)
    return clips.astype(np.int32)[pairs]


def all_with_all(descriptors: NDArray[np.int8], most: int) -> NDArray[np.int64] | None:
    """int64 [pairs, 2], ascending: rows that look alike of int8 [rows, features]; None where they are more than `most`."""
    features = descriptors.astype(np.float32)
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-3)
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)
    whole = np.empty((_BLOCK, _BLOCK), np.float32)  # once: to ask the system for it costs more than to fill it
    found, count = [np.empty((0, 2), np.int64)], 0
    for begin in range(0, len(features), _BLOCK):
        one = features[begin : begin + _BLOCK]
        for other in range(begin, len(features), _BLOCK):
            two = features[other : other + _BLOCK]
            similar = np.matmul(one, two.T, out=whole[: len(one), : len(two)])
            # argwhere takes as long as matmul
            rows, columns = np.divmod(np.flatnonzero(similar > SIMILARITY_OF_CANDIDATES), len(two))
            pairs = np.stack((begin + rows, other + columns), axis=1)[begin + rows < other + columns]
            found.append(pairs)
            count += len(pairs)
            if count > most:
                return None
    pairs = np.concatenate(found)
    return pairs[np.lexsort(pairs.T[::-1])]
