import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from wordspot.pipeline.ingest import trim
from wordspot.pipeline.ingest.trim import fit_to_window, loudest_window, mean_abs

ANY_SAMPLES = arrays(np.int16, st.integers(1, 120))
WITH_TIES = arrays(np.int16, st.integers(1, 60), elements=st.sampled_from([0, 1, -1, 32_767, -32_768]))
SAMPLES = st.one_of(ANY_SAMPLES, WITH_TIES)


def brute_force(samples: np.ndarray, size: int) -> tuple[int, int]:
    magnitudes = [abs(int(sample)) for sample in samples]
    totals = [sum(magnitudes[start : start + size]) for start in range(len(samples) - size + 1)]
    return totals.index(max(totals)), max(totals)


@settings(deadline=None)
@given(samples=SAMPLES, share=st.floats(0, 1))
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_the_loudest_window_is_the_first_of_the_largest_sums(chunk: int, samples: np.ndarray, share: float) -> None:
    size = max(1, round(share * len(samples)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trim, "_CHUNK", chunk)
        assert loudest_window(samples, size) == brute_force(samples, size)


def test_a_long_recording_is_searched_past_the_border_of_a_chunk() -> None:
    samples = np.ones((1 << 20) + 50_000, np.int16)
    for start in ((1 << 20) - 8000, 1 << 20, len(samples) - 16_000):
        louder = samples.copy()
        louder[start : start + 16_000] = -32_768
        assert loudest_window(louder, 16_000) == (start, 16_000 * 32_768)


def test_silence_gives_the_beginning() -> None:
    assert loudest_window(np.zeros(50_000, np.int16), 16_000) == (0, 0)


@settings(deadline=None)
@given(SAMPLES, st.integers(1, 150))
def test_a_clip_is_the_loudest_window_or_the_whole_between_zeros(samples: np.ndarray, size: int) -> None:
    clip, start = fit_to_window(samples, size)
    assert clip.dtype == np.int16
    assert len(clip) == size
    if len(samples) >= size:
        assert start == brute_force(samples, size)[0]
        np.testing.assert_array_equal(clip, samples[start : start + size])
    else:
        np.testing.assert_array_equal(clip[-start : -start + len(samples)], samples)
        before, after = -start, size - len(samples) + start
        assert 0 <= after - before <= 1
        assert not clip[:before].any()
        assert not clip[size - after :].any()


@given(SAMPLES)
def test_mean_abs_is_exact(samples: np.ndarray) -> None:
    expected = sum(abs(int(sample)) for sample in samples) / (len(samples) * 32_768)
    assert mean_abs(samples) == pytest.approx(expected, rel=1e-12)
