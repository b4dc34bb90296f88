from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks.clipped import CHECK

RATES_HZ = [8_000, 16_000, 22_050, 44_100, 48_000]


def found(cut) -> bool:
    return CHECK.finds(CHECK.value(cut))


def word(rate_hz: int, hz: float) -> np.ndarray:
    """A second with a swelling tone in it, peak 1, on a floor of noise."""
    time_s = np.arange(rate_hz) / rate_hz
    envelope = np.clip(np.sin(2 * np.pi * (time_s - 0.25)), 0, None)
    return envelope * np.sin(2 * np.pi * hz * time_s) + np.random.default_rng(1).normal(0, 1e-3, rate_hz)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@settings(deadline=None, max_examples=20)
@given(hz=st.floats(150, 500), gain_db=st.floats(3, 30))
def test_a_word_amplified_beyond_full_scale_is_found(
    cut_recording_of: Callable, rate_hz: int, hz: float, gain_db: float
) -> None:
    assert found(cut_recording_of(10 ** (gain_db / 20) * word(rate_hz, hz), rate_hz))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@settings(deadline=None, max_examples=20)
@given(hz=st.floats(150, 1_000), level_db=st.floats(-40, -1))
def test_the_same_word_below_full_scale_is_not_found(
    cut_recording_of: Callable, rate_hz: int, hz: float, level_db: float
) -> None:
    assert not found(cut_recording_of(10 ** (level_db / 20) * word(rate_hz, hz), rate_hz))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("hz", [440, 1_000])
def test_a_steady_tone_is_found_when_it_is_clipped_and_not_1_db_below_full_scale(
    cut_recording_of: Callable, rate_hz: int, hz: int
) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz)
    assert found(cut_recording_of(2 * tone, rate_hz))
    assert not found(cut_recording_of(10 ** (-1 / 20) * tone, rate_hz))


@settings(deadline=None, max_examples=30)
@given(st.floats(-25, 0), st.sampled_from(RATES_HZ))
def test_gain_after_the_clipping_keeps_the_finding(cut_recording_of: Callable, gain_db: float, rate_hz: int) -> None:
    clipped = np.clip(3 * word(rate_hz, 300), -1, 1)
    assert found(cut_recording_of(10 ** (gain_db / 20) * clipped, rate_hz))


def test_one_rail_is_enough(cut_recording_of: Callable) -> None:
    for sign in (1, -1):
        assert found(cut_recording_of(sign * np.clip(0.6 * word(16_000, 300), -1, 0.2)))


def test_single_samples_at_full_scale_are_harmless(cut_recording_of: Callable) -> None:
    samples = np.random.default_rng(1).integers(-9_000, 9_000, 16_000).astype(np.int16)
    samples[::10] = 32_767
    samples[1::10] = 32_767
    assert CHECK.value(cut_recording_of(samples)) == 0


def test_quiet_sound_is_never_clipped(cut_recording_of: Callable) -> None:
    assert CHECK.value(cut_recording_of(np.clip(word(16_000, 300), -0.03, 0.03))) == 0


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from([-2_000, -1_999, -1_998, 5, 2_998, 2_999, 3_000]), min_size=1, max_size=40))
def test_the_share_is_that_of_a_count_by_hand(cut_recording_of: Callable, values: list[int]) -> None:
    stuck = 0
    for sign in (1, -1):
        rail = max(sign * value for value in values)
        at_rail = [sign * value >= rail - 1 for value in values]
        lengths = [len(list(group)) for value, group in groupby(at_rail) if value]
        stuck += sum(length for length in lengths if length >= 3) if rail >= 1_000 else 0
    assert CHECK.value(cut_recording_of(np.array(values, np.int16))) == pytest.approx(stuck / len(values), abs=1e-5)
