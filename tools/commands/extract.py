"""`wordspot extract`: clips to log-mel features."""

import os
from pathlib import Path

import click

from ...data.front_end import FrontEnd
from ..terminal.console import OUT
from ..terminal.options import argument, declare, settings_options
from ..terminal.progress import progress_bar
from ..terminal.workers import cluster_option, jobs_option, open_workers

_OFFERED = ("window_ms", "hop_ms", "fft_size", "n_mels", "f_min_hz", "f_max_hz")


@declare
@argument("clips", metavar="CLIPS", help="Clean folder, as `wordspot clean` writes it.")
@argument("features", metavar="FEATURES", help="Folder for the feature set.")
@jobs_option("Threads")
@cluster_option
@click.option("--quiet", "-q", "quiet", is_flag=True, help="Print nothing but errors.")
@settings_options(FrontEnd, *_OFFERED)
def command(clips: Path, features: Path, jobs: int, cluster: str | None, settings: FrontEnd, quiet: bool) -> None:
    """Turn a clean folder into log-mel features, to train on again and again.

    `wordspot train` takes a clean folder too and does this itself; extract when you want another front end, or several
    runs from the same features.

    Examples:
        wordspot extract clips features
        wordspot extract clips features-64 --n-mels 64
        wordspot extract /data/clips features --cluster tcp://host:8786
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: extracting has threads of its own
    from ...pipeline.features.extract import extract  # here, so that help need not wait for NumPy
    from ...pipeline.workers import keep_freed_memory

    keep_freed_memory()

    progress = progress_bar("extracting", quiet=quiet)
    with open_workers(cluster, jobs, clips) as workers:
        count = extract(clips.absolute() if cluster else clips, features, settings, jobs=workers, progress=progress)
    if not quiet:
        OUT.print(f"{count:,} clips in {features}. Next: wordspot train {features} --words left,right --run runs/first")
