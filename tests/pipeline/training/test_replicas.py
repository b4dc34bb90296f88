import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from wordspot.data.errors import WordspotError
from wordspot.pipeline.training.run_folder.run import Run
from wordspot.pipeline.training.strategies import worker_number


def free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def start_workers(features: Path, run: Path, *options: str) -> list[subprocess.Popen[str]]:
    """Two real workers on localhost."""
    hosts = [f"localhost:{port}" for port in free_ports(2)]
    command = [sys.executable, "-m", "wordspot.tools.cli", "train", str(features), "--run", str(run)]
    command += [
        "--words",
        "rise,fall",
        "--model",
        "ds_cnn_small",
        "--no-shipped-negatives",
        "--strategy",
        "multi-worker",
    ]
    workers = []
    for number in range(2):
        task = {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": number}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        full, pipe = [*command, *options], subprocess.PIPE
        workers.append(subprocess.Popen(full, stdout=pipe, stderr=pipe, text=True, env=environment))
    return workers


def test_two_workers_train_one_network_and_go_on_after_one_was_killed(features: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    first, second = start_workers(features, run.folder, "--epochs", "2")
    while not run.checkpoint.exists() and first.poll() is None:
        time.sleep(0.05)
    second.send_signal(signal.SIGKILL)
    second.communicate()
    _, said = first.communicate()
    assert (first.returncode, said.count("\n")) == (1, 1), said
    assert "another worker has ended or cannot be reached" in said
    first, second = start_workers(features, run.folder, "--epochs", "2", "--resume")
    printed, (of_second, _) = first.communicate()[0], second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert "epoch 2 of 2" in printed
    assert "epoch 1 of 2:" not in printed
    assert "Worker 1 is done" in of_second
    assert [row.epoch for row in run.read_history()] == [1, 2]
    assert run.metrics.is_file()


def test_workers_that_were_given_other_words_are_refused_by_all(features: Path, tmp_path: Path) -> None:
    hosts = [f"localhost:{port}" for port in free_ports(2)]
    workers = []
    for number, words in enumerate(("rise,fall", "rise,hum")):
        task = {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": number}}
        command = [sys.executable, "-m", "wordspot.tools.cli", "train", str(features), "--run", str(tmp_path / "run")]
        command += ["--words", words, "--model", "ds_cnn_small", "--no-shipped-negatives", "--strategy", "multi-worker"]
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        workers.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment))
    for worker in workers:
        _, said = worker.communicate()
        assert (worker.returncode, said.count("\n")) == (1, 1), said
        assert "replica 1 was given other words than replica 0, ['rise', 'hum'] and not ['rise', 'fall']" in said


@pytest.mark.parametrize(
    "tf_config",
    [
        "",
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_a_tf_config_that_names_no_workers_is_shown_beside_one_that_does(
    tf_config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", tf_config)
    with pytest.raises(WordspotError, match=r'must name all workers.*"task": {"type": "worker", "index": 0}'):
        worker_number("multi-worker")


def test_other_strategies_have_one_worker() -> None:
    assert worker_number(None) == worker_number("mirrored") == 0
    with pytest.raises(WordspotError, match="no strategy 'central'; expected one of mirrored, multi-worker"):
        worker_number("central")
