from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks.near_silent import CHECK
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings


@settings(deadline=None, max_examples=30)
@given(size=st.integers(1, 30_000), level=st.integers(1, 300), seed=st.integers(0, 99))
def test_the_volume_is_the_mean_of_the_clip_with_the_zeros_around_a_shorter_recording(
    cut_recording_of: Callable, size: int, level: int, seed: int
) -> None:
    cut = cut_recording_of(np.random.default_rng(seed).integers(-level, level + 1, size).astype(np.int16))
    expected = sum(abs(int(sample)) for sample in cut.clip) / 16_000 / 32_768
    assert CHECK.value(cut) == pytest.approx(expected, abs=1e-6)
    if size <= 16_000:
        assert abs(cut.sound.samples.astype(int)).sum() == abs(cut.clip.astype(int)).sum()


def test_a_muted_microphone_is_found_and_a_word_not(cut_recording_of: Callable) -> None:
    noise = np.random.default_rng(1).normal(0, 0.002, 16_000)
    assert CHECK.finds(CHECK.value(cut_recording_of(noise)))
    noise[4_000:10_000] += np.random.default_rng(2).normal(0, 0.05, 6_000)
    assert not CHECK.finds(CHECK.value(cut_recording_of(noise)))


def test_only_the_clip_counts_in_a_longer_recording(cut_recording_of: Callable) -> None:
    word = np.random.default_rng(2).normal(0, 0.05, 16_000)
    assert not CHECK.finds(CHECK.value(cut_recording_of(np.pad(word, 100_000))))


@pytest.mark.parametrize(
    ("min_volume", "kept"), [(0, {"all", "quiet", "silent"}), (0.001, {"all", "quiet"}), (0.1, set())]
)
def test_the_limit_is_a_setting(tmp_path: Path, min_volume: float, kept: set[str]) -> None:
    (tmp_path / "messy/left").mkdir(parents=True)
    rng = np.random.default_rng(3)
    for name, level in (("all", 0.05), ("quiet", 0.002), ("silent", 2e-4)):
        soundfile.write(tmp_path / f"messy/left/{name}.wav", rng.normal(0, level, 16_000), 16_000)
    clean(tmp_path / "messy", tmp_path / "clips", CleanSettings(min_volume=min_volume))
    assert {path.stem for path in tmp_path.glob("clips/left/*.wav")} == kept
