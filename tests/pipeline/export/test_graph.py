import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from wordspot.data.front_end import FrontEnd
from wordspot.models import NetworkShape, build_network
from wordspot.pipeline.export.convert import convert
from wordspot.pipeline.export.graph import pack_graph, remove_mel_reshapes, remove_tensor_names, unpack_graph
from wordspot.pipeline.export.quantize import quantize_body


def assert_same_answers(graph: bytes, changed: bytes) -> None:
    rng = np.random.default_rng(0)
    inputs = {
        "classify": {"waveform": rng.normal(0, 0.1, (1, 16_000)).astype(np.float32)},
        "classify_features": {"log_mel": rng.normal(-5, 3, (1, 98, 40)).astype(np.float32)},
    }
    before, after = (Interpreter(model_content=each) for each in (graph, changed))
    assert after.get_signature_list() == before.get_signature_list()
    for signature, given in inputs.items():
        expected, answer = (each.get_signature_runner(signature)(**given) for each in (before, after))
        np.testing.assert_array_equal(answer["probabilities"], expected["probabilities"])


def count_operations(graph: bytes) -> int:
    model = unpack_graph(graph)
    return sum(len(subgraph.operators or ()) for subgraph in model.subgraphs or ())


def test_what_is_unpacked_and_packed_answers_the_same() -> None:
    graph = convert(build_network("ds_cnn_small", NetworkShape(98, 40, 12, -5.0, 3.0)), FrontEnd())
    model = unpack_graph(graph)
    assert {signature.signatureKey for signature in model.signatureDefs} == {
        *(b"classify", b"features", b"classify_features")
    }
    assert_same_answers(graph, pack_graph(model))


def test_without_tensor_names_it_answers_the_same_and_is_smaller() -> None:
    graph = convert(build_network("ds_cnn_small", NetworkShape(98, 40, 12, -5.0, 3.0)), FrontEnd())
    compact = remove_tensor_names(graph)
    assert len(compact) < 0.95 * len(graph)
    assert_same_answers(graph, compact)


@pytest.mark.parametrize("int8", [False, True])
def test_without_mel_reshapes_it_answers_the_same(int8: bool) -> None:
    graph = convert(build_network("bc_resnet_1_t2", NetworkShape(98, 40, 12, -5.0, 3.0)), FrontEnd())
    if int8:
        graph = quantize_body(graph, list(np.random.default_rng(1).normal(-5, 3, (20, 98, 40)).astype(np.float32)))
    straight = remove_mel_reshapes(graph)
    blocks = 10  # of twelve; two change the number of mel bands, and keep their reshapes
    assert count_operations(graph) - count_operations(straight) == 2 * 2 * blocks
    assert_same_answers(graph, straight)


def test_a_network_without_mel_reshapes_stays_as_it_is() -> None:
    graph = convert(build_network("ds_cnn_small", NetworkShape(98, 40, 12, -5.0, 3.0)), FrontEnd())
    straight = remove_mel_reshapes(graph)
    assert count_operations(straight) == count_operations(graph)
    assert_same_answers(graph, straight)


def test_weights_behind_the_flatbuffer_come_inside() -> None:
    frames = np.random.default_rng(0).normal(0, 1, (4, 98, 40)).astype(np.float32)
    quantized = quantize_body(
        convert(build_network("bc_resnet_8", NetworkShape(98, 40, 12, 0.0, 1.0)), FrontEnd()), frames
    )
    as_it_came = schema.ModelT.InitFromObj(schema.Model.GetRootAs(quantized, 0))
    assert any(buffer.offset for buffer in as_it_came.buffers or ())  # else this tests nothing
    assert not any(buffer.offset for buffer in unpack_graph(quantized).buffers)
    before, after = (
        Interpreter(model_content=each).get_signature_runner("classify_features")
        for each in (quantized, remove_tensor_names(remove_mel_reshapes(quantized)))
    )
    expected, answers = (each(log_mel=frames[:1])["probabilities"] for each in (before, after))
    np.testing.assert_allclose(answers, expected, atol=0.02)
