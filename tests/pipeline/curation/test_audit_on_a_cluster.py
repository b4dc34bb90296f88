"""An audit by a real Dask cluster: a scheduler and its workers, each a process of its own on localhost."""

from collections.abc import Callable
from pathlib import Path

from wordspot.pipeline.cluster import Cluster
from wordspot.pipeline.curation.audit import audit


def test_a_cluster_finds_the_same(clips: Path, scheduler: str, workers: Callable, tmp_path: Path) -> None:
    audit(clips, "small").write(tmp_path / "here.csv")
    seen: list[int] = []
    with workers(scheduler, 2), Cluster.connect(scheduler, clips) as cluster:
        found = audit(clips, "small", jobs=cluster, progress=lambda items, total: seen.append(total) or items)
    found.write(tmp_path / "there.csv")
    assert seen == [96]
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
