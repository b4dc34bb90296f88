from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from wordspot.pipeline.ingest.checks.near_duplicate import CHECK
from wordspot.pipeline.ingest.clean import clean


def int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype(np.int16)


def other_noise(level: float, rng: np.random.Generator = np.random.default_rng(5)) -> np.ndarray:
    return rng.normal(0, level, 16_000)


# what becomes of a take: the ending, the samples, the rate, and how they are written
KINDS: dict[str, Callable[[np.ndarray], tuple[str, np.ndarray, int, dict[str, Any]]]] = {
    "as MP3": lambda sound: ("mp3", sound, 16_000, {}),
    "as Vorbis": lambda sound: ("ogg", sound, 16_000, {}),
    "as Opus": lambda sound: ("opus", sound, 16_000, {"format": "OGG", "subtype": "OPUS"}),
    "at 8 kHz": lambda sound: ("wav", soxr.resample(sound, 16_000, 8_000), 8_000, {}),
    "at 11 kHz": lambda sound: ("flac", soxr.resample(sound, 16_000, 11_025), 11_025, {}),
    "at 44.1 kHz, as MP3, quieter": lambda sound: ("mp3", 0.3 * soxr.resample(sound, 16_000, 44_100), 44_100, {}),
    "shifted, in other noise": lambda sound: ("wav", np.roll(sound, 900) + other_noise(0.004), 16_000, {}),
    "shifted by an odd number": lambda sound: ("wav", np.roll(sound, -777) + other_noise(0.0005), 16_000, {}),
    "so loud that it clips": lambda sound: ("wav", int16(8 * sound), 16_000, {}),
    "with an offset": lambda sound: ("wav", int16(sound + 0.05), 16_000, {}),
}


@pytest.fixture(scope="module")
def pairs(cleaned_pairs: Callable) -> dict[str, list[tuple[dict[str, str], dict[str, str]]]]:
    return cleaned_pairs(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_became_of_a_take_is_found_and_the_take_is_not(pairs: dict, kind: str) -> None:
    assert len(pairs[kind]) == 4
    for first, second in pairs[kind]:
        assert (first["duplicate_of"], first["near_duplicate_of"]) == ("", "")
        assert (second["duplicate_of"], second["near_duplicate_of"]) == ("", first["source"])
        assert [check for check in second["findings"].split(";") if "duplicate" in check] == [CHECK.name]


def duplicates_of(folder: Path, sounds: dict[str, np.ndarray], rows: Callable) -> list[dict[str, str]]:
    for name, sound in sounds.items():
        (folder / "messy" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "messy" / name, int16(sound), 16_000)
    assert clean(folder / "messy", folder / "clips").clips == len(sounds)
    return [row for row in rows(folder / "clips/metadata.csv") if row["duplicate_of"] or row["near_duplicate_of"]]


@pytest.mark.parametrize("count", [20, 90])  # all compared with each other, and only those that look alike
def test_different_words_and_different_noises_are_no_duplicates(
    tmp_path: Path, rows: Callable, take: Callable, count: int
) -> None:
    words = {f"left/{seed}.wav": take(1_000 + seed) for seed in range(count)}
    noises = {f"right/{seed}.wav": other_noise(0.1) for seed in range(count)}
    assert duplicates_of(tmp_path, words | noises, rows) == []


def test_two_takes_in_the_same_hum_are_no_duplicates(tmp_path: Path, rows: Callable, take: Callable) -> None:
    hum = 0.3 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000)
    assert duplicates_of(tmp_path, {f"left/{seed}.wav": take(seed) + hum for seed in range(6)}, rows) == []


def test_two_words_with_digital_silence_within_are_no_duplicates(tmp_path: Path, rows: Callable) -> None:
    """Where the silence of one lies over that of the other, only rounding is left to compare."""
    early, late = (np.zeros(16_000) for _ in range(2))
    early[:4_000], late[-4_000:] = other_noise(0.2)[:4_000], other_noise(0.2)[:4_000]
    early[-1] = late[0] = 0.001
    assert duplicates_of(tmp_path, {"left/a.wav": early, "left/b.wav": late}, rows) == []
