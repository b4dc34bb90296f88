from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.errors import WordspotError
from wordspot.data.feature_set import read_feature_set
from wordspot.data.front_end import FrontEnd
from wordspot.data.splits import split_of_speaker
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.features.log_mel import log_mel
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings


def test_row_i_holds_the_frames_of_clip_i(clips: Path, features: Path) -> None:
    feature_set = read_feature_set(features)
    assert len(feature_set.clips) == 96
    for row in (0, 50, 95):
        samples, _ = soundfile.read(clips / feature_set.clips[row].file_name, dtype="float32")
        expected = log_mel(samples, feature_set.front_end)
        np.testing.assert_allclose(feature_set.log_mel[row].astype(np.float32), expected, atol=0.01)  # float16


def test_splits_go_by_speaker(features: Path) -> None:
    feature_set = read_feature_set(features)
    assert all(clip.split == split_of_speaker(clip.speaker) for clip in feature_set.clips)


def test_background_noise_is_extracted_whole_and_divided_by_time(clips: Path, features: Path) -> None:
    feature_set = read_feature_set(features)
    samples, _ = soundfile.read(clips / "_background_noise_" / "room.wav", dtype="float32")
    expected = log_mel(samples, feature_set.front_end)
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
