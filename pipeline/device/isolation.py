"""Whether a word stands alone: quiet, beside its own level, before and after it."""

import numpy as np
import numpy.typing as npt

from ...data.arrays import Waveform

BLOCKS_PER_SECOND = 100
PARTS_PER_BLOCK = 4
BLOCKS_PER_LEVEL = 8  # fewer, and the valleys between syllables would count as pauses


def levels_db(waveform: Waveform, block_samples: int) -> npt.NDArray[np.float64]:
    """How loud each block is, together with the seven before it: float64 [blocks], in dB below full scale.

    The power of a block is the mean over its four quarters of the mean square of their samples' deviations from their mean
    (so that offset, hum and rumble hardly count); what lies before the first block counts as silence.

    Parameters
    ----------
    waveform
        float32 [blocks * block_samples] in [-1, 1).
    block_samples
        Samples of a block of 10 ms.
    """
    quarters = waveform.reshape(-1, PARTS_PER_BLOCK, block_samples // PARTS_PER_BLOCK).astype(np.float64)
    power = quarters.var(axis=2).mean(axis=1)
    sums = np.cumsum(np.concatenate([np.zeros(BLOCKS_PER_LEVEL), power]))
    means = (sums[BLOCKS_PER_LEVEL:] - sums[:-BLOCKS_PER_LEVEL]) / BLOCKS_PER_LEVEL
    return 10 * np.log10(np.maximum(means, 1e-12))


def find_lone_word(
    levels: npt.NDArray[np.float64], window: int, before: int, after: int, longest: int, pause_db: float
) -> tuple[int, int] | None:
    """Where the word of the last `window` levels begins and ends, if it stands alone.

    The word's peak is the largest of the last `window` levels, the first one on ties. Going back from it, the first stretch
    of `before` levels in a row that all lie more than `pause_db` below the peak is the pause before the word, and must end
    at most `longest` levels before the peak; going forward, the first such stretch of `after` levels is the pause after it.

    Returns
    -------
    Index of the word's first level, and one past its last; None where one of the pauses is missing.
    """
    peak = len(levels) - window + int(levels[len(levels) - window :].argmax())
    quiet = levels < levels[peak] - pause_db
    begin = _start_of_stretch(quiet[peak::-1], before)
    end = _start_of_stretch(quiet[peak:], after)
    if begin is None or end is None or begin > longest:
        return None
    return peak - begin + 1, peak + end


def _start_of_stretch(quiet: npt.NDArray[np.bool_], length: int) -> int | None:
    """How far off the first stretch of `length` trues begins; None where there is none."""
    if length == 0:
        return 1
    sums = np.concatenate([[0], np.cumsum(quiet)])
    whole = np.flatnonzero(sums[length:] - sums[:-length] == length)
    return int(whole[0]) if len(whole) else None
