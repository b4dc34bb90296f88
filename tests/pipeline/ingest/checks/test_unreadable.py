import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from wordspot.pipeline.ingest.checks.unreadable import CHECK
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

NOISE = np.random.default_rng(1).normal(0, 0.1, 16_000)


def cut_in_half(path: Path) -> None:
    soundfile.write(path, NOISE, 16_000)
    path.write_bytes(path.read_bytes()[:16_000])


MAKERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "text.wav": (lambda path: path.write_text("no sound"), "not readable as audio"),
    "empty.wav": (lambda path: path.write_bytes(b""), "zero bytes"),
    "cut.wav": (cut_in_half, "cut short"),
    "nan.wav": (lambda path: soundfile.write(path, NOISE * np.nan, 16_000, subtype="FLOAT"), "NaN"),
    "long.flac": (lambda path: soundfile.write(path, np.zeros(3_601_000), 1_000), "longer than an hour"),
    "pipe.wav": (os.mkfifo, "not a regular file"),
    "gone.wav": (lambda path: path.symlink_to("nowhere.wav"), "cannot be opened"),
}


def test_what_cannot_be_decoded_is_discarded_with_a_sentence_that_says_why(tmp_path: Path, rows: Callable) -> None:
    (tmp_path / "messy/left").mkdir(parents=True)
    soundfile.write(tmp_path / "messy/left/good.wav", NOISE, 16_000)
    for name, (make, _) in MAKERS.items():
        make(tmp_path / "messy/left" / name)
    result = clean(tmp_path / "messy", tmp_path / "clips", CleanSettings(flag="low_snr,cut_off"))
    assert result.labels["left"].discarded == {CHECK.name: len(MAKERS)}
    table = {row["source"].removeprefix("left/"): row for row in rows(tmp_path / "clips/discarded.csv")}
    assert table.keys() == MAKERS.keys()
    for name, (_, words) in MAKERS.items():
        assert (table[name]["reason"], table[name]["findings"]) == (CHECK.name, CHECK.name)
        assert words in table[name][CHECK.column]
        assert table[name]["volume"] == ""
