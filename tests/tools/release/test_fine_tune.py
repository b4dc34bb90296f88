"""Fine-tuning beside negatives, on a small feature set and made-up speech."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.feature_set import FeatureSet, read_feature_set
from wordspot.pipeline.training.distillation import soft_labels_of
from wordspot.pipeline.training.examples.batches import Classes
from wordspot.pipeline.training.examples.negatives import RunningSpeech, run_together, tones
from wordspot.pipeline.training.trained_network import TrainedNetwork
from wordspot.tools.release.fine_tune import NegativeBatches, fine_tune
from wordspot.tools.release.steps import FineTuning


@pytest.fixture(scope="module")
def feature_set(features: Path) -> FeatureSet:
    return read_feature_set(features)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three speakers of two seconds each."""
    folder, rng = tmp_path_factory.mktemp("speech"), np.random.default_rng(0)
    for name in ("a", "b", "c"):
        soundfile.write(folder / f"{name}.opus", rng.normal(0, 0.1, 32_000), 16_000, format="OGG", subtype="OPUS")
    return folder


def make(run: Path, feature_set: FeatureSet, speech: Path) -> tuple[TrainedNetwork, NegativeBatches]:
    trained = TrainedNetwork.load(str(run))
    classes = Classes.choose(feature_set, ["rise", "fall"])
    soft_labels = soft_labels_of(trained, feature_set, classes)
    return trained, NegativeBatches(feature_set, classes, soft_labels, speech)


def test_batches_depend_on_the_step_alone(run: Path, feature_set: FeatureSet, speech: Path) -> None:
    _, batches = make(run, feature_set, speech)
    frames, targets = batches.batch(3)
    assert frames.shape == (200, *feature_set.log_mel.shape[1:])
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    again, _ = batches.batch(3)
    np.testing.assert_array_equal(frames, again)
    assert not np.array_equal(frames, batches.batch(4)[0])
    assert np.isfinite(frames).all()


def test_a_third_of_the_speakers_is_held_out(run: Path, feature_set: FeatureSet, speech: Path) -> None:
    _, batches = make(run, feature_set, speech)
    frames = batches.speech.starts[-1] + feature_set.front_end.n_frames
    assert frames == 2 * (1 + (32_000 - 480) // 160)


def test_the_network_changes_and_unknown_loses_what_it_was_given(
    run: Path, feature_set: FeatureSet, speech: Path
) -> None:
    trained, batches = make(run, feature_set, speech)
    before = trained.network.get_weights()
    kept = FineTuning(steps=2, learning_rate=1e-3, kept_share=0.0, unknown_logit=1.5)
    losses = list(fine_tune(trained.network, batches, kept))
    assert len(losses) == 2
    assert np.isfinite(losses).all()
    after = trained.network.get_weights()
    assert after[-1][-2] == pytest.approx(before[-1][-2] - 1.5)
    for old, new in zip(before[:-1], after[:-1], strict=True):
        np.testing.assert_allclose(old, new, atol=1e-6)


def test_hard_windows_come_more_often() -> None:
    speech = RunningSpeech([np.arange(400, dtype=np.float16)[:, None] * np.ones((1, 4), np.float16)], 98)
    speech.hard = np.array([7])
    drawn = speech.draw(40, np.random.default_rng(0))
    assert drawn.shape == (40, 98, 4)
    assert (drawn[:, 0, 0] == 7).sum() >= 20


def test_made_sounds_have_the_shape_of_clips() -> None:
    rng = np.random.default_rng(1)
    clips = rng.normal(-8, 3, (6, 98, 40)).astype(np.float16)
    for made in (run_together(clips, 5, rng), tones((98, 40), 5, rng)):
        assert made.shape == (5, 98, 40)
        assert np.isfinite(made).all()
        assert len(np.unique(made.mean(axis=(1, 2)))) == 5
