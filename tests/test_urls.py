"""What the library makes of a URL where only folders and files of this machine can be."""

from collections.abc import Callable
from pathlib import Path

import pytest
import wordspot
from wordspot.data.datasets.catalog import SPEECH_COMMANDS
from wordspot.data.datasets.fetch import fetch
from wordspot.data.datasets.import_set import import_set
from wordspot.data.datasets.publish import publish
from wordspot.data.errors import WordspotError
from wordspot.pipeline.ingest.explain import explain
from wordspot.pipeline.ingest.shards import shard
from wordspot.pipeline.ingest.split import split_recordings
from wordspot.pipeline.progress import no_progress

URL = "s3://bucket/place"
TAKERS: dict[str, Callable[[], object]] = {
    "data to train on": lambda: wordspot.train(URL, "run"),
    "run": lambda: wordspot.train("features", URL),
    "negatives": lambda: wordspot.train("features", "run", negatives=URL),
    "start": lambda: wordspot.train("features", "run", start=URL),
    "run to export": lambda: wordspot.export(URL, "model.tflite"),
    "model to write": lambda: wordspot.export("run", URL),
    "model": lambda: wordspot.load(URL),
    "data to evaluate": lambda: wordspot.evaluate("small", URL),
    "sound": lambda: wordspot.load("small").predict(URL),
    "recording": lambda: explain(URL),
    "clips to shard": lambda: shard(URL, "shards"),
    "shards": lambda: shard("clips", URL),
    "decisions": lambda: wordspot.clean("recordings", "clips", decisions=URL),
    "folder to fetch into": lambda: fetch(SPEECH_COMMANDS["mini"], URL, no_progress, no_progress),
    "set to import": lambda: import_set("folder-csv", URL, "recordings", progress=no_progress),
    "clips to publish": lambda: publish(URL, "published", license="CC0-1.0", language="en", progress=no_progress),
    "recordings to split": lambda: split_recordings(URL, "words"),
}


@pytest.mark.parametrize("taker", TAKERS)
def test_a_url_is_no_path(taker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WordspotError, match=r"^s3://bucket/place is no folder or file of this machine, .* copy it"):
        TAKERS[taker]()
    assert not list(tmp_path.iterdir())
