import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.clips import Clip
from wordspot.data.errors import WordspotError
from wordspot.data.feature_set import read_feature_set, write_noise, writing_feature_set
from wordspot.data.front_end import FrontEnd
from wordspot.data.join import join_feature_sets

FRONT_END = FrontEnd(n_mels=8)
ANN, BEN = Clip("left/1.wav", "left", "ann", split="training"), Clip("left/2.wav", "left", "ben", split="validation")


def feature_set(folder: Path, clips: Sequence[Clip], seed: int, front_end: FrontEnd = FRONT_END) -> Path:
    rng = np.random.default_rng(seed)
    with writing_feature_set(folder, front_end, clips) as (frames, unfinished):
        frames[:] = rng.normal(size=frames.shape)
        write_noise(unfinished, ["hum.wav"], [rng.normal(size=(120 + seed, 8)).astype(np.float16)])
    return folder


def test_clips_and_noise_of_all_come_in_order(tmp_path: Path) -> None:
    parts = [feature_set(tmp_path / "one", [ANN, BEN], 1), feature_set(tmp_path / "two", [ANN], 2)]
    assert join_feature_sets(parts, tmp_path / "both") == 3
    one, two, both = (read_feature_set(folder) for folder in (*parts, tmp_path / "both"))
    np.testing.assert_array_equal(both.log_mel, np.concatenate([one.log_mel, two.log_mel]))
    assert [clip.file_name for clip in both.clips] == ["one/left/1.wav", "one/left/2.wav", "two/left/1.wav"]
    assert [(clip.speaker, clip.split) for clip in both.clips] == [
        ("ann", "training"),
        ("ben", "validation"),
        ("ann", "training"),
    ]
    assert [len(noise) for noise in both.noise] == [121, 122]


def test_a_speaker_in_two_splits_is_refused(tmp_path: Path) -> None:
    other = dataclasses.replace(ANN, split="validation")
    parts = [feature_set(tmp_path / "one", [ANN], 1), feature_set(tmp_path / "two", [other], 2)]
    with pytest.raises(WordspotError, match="speaker ann is in training and in validation"):
        join_feature_sets(parts, tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_other_front_ends_and_the_same_name_are_refused(tmp_path: Path) -> None:
    one = feature_set(tmp_path / "one", [ANN], 1)
    two = feature_set(tmp_path / "two", [BEN], 2, FrontEnd(n_mels=8, f_max_hz=4_000))
    with pytest.raises(WordspotError, match=r"f_max_hz 4000, not 7600\.0"):
        join_feature_sets([one, two], tmp_path / "both")
    with pytest.raises(WordspotError, match="same name"):
        join_feature_sets([one, feature_set(tmp_path / "x" / "one", [BEN], 2)], tmp_path / "both")
