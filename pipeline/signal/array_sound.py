"""Sound that a program hands over as an array: of any numeric type, rate and number of channels."""

import numbers

import numpy as np
import numpy.typing as npt

from ...data.arrays import Samples
from ...data.audio import RATES_HZ, Mixer
from ...data.errors import WordspotError
from .waveforms import check_floats

_MOST_CHANNELS = 64
_LEAST_SHARE = 2.0**-15  # of 32-bit full scale: less is 16-bit sound in a wider type, or nothing


def to_mono_samples(sound: npt.ArrayLike, sample_rate_hz: float, to_rate_hz: float) -> Samples:
    """One whole sound as int16 [m] at another rate: channels averaged, resampled by soxr.

    Parameters
    ----------
    sound
        [n] or [n, channels]: floats in [-1, 1), or int16, int32, int8 or uint8 (whose middle is 128) over their whole range.
    sample_rate_hz, to_rate_hz
        The sound's rate, and that of the result.

    Raises
    ------
    WordspotError
        Another shape or type, no samples, NaN or infinity, a scale that cannot be meant, a rate out of range.
    """
    check_rate(sample_rate_hz)
    array = _as_array(sound)
    if array.dtype == np.int16 and array.ndim == 1 and len(array) and sample_rate_hz == to_rate_hz:
        return array
    mix = Mixer(sample_rate_hz, to_rate_hz)
    samples = np.concatenate([mix(to_float_block(array)), mix.rest()])
    if not len(samples):
        raise WordspotError(f"the sound has {len(array)} samples, too few for one at {to_rate_hz:g} Hz")
    return samples


def to_float_block(sound: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """float32 [n, channels] in [-1, 1) of an array as `to_mono_samples` takes it; raises as it does."""
    array = _as_array(sound)
    if array.ndim not in (1, 2) or not array.size:
        raise WordspotError(f"the sound has shape {array.shape}; expected [samples] or [samples, channels], not empty")
    if array.ndim == 2 and array.shape[1] > _MOST_CHANNELS:
        raise WordspotError(
            f"the sound has shape {array.shape}; expected [samples, channels]: transpose it if channels come first"
        )
    return _as_float(array).reshape(len(array), -1)


def check_rate(sample_rate_hz: float) -> None:
    """Raises `WordspotError` for a sample rate that no recording has."""
    is_number = isinstance(sample_rate_hz, numbers.Real)
    if not is_number or not RATES_HZ[0] <= sample_rate_hz <= RATES_HZ[1]:  # false for NaN, too
        raise WordspotError(f"sample_rate_hz is {sample_rate_hz!r}; expected {RATES_HZ[0]:,} to {RATES_HZ[1]:,}")


def _as_array(sound: npt.ArrayLike) -> np.ndarray:
    try:
        array = np.asarray(sound)
    except (ValueError, TypeError) as error:  # rows of different lengths
        raise WordspotError(f"the sound is no array ({error}); expected [samples] or [samples, channels]") from error
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _as_float(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - 128) / 128
    if array.dtype in (np.int8, np.int16, np.int32):
        _check_uses_its_range(array)
        return (array / -float(np.iinfo(array.dtype).min)).astype(np.float32)
    if array.dtype.kind != "f":
        raise WordspotError(
            f"the sound has type {array.dtype}; expected floats in [-1, 1), int16, int32, int8 or uint8"
        )
    check_floats(array)
    return array.astype(np.float32)


def _check_uses_its_range(array: np.ndarray) -> None:
    """32-bit values that 16 bits could hold are 16-bit sound, which would be taken for silence."""
    peak = max(int(array.max()), -int(array.min()))
    if array.dtype == np.int32 and 0 < peak <= _LEAST_SHARE * 2**31 / 2:
        raise WordspotError(
            f"the sound has type int32 but reaches only {peak:,} of 2,147,483,648: pass 16-bit values as int16"
        )
