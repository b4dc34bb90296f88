import numpy as np
from wordspot.data.arrays import to_samples, to_waveform


def test_all_samples_survive_the_way_to_floating_point_and_back() -> None:
    samples = np.arange(-32_768, 32_768, dtype=np.int16)
    waveform = to_waveform(samples)
    assert (waveform.dtype, waveform.min(), waveform.max()) == (np.float32, -1, 32_767 / 32_768)
    np.testing.assert_array_equal(to_samples(waveform), samples)


def test_what_is_beyond_full_scale_is_clipped_and_the_rest_rounded() -> None:
    waveform = np.array([-9, -1, 0.4 / 32_768, 0.6 / 32_768, 1, np.inf], np.float32)
    np.testing.assert_array_equal(to_samples(waveform), np.array([-32_768, -32_768, 0, 1, 32_767, 32_767], np.int16))
