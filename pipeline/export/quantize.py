"""An int8 body with a float front end, by Google's AI Edge Quantizer.

Of the body the convolutions along channels and the dense layer become int8: they hold the weights and most of the work.
The depthwise convolutions, sums and scalings between them stay float: in BC-ResNet they carry the residual paths, where each
rounding adds to those before, and they are few bytes and no faster in int8 (`models/EXPERIMENTS.md` has the figures).
"""

import io
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe_manager
from ai_edge_quantizer.utils import qsv_utils, tfl_interpreter_utils

from ...data.native_output import without_native_output

_BODY = "body"  # name of the network, and so the first part of the names of its operations
_QUANTIZED = (qtyping.TFLOperationName.CONV_2D, qtyping.TFLOperationName.FULLY_CONNECTED)


def quantize_body(graph: bytes, calibration: Iterable[np.ndarray]) -> bytes:
    """Quantizes weights (int8, by channel) and activations (int8) of the network's convolutions and dense layers.

    The front end must stay float: eight bits cannot hold the range of a power spectrum.

    Parameters
    ----------
    graph
        A `.tflite` with the signatures `classify` and `classify_features`, sharing the network named `body`.
    calibration
        Log-mel frames of training clips, float32 [frames, mels] each, to measure the range of the activations.

    Returns
    -------
    The quantized `.tflite`; inputs and outputs stay float32.
    """
    recipe = recipe_manager.RecipeManager()
    for operation in _QUANTIZED:
        recipe.add_static_config(
            regex=f"(^|;){_BODY}", operation_name=operation, activation_num_bits=8, weight_num_bits=8
        )
    ranges = _for_both_signatures(graph, measure_ranges(graph, calibration, recipe))
    with _quietly():
        work = quantizer.Quantizer(graph)
        work.load_quantization_recipe(recipe.get_quantization_recipe())
        return bytes(work.quantize(ranges).quantized_model or b"")


def measure_ranges(
    graph: bytes, calibration: Iterable[np.ndarray], recipe: recipe_manager.RecipeManager
) -> dict[str, Any]:
    """The smallest and largest value of each tensor of `classify_features`: {name: {"min": array, "max": array}}.

    Over all clips: the moving average of the quantizer's documented `calibrate` forgets all but the last dozens. Only this
    function uses its undocumented calibrator.
    """
    data = {"classify_features": [{"log_mel": frames[None]} for frames in calibration]}
    with _quietly():
        measuring = calibrator.Calibrator(graph, qsv_update_func=qsv_utils.min_max_update)
        measuring.calibrate(data, recipe)
        return measuring.get_model_qsvs()


def _for_both_signatures(graph: bytes, ranges: dict[str, Any]) -> dict[str, Any]:
    """Gives the ranges measured in `classify_features` to the same tensors of `classify`.

    Each signature has a graph of its own with tensors of its own names, but the network's come last in both, in the same
    order: what was measured once holds twice, and both give the same answers.
    """
    names = {signature: tensor_names(graph, signature) for signature in ("classify", "classify_features")}
    measured = [name for name in names["classify_features"] if name in ranges]
    first_of_body = next(i for i, name in enumerate(names["classify_features"]) if name == measured[1])
    body = names["classify_features"][first_of_body:]
    same_tensors = names["classify"][-len(body) :]
    ranges = ranges | {same: ranges[name] for name, same in zip(body, same_tensors, strict=True) if name in ranges}
    ranges[names["classify"][-len(body) - 1]] = ranges[measured[0]]  # the frames themselves
    return ranges


def tensor_names(graph: bytes, signature: str) -> list[str]:
    """Names of the signature's tensors in the order of its graph: constants first, then in order of execution.

    Only this function uses the quantizer's undocumented way from a signature to its graph.
    """
    interpreter = Interpreter(
        model_content=graph, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    subgraph = tfl_interpreter_utils.get_signature_main_subgraph_index(interpreter, signature)
    return [tensor["name"] for tensor in interpreter.get_tensor_details(subgraph_index=subgraph)]


@contextmanager
def _quietly() -> Iterator[None]:
    """The quantizer prints progress bars and totals, and warns of each weight that both signatures share."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        with (
            without_native_output(),
            redirect_stderr(io.StringIO()),
            redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.root.setLevel(level)
