from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks.dc_offset import CHECK


def swinging(seed: int, size: int) -> np.ndarray:
    """Noise whose mean is zero."""
    noise = np.random.default_rng(seed).normal(0, 0.05, size)
    return noise - noise.mean()


@settings(deadline=None, max_examples=50)
@given(
    offset=st.floats(-0.5, 0.5),
    seed=st.integers(0, 99),
    rate_hz=st.sampled_from([8_000, 16_000, 44_100, 48_000]),
)
def test_a_planted_offset_is_reported_whatever_its_sign_and_the_rate(
    cut_recording_of: Callable, offset: float, seed: int, rate_hz: int
) -> None:
    value = CHECK.value(cut_recording_of(swinging(seed, rate_hz) + offset, rate_hz))
    assert value == pytest.approx(abs(offset), abs=1e-4)
    assert CHECK.finds(value) is (float(value) > float(CHECK.limit))


@pytest.mark.parametrize("offset", [0.012, -0.02, 0.2])
def test_an_offset_is_found(cut_recording_of: Callable, offset: float) -> None:
    assert CHECK.finds(CHECK.value(cut_recording_of(swinging(1, 16_000) + offset)))


@pytest.mark.parametrize("level", [0.01, 0.1, 0.3])
def test_plain_sound_is_not_found(cut_recording_of: Callable, level: float) -> None:
    assert not CHECK.finds(CHECK.value(cut_recording_of(np.random.default_rng(1).normal(0, level, 16_000))))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_zeros_at_the_ends_and_turning_it_over_or_around_change_nothing(
    cut_recording_of: Callable, before: int, after: int
) -> None:
    samples = (3_000 * (swinging(2, 6_000) + 0.2)).astype(np.int16) + 1
    samples = samples[(samples != 0).argmax() :]
    expected = abs(float(np.trim_zeros(samples).mean())) / 32_768
    for variant in (samples, -samples, samples[::-1]):
        padded = np.pad(variant, (before, after)).astype(np.int16)
        assert CHECK.value(cut_recording_of(padded)) == pytest.approx(expected, abs=1e-5)
