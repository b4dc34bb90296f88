"""A feature set into a bucket: made in a temporary folder, and put when all of it is there, what makes it one last."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...data.bucket_lock import LOCK, held_bucket
from ...data.buckets import Bucket, Folder
from ...data.errors import WordspotError
from ...data.feature_set import CLIPS, FRONT_END, LOG_MEL, NEGATIVE_TABLE, NEGATIVES, NOISE, NOISE_TABLE, SOURCE
from ...data.near import PREFIX, naming

_ALWAYS = frozenset((LOG_MEL, CLIPS, FRONT_END))
_FILES = (LOG_MEL, CLIPS, NOISE, NOISE_TABLE, NEGATIVES, NEGATIVE_TABLE, SOURCE, FRONT_END)  # as they are put
_UNFINISHED = ".wordspot/unfinished"  # says whose the rest is that a killed process has left


@contextmanager
def features_at(place: Folder) -> Iterator[Path]:
    """Gives the folder to write a feature set into: the place itself, or for a bucket one from which it is put at the end.

    One that the bucket holds already stays until then.

    Raises
    ------
    WordspotError
        The bucket cannot be reached or written to, holds something else, or somebody is extracting into it.
    """
    if isinstance(place, Path):
        yield place
        return
    bucket = Bucket(place)
    _check_is_ours(bucket)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as temporary, held_bucket(bucket, "extracting into"):
        folder = Path(temporary, "features")
        with naming(str(folder), bucket.url):
            yield folder
        _put(bucket, folder)


def _check_is_ours(bucket: Bucket) -> None:
    names = set(bucket.files())
    if not names - {LOCK} or names >= _ALWAYS or _UNFINISHED in names:
        return
    raise WordspotError(f"{bucket.url} holds something else: choose a new or an empty folder")


def _put(bucket: Bucket, folder: Path) -> None:
    """Until the last file is there it is no feature set, neither the new one nor the old one."""
    mark = folder.with_name("unfinished")
    mark.touch()
    bucket.put(_UNFINISHED, mark)
    bucket.remove([FRONT_END])
    new = [name for name in _FILES if (folder / name).is_file()]
    bucket.remove([name for name in _FILES if name not in new])
    for name in new:
        bucket.put(name, folder / name)
    bucket.remove([_UNFINISHED])
