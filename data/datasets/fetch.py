"""Fetching a public set: downloaded, verified, unpacked beside the folder, and only then put in its place."""

import shutil
from dataclasses import asdict
from pathlib import Path

from ..buckets import here
from ..errors import WordspotError
from ..files import held_alone, read_json, write_json
from .catalog import PublicSet
from .download import Progress, download
from .unpack import unpack

MARKER = "fetched.json"  # in the folder: what it holds; written before the folder takes its place
_UNPACKED = ".unpacked"
_MOST_UNPACKED = 2  # times what was published


def fetch(public_set: PublicSet, folder: Path | str, progress: Progress, unpacking: Progress) -> bool:
    """Downloads a public set into `folder`, which must not exist or be empty.

    What comes of a broken or interrupted download lies beside the folder, and the next call goes on with it.

    Parameters
    ----------
    public_set
        One of `catalog.SPEECH_COMMANDS`.
    folder
        Where the labels' folders, lists and background noise go.
    progress, unpacking
        Show how far the download and the unpacking are.

    Returns
    -------
    False where the folder already holds this set, and nothing was done.

    Raises
    ------
    WordspotError
        Another folder is there, the disk is too small, or see `download` and `unpack`.
    """
    folder = here(folder)
    if _holds(folder, public_set):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = folder.parent / f".{folder.name}.{public_set.file_name}.part"
    lock = folder.parent / f".{folder.name}.lock"
    with held_alone(lock, f"{folder} is being fetched by another command: wait for it to finish"):
        _check_space(public_set, folder.parent, archive)
        download(public_set.url, archive, public_set.size_bytes, public_set.sha256, progress)
        _put_in_place(archive, folder, public_set, unpacking)
        archive.unlink()
    return True


def _holds(folder: Path, public_set: PublicSet) -> bool:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if (folder / MARKER).is_file() and read_json(folder / MARKER).get("sha256") == public_set.sha256:
        return True
    raise WordspotError(f"{folder} holds something else than {public_set.title}: choose a folder that does not exist")


def _check_space(public_set: PublicSet, parent: Path, archive: Path) -> None:
    have = archive.stat().st_size if archive.is_file() else 0
    needed = max(0, public_set.size_bytes - have) + public_set.unpacked_bytes
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise WordspotError(
            f"{public_set.title} needs {needed / 1e9:.1f} GB beside what is there, and {parent.resolve()} has "
            f"{free / 1e9:.1f} GB left: free some space, or choose a folder on another disk"
        )


def _put_in_place(archive: Path, folder: Path, public_set: PublicSet, unpacking: Progress) -> None:
    temporary = folder.parent / f".{folder.name}{_UNPACKED}"
    shutil.rmtree(temporary, ignore_errors=True)  # of a call that was killed
    try:
        unpack(archive, temporary, _MOST_UNPACKED * public_set.unpacked_bytes, unpacking)
        write_json(temporary / MARKER, asdict(public_set))
        if folder.exists():
            folder.rmdir()  # empty, as was seen before
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
