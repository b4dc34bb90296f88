import dataclasses
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.data.feature_set import FeatureSet, read_feature_set
from wordspot.pipeline.training.distillation import soft_labels_of
from wordspot.pipeline.training.examples.batches import Classes, SplitClips, TrainingBatches
from wordspot.pipeline.training.network import logits
from wordspot.pipeline.training.probabilities import softmax
from wordspot.pipeline.training.settings import AugmentSettings, TrainSettings
from wordspot.pipeline.training.train import train
from wordspot.pipeline.training.trained_network import TrainedNetwork


@pytest.fixture
def feature_set(features: Path) -> FeatureSet:
    return read_feature_set(features)


def test_soft_labels_stand_in_the_order_of_the_classes(run: Path, feature_set: FeatureSet) -> None:
    teacher = TrainedNetwork.load(run)
    assert teacher.labels == ("rise", "fall", "_unknown_", "_silence_")
    answers = soft_labels_of(teacher, feature_set, Classes.choose(feature_set, ["fall", "rise"]))
    expected = softmax(logits(teacher.network, feature_set.log_mel[:].astype(np.float32)))
    np.testing.assert_allclose(answers, expected[:, [1, 0, 2, 3]], atol=1e-5)


def test_a_teacher_of_other_words_is_refused(run: Path, feature_set: FeatureSet) -> None:
    with pytest.raises(WordspotError, match="tells rise, fall, _unknown_, _silence_ apart, not rise, hum"):
        soft_labels_of(TrainedNetwork.load(run), feature_set, Classes.choose(feature_set, ["rise", "hum"]))


def test_soft_labels_are_their_share_of_the_targets_but_not_of_silence(feature_set: FeatureSet) -> None:
    classes, augmentation = Classes.choose(feature_set, ["rise", "fall"]), AugmentSettings()
    clips = SplitClips(feature_set, classes, "training", augmentation)
    soft_labels = np.random.default_rng(0).dirichlet(np.ones(4), len(feature_set.clips)).astype(np.float32)
    settings = TrainSettings(teacher_share=0.25)
    plain, distilled = (
        np.concatenate([targets for _, targets in TrainingBatches(clips, settings, augmentation, -6.0, each).epoch(1)])
        for each in (None, soft_labels)
    )
    np.testing.assert_allclose(distilled.sum(axis=1), 1, atol=1e-6)
    silent = plain[:, 3] == 1
    np.testing.assert_array_equal(distilled[silent], plain[silent])
    learned = (distilled[~silent] - 0.75 * plain[~silent]) / 0.25
    nearest = np.abs(learned[:, None] - soft_labels).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-5


def test_a_run_remembers_its_teacher(run: Path, features: Path, tmp_path: Path) -> None:
    settings = TrainSettings(model="ds_cnn_small", epochs=2)
    teacher = TrainedNetwork.load(run)
    confusion = train(str(features), str(tmp_path / "pupil"), ["rise", "fall"], settings, teacher=str(run))
    assert confusion.clips
    pupil = TrainedNetwork.load(tmp_path / "pupil")
    assert f'"teacher": "{teacher.name}"' in (tmp_path / "pupil" / "config.json").read_text()
    with pytest.raises(WordspotError, match="was begun with teacher"):
        train(features, tmp_path / "pupil", ["rise", "fall"], settings, resume=True)
    other = dataclasses.replace(pupil, front_end=dataclasses.replace(pupil.front_end, n_mels=32))
    with pytest.raises(WordspotError, match=r"was trained with: n_mels 40, not 32\. Train on"):
        train(features, tmp_path / "other", ["rise", "fall"], settings, teacher=other)
    with pytest.raises(WordspotError, match=r"with different front ends: n_mels 40, not 32\. Choose two"):
        train(features, tmp_path / "other", ["rise", "fall"], settings, start=teacher, teacher=other)
