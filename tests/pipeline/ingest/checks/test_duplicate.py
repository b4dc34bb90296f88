from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from wordspot.pipeline.ingest.checks.duplicate import CHECK


def int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype(np.int16)


# what becomes of a take: the ending, the samples, the rate, and how they are written
KINDS: dict[str, Callable[[np.ndarray], tuple[str, np.ndarray, int, dict[str, Any]]]] = {
    "copied": lambda sound: ("wav", int16(sound), 16_000, {}),
    "as FLAC": lambda sound: ("flac", int16(sound), 16_000, {}),
    "as FLAC, truncated, not rounded": lambda sound: ("flac", sound, 16_000, {}),
    "in two channels": lambda sound: ("wav", np.stack([int16(sound)] * 2, axis=1), 16_000, {}),
    "in floating point": lambda sound: ("wav", int16(sound) / 32_768, 16_000, {"subtype": "FLOAT"}),
    "quieter by half": lambda sound: ("wav", int16(0.5 * sound), 16_000, {}),
    "quieter by 20 dB": lambda sound: ("wav", int16(0.1 * sound), 16_000, {}),
    "louder by 6 dB": lambda sound: ("wav", int16(2 * sound), 16_000, {}),
    "with zeros before it": lambda sound: ("wav", np.pad(int16(sound), (3_000, 0)), 16_000, {}),
    "with zeros around it, quieter": lambda sound: ("flac", np.pad(int16(0.7 * sound), (501, 2_000)), 16_000, {}),
}


@pytest.fixture(scope="module")
def pairs(cleaned_pairs: Callable) -> dict[str, list[tuple[dict[str, str], dict[str, str]]]]:
    return cleaned_pairs(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_found_and_the_first_of_the_two_is_not(pairs: dict, kind: str) -> None:
    assert len(pairs[kind]) == 4
    for first, second in pairs[kind]:
        assert (first["duplicate_of"], first["near_duplicate_of"]) == ("", "")
        assert (second["duplicate_of"], second["near_duplicate_of"]) == (first["source"], "")
        assert [check for check in second["findings"].split(";") if "duplicate" in check] == [CHECK.name]
