"""The map of a clean folder, kept beside its clips as long as they are what they were."""

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ...data.clips import read_clip_table
from ...data.errors import WordspotError
from ...data.files import read_json, write_text
from ..ingest.destination import JOURNAL_FOLDER
from ..progress import Progress, no_progress
from .clip_map import Island, make_map
from .embedding import DEFAULT

STEPS = 65_535
"""Places are given in so many steps along each side of the map."""
_KEPT = "map.json"


@dataclass(frozen=True)
class Clusters:
    """Where the clips lie, and which groups lie among another word.

    Attributes
    ----------
    places
        {file name: (x, y)}, each from 0 to `STEPS`.
    islands
        The largest first.
    """

    places: Mapping[str, tuple[int, int]]
    islands: Sequence[Island]

    def write(self, folder: Path) -> None:
        """Keeps it in the `.wordspot` of the clean folder whose clips these are."""
        values = {
            "made_of": _made_of(folder),
            "islands": [asdict(island) for island in self.islands],
            "places": [[name, x, y] for name, (x, y) in self.places.items()],
        }
        (folder / JOURNAL_FOLDER).mkdir(exist_ok=True)
        write_text(folder / JOURNAL_FOLDER / _KEPT, json.dumps(values) + "\n")


def what_is_missing() -> str:
    """How to install what a map takes; empty where it is there."""
    if importlib.util.find_spec("sklearn"):
        return ""
    return "The map needs scikit-learn: pip install 'wordspot[audit]'"


def kept_clusters(folder: Path) -> Clusters | None:
    """The map that was made of these clips earlier; None where there is none, or a clip, label or version has changed since."""
    try:
        values = read_json(folder / JOURNAL_FOLDER / _KEPT)
        if values["made_of"] != _made_of(folder):
            return None
        islands = [Island(**one | {"file_names": tuple(one["file_names"])}) for one in values["islands"]]
        return Clusters({name: (int(x), int(y)) for name, x, y in values["places"]}, islands)
    except (OSError, WordspotError, KeyError, TypeError, ValueError):  # it only has to be made again
        return None


def find_clusters(folder: Path, *, progress: Progress = no_progress) -> Clusters:
    """Makes the map of all clips of a clean folder, and keeps it in the folder's `.wordspot` where that can be written.

    Raises
    ------
    WordspotError
        See `clip_map.make_map`.
    """
    made = make_map(folder, every_clip=True, progress=progress)
    steps = np.round(made.places * STEPS).astype(int).tolist()
    places = {clip.file_name: (x, y) for clip, (x, y) in zip(made.clips, steps, strict=True)}
    clusters = Clusters(places, made.islands)
    with suppress(OSError):
        clusters.write(folder)
    return clusters


def _made_of(folder: Path) -> str:
    """A hash of all that decides the map: the clips by size and time of change, their labels and speakers, the versions."""
    found = hashlib.blake2b(f"{version('wordspot')} {DEFAULT}".encode(), digest_size=16)
    for clip in read_clip_table(folder):
        status = (folder / clip.file_name).stat()
        row = (clip.file_name, clip.label, clip.speaker, status.st_size, status.st_mtime_ns)
        found.update(f"{row}\n".encode("utf-8", "surrogateescape"))
    return found.hexdigest()
