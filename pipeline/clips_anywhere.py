"""One function over clips, wherever they lie: those of a bucket are fetched by whoever works on them, some at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..data.buckets import Folder
from ..data.near import StoredClip, near_clips, stored_clips
from .cluster import Cluster
from .workers import mapping, mapping_lists

Result = TypeVar("Result")
_FETCHED_AT_ONCE = 128


@contextmanager
def mapping_clips(
    function: Callable[[Path], Result], place: Folder, tables: Path, names: Sequence[str], jobs: int | Cluster
) -> Iterator[Iterable[Result]]:
    """Gives the results of `function` over the files of clips, in order; see `workers.mapping`.

    Parameters
    ----------
    function
        Takes a local file.
    place
        The clean folder.
    tables
        Its tables, as `near.near_tables` gives them.
    names
        Of the clips.
    jobs
        Processes (1: this one), or a cluster.
    """
    if isinstance(place, Path):
        with mapping(partial(_of_file, function, place), names, jobs) as results:
            yield results
    else:
        clips = stored_clips(tables, names)
        with mapping_lists(partial(_of_clips, function, str(place)), clips, jobs, _FETCHED_AT_ONCE) as results:
            yield results


def _of_file(function: Callable[[Path], Result], folder: Path, name: str) -> Result:
    return function(folder / name)


def _of_clips(function: Callable[[Path], Result], url: str, clips: Sequence[StoredClip]) -> list[Result]:
    with near_clips(url, clips) as paths:
        return [function(path) for path in paths]
