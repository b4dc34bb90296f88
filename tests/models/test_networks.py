import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.front_end import FrontEnd
from wordspot.models import NETWORKS, NetworkShape, build_network
from wordspot.models.benchmarks import read_benchmarks
from wordspot.models.cost import multiply_accumulates, parameters
from wordspot.models.normalization import BatchNorm, SubSpectralNorm
from wordspot.pipeline.export.convert import convert

SHAPE = NetworkShape(n_frames=98, n_mels=40, n_labels=12, mean=-5.0, std=3.0)


@pytest.fixture(scope="module")
def networks() -> dict[str, keras.Model]:
    return {name: build_network(name, SHAPE) for name in NETWORKS}


def test_parameters_are_those_of_the_paper(networks: dict[str, keras.Model]) -> None:
    """Table 1 of arXiv 2106.04140: 9.2, 27.3, 54.2, 188 and 321 thousand."""
    thousands = [parameters(networks[f"bc_resnet_{width}"]) / 1_000 for width in (1, 2, 3, 6, 8)]
    assert thousands == pytest.approx([9.2, 27.3, 54.2, 188, 321], abs=0.5)


def test_half_the_frames_are_half_the_work_with_the_same_parameters(networks: dict[str, keras.Model]) -> None:
    whole, half = networks["bc_resnet_1"], networks["bc_resnet_1_t2"]
    assert parameters(whole) == parameters(half)
    assert multiply_accumulates(half) == pytest.approx(multiply_accumulates(whole) / 2, rel=0.02)


def test_the_table_of_costs_is_of_these_networks(networks: dict[str, keras.Model]) -> None:
    listed = {row.network: (row.parameters, row.multiply_accumulates) for row in read_benchmarks()}
    assert listed == {name: (parameters(each), multiply_accumulates(each)) for name, each in networks.items()}


def test_every_network_maps_frames_to_logits(networks: dict[str, keras.Model]) -> None:
    for network in networks.values():
        assert network(np.zeros((2, 98, 40), np.float32)).shape == (2, 12)


@pytest.mark.parametrize("name", ["ds_cnn", "bc_resnet_1_t2"])
def test_a_network_takes_other_front_ends(name: str) -> None:
    network = build_network(name, NetworkShape(49, 32, 3, 0.0, 1.0))
    assert network(np.zeros((2, 49, 32), np.float32)).shape == (2, 3)


def test_multiply_accumulates_of_a_network_counted_by_hand() -> None:
    frames = keras.Input((98, 40, 1))
    x = keras.layers.Conv2D(8, 5, strides=2, padding="same")(frames)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.Dense(12)(keras.layers.Flatten()(x))
    by_hand = 49 * 20 * 8 * 25 + 49 * 20 * 8 * 9 + 49 * 20 * 8 * 12
    assert multiply_accumulates(keras.Model(frames, x)) == by_hand


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 5), st.sampled_from([(5, 5), (20, 5), (8, 4), (7, 1)]), st.integers(0, 2**32 - 1)
)
def test_sub_spectral_norm_normalizes_each_sub_band(
    channels: int, frames: int, bands: tuple[int, int], seed: int
) -> None:
    mels, sub_bands = bands
    x = np.random.default_rng(seed).normal(3, 5, (6, frames, mels, channels)).astype(np.float32)
    parts = np.split(x, sub_bands, axis=2)
    expected = [(p - p.mean((0, 1, 2))) / np.sqrt(p.var((0, 1, 2)) + 1e-3) for p in parts]
    answers = SubSpectralNorm(sub_bands)(x, training=True)
    np.testing.assert_allclose(answers, np.concatenate(expected, axis=2), atol=1e-3)


@pytest.mark.parametrize("layer", [BatchNorm(), SubSpectralNorm(5)], ids=["batch", "sub-spectral"])
def test_running_statistics_come_to_those_of_the_batches(layer: keras.layers.Layer) -> None:
    x = np.random.default_rng(0).normal(3, 5, (50, 9, 20, 4)).astype(np.float32)
    trained = layer(x, training=True)
    for _ in range(150):
        layer(x, training=True)
    np.testing.assert_allclose(layer(x, training=False), trained, atol=5e-3)


def test_batch_norm_trains_as_kerass_own() -> None:
    x = np.random.default_rng(0).normal(3, 5, (50, 9, 20, 4)).astype(np.float32)
    theirs = keras.layers.BatchNormalization(momentum=0.9)(x, training=True)
    np.testing.assert_allclose(BatchNorm()(x, training=True), theirs, atol=1e-3)


@pytest.mark.parametrize("layer", [BatchNorm(), SubSpectralNorm(5)], ids=["batch", "sub-spectral"])
def test_a_frozen_layer_keeps_its_statistics(layer: keras.layers.Layer) -> None:
    x = np.random.default_rng(0).normal(3, 5, (50, 9, 20, 4)).astype(np.float32)
    layer.build(x.shape)
    layer.trainable = False
    np.testing.assert_allclose(layer(x, training=True), layer(x, training=False))
    assert not np.any(layer.moving_mean)


@pytest.mark.parametrize("name", ["ds_cnn", "bc_resnet_1", "bc_resnet_1_t2"])
def test_a_network_becomes_built_in_operations_that_xnnpack_runs(name: str) -> None:
    graph = convert(build_network(name, SHAPE), FrontEnd())
    interpreter = Interpreter(model_content=graph)  # raises for operations that are not built in
    runner = interpreter.get_signature_runner("classify_features")
    answers = runner(log_mel=np.zeros((1, 98, 40), np.float32))["probabilities"]
    assert answers.sum() == pytest.approx(1, abs=1e-5)
    operations = [details["op_name"] for details in interpreter._get_ops_details()]
    assert "DELEGATE" in operations
