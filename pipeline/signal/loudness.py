"""How loud samples are."""

import numpy as np
from numpy.typing import NDArray

from ...data.arrays import FULL_SCALE, Samples


def sum_abs(samples: Samples) -> NDArray[np.int64]:
    """int64 [...]: sum of |x| of each int16 [..., n]."""
    magnitudes = np.abs(samples).view(np.uint16)  # which holds |-32768|, that int16 does not
    return magnitudes.sum(axis=-1, dtype=np.int64)


def mean_abs(samples: Samples) -> float:
    """Mean of |x| of int16 [n] samples as a share of full scale: the loudness measure of Warden's extract_loudest_section."""
    return float(sum_abs(samples)) / (len(samples) * FULL_SCALE)
