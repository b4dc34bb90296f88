from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from wordspot.pipeline.ingest.checks.duplicate import CHECK
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

TAKES_A_KIND = 4


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
def found(tmp_path_factory: pytest.TempPathFactory, take: Callable, rows: Callable) -> dict[str, dict[str, str]]:
    """{name of a recording: its row}, of takes that all differ and, beside each of them, what became of it."""
    folder = tmp_path_factory.mktemp("twins")
    (folder / "messy/left").mkdir(parents=True)
    for place, kind in enumerate(KINDS):
        for seed in range(TAKES_A_KIND * place, TAKES_A_KIND * (place + 1)):
            soundfile.write(folder / f"messy/left/{kind}_{seed}a.wav", int16(take(seed)), 16_000)
            ending, sound, rate_hz, options = KINDS[kind](take(seed))
            soundfile.write(folder / f"messy/left/{kind}_{seed}b.{ending}", sound, rate_hz, **options)
    result = clean(folder / "messy", folder / "clips", CleanSettings(min_volume=0))
    assert result.clips == 2 * TAKES_A_KIND * len(KINDS) > 64  # too many to compare all with all
    return {Path(row["source"]).stem: row for row in rows(folder / "clips/metadata.csv")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_found_and_the_first_of_the_two_is_not(found: dict, kind: str) -> None:
    names = [name.removesuffix("a") for name in found if name.startswith(f"{kind}_") and name.endswith("a")]
    assert len(names) == TAKES_A_KIND
    for name in names:
        first, second = found[f"{name}a"], found[f"{name}b"]
        assert (first["duplicate_of"], first["near_duplicate_of"]) == ("", "")
        assert (second["duplicate_of"], second["near_duplicate_of"]) == (f"left/{name}a.wav", "")
        assert [check for check in second["findings"].split(";") if "duplicate" in check] == [CHECK.name]
