"""Where in a clip its word begins and ends."""

import numpy as np

from ...data.arrays import Samples

_FRAME_S = 0.01
_LOUD_DB, _ABOVE_NOISE_DB = 25.0, 6.0


def word_span(samples: Samples, sample_rate_hz: int) -> tuple[int, int]:
    """First and one past the last sample of the word of a clip, int16 [n].

    It lasts from the first to the last 10 ms that are within 25 dB of its loudest and 6 dB above its quietest tenth; where
    nothing stands out, it is the whole clip.
    """
    size = round(_FRAME_S * sample_rate_hz)
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    if not len(frames):
        return 0, len(samples)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-9)
    loud = np.flatnonzero((level >= level.max() - _LOUD_DB) & (level > np.quantile(level, 0.1) + _ABOVE_NOISE_DB))
    return (int(loud[0]) * size, int(loud[-1] + 1) * size) if len(loud) else (0, len(samples))
