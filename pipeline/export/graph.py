"""A smaller and faster `.tflite` with the same answers: without the names of its tensors, and without needless reshapes.

A graph is changed as objects of the schema that comes with LiteRT, a module that its makers do not document: only this file
uses it, to read by `unpack_graph` and to write by `pack_graph`.
"""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_IDENTIFIER = b"TFL3"


def remove_tensor_names(graph: bytes) -> bytes:
    """The graph without the names of its tensors, which are an eighth of a small network's file.

    What programs use by name, the signatures with their inputs and outputs, has names of its own, which stay.

    Parameters
    ----------
    graph
        A `.tflite` of less than 2 GB.
    """
    model = unpack_graph(graph)
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            tensor.name = None
    return pack_graph(model)


def remove_mel_reshapes(graph: bytes) -> bytes:
    """The graph with every convolution along the mel bands done in place.

    A depthwise convolution [batch * frames, mels, 1, channels] with a kernel [k, 1] and a step of 1 is, without moving
    anything, one of [batch, frames, mels, channels] with a kernel [1, k]. Networks are trained in the first form, because
    TensorFlow steps equally along both axes; LiteRT copies everything for each of its two reshapes.

    Parameters
    ----------
    graph
        A `.tflite` of less than 2 GB, float or quantized.
    """
    model = unpack_graph(graph)
    kinds = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    for subgraph in model.subgraphs:
        readers = _readers(subgraph)
        for operation in list(subgraph.operators):
            _remove_reshapes_around(operation, subgraph, readers, kinds)
    return pack_graph(model)


def _readers(subgraph: Any) -> dict[int, list[Any]]:
    """The operations that read each tensor."""
    readers: dict[int, list[Any]] = {}
    for operation in subgraph.operators:
        for index in operation.inputs:
            readers.setdefault(int(index), []).append(operation)
    return readers


def _remove_reshapes_around(before: Any, subgraph: Any, readers: dict[int, list[Any]], kinds: list[int]) -> None:
    """Where `before` is the first of reshape, convolution, reshape back, leaves only the convolution."""
    reshape, depthwise = schema.BuiltinOperator.RESHAPE, schema.BuiltinOperator.DEPTHWISE_CONV_2D
    chain = [before]
    while len(chain) < 3 and len(next_ones := readers.get(int(chain[-1].outputs[0]), [])) == 1:
        chain += next_ones
    if [kinds[operation.opcodeIndex] for operation in chain] != [reshape, depthwise, reshape]:
        return
    _, convolution, after = chain
    given, kernel = subgraph.tensors[before.inputs[0]], subgraph.tensors[convolution.inputs[1]]
    got, how = subgraph.tensors[after.outputs[0]], convolution.builtinOptions
    (_, length, width, channels), steps = kernel.shape, (how.strideH, how.strideW, how.dilationHFactor)
    if list(given.shape) != list(got.shape) or len(given.shape) != 4 or width != 1 or steps != (1, 1, 1):
        return
    if list(subgraph.tensors[convolution.inputs[0]].shape) != [given.shape[1], given.shape[2], 1, channels]:
        return
    kernel.shape = [1, 1, length, channels]
    convolution.inputs, convolution.outputs = [before.inputs[0], *convolution.inputs[1:]], [after.outputs[0]]
    subgraph.operators = [one for one in subgraph.operators if one is not before and one is not after]


def unpack_graph(graph: bytes) -> Any:
    """The graph as objects (`ModelT`); weights that the quantizer puts behind a large flatbuffer are fetched inside."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(graph, 0))
    for buffer in model.buffers or ():
        if buffer.offset:
            buffer.data = np.frombuffer(graph, np.uint8, buffer.size, buffer.offset)  # type: ignore[assignment]
            buffer.offset = buffer.size = 0
    return model


def pack_graph(model: Any) -> bytes:
    """The reverse of `unpack_graph`."""
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())
