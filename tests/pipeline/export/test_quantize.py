"""What is used of the quantizer besides what its makers document, and what it makes."""

import keras
import numpy as np
import pytest
from ai_edge_quantizer import qtyping, recipe_manager
from wordspot.data.front_end import FrontEnd
from wordspot.models import NetworkShape, build_network
from wordspot.pipeline.export.convert import convert
from wordspot.pipeline.export.quantize import measure_ranges, tensor_names


@pytest.fixture(scope="module")
def graph() -> bytes:
    keras.utils.set_random_seed(1)
    return convert(build_network("ds_cnn_small", NetworkShape(98, 40, 12, -5.0, 3.0)), FrontEnd())


@pytest.fixture(scope="module")
def recipe() -> recipe_manager.RecipeManager:
    recipe = recipe_manager.RecipeManager()
    convolutions = qtyping.TFLOperationName.CONV_2D
    recipe.add_static_config(regex=".*", operation_name=convolutions, activation_num_bits=8, weight_num_bits=8)
    return recipe


def test_ranges_span_all_clips_not_the_last_ones(graph: bytes, recipe: recipe_manager.RecipeManager) -> None:
    frames = np.random.default_rng(0).normal(-5, 3, (60, 98, 40)).astype(np.float32)
    frames[0, 0, 0], frames[1, 0, 0] = 100, -100
    ranges = measure_ranges(graph, list(frames), recipe)
    measured = [name for name in tensor_names(graph, "classify_features") if name in ranges]
    assert np.ravel(ranges[measured[0]]["max"]) == pytest.approx((100 + 5) / 3)
    assert np.ravel(ranges[measured[0]]["min"]) == pytest.approx((-100 + 5) / 3)


def test_the_network_comes_last_in_both_signatures(graph: bytes) -> None:
    sizes = {}
    for signature in ("classify", "classify_features"):
        names = tensor_names(graph, signature)
        sizes[signature] = len(names)
        assert len(set(names)) == len(names)
        assert "body" in names[-2]
    assert sizes["classify"] > sizes["classify_features"]
