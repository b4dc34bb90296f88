import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.feature_set import read_feature_set
from wordspot.data.front_end import FrontEnd
from wordspot.data.splits import SPLITS, split_of_speaker
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.features.log_mel import log_mel
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings


def test_row_i_holds_the_frames_of_clip_i(clips: Path, features: Path) -> None:
    feature_set = read_feature_set(features)
    assert len(feature_set.clips) == 96
    for row in (0, 50, 95):
        samples, _ = soundfile.read(clips / feature_set.clips[row].file_name, dtype="float32")
        expected = log_mel(np.asarray(samples, np.float32), feature_set.front_end)
        np.testing.assert_allclose(feature_set.log_mel[row].astype(np.float32), expected, atol=0.01)  # float16


def test_splits_go_by_speaker(features: Path) -> None:
    feature_set = read_feature_set(features)
    assert all(clip.split == split_of_speaker(clip.speaker) for clip in feature_set.clips)


def test_background_noise_is_extracted_whole_and_divided_by_time(clips: Path, features: Path) -> None:
    feature_set = read_feature_set(features)
    samples, _ = soundfile.read(clips / "_background_noise_" / "room.wav", dtype="float32")
    expected = log_mel(np.asarray(samples, np.float32), feature_set.front_end)
    parts = [feature_set.noise_of(split)[0] for split in ("training", "validation", "testing")]
    np.testing.assert_allclose(np.concatenate(parts).astype(np.float32), expected, atol=0.01)
    assert [round(len(part) / len(expected), 2) for part in parts] == [0.8, 0.1, 0.1]


def test_the_front_end_can_be_chosen(clips: Path, tmp_path: Path) -> None:
    extract(clips, tmp_path / "features", FrontEnd(n_mels=24, hop_ms=20, f_max_hz=4000))
    feature_set = read_feature_set(tmp_path / "features")
    assert feature_set.log_mel.shape == (96, 49, 24)
    assert feature_set.front_end.f_max_hz == 4000


def test_the_length_of_a_clip_comes_from_the_clips(recordings: Path, tmp_path: Path) -> None:
    clean(recordings, tmp_path / "clips", CleanSettings(window_ms=700))
    extract(tmp_path / "clips", tmp_path / "features")
    assert read_feature_set(tmp_path / "features").front_end.clip_samples == 11_200


def test_a_clip_of_another_length_is_named(clips: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    (folder / "left").mkdir(parents=True)
    for name, size in (("a", 16_000), ("b", 15_999)):
        soundfile.write(folder / "left" / f"{name}.wav", np.zeros(size), 16_000)
    rows = "file_name,label,speaker,split\nleft/a.wav,left,a,training\nleft/b.wav,left,b,validation\n"
    (folder / "metadata.csv").write_text(rows)
    with pytest.raises(WordspotError, match=r"b\.wav has 15999 samples"):
        extract(folder, tmp_path / "features")
    (folder / "left" / "b.wav").unlink()
    with pytest.raises(WordspotError, match=r"b\.wav, which does not exist"):
        extract(folder, tmp_path / "features")
    assert not (tmp_path / "features").exists()


def test_a_folder_that_is_not_clean_is_refused_with_the_next_command(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="wordspot clean"):
        extract(recordings, tmp_path / "features")


def test_two_at_once_into_one_folder_never_spoil_it(clips: Path, features: Path, tmp_path: Path) -> None:
    """As many processes at the same moment: those that lose say so in one line, and what stands is whole."""
    code = f"from wordspot.pipeline.features.extract import extract; extract({str(clips)!r}, {str(tmp_path / 'features')!r})"
    racing = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    results = [(process.communicate()[1].splitlines(), process.returncode) for process in racing]
    assert 0 in {status for _, status in results}
    for lines, status in results:
        assert status == 0 or "another process is writing the feature set" in lines[-1]
    expected = read_feature_set(features)
    np.testing.assert_array_equal(read_feature_set(tmp_path / "features").log_mel, expected.log_mel)
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


def test_labels_that_differ_only_in_case_are_noted_before_the_work(clips: Path, tmp_path: Path) -> None:
    edited = shutil.copytree(clips, tmp_path / "clips")
    table = (edited / "metadata.csv").read_text()
    (edited / "metadata.csv").write_text(table.replace(",rise,", ",Rise,", 1).replace(",fall,", ",fall ,", 1))
    with pytest.warns(WordspotWarning, match="Rise and rise are different labels") as noted:
        extract(str(edited), str(tmp_path / "features"))
    assert len(noted) == 1
    assert {clip.label for clip in read_feature_set(tmp_path / "features").clips} >= {"Rise", "rise", "fall"}
    assert "fall " not in {clip.label for clip in read_feature_set(tmp_path / "features").clips}


def test_progress_counts_batches(clips: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def progress(items: Iterable[Any], total: int) -> Iterable[Any]:
        for item in items:
            seen.append((len(seen), total))
            yield item

    assert extract(clips, tmp_path / "features", progress=progress) == 96
    assert seen == [(0, 2), (1, 2)]


def test_negatives_are_extracted_whole_and_apart_from_noise(clips: Path, tmp_path: Path) -> None:
    copied, rng = tmp_path / "clips", np.random.default_rng(0)
    shutil.copytree(clips, copied)
    (copied / "_negatives_").mkdir()
    for name, seconds in (("tv", 130), ("talk", 3), ("short", 0.5)):
        soundfile.write(copied / "_negatives_" / f"{name}.wav", rng.normal(0, 0.1, int(seconds * 16_000)), 16_000)
    extract(copied, tmp_path / "features")
    feature_set = read_feature_set(tmp_path / "features")
    sizes = {sound.name: len(sound.frames) for sound in feature_set.negatives}
    assert sizes == {"_negatives_/talk.wav": 298, "_negatives_/tv.wav": 12_998}
    assert len(feature_set.noise) == 1
    assert sum(len(part) for split in SPLITS for part in feature_set.negatives_of(split)) == 13_296
