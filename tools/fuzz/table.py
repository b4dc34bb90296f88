"""Tables, label files and lists that people or spreadsheets have changed."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ...data.clips import CLIP_TABLE, read_clip_table
from ...data.errors import WordspotWarning
from ...data.recordings.annotations import read_annotations
from ...data.recordings.split_lists import read_split_lists
from .mutation import mutated

_KINDS: tuple[tuple[str, bytes, Callable[[Path], object]], ...] = (
    (
        CLIP_TABLE,
        'file_name,label,speaker,split\nleft/a.wav,left,ann,training\nb/b.wav,"b, c",bo,validation\n\'=c/d.wav,é,,\n'.encode(),
        read_clip_table,
    ),
    (
        "labels.txt",
        b"0.5\t1.0\tleft\n1.5\t2\tright\n\\\t1\t2\n",
        lambda folder: read_annotations(folder / "labels.txt"),
    ),
    (
        "validation_list.txt",
        b"left/a.wav\r\nC:\\data\\b\\b.wav\n\n./left/c.wav\n",
        lambda folder: read_split_lists(folder).match(["left/a.wav", "b/b.wav"]),
    ),
)


def cases(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """(name, content) without end; the first byte of the content says which kind of file it is."""
    while True:
        kind = int(rng.integers(len(_KINDS)))
        yield _KINDS[kind][0], bytes([kind]) + mutated(_KINDS[kind][1], rng)


def run(content: bytes) -> None:
    """Reads the file."""
    name, _, read = _KINDS[content[0] % len(_KINDS)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", WordspotWarning)
        (Path(folder) / name).write_bytes(content[1:])
        read(Path(folder))
