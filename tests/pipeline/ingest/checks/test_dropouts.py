from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks.dropouts import CHECK

RATES_HZ = [8_000, 16_000, 44_100, 48_000]


def noise(size: int, seed: int = 1) -> np.ndarray:
    """Noise in which no sample is zero by chance."""
    rng = np.random.default_rng(seed)
    return (rng.integers(500, 9_000, size) * rng.choice([-1, 1], size)).astype(np.int16)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@settings(deadline=None, max_examples=25)
@given(gaps_ms=st.lists(st.floats(2.1, 60), min_size=1, max_size=4), seed=st.integers(0, 9))
def test_gaps_in_loud_noise_are_found_with_their_length(
    cut_recording_of: Callable, rate_hz: int, gaps_ms: list[float], seed: int
) -> None:
    samples, planted = noise(rate_hz, seed), 0
    for place, gap_ms in enumerate(gaps_ms):
        begin, size = round((0.1 + 0.2 * place) * rate_hz), round(gap_ms * rate_hz / 1_000)
        samples[begin : begin + size] = 0
        planted += size
    value = CHECK.value(cut_recording_of(samples, rate_hz))
    assert value == pytest.approx(1_000 * planted / rate_hz, abs=0.02)
    assert CHECK.finds(value)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_shorter_gaps_are_harmless(cut_recording_of: Callable, rate_hz: int) -> None:
    samples = noise(rate_hz)
    for begin in range(500, rate_hz - 500, 500):
        samples[begin : begin + int(0.0019 * rate_hz)] = 0
    assert CHECK.value(cut_recording_of(samples, rate_hz)) == 0


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_digital_silence_between_words_and_around_them_is_no_gap(cut_recording_of: Callable, rate_hz: int) -> None:
    silence = np.zeros(rate_hz // 10)
    word = np.random.default_rng(1).normal(0, 0.1, 3 * rate_hz // 10) * np.hanning(3 * rate_hz // 10)
    assert CHECK.value(cut_recording_of(np.concatenate([silence, word, silence, word, silence]), rate_hz)) == 0


def test_a_gap_in_a_quiet_moment_is_not_found(cut_recording_of: Callable) -> None:
    samples = noise(16_000)
    samples[4_000:12_000] //= 100
    samples[8_000:8_200] = 0
    assert CHECK.value(cut_recording_of(samples)) == 0


def test_a_gap_in_quiet_noise_alone_is_found_because_loudness_is_relative(cut_recording_of: Callable) -> None:
    samples = noise(16_000) // 200 + 100
    samples[8_000:8_160] = 0
    assert CHECK.value(cut_recording_of(samples)) == 10.0


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from([0, 0, 400, 3_000]), st.integers(1, 90)), min_size=1, max_size=12),
    st.integers(0, 99),
)
def test_the_length_is_that_of_a_count_by_hand(cut_recording_of: Callable, parts: list, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = np.concatenate([level * rng.choice([-1, 1], size) for level, size in parts]).astype(np.int16)
    values = [abs(int(value)) for value in np.trim_zeros(samples)]
    lost, at = 0, 0
    for silent, group in groupby(values, lambda value: value == 0):
        size = len(list(group))
        before, after = values[max(0, at - 64) : at], values[at + size : at + size + 64]
        if silent and size >= 32 and before and after:
            beside = min(sum(before) / len(before), sum(after) / len(after))
            lost += size if beside >= sum(values) / len(values) / 4 else 0
        at += size
    assert CHECK.value(cut_recording_of(samples)) == pytest.approx(1_000 * lost / 16_000, abs=0.01)
