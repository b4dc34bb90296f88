from pathlib import Path

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.models import pretrained
from wordspot.pipeline.training.network import load_network
from wordspot.pipeline.training.trained_network import TrainedNetwork


def test_a_run_is_loaded_by_its_folder_as_text_or_path(run: Path) -> None:
    loaded = TrainedNetwork.load(run)
    assert (loaded.name, loaded.model, loaded.labels) == (
        *(str(run.resolve()), "ds_cnn"),
        ("rise", "fall", "_unknown_", "_silence_"),
    )
    assert TrainedNetwork.load(str(run)).labels == loaded.labels
    for ours, theirs in zip(loaded.network.get_weights(), load_network(run / "model.keras").get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_weights_are_saved_as_they_ship(name: str, tmp_path: Path) -> None:
    TrainedNetwork.load(name).save_weights(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as saved, np.load(pretrained.path_of(name, ".npz")) as shipped:
        assert set(saved) == set(shipped)
        for array in shipped:
            np.testing.assert_allclose(saved[array], shipped[array], rtol=1e-6)


def test_what_is_no_run_names_the_models_that_ship(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="no run nowhere; expected a run folder, or small or accurate"):
        TrainedNetwork.load("nowhere")
    (tmp_path / "model.tflite").write_bytes(b"")
    with pytest.raises(WordspotError, match=r"model\.tflite is a file; expected the run folder it came from"):
        TrainedNetwork.load(tmp_path / "model.tflite")
