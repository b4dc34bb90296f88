"""Shared by the tests of duplicates: takes, and what becomes of them, through a real cleaning."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

_TAKES_PER_KIND = 4
Kinds = dict[str, Callable[[np.ndarray], tuple[str, np.ndarray, int, dict[str, Any]]]]


def _int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype(np.int16)


@pytest.fixture(scope="session")
def cleaned_pairs(tmp_path_factory: pytest.TempPathFactory, take: Callable, rows: Callable) -> Callable:
    """Gives a function from kinds, {name: what becomes of a take}, to {kind: rows of four takes and of what they became}.

    What becomes of a take: the ending, the samples, the rate, and how they are written.
    """

    def run(kinds: Kinds) -> dict[str, list[tuple[dict[str, str], dict[str, str]]]]:
        folder = tmp_path_factory.mktemp("pairs")
        (folder / "messy/left").mkdir(parents=True)
        for place, kind in enumerate(kinds):
            for seed in range(_TAKES_PER_KIND * place, _TAKES_PER_KIND * (place + 1)):
                soundfile.write(folder / f"messy/left/take_{kind}_{seed}a.wav", _int16(take(seed)), 16_000)
                ending, sound, rate_hz, options = kinds[kind](take(seed))
                soundfile.write(folder / f"messy/left/take_{kind}_{seed}b.{ending}", sound, rate_hz, **options)
        result = clean(folder / "messy", folder / "clips", CleanSettings(min_volume=0))
        assert result.clips == 2 * _TAKES_PER_KIND * len(kinds) > 64  # too many to compare all with all
        found = {Path(row["source"]).stem: row for row in rows(folder / "clips/metadata.csv")}
        firsts = {
            kind: [name for name in found if name.startswith(f"take_{kind}_") and name[-1] == "a"] for kind in kinds
        }
        return {kind: [(found[name], found[f"{name[:-1]}b"]) for name in names] for kind, names in firsts.items()}

    return run
