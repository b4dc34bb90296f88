"""The options that say who does the work of a command: processes of this machine, or a cluster."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ...data.buckets import Folder
    from ...pipeline.cluster import Cluster


def jobs_option(what: str = "Processes") -> Callable[[Any], Any]:
    """`--jobs`, as many as there are processors by default."""
    return click.option(
        "--jobs",
        "-j",
        "jobs",
        type=click.IntRange(1, None),
        default=os.cpu_count() or 1,
        show_default=True,
        help=f"{what} to work with.",
    )


cluster_option = click.option(
    "--cluster",
    "cluster",
    metavar="ADDRESS",
    help="Work on a Dask cluster instead: its scheduler, as in tcp://host:8786.",
)


@contextmanager
def open_workers(cluster: str | None, jobs: int, *folders: "Folder") -> "Iterator[int | Cluster]":
    """What a function takes as `jobs`; a cluster must see the folders, under the same paths."""
    if cluster is None:
        yield jobs
        return
    from ...data.recordings.folders import check_folder
    from ...pipeline.cluster import Cluster  # here, because most work needs neither NumPy's time to load nor this

    for folder in folders:
        if isinstance(folder, Path):
            check_folder(folder)
    with Cluster.connect(cluster, *(folder.absolute() for folder in folders)) as workers:
        yield workers
