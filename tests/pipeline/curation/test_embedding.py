from pathlib import Path

import numpy as np
import pytest
from wordspot.data.clips import read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.models import pretrained
from wordspot.pipeline.curation.embedding import embed
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.training.trained_network import TrainedNetwork


def test_points_are_what_keras_has_before_its_last_layer(clips: Path, tmp_path: Path) -> None:
    import keras

    trained = TrainedNetwork.load("small")
    extract(clips, tmp_path / "features", trained.front_end)
    points, embedded = embed(tmp_path / "features", "small")
    body = keras.Model(trained.network.inputs, trained.network.layers[-1].input)
    frames = np.load(tmp_path / "features" / "log_mel.npy").astype(np.float32)
    np.testing.assert_allclose(points, body.predict_on_batch(frames), atol=1e-4)
    assert [clip.file_name for clip in embedded] == [clip.file_name for clip in read_clip_table(clips)]


def test_waveforms_and_their_features_lie_at_one_place(clips: Path, tmp_path: Path) -> None:
    extract(clips, tmp_path / "features", Recognizer.load("accurate").description.front_end)
    of_features, _ = embed(tmp_path / "features", "accurate")
    of_waveforms, _ = embed(clips, "accurate")
    assert of_waveforms.dtype == np.float32
    np.testing.assert_allclose(of_waveforms, of_features, atol=0.02)


def test_models_of_ones_own_and_int8_ones_embed_too(clips: Path, model: Path) -> None:
    for file in (model, pretrained.path_of("small", "_int8.tflite")):
        points, embedded = embed(clips, file)
        assert len(points) == len(embedded)
        assert np.isfinite(points).all()
        assert (points.std(axis=0) > 0).sum() > 5


def test_progress_is_in_clips(clips: Path) -> None:
    seen = []
    _, embedded = embed(clips, "small", progress=lambda items, total: seen.append(total) or items)
    assert seen == [len(embedded)]


def test_what_cannot_be_embedded_is_named(features: Path, clips: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=r"another front end than the model.*Give the clean folder"):
        embed(features, "small")
    with pytest.raises(WordspotError, match="clean"):
        embed(tmp_path, "small")
    (tmp_path / "metadata.csv").write_text("file_name,label\ngone.wav,left\n")
    with pytest.raises(WordspotError, match=r"gone\.wav is in the clip table but cannot be read"):
        embed(tmp_path, "small")
