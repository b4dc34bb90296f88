"""What every network costs with twelve labels: parameters, multiply-accumulates, size and time on one thread."""

import statistics
import time
from pathlib import Path

import numpy as np

from ....data.files import replacing
from ....data.front_end import FrontEnd
from ....data.native_output import without_native_output
from ....models import NETWORKS, NetworkShape, build_network
from ....models.benchmarks import NetworkCost, read_benchmarks, write_benchmarks
from ...terminal.console import OUT
from ...terminal.options import argument, declare

_ROUNDS = 500
_LABELS = 12


@declare
@argument("table", help="The table to write; accuracies already known are kept.")
def command(table: Path) -> None:
    """Measure every network; its weights are random, which costs the same."""
    known = {row.network: row for row in read_benchmarks()}
    rows = []
    for name in NETWORKS:
        before = known.get(name)
        accuracy = (before.accuracy, before.epochs, before.seeds) if before else ()
        rows.append(_measure(name, *accuracy))
        OUT.print(str(rows[-1]))
    with replacing(table) as temporary:
        write_benchmarks(temporary, rows)


def _measure(name: str, *accuracy: float | int | None) -> NetworkCost:
    with without_native_output():
        from ....models.cost import multiply_accumulates, parameters
        from ....pipeline.export.convert import convert
        from ....pipeline.export.graph import remove_tensor_names
        from ....pipeline.export.quantize import quantize_body
    front_end = FrontEnd()
    frames = np.random.default_rng(0).normal(0, 1, (20, front_end.n_frames, front_end.n_mels)).astype(np.float32)
    network = build_network(name, NetworkShape(front_end.n_frames, front_end.n_mels, _LABELS, 0.0, 1.0))
    graph = convert(network, front_end)
    graphs = (remove_tensor_names(graph), remove_tensor_names(quantize_body(graph, frames)))
    milliseconds = [_milliseconds(each, frames[0]) for each in graphs]
    counts = parameters(network), multiply_accumulates(network)
    return NetworkCost(name, *counts, *map(len, graphs), *milliseconds, *accuracy)  # type: ignore[arg-type]


def _milliseconds(graph: bytes, frames: np.ndarray) -> float:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_content=graph, num_threads=1).get_signature_runner("classify_features")
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        run(log_mel=frames[None])
        times.append(time.perf_counter() - began)
    return round(1_000 * statistics.median(times), 3)


if __name__ == "__main__":
    command()
