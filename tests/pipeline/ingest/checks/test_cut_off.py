from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks.cut_off import CHECK

NOISE = 0.002


def recording(begin: int, size: int = 16_000, snr_db: float = 30, seed: int = 1) -> np.ndarray:
    """Noise with a word of half a second that begins at `begin`, which may lie before the recording or end after it."""
    rng = np.random.default_rng(seed)
    word = rng.normal(0, NOISE * 10 ** (snr_db / 20), 8_000) * np.hanning(8_000) ** 0.5
    samples = rng.normal(0, NOISE, size)
    first, last = max(0, begin), min(size, begin + len(word))
    samples[first:last] += word[first - begin : last - begin]
    return samples


def found(cut) -> bool:
    return CHECK.finds(CHECK.value(cut))


@settings(deadline=None, max_examples=40)
@given(lost=st.integers(2_000, 5_000), at_end=st.booleans(), snr_db=st.floats(15, 50), seed=st.integers(0, 99))
def test_a_word_that_runs_into_either_end_is_found(
    cut_recording_of: Callable, lost: int, at_end: bool, snr_db: float, seed: int
) -> None:
    samples = recording(-lost, snr_db=snr_db, seed=seed)
    assert found(cut_recording_of(samples[::-1] if at_end else samples))


@settings(deadline=None, max_examples=40)
@given(begin=st.integers(1_000, 7_000), snr_db=st.floats(10, 50), seed=st.integers(0, 99))
def test_a_word_within_the_recording_is_not_found(
    cut_recording_of: Callable, begin: int, snr_db: float, seed: int
) -> None:
    assert not found(cut_recording_of(recording(begin, snr_db=snr_db, seed=seed)))


@settings(deadline=None, max_examples=20)
@given(before=st.integers(0, 9_000), after=st.integers(0, 9_000))
def test_zeros_around_the_recording_hide_nothing(cut_recording_of: Callable, before: int, after: int) -> None:
    cut = recording(-3_000, size=9_000)
    padded = np.pad(cut, (before, after))
    assert CHECK.value(cut_recording_of(padded)) == CHECK.value(cut_recording_of(cut))
    assert found(cut_recording_of(padded))


@pytest.mark.parametrize("seconds", [1, 2, 5])
def test_only_the_edges_of_the_recording_count_not_those_of_the_clip(cut_recording_of: Callable, seconds: int) -> None:
    noise = np.random.default_rng(1).normal(0, NOISE, 16_000 * seconds)
    words = np.random.default_rng(2).normal(0, 0.1, 40_000)  # longer than a clip
    inside = np.concatenate([noise, words, noise])
    assert CHECK.value(cut_recording_of(inside)) == -100
    assert 0 < cut_recording_of(inside).start < len(inside) - 16_000


@settings(deadline=None, max_examples=30)
@given(st.integers(6_000, 40_000), st.floats(1e-3, 0.3), st.integers(0, 99))
def test_steady_noise_is_no_word(cut_recording_of: Callable, size: int, level: float, seed: int) -> None:
    assert not found(cut_recording_of(np.random.default_rng(seed).normal(0, level, size)))


def test_hum_and_an_offset_are_no_word_either(cut_recording_of: Callable) -> None:
    hum = 0.2 + 0.2 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000)
    assert not found(cut_recording_of(hum + recording(4_000)))


@settings(deadline=None, max_examples=20)
@given(st.floats(-20, 6))
def test_gain_does_not_matter(cut_recording_of: Callable, gain_db: float) -> None:
    cut = recording(-3_000)
    assert CHECK.value(cut_recording_of(10 ** (gain_db / 20) * cut)) == pytest.approx(
        CHECK.value(cut_recording_of(cut)), abs=0.2
    )


def test_the_value_is_the_level_beside_the_loud_frames(cut_recording_of: Callable) -> None:
    rng = np.random.default_rng(3)
    for edge_db in (0, -6, -12):
        samples = rng.normal(0, 1e-4, 16_000)
        samples[:800] += rng.normal(0, 0.1 * 10 ** (edge_db / 20), 800)
        samples[5_000:12_000] += rng.normal(0, 0.1, 7_000)
        assert CHECK.value(cut_recording_of(samples)) == pytest.approx(edge_db, abs=2)
