from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks.low_snr import CHECK


def mixture(snr_db: float, begin: int = 5_000, length: int = 6_400, seed: int = 1, noise: float = 0.003) -> np.ndarray:
    """A burst in steady noise, at a known ratio of their powers."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, noise, 16_000)
    samples[begin : begin + length] += rng.normal(0, noise * 10 ** (snr_db / 20), length)
    return samples


@settings(deadline=None, max_examples=60)
@given(
    snr_db=st.floats(0, 35),
    begin=st.integers(0, 8_000),
    length=st.integers(6_400, 8_000),
    seed=st.integers(0, 99),
    noise=st.sampled_from([3e-4, 3e-3]),
)
def test_a_known_ratio_is_reported_within_3_db(
    cut_recording_of: Callable, snr_db: float, begin: int, length: int, seed: int, noise: float
) -> None:
    assert CHECK.value(cut_recording_of(mixture(snr_db, begin, length, seed, noise))) == pytest.approx(snr_db, abs=3)


@settings(deadline=None, max_examples=30)
@given(snr_db=st.floats(-10, 40), gain_db=st.floats(-12, 0))
def test_gain_does_not_matter(cut_recording_of: Callable, snr_db: float, gain_db: float) -> None:
    samples = mixture(snr_db)
    louder = 10 ** (gain_db / 20) * samples
    assert CHECK.value(cut_recording_of(louder)) == pytest.approx(CHECK.value(cut_recording_of(samples)), abs=0.3)


@pytest.mark.parametrize("hz", [10, 50, 60])
@pytest.mark.parametrize("level", [0.01, 0.1])
def test_hum_and_rumble_do_not_count(cut_recording_of: Callable, hz: int, level: float) -> None:
    samples = mixture(20)
    hum = level * np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000)
    assert CHECK.value(cut_recording_of(samples + hum)) == pytest.approx(CHECK.value(cut_recording_of(samples)), abs=2)


def test_an_offset_does_not_count(cut_recording_of: Callable) -> None:
    assert CHECK.value(cut_recording_of(mixture(20) + 0.2)) == pytest.approx(20, abs=3)


def test_a_drowned_word_is_found_and_a_clear_one_not(cut_recording_of: Callable) -> None:
    assert CHECK.finds(CHECK.value(cut_recording_of(mixture(0))))
    assert CHECK.finds(CHECK.value(cut_recording_of(np.random.default_rng(1).normal(0, 0.1, 16_000))))
    assert not CHECK.finds(CHECK.value(cut_recording_of(mixture(12))))


def test_a_word_in_digital_silence_is_clear_and_silence_has_no_ratio(cut_recording_of: Callable) -> None:
    word = np.random.default_rng(1).normal(0, 0.1, 6_000) * np.hanning(6_000)
    assert float(CHECK.value(cut_recording_of(np.pad(word, 4_000)))) > 20
    assert CHECK.value(cut_recording_of(np.zeros(16_000, np.int16))) == 0


def test_exact_zeros_within_give_the_highest_ratio(cut_recording_of: Callable) -> None:
    burst = np.random.default_rng(1).normal(0, 0.1, 4_000)
    assert CHECK.value(cut_recording_of(np.concatenate([burst, np.zeros(8_000), burst]))) == 100
