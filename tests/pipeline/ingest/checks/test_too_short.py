from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks.too_short import CHECK


@settings(deadline=None, max_examples=40)
@given(before=st.integers(0, 40_000), size=st.integers(1, 40_000), after=st.integers(0, 40_000))
def test_the_zeros_at_the_ends_of_the_recording_are_left_out(
    cut_recording_of: Callable, before: int, size: int, after: int
) -> None:
    sound = np.random.default_rng(size).integers(-5, 6, size).astype(np.int16)
    sound[[0, -1]] = 7
    value = CHECK.value(cut_recording_of(np.pad(sound, (before, after)).astype(np.int16)))
    assert value == pytest.approx(size / 16_000, abs=0.00051)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize(("seconds", "found"), [(0.05, True), (0.19, True), (0.21, False), (3.0, False)])
def test_less_than_a_fifth_of_a_second_is_found(
    cut_recording_of: Callable, rate_hz: int, seconds: float, found: bool
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, round(seconds * rate_hz))
    assert CHECK.finds(CHECK.value(cut_recording_of(noise, rate_hz))) is found


def test_a_second_of_zeros_is_silent_but_not_short(cut_recording_of: Callable) -> None:
    assert CHECK.value(cut_recording_of(np.zeros(16_000, np.int16))) == 1
