"""What a clean folder remembers of its last run, changed by a crash or by hand: cleaning goes on, or refuses."""

import atexit
import functools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...data.audio import SAMPLE_RATE_HZ, write_wav
from ...data.errors import WordspotWarning
from ...pipeline.ingest.clean import clean
from .mutation import mutated

_FILES = (".wordspot/journal.jsonl", ".wordspot/made.json", "clean.json", "discarded.csv")


def cases(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """(name, content) without end; the first byte of the content says which file it is."""
    while True:
        kind = int(rng.integers(len(_FILES)))
        whole = (_cleaned() / "clips" / _FILES[kind]).read_bytes()
        yield _FILES[kind], bytes([kind]) + mutated(whole, rng)


def run(content: bytes) -> None:
    """Cleans again into a folder with the changed file; what lies beside the folder must stay as it was."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", WordspotWarning)
        place = Path(folder) / "work"
        shutil.copytree(_cleaned(), place)
        (place / "victim.wav").write_bytes(b"precious")
        recordings = {path: path.read_bytes() for path in (place / "recordings").rglob("*.wav")}
        (place / "clips" / _FILES[content[0] % len(_FILES)]).write_bytes(content[1:])
        try:
            clean(place / "recordings", place / "clips")
        finally:
            assert (place / "victim.wav").read_bytes() == b"precious"
            assert {path: path.read_bytes() for path in recordings} == recordings


@functools.cache
def _cleaned() -> Path:
    """Three recordings, one of them near-silent, and their clean folder; kept as long as the process."""
    folder = Path(tempfile.mkdtemp(prefix="wordspot-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rng = np.random.default_rng(0)
    for name, rms in (("left/a", 3_000), ("left/b", 0), ("right/c", 2_000)):
        path = folder / "recordings" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, (rms * np.hanning(SAMPLE_RATE_HZ) * rng.normal(size=SAMPLE_RATE_HZ)).astype(np.int16))
    clean(folder / "recordings", folder / "clips")
    return folder
