"""Whether a word stands alone: quiet, beside its own level, before and after it."""

import numpy as np
import numpy.typing as npt

from ...data.arrays import Waveform

BLOCKS_PER_SECOND = 100
PARTS_PER_BLOCK = 4
BLOCKS_PER_LEVEL = 8  # fewer, and the valleys between syllables would count as pauses
QUIETEST_DB = -120.0


class Levels:
    """How loud each block of a stream is, together with the seven before it.

    The power of a block is the mean over its four quarters of the mean square of their samples' deviations from their mean
    (so that offset, hum and rumble hardly count); what lies before the first block counts as silence.

    Parameters
    ----------
    block_samples
        Samples of a block of 10 ms.
    """

    def __init__(self, block_samples: int) -> None:
        self._block_samples = block_samples
        self._rest = np.zeros(0, np.float32)  # of a block that is not whole yet
        self._powers = np.zeros(BLOCKS_PER_LEVEL - 1)  # of the last blocks

    def feed(self, waveform: Waveform) -> npt.NDArray[np.float64]:
        """Levels of the blocks that the next samples, float32 [n] in [-1, 1), complete.

        Returns
        -------
        float64 [blocks], in dB below full scale, at least -120.
        """
        samples = np.concatenate([self._rest, waveform])
        blocks = len(samples) // self._block_samples
        whole, self._rest = np.split(samples, [blocks * self._block_samples])
        quarters = whole.reshape(-1, PARTS_PER_BLOCK, self._block_samples // PARTS_PER_BLOCK).astype(np.float64)
        powers = np.concatenate([self._powers, quarters.var(axis=2).mean(axis=1)])
        self._powers = powers[blocks:]
        means = np.mean([powers[k : k + blocks] for k in range(BLOCKS_PER_LEVEL)], axis=0)
        return 10 * np.log10(np.maximum(means, 10 ** (QUIETEST_DB / 10)))


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
    end = _start_of_stretch(quiet[peak:], after)
    if end is None:
        return None
    begin = _start_of_stretch(quiet[peak::-1], before)
    if begin is None or begin > longest:
        return None
    return peak - begin + 1, peak + end


def _start_of_stretch(quiet: npt.NDArray[np.bool_], length: int) -> int | None:
    """How far off the first stretch of `length` trues begins; None where there is none."""
    sums = np.concatenate([[0], np.cumsum(quiet)])
    whole = np.flatnonzero(sums[length:] - sums[:-length] == length)
    return int(whole[0]) if len(whole) else None
