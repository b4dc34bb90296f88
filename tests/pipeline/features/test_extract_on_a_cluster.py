"""Features made by a real Dask cluster: a scheduler and its workers, each a process of its own on localhost."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordspot.data.audio import write_wav
from wordspot.data.errors import WordspotError
from wordspot.pipeline.cluster import Cluster
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.ingest.shards import shard

CLIPS = 1_100  # 18 batches in five tasks


@pytest.fixture(scope="module")
def many_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean folder of noise, at all levels."""
    folder, rng = tmp_path_factory.mktemp("many") / "clips", np.random.default_rng(3)
    for label in ("left", "right"):
        (folder / label).mkdir(parents=True)
    names = [f"{('left', 'right')[i % 2]}/s{i % 40:02}_nohash_{i}.wav" for i in range(CLIPS)]
    for name in names:
        noise = rng.normal(0, 10 ** rng.uniform(0, 4), 16_000)
        write_wav(folder / name, np.clip(noise, -32_768, 32_767).astype(np.int16))
    rows = [f"{name},{name.split('/')[0]},{name[-16:].split('/')[-1].split('_')[0]}" for name in names]
    (folder / "metadata.csv").write_text("\n".join(["file_name,label,speaker", *rows, ""]))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    many_clips: Path, scheduler: str, workers: Callable, tmp_path: Path
) -> None:
    extract(many_clips, tmp_path / "here")
    seen: list[int] = []

    def progress(batches: Any, total: int) -> Any:
        for batch in batches:
            if not seen:
                first.send_signal(signal.SIGKILL)
            seen.append(total)
            yield batch

    with workers(scheduler, 2) as (first, _), Cluster.connect(scheduler, many_clips) as cluster:
        assert extract(many_clips, tmp_path / "there", jobs=cluster, progress=progress) == CLIPS
    assert seen == [18] * 18
    assert content(tmp_path / "there") == content(tmp_path / "here")


def test_what_is_wrong_is_named_in_one_line_and_nothing_is_left(
    clips: Path, scheduler: str, workers: Callable, tmp_path: Path
) -> None:
    def extracted(source: Path) -> str:
        command = [
            sys.executable,
            "-m",
            "wordspot.tools.cli",
            "extract",
            source,
            tmp_path / "f",
            "--cluster",
            scheduler,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert list(tmp_path.glob("*f*")) == ([] if done.returncode else [tmp_path / "f"])
        return done.stderr if done.returncode else ""

    with workers(scheduler, 1):
        assert (
            extracted(tmp_path / "nothing") == f"wordspot: {tmp_path / 'nothing'} does not exist: check the spelling\n"
        )
        folder = tmp_path / "clips"
        (folder / "left").mkdir(parents=True)
        (folder / "metadata.csv").write_text(
            "file_name,label,split\nleft/a.wav,left,training\nleft/b.wav,left,testing\n"
        )
        for name, size in (("a", 16_000), ("b", 15_999)):
            write_wav(folder / "left" / f"{name}.wav", np.zeros(size, np.int16))
        said = extracted(folder)
        assert said.count("\n") == 1
        assert f"{folder}/left/b.wav has 15999 samples" in said
        assert extracted(clips) == ""


def test_a_folder_that_workers_do_not_see_is_named(scheduler: str, workers: Callable, tmp_path: Path) -> None:
    with (
        workers(scheduler, 1),
        pytest.raises(WordspotError, match=r"worker tcp://\S+ sees no folder \S+elsewhere"),
        Cluster.connect(scheduler, tmp_path / "elsewhere"),
    ):
        pass


def test_shards_are_read_by_the_workers_too(
    clips: Path, features: Path, scheduler: str, workers: Callable, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    shard(clips, tmp_path / "shards")
    with workers(scheduler, 1), Cluster.connect(scheduler, tmp_path / "shards") as cluster:
        extract(tmp_path / "shards", tmp_path / "there", jobs=cluster)
    assert (tmp_path / "there" / "log_mel.npy").read_bytes() == (features / "log_mel.npy").read_bytes()
