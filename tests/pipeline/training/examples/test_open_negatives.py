"""Which negatives a run takes, and what it says of them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.feature_set import FeatureSet, LongSound, read_feature_set
from wordspot.data.negatives.pack import FOLDER, SPEECH_TABLE, shipped_speech, shipped_words
from wordspot.data.tables import read_table
from wordspot.pipeline.training.examples.open_negatives import open_negatives


@pytest.fixture(scope="module")
def feature_set(features: Path) -> FeatureSet:
    return read_feature_set(features)


@pytest.fixture
def radio(tmp_path: Path) -> Path:
    """A folder with a recording in it, one in a folder in it, a short one, a damaged one and a text."""
    rng, folder = np.random.default_rng(0), tmp_path / "radio"
    (folder / "talk").mkdir(parents=True)
    soundfile.write(folder / "news.flac", rng.normal(0, 0.1, 3 * 16_000), 16_000)
    soundfile.write(folder / "talk" / "show.ogg", rng.normal(0, 0.1, 5 * 48_000), 48_000)
    soundfile.write(folder / "jingle.wav", rng.normal(0, 0.1, 4_000), 16_000)
    (folder / "licence.txt").write_text("ours")
    return folder


def test_what_ships_is_many_speakers_and_none_of_the_words_asked_for() -> None:
    assert sum(len(samples) for _, samples in shipped_speech([])) / 16_000 > 19 * 60
    labels = {clip.label for clip, _ in shipped_words(["Cat", "bed"])}
    assert len(labels) == 18
    assert not labels & {"cat", "bed", "left", "right", "yes", "no", "on", "off", "up", "down", "go", "stop"}
    split_of = {}
    for clip, samples in shipped_words([]):
        assert len(samples) == 16_000
        assert split_of.setdefault(clip.speaker, clip.split) == clip.split


def test_what_ships_is_taken_where_there_are_few_other_words(feature_set: FeatureSet) -> None:
    negatives = open_negatives(feature_set, ["rise", "fall"])
    assert str(negatives).startswith(
        "18 min of running speech and other sound in 35 files and 513 clips of 20 other words"
    )
    joined = negatives.joined_to(feature_set)
    assert len(joined.log_mel) == len(joined.clips) == len(feature_set.clips) + 513
    assert joined.checksum != feature_set.checksum
    for split in ("training", "validation", "testing"):
        assert negatives.hours(split) > 0
    assert not open_negatives(feature_set, ["rise", "fall"], shipped=False)
    assert str(open_negatives(feature_set, ["rise", "fall"], shipped=False)) == "none"


def test_speech_that_ships_is_left_out_where_one_of_the_words_is_said_in_it() -> None:
    everybody, others = ({name for name, _ in shipped_speech(words)} for words in ([], ["Time", "go"]))
    assert 0 < len(others) < len(everybody)
    said = {row["file_name"]: row["text"].split() for row in read_table(FOLDER / SPEECH_TABLE)}
    assert others == {name for name in everybody if "time" not in said[name]}
    assert len({name for name, _ in shipped_speech(["a word that nobody says"])}) == len(everybody)


def test_speech_of_ones_own_replaces_what_ships_but_not_its_words(feature_set: FeatureSet) -> None:
    sound = LongSound("_negatives_/tv.wav", np.zeros((500, 40), np.float16))
    own = open_negatives(dataclasses.replace(feature_set, negatives=[sound]), ["rise", "fall"])
    assert str(own) == (
        "0 min of running speech and other sound in 1 files and 513 clips of 20 other words by 356 speakers, of _negatives_ "
        "and of what ships with wordspot"
    )
    alone = open_negatives(dataclasses.replace(feature_set, negatives=[sound]), ["rise", "fall"], shipped=False)
    assert str(alone) == "0 min of running speech and other sound in 1 files, of _negatives_"


def with_words(feature_set: FeatureSet, times: int) -> FeatureSet:
    """So many times the clips, of twelve words."""
    clips = [dataclasses.replace(clip, label=f"word{row % 12}") for row, clip in enumerate(feature_set.clips * times)]
    return dataclasses.replace(feature_set, clips=clips)


def test_with_many_other_words_but_few_clips_of_a_word_only_speech_that_ships_is_taken(feature_set: FeatureSet) -> None:
    negatives = open_negatives(with_words(feature_set, 6), ["word0"])
    assert str(negatives) == "20 min of running speech and other sound in 39 files, of what ships with wordspot"
    assert len(negatives.log_mel) == 0
    sound = LongSound("_negatives_/tv.wav", np.zeros((500, 40), np.float16))
    own = dataclasses.replace(with_words(feature_set, 6), negatives=[sound])
    assert str(open_negatives(own, ["word0"])) == "0 min of running speech and other sound in 1 files, of _negatives_"


def test_with_many_other_words_and_many_clips_nothing_that_ships_is_taken(feature_set: FeatureSet) -> None:
    assert not open_negatives(with_words(feature_set, 40), ["word0"])


def test_a_folder_of_any_depth_is_read(feature_set: FeatureSet, radio: Path, tmp_path: Path) -> None:
    negatives = open_negatives(feature_set, ["rise"], radio)
    assert [sound.name for sound in negatives.sounds] == ["news.flac", "talk/show.ogg"]
    assert [len(sound.frames) for sound in negatives.sounds] == [298, 498]
    (radio / "broken.mp3").write_text("no sound")
    with pytest.warns(WordspotWarning, match=r"left out, not readable: .*broken\.mp3"):
        open_negatives(feature_set, ["rise"], radio)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WordspotError, match="holds no recording that is long enough"):
        open_negatives(feature_set, ["rise"], tmp_path / "empty")
    with pytest.raises(WordspotError, match="does not exist"):
        open_negatives(feature_set, ["rise"], tmp_path / "nowhere")
