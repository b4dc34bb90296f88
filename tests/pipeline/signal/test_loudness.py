import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from wordspot.pipeline.signal.loudness import mean_abs

SAMPLES = arrays(np.int16, st.integers(1, 120), elements=st.one_of(st.integers(-32_768, 32_767), st.just(-32_768)))


@settings(deadline=None)
@given(SAMPLES)
def test_it_is_the_sum_of_magnitudes_as_python_counts_it(samples: np.ndarray) -> None:
    expected = sum(abs(int(sample)) for sample in samples) / (len(samples) * 32_768)
    assert mean_abs(samples) == pytest.approx(expected, rel=1e-12)
    assert mean_abs(samples[::-1]) == pytest.approx(expected, rel=1e-12)


def test_an_hour_of_the_lowest_value_overflows_nothing() -> None:
    assert mean_abs(np.full(57_600_000, -32_768, np.int16)) == 1.0
