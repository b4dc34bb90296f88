from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from wordspot.data.feature_set import FeatureSet, read_feature_set
from wordspot.models.normalization import BatchNorm
from wordspot.pipeline.training.examples.batches import Classes, SplitClips, TrainingBatches
from wordspot.pipeline.training.network import load_network, logits
from wordspot.pipeline.training.probabilities import calmest_scale, cross_entropy, linear_discriminant
from wordspot.pipeline.training.run_folder.run import Run
from wordspot.pipeline.training.settings import TRANSFER_SETTINGS, AugmentSettings
from wordspot.pipeline.training.train import train
from wordspot.pipeline.training.trained_network import TrainedNetwork
from wordspot.pipeline.training.transfer import with_new_head


@pytest.fixture
def feature_set(features: Path) -> FeatureSet:
    return read_feature_set(features)


def clouds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Three Gaussian clouds of one shape: float [n, 5] and int [n]."""
    classes = np.repeat(np.arange(3), 200)
    shape = rng.normal(0, 1, (5, 5))
    return rng.normal(0, 1, (600, 5)) @ shape + rng.normal(0, 2, (3, 5))[classes], classes


def test_the_discriminant_is_that_of_scikit_learn() -> None:
    points, classes = clouds(np.random.default_rng(0))
    weights, bias = linear_discriminant(points, classes, 3)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1, priors=[1 / 3] * 3).fit(points, classes)
    ours = (points @ weights + bias).argmax(axis=1)
    assert (ours == theirs.predict(points)).mean() > 0.99


def test_the_calmest_scale_is_that_of_the_least_cross_entropy() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, 500)
    certain = np.eye(4)[np.where(rng.random(500) < 0.7, classes, rng.integers(0, 4, 500))] * 40
    scale = calmest_scale(certain, classes)
    for other in (scale * 0.8, scale * 1.25):
        assert cross_entropy(scale * certain, classes) <= cross_entropy(other * certain, classes)
    assert calmest_scale(np.eye(4)[classes], classes) == 1.0  # right every time: never too sure


def test_a_new_head_knows_the_new_words_before_it_is_trained(run: Path, feature_set: FeatureSet) -> None:
    start, augmentation = TrainedNetwork.load(run), AugmentSettings()
    classes = Classes.choose(feature_set, ["whistle", "hum"])
    training, validation = (
        SplitClips(feature_set, classes, split, augmentation) for split in ("training", "validation")
    )
    batches = TrainingBatches(training, TRANSFER_SETTINGS, augmentation, -6.0)
    network = with_new_head(start.network, batches, len(classes.labels))
    examples = validation.fixed_examples()
    assert (logits(network, examples.frames).argmax(axis=1) == examples.classes).mean() > 0.8


def test_training_on_changes_the_body_but_not_its_normalization(run: Path, features: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    start = TrainedNetwork.load(run)
    before = {layer.name: layer.get_weights() for layer in start.network.layers}
    train(
        features,
        tmp_path / "on",
        ["whistle", "hum"],
        replace(TRANSFER_SETTINGS, epochs=1, model="bc_resnet_1"),
        start=start,
    )
    assert Run(tmp_path / "on").read_config().settings.model == start.model == "ds_cnn"
    trained = load_network(tmp_path / "on" / "model.keras")
    kinds = {True: 0, False: 0}
    for layer in trained.layers[:-1]:
        same = all(map(np.array_equal, layer.get_weights(), before[layer.name]))
        if layer.get_weights():
            kinds[isinstance(layer, BatchNorm)] += 1
            assert same == isinstance(layer, BatchNorm), layer.name
    assert all(kinds.values())
