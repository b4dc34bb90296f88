"""Cleaning on a real Dask cluster: a scheduler and its workers, each a process of its own on localhost."""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wordspot.pipeline.ingest.clean import clean

GIVE_UP_S = 300
pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory, put_word: Callable) -> Path:
    """Recordings of which some are near-silent, some unreadable, and some there twice."""
    folder = tmp_path_factory.mktemp("for-cluster") / "recordings"
    rng = np.random.default_rng(11)
    for i in range(400):
        put_word(folder / f"word{i % 3}/s{i:03}_nohash_0.wav", rng, volume=0.001 if i % 9 == 0 else 0.3)
    for i in range(0, 60, 5):
        shutil.copy(folder / f"word{i % 3}/s{i:03}_nohash_0.wav", folder / f"word{i % 2}/copy{i:03}_nohash_1.wav")
    (folder / "word0/damaged.wav").write_bytes(b"RIFF")
    return folder


@pytest.fixture(scope="module")
def expected(recordings: Path, tmp_path_factory: pytest.TempPathFactory, tree: Callable) -> dict[str, bytes | None]:
    """What one machine gives."""
    folder = tmp_path_factory.mktemp("alone") / "clips"
    clean(recordings, folder)
    return tree(folder)


def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    recordings: Path,
    expected: dict[str, bytes | None],
    scheduler: str,
    workers: Callable,
    tmp_path: Path,
    tree: Callable,
) -> None:
    clips = tmp_path / "clips"
    command = [sys.executable, "-m", "wordspot.tools.cli", "clean", recordings, clips, "--cluster", scheduler]
    with workers(scheduler, 2) as (first, _):
        cleaning = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        give_up = time.monotonic() + GIVE_UP_S
        while not any(clips.glob("word*/*.wav")) and cleaning.poll() is None:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        first.send_signal(signal.SIGKILL)
        _, said = cleaning.communicate()
    assert (cleaning.returncode, [line for line in said.splitlines() if not line.startswith("note:")]) == (0, [])
    assert tree(clips) == expected
    assert not list((clips / ".wordspot").glob("tmp*"))


def test_a_cluster_that_cannot_be_used_is_named_in_one_line(
    recordings: Path, scheduler: str, workers: Callable, tmp_path: Path, wordspot: Callable
) -> None:
    def refusal(address: str) -> str:
        done = wordspot("clean", recordings, tmp_path / "clips", "--cluster", address)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert not (tmp_path / "clips").exists()
        return done.stderr

    assert "no scheduler answers at 'tcp://127.0.0.1:9'" in refusal("tcp://127.0.0.1:9")
    assert "has no workers: start some with `dask worker" in refusal(scheduler)
    with workers(scheduler, 1, "--nthreads", "2"):
        assert "has 2 threads: start workers with --nthreads 1" in refusal(scheduler)
    other = tmp_path / "other" / "wordspot-9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: wordspot\nVersion: 9.9\n")
    with workers(scheduler, 1, path=other.parent):
        assert re.search(r"worker tcp://\S+ has 9\.9 wordspot, and this machine [0-9.]+: install", refusal(scheduler))
