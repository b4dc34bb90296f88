from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.pipeline.ingest.checks.odd_channels import CHECK
from wordspot.pipeline.ingest.clean import clean

NOISE = np.random.default_rng(1).normal(0, 3_000, 16_000).astype(np.int16)
KINDS: dict[str, tuple[list[np.ndarray], str]] = {
    "opposite.wav": (
        [NOISE, -NOISE],
        "the channels cancel each other (their mix is silent beside one of them): took channel 1",
    ),
    "right only.flac": ([0 * NOISE, NOISE], "nothing on 1 of 2 channels (number 1): took the others"),
    "both.wav": ([NOISE, NOISE], ""),
    "quieter.wav": ([NOISE, NOISE // 20], ""),
}


@pytest.mark.parametrize("name", KINDS)
def test_channels_that_are_odd_are_found_and_the_sound_is_kept(tmp_path: Path, rows: Callable, name: str) -> None:
    channels, said = KINDS[name]
    (tmp_path / "messy/left").mkdir(parents=True)
    soundfile.write(tmp_path / "messy/left" / name, np.stack(channels, axis=1), 16_000)
    clean(tmp_path / "messy", tmp_path / "clips")
    (row,) = rows(tmp_path / "clips/metadata.csv")
    assert row[CHECK.column] == said
    assert (CHECK.name in row["findings"].split(";")) is bool(said)
    if said:
        np.testing.assert_array_equal(soundfile.read(tmp_path / "clips" / row["file_name"], dtype="int16")[0], NOISE)
