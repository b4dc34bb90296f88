"""How loud samples are."""

import numpy as np

from ...data.audio import FULL_SCALE


def mean_abs(samples: np.ndarray) -> float:
    """Mean of |x| of int16 [n] samples as a share of full scale: the loudness measure of Warden's extract_loudest_section."""
    return float(np.abs(samples.astype(np.int32)).sum(dtype=np.int64)) / (len(samples) * FULL_SCALE)
