"""Names of folders and files: of any bytes that a file system takes."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...data.errors import WordspotWarning
from ...data.recordings.folders import scan_recordings
from ...data.recordings.layout import diagnose
from ...pipeline.ingest.plan import plan_clips

_PARTS = (
    "left",
    "Left ",
    "e\u0301",
    "\u00e9",
    "..",
    "-x",
    "=1",
    "\n",
    "\x1b[2J",
    "a" * 90,
    "_",
    "_unknown_",
    "train",
    "x.wav",
    "\u202e",
    " ",
)
_LONGEST_BYTES = 200


def cases(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """(name, content) without end: three paths `label/file` with zeros between them."""
    while True:
        labels = [b" " if rng.random() < 0.1 else _name(rng) for _ in range(3)]
        yield "paths", b"\0".join(label + b"/" + _name(rng) for label in labels)


def run(content: bytes) -> None:
    """Makes the files, and plans which clips they become: every one of its own, inside the clean folder."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", WordspotWarning)
        for path in content.split(b"\0"):
            label, _, name = path.partition(b"/")
            place = Path(folder) / os.fsdecode(label)
            place.mkdir(exist_ok=True)
            (place / os.fsdecode(name)).write_bytes(b"no sound")
        recordings = scan_recordings(Path(folder))
        diagnose(Path(folder), recordings)
        planned = [plan.file_name for plan in plan_clips(recordings)]
    assert len({name.casefold() for name in planned}) == len(planned)
    assert all(len(Path(name).parts) == 2 and ".." not in Path(name).parts for name in planned)


def _name(rng: np.random.Generator) -> bytes:
    """One to four parts, or any bytes but the two that no name may have."""
    if rng.random() < 0.3:
        name = rng.bytes(int(rng.integers(1, 12))).replace(b"/", b"_").replace(b"\0", b"_")
    else:
        name = "".join(_PARTS[int(i)] for i in rng.integers(len(_PARTS), size=int(rng.integers(1, 5)))).encode()
    name = name[:_LONGEST_BYTES]
    return b"dots" if name.strip(b".") == b"" else name
