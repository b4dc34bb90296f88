"""How loud samples are."""

import numpy as np

from ...data.arrays import FULL_SCALE, Samples


def mean_abs(samples: Samples) -> float:
    """Mean of |x| of int16 [n] samples as a share of full scale: the loudness measure of Warden's extract_loudest_section."""
    magnitudes = np.abs(samples).view(np.uint16)  # which holds |-32768|, that int16 does not
    return float(magnitudes.sum(dtype=np.int64)) / (len(samples) * FULL_SCALE)
