import dataclasses
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import read_sound
from wordspot.data.clips import read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.data.splits import assign_splits
from wordspot.pipeline.ingest.checks import CHECKS
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.result import DuplicateGroups, LabelCounts
from wordspot.pipeline.ingest.settings import CleanSettings
from wordspot.pipeline.ingest.tables import CLIP_COLUMNS, DISCARD_COLUMNS
from wordspot.pipeline.signal.window import loudest_window

KEPT = {
    "left/ann_nohash_0.wav": "left/ann_nohash_0.wav",
    "left/bob_nohash_0.wav": "left/bob_nohash_0.flac",
    "left/bob_nohash_0-2.wav": "left/bob_nohash_0.wav",
    "left/day two-çe.wav": "left/day two/çe.wav",
    "right/Ann_nohash_0.wav": "right/Ann_nohash_0.ogg",
    "right/ann_nohash_0-2.wav": "right/ann_nohash_0.WAV",
    "right/renamed.wav": "right/renamed.mp3",
}
DISCARDED = {
    "_background_noise_/broken.wav": "unreadable",
    "left/quiet.wav": "near_silent",
    r"right/Icon\x0d": "unreadable",
    "right/gone.wav": "unreadable",
    "right/nan.wav": "unreadable",
    "right/notes.wav": "unreadable",
    "right/one.flac": "unreadable",
    "right/pipe.wav": "unreadable",
    "right/short.wav": "unreadable",
    "right/silent.wav": "near_silent",
}
LABELS = {
    "_background_noise_": LabelCounts(1, 0, {"unreadable": 1}),
    "left": LabelCounts(5, 4, {"near_silent": 1}),
    "right": LabelCounts(11, 3, {"near_silent": 1, "unreadable": 7}, {"wrong_format": 1}),
}


def test_each_recording_becomes_a_clip_or_a_discard_with_its_reason(
    messy: Path, tmp_path: Path, rows: Callable
) -> None:
    result = clean(messy, tmp_path / "clips")
    assert {row["file_name"]: row["source"] for row in rows(tmp_path / "clips/metadata.csv")} == KEPT
    assert {row["source"]: row["reason"] for row in rows(tmp_path / "clips/discarded.csv")} == DISCARDED
    written = {path.relative_to(tmp_path / "clips").as_posix() for path in tmp_path.glob("clips/**/*.wav")}
    assert written == {*KEPT, "_background_noise_/room.wav"}
    assert result.labels == LABELS
    assert (result.clips, result.long_sounds, result.already_clean) == (7, 1, False)
    assert result.duplicates_across == DuplicateGroups(0, 0)


@pytest.mark.parametrize("window", ["centered", "loudest"])
def test_a_clip_is_one_second_of_the_recording_in_16_bit_mono(
    messy: Path, tmp_path: Path, rows: Callable, window: Literal["centered", "loudest"]
) -> None:
    clean(messy, tmp_path / "clips", CleanSettings(window=window))
    starts = {row["file_name"]: float(row["window_start_s"]) for row in rows(tmp_path / "clips/metadata.csv")}
    for file_name, source in KEPT.items():
        clip, rate_hz = soundfile.read(tmp_path / "clips" / file_name, dtype="int16")
        info = soundfile.info(tmp_path / "clips" / file_name)
        assert (rate_hz, len(clip), info.channels, info.subtype) == (16_000, 16_000, 1, "PCM_16")
        samples = read_sound(messy / source).samples
        if len(samples) >= 16_000:
            start = round(starts[file_name] * 16_000)
            np.testing.assert_array_equal(clip, samples[start : start + 16_000])
            assert np.abs(clip.astype(int)).sum() == loudest_window(samples, 16_000)[1]  # all of the word is in it
            assert window == "centered" or start == loudest_window(samples, 16_000)[0]
        else:
            np.testing.assert_array_equal(clip[4_800:11_200], samples)


def test_the_tables_give_label_speaker_and_measurements(messy: Path, tmp_path: Path, rows: Callable) -> None:
    clean(messy, tmp_path / "clips")
    table = rows(tmp_path / "clips/metadata.csv")
    assert tuple(table[0]) == CLIP_COLUMNS
    assert CLIP_COLUMNS[:5] == ("file_name", "label", "speaker", "source", "findings")
    by_name = {row["file_name"]: row for row in table}
    assert [by_name[name]["speaker"] for name in KEPT] == ["ann", "bob", "bob", "", "Ann", "ann", ""]
    assert all(row["label"] == row["file_name"].split("/")[0] for row in table)
    assert {row["file_name"]: row["findings"] for row in table if row["findings"]} == {
        "right/renamed.wav": "wrong_format"
    }
    assert by_name["right/renamed.wav"]["wrong_format"] == "WAV, not mp3"
    flac, short = by_name["left/bob_nohash_0.wav"], by_name["left/bob_nohash_0-2.wav"]
    assert (flac["sample_rate_hz"], flac["channels"], flac["duration_s"]) == ("44100", "1", "2.5")
    assert (short["window_start_s"], short["duration_s"]) == ("-0.3", "0.4")
    for row in table:
        assert 0 < float(row["mean_abs_before"]) < 0.3
        peak = np.abs(soundfile.read(messy / row["source"])[0]).max()
        assert float(row["peak_dbfs"]) == pytest.approx(20 * np.log10(peak), abs=0.01)
        clip, _ = soundfile.read(tmp_path / "clips" / row["file_name"])
        assert float(row["mean_abs_after"]) == pytest.approx(np.abs(clip).mean(), abs=1e-6)
        assert row["volume"] == row["mean_abs_after"]


def test_the_findings_are_what_the_values_in_the_tables_say(messy: Path, tmp_path: Path, rows: Callable) -> None:
    clean(messy, tmp_path / "clips")
    numeric = [check for check in CHECKS if check.limit != ""]
    for row in rows(tmp_path / "clips/metadata.csv") + rows(tmp_path / "clips/discarded.csv"):
        measured = [check for check in numeric if row[check.column]]
        assert measured == ([] if row.get("reason") == "unreadable" else numeric)
        for check in measured:
            value, limit = float(row[check.column]), float(check.limit)
            beyond = value < limit if check.below else value > limit
            assert beyond is (check.name in row["findings"].split(";"))


def test_the_discards_say_what_was_seen(messy: Path, tmp_path: Path, rows: Callable) -> None:
    clean(messy, tmp_path / "clips")
    table = {row["source"]: row for row in rows(tmp_path / "clips/discarded.csv")}
    assert tuple(table["left/quiet.wav"]) == DISCARD_COLUMNS
    assert "wanted at least 0.004" in table["left/quiet.wav"]["detail"]
    assert table["right/silent.wav"]["peak_dbfs"] == "-120.0"
    assert "cut short" in table["right/short.wav"]["detail"]
    assert table["right/notes.wav"]["duration_s"] == ""
    assert all(row["detail"] for row in table.values())
    assert all(row["reason"] in row["findings"].split(";") for row in table.values())
    assert table["right/silent.wav"]["findings"].startswith("near_silent")


def test_the_marker_tells_settings_versions_and_totals(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips", CleanSettings(min_volume=0.002))
    marker = json.loads((tmp_path / "clips/clean.json").read_text())
    assert marker["settings"]["min_volume"] == 0.002
    assert marker["source"] == str(messy.resolve())
    assert set(marker["versions"]) == {"wordspot", "numpy", "soundfile", "soxr", "libsndfile"}
    assert marker["labels"] == {label: dataclasses.asdict(counts) for label, counts in LABELS.items()}
    assert marker["long_sounds"] == 1


def test_long_sounds_are_passed_whole(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    samples, rate_hz = soundfile.read(tmp_path / "clips/_background_noise_/room.wav", dtype="int16")
    assert (rate_hz, len(samples)) == (16_000, 48_000)
    np.testing.assert_array_equal(samples, read_sound(messy / "_background_noise_/room.flac").samples)


def test_the_source_is_never_touched(messy: Path, tmp_path: Path, tree: Callable, stamps: Callable) -> None:
    before = tree(messy), stamps(messy)
    clean(messy, tmp_path / "clips")
    assert (tree(messy), stamps(messy)) == before


def test_the_clip_table_is_read_back_by_the_next_stage_with_its_split_lists(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    clips = read_clip_table(tmp_path / "clips")
    splits = dict(zip((clip.file_name for clip in clips), assign_splits(clips, tmp_path / "clips"), strict=True))
    assert [name for name, split in splits.items() if split == "validation"] == ["left/ann_nohash_0.wav"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")
def test_strange_names_survive_the_tables(tmp_path: Path, put_word: Callable) -> None:
    rng = np.random.default_rng(1)
    names = ["a\r.wav", 'b",\n.wav', os.fsdecode(b"c\xff.flac"), "d;'.wav", f"{'n' * 250}.wav"]
    for name in names:
        put_word(tmp_path / "a.wav", rng)
        put_word(tmp_path / "a.flac", rng)
        (tmp_path / "messy" / "left").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"a{Path(name).suffix}").rename(tmp_path / "messy" / "left" / name)
    assert clean(tmp_path / "messy", tmp_path / "clips").clips == len(names)
    clips = read_clip_table(tmp_path / "clips")
    assert len(clips) == len(names)
    assert all((tmp_path / "clips" / clip.file_name).is_file() for clip in clips)
    assert clean(tmp_path / "messy", tmp_path / "clips").already_clean


def test_a_recording_that_may_not_be_read_is_discarded(unprivileged: Path, put_word: Callable, rows: Callable) -> None:
    for name in ("open", "closed"):
        put_word(unprivileged / f"messy/left/{name}.wav", np.random.default_rng(1))
    (unprivileged / "messy/left/closed.wav").chmod(0)
    assert clean(unprivileged / "messy", unprivileged / "clips").clips == 1
    (discarded,) = rows(unprivileged / "clips/discarded.csv")
    assert (discarded["reason"], discarded["detail"]) == ("unreadable", "cannot be opened: Permission denied")


def test_a_pattern_of_ones_own_gives_the_speaker(messy: Path, tmp_path: Path, rows: Callable) -> None:
    clean(messy, tmp_path / "clips", CleanSettings(speaker_pattern="^([^/]+)/"))
    speakers = {row["source"]: row["speaker"] for row in rows(tmp_path / "clips/metadata.csv")}
    assert {source: speaker for source, speaker in speakers.items() if speaker} == {"left/day two/çe.wav": "day two"}


def test_a_folder_with_nothing_worth_keeping_gives_empty_tables(tmp_path: Path) -> None:
    (tmp_path / "messy/left").mkdir(parents=True)
    (tmp_path / "messy/left/a.wav").write_bytes(b"")
    assert clean(tmp_path / "messy", tmp_path / "clips").clips == 0
    assert (tmp_path / "clips/metadata.csv").read_text() == ",".join(CLIP_COLUMNS) + "\n"
    with pytest.raises(WordspotError, match=r"discarded\.csv"):
        read_clip_table(tmp_path / "clips")
