from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.feature_set import FeatureSet, read_feature_set
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.features.log_mel import log_mel
from wordspot.pipeline.training.examples.batches import Classes, SplitClips, TrainingBatches
from wordspot.pipeline.training.examples.noise import NoiseSource, full_scale_log_power
from wordspot.pipeline.training.settings import AugmentSettings, TrainSettings

AUGMENTATION = AugmentSettings()


@pytest.fixture
def feature_set(features: Path) -> FeatureSet:
    return read_feature_set(features)


def batches_of(feature_set: FeatureSet, settings: TrainSettings) -> TrainingBatches:
    classes = Classes.choose(feature_set, ["rise", "fall"])
    training = SplitClips(feature_set, classes, "training", AUGMENTATION)
    return TrainingBatches(training, settings, AUGMENTATION, -6.0)


def test_classes_are_the_words_then_unknown_then_silence(feature_set: FeatureSet) -> None:
    assert Classes.choose(feature_set, ["rise", "fall"]).labels == ("rise", "fall", "_unknown_", "_silence_")
    assert Classes.choose(feature_set, []).labels == ("fall", "hum", "rise", "whistle", "_silence_")


def test_a_word_without_clips_names_the_nearest(feature_set: FeatureSet) -> None:
    with pytest.raises(WordspotError, match="'fal'; did you mean fall"):
        Classes.choose(feature_set, ["rise", "fal"])
    with pytest.raises(WordspotError, match="twice"):
        Classes.choose(feature_set, ["rise", "rise"])


def relabeled(feature_set: FeatureSet, old: str, new: str) -> FeatureSet:
    clips = [replace(clip, label=new) if clip.label == old else clip for clip in feature_set.clips]
    return replace(feature_set, clips=clips)


def test_words_are_compared_without_spaces_and_in_one_unicode_form(feature_set: FeatureSet) -> None:
    french = relabeled(feature_set, "rise", "\u00e9t\u00e9")
    assert Classes.choose(french, [" fall", "e\u0301te\u0301 "]).words == ("fall", "\u00e9t\u00e9")


def test_a_label_that_differs_from_a_word_only_in_case_is_noted(feature_set: FeatureSet) -> None:
    cased = relabeled(feature_set, "hum", "Rise")
    with pytest.warns(WordspotWarning, match="clips of Rise are trained on as other words"):
        Classes.choose(cased, ["rise", "fall"])
    assert "Rise" in Classes.choose(cased, []).words  # as a word of its own; nothing is lost
    assert Classes.choose(cased, ["fall"]).words == ("fall",)


def test_clips_labeled_unknown_or_silence_are_no_words(feature_set: FeatureSet) -> None:
    assert Classes.choose(relabeled(feature_set, "hum", "_unknown_"), []).labels == (
        *("fall", "rise", "whistle", "_unknown_", "_silence_"),
    )
    silent = relabeled(feature_set, "hum", "_silence_")
    classes = Classes.choose(silent, [])
    assert classes.labels == ("fall", "rise", "whistle", "_silence_")
    rows = SplitClips(silent, classes, "training", AUGMENTATION).draw_rows(np.random.default_rng(0), 3.0)
    assert {silent.clips[row].label for row in rows if row >= 0} == {"fall", "rise", "whistle"}


def test_a_label_that_came_in_later_is_named(feature_set: FeatureSet) -> None:
    classes = Classes.choose(feature_set, [])
    with pytest.raises(WordspotError, match="'thud' came in after"):
        SplitClips(relabeled(feature_set, "hum", "thud"), classes, "training", AUGMENTATION)


def test_noise_too_short_to_be_divided_is_all_for_training(feature_set: FeatureSet) -> None:
    short = replace(feature_set, noise=[feature_set.noise[0][:300]])
    assert [len(part) for part in short.noise_of("training")] == [300]
    assert short.noise_of("validation") == short.noise_of("testing") == []


def test_the_same_seed_and_epoch_give_the_same_batches_and_others_do_not(feature_set: FeatureSet) -> None:
    def first(seed: int, epoch: int) -> np.ndarray:
        return next(batches_of(feature_set, TrainSettings(seed=seed)).epoch(epoch))[0]

    np.testing.assert_array_equal(first(1, 3), first(1, 3))
    assert not np.array_equal(first(1, 3), first(2, 3))
    assert not np.array_equal(first(1, 3), first(1, 4))


def test_a_batch_larger_than_an_epoch_is_the_epoch(feature_set: FeatureSet) -> None:
    several = sum(len(x) for x, _ in batches_of(feature_set, TrainSettings(batch_size=1)).epoch(1))
    (single,) = batches_of(feature_set, TrainSettings(batch_size=65_536)).epoch(1)
    assert len(single[0]) == several


def test_no_two_examples_of_a_clip_are_alike(feature_set: FeatureSet) -> None:
    frames = np.concatenate([x for x, _ in batches_of(feature_set, TrainSettings()).epoch(1)])
    classes = np.concatenate([y.argmax(axis=1) for _, y in batches_of(feature_set, TrainSettings()).epoch(1)])
    spoken = frames[classes < 3].reshape(-1, 98 * 40)
    assert len(np.unique(spoken, axis=0)) == len(spoken)


def test_an_epoch_holds_every_class_and_training_speakers_alone(feature_set: FeatureSet) -> None:
    settings = TrainSettings(batch_size=64)
    batches = batches_of(feature_set, settings)
    sizes, classes = zip(*((len(x), y.argmax(axis=1)) for x, y in batches.epoch(1)), strict=True)
    assert set(np.concatenate(classes)) == {0, 1, 2, 3}
    assert len(sizes) == batches.steps
    assert sum(sizes) >= 2048
    assert set(sizes) == {64}
    clips = SplitClips(feature_set, Classes.choose(feature_set, ["rise", "fall"]), "training", AUGMENTATION)
    rows = clips.draw_rows(np.random.default_rng(0), 3.0)
    assert {feature_set.clips[row].split for row in rows if row >= 0} == {"training"}


def test_validation_examples_are_the_same_whatever_the_seed(feature_set: FeatureSet) -> None:
    classes = Classes.choose(feature_set, ["rise", "fall"])
    first, second = (SplitClips(feature_set, classes, "validation", AUGMENTATION).fixed_examples() for _ in range(2))
    np.testing.assert_array_equal(first.frames, second.frames)
    assert first.file_names == second.file_names
    spoken = [i for i, name in enumerate(first.file_names) if name]
    by_name = {clip.file_name: row for row, clip in enumerate(feature_set.clips)}
    for i in spoken:  # and unchanged
        np.testing.assert_array_equal(first.frames[i], feature_set.log_mel[by_name[first.file_names[i]]])


def test_silence_comes_at_every_level_down_to_digital_zero(feature_set: FeatureSet) -> None:
    source = NoiseSource(feature_set, "training", AUGMENTATION)
    silence = source.draw_silence(2000, np.random.default_rng(0))
    floor = np.float32(np.log(feature_set.front_end.log_floor))
    assert silence.min() == floor
    digital = (silence == floor).all(axis=(1, 2)).mean()
    assert 0.1 < digital < 0.45  # the chosen share, and what is faint enough to vanish below the floor
    level_dbfs = np.log(np.exp(silence.astype(float)).mean(axis=(1, 2))) - full_scale_log_power(feature_set.front_end)
    level_dbfs *= 10 / np.log(10)
    histogram, _ = np.histogram(level_dbfs, bins=np.arange(-60, 1, 10))
    assert (histogram > 150).all()
    assert level_dbfs.max() < 0.1


def test_full_scale_is_the_level_of_white_noise_of_rms_one() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 160_000).astype(np.float32)
    measured = np.log(np.exp(log_mel(noise, FrontEnd())).mean())
    assert measured == pytest.approx(full_scale_log_power(FrontEnd()), abs=0.05)


def test_noise_of_validation_is_never_trained_on(feature_set: FeatureSet) -> None:
    trained = {row.tobytes() for row in feature_set.noise_of("training")[0]}
    assert not any(row.tobytes() in trained for row in feature_set.noise_of("validation")[0])
