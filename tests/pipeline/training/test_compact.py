import numpy as np
from ai_edge_litert.interpreter import Interpreter
from wordspot.data.feature_set import FrontEnd
from wordspot.models import Shape, build_network
from wordspot.pipeline.training.compact import without_names
from wordspot.pipeline.training.export import convert


def test_without_names_it_answers_the_same_and_is_smaller() -> None:
    graph = convert(build_network("ds_cnn_small", Shape(98, 40, 12, -5.0, 3.0)), FrontEnd())
    compact = without_names(graph)
    assert len(compact) < 0.95 * len(graph)
    rng = np.random.default_rng(0)
    inputs = {
        "classify": {"waveform": rng.normal(0, 0.1, (1, 16_000)).astype(np.float32)},
        "classify_features": {"log_mel": rng.normal(-5, 3, (1, 98, 40)).astype(np.float32)},
    }
    before, after = (Interpreter(model_content=each) for each in (graph, compact))
    assert after.get_signature_list() == before.get_signature_list()
    for signature, given in inputs.items():
        expected, answer = (each.get_signature_runner(signature)(**given) for each in (before, after))
        np.testing.assert_array_equal(answer["probabilities"], expected["probabilities"])
