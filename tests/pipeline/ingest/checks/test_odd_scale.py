from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.pipeline.ingest.checks.odd_scale import CHECK
from wordspot.pipeline.ingest.clean import clean

NOISE = np.random.default_rng(1).normal(0, 3_000, 16_000).astype(np.int16)
KINDS: dict[str, tuple[np.ndarray, str, str]] = {
    "float.wav": (NOISE.astype(np.float32), "FLOAT", "floating-point samples on the 16-bit scale: divided by 32768"),
    "wide.wav": (
        NOISE.astype(np.int32),
        "PCM_32",
        "16-bit samples in the lower part of 32 bits: multiplied by 65536",
    ),
    "right float.wav": (NOISE / 32_768, "FLOAT", ""),
    "loud float.wav": (NOISE / 3_276.8, "FLOAT", ""),
    "right wide.wav": (NOISE.astype(np.int32) << 16, "PCM_32", ""),
    "quiet.wav": (NOISE // 100, "PCM_16", ""),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_wrong_scale_is_set_right_and_found(tmp_path: Path, rows: Callable, name: str) -> None:
    samples, subtype, said = KINDS[name]
    (tmp_path / "messy/left").mkdir(parents=True)
    soundfile.write(tmp_path / "messy/left" / name, samples, 16_000, subtype=subtype)
    clean(tmp_path / "messy", tmp_path / "clips")
    (row,) = rows(tmp_path / "clips/metadata.csv") or rows(tmp_path / "clips/discarded.csv")
    assert row[CHECK.column] == said
    assert (CHECK.name in row["findings"].split(";")) is bool(said)
    if said:
        np.testing.assert_array_equal(soundfile.read(tmp_path / "clips" / row["file_name"], dtype="int16")[0], NOISE)
