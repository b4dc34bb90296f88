import os
import subprocess
import sys

import numpy as np
from wordspot.models import NetworkShape, build_network
from wordspot.pipeline.training.network import logits

MANY = """
import numpy as np
import tensorflow as tf
from wordspot.models import NetworkShape, build_network
from wordspot.pipeline.training.network import logits
tf.config.experimental.enable_op_determinism()
for _ in range(7):
    logits(build_network("ds_cnn_small", NetworkShape(20, 10, 3, 0.0, 1.0)), np.zeros((300, 20, 10), np.float32))
print("done")
"""


def test_answers_are_those_of_the_network_however_many_clips_there_are() -> None:
    network = build_network("ds_cnn_small", NetworkShape(20, 10, 3, 0.0, 1.0))
    frames = np.random.default_rng(0).normal(0, 1, (600, 20, 10)).astype(np.float32)
    np.testing.assert_allclose(logits(network, frames), network(frames), atol=1e-5)
    np.testing.assert_allclose(logits(network, frames[:1]), network(frames[:1]), atol=1e-5)


def test_many_networks_in_one_process_are_no_reason_to_warn() -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}  # errors are shown
    result = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, env=environment, check=False)
    assert result.stdout == "done\n"
    assert "retracing" not in result.stderr
    assert "node_def_util" not in result.stderr
