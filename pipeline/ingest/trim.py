"""Where in a recording the word is: the loudest window."""

import numpy as np

_CHUNK = 1 << 20  # window positions summed at a time, so that an hour of sound needs no gigabyte


def loudest_window(samples: np.ndarray, size: int) -> tuple[int, int]:
    """The window with the largest sum of |x|, over every sample position.

    Sums are of integers and so exact; the first window wins a tie (a silent recording gives position 0).

    Parameters
    ----------
    samples
        int16 [n] with n >= size.
    size
        Window length in samples, at least 1.

    Returns
    -------
    start
        Index of the window's first sample.
    total
        Its sum of |x|, in units of one 16-bit step.

    Examples
    --------
    >>> loudest_window(np.array([0, 1, -5, 3, 0], np.int16), 2)
    (2, 8)
    """
    best_start, best_total = 0, -1
    for begin in range(0, len(samples) - size + 1, _CHUNK):
        sums = _window_sums(samples[begin : begin + _CHUNK + size - 1], size)
        peak = int(sums.argmax())
        if sums[peak] > best_total:
            best_start, best_total = begin + peak, int(sums[peak])
    return best_start, best_total


def fit_to_window(samples: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    """One clip of exactly `size` samples from a recording of any length.

    A longer recording is cut to its loudest window. A shorter one is kept whole, centered between zeros (the odd zero
    goes to the end).

    Returns
    -------
    clip
        int16 [size].
    start
        Where the clip begins in the recording, in samples; negative by the number of zeros put before a shorter one.
    """
    if len(samples) >= size:
        start, _ = loudest_window(samples, size)
        return samples[start : start + size], start
    before = (size - len(samples)) // 2
    return np.pad(samples, (before, size - len(samples) - before)), -before


def mean_abs(samples: np.ndarray) -> float:
    """Mean of |x| of int16 [n] samples as a share of full scale: the loudness measure of Warden's extract_loudest_section."""
    return float(np.abs(samples.astype(np.int32)).sum(dtype=np.int64)) / (len(samples) * 32_768)


def _window_sums(samples: np.ndarray, size: int) -> np.ndarray:
    """int64 [n - size + 1]: sum of |x| of the window that starts at each sample."""
    sums = np.zeros(len(samples) + 1, np.int64)
    np.cumsum(np.abs(samples.astype(np.int32)), out=sums[1:])  # int32 first: |-32768| does not fit 16 bits
    return sums[size:] - sums[:-size]
