"""Extracting and auditing clips that lie in a bucket: a stand-in for S3 on localhost, and real processes."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordspot.data.audio import write_wav
from wordspot.data.buckets import folder_at
from wordspot.data.decisions import read
from wordspot.data.errors import WordspotError
from wordspot.data.front_end import FrontEnd
from wordspot.data.tables import read_table, write_table
from wordspot.pipeline.cluster import Cluster
from wordspot.pipeline.curation.accept import accept
from wordspot.pipeline.curation.audit import audit
from wordspot.pipeline.features.extract import clips_folder_of, extract
from wordspot.pipeline.ingest.shards import shard
from wordspot.tools.cli import run

for package in ("boto3", "moto", "s3fs", "upath", "pyarrow", "cleanlab"):
    pytest.importorskip(package)

S3 = "s3://sounds"
Store = Any  # of the fixture of that name
OTHERS = """train URL --run r
train . --run URL
train . --run r --from URL
listen --source URL
tune URL --trials 1 --out t
evaluate small URL
review URL
export URL
listen URL
predict small URL
explain URL
map URL
split URL s
shard URL s
publish URL --to p
import folder-csv URL r
import folder-csv t.csv URL
fetch speech-commands URL
say URL left
score-stream small URL
set-thresholds small URL
audit . --out URL
clean . c --decisions URL"""
WITHOUT_SOURCE = {"log_mel.npy", "clips.csv", "front_end.json", "noise.npy", "noise.csv"}


@pytest.fixture(scope="module")
def stored(store: Store, clips: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the clean folder is in the bucket, which has it as shards, too, under `shards`."""
    store.put_tree(clips, "clips")
    shards = tmp_path_factory.mktemp("sharded") / "shards"
    shard(clips, shards, clips_per_shard=40)
    store.put_tree(shards, "shards")
    return f"{S3}/clips"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in WITHOUT_SOURCE}


def in_bucket(store: Store, prefix: str) -> dict[str, bytes]:
    return {name: data for name, data in store.tree(prefix).items() if name in WITHOUT_SOURCE}


@pytest.mark.parametrize("source", ["clips", "shards"])
def test_features_are_those_of_a_folder(
    source: str, store: Store, stored: str, features: Path, tmp_path: Path, wordspot: Callable
) -> None:
    before = store.listed(source)
    totals: list[int] = []
    count = extract(
        f"{S3}/{source}", tmp_path / "f", jobs=2, progress=lambda items, total: totals.append(total) or items
    )
    assert (count, totals) == (96, [2])
    assert content(tmp_path / "f") == content(features)
    assert clips_folder_of(tmp_path / "f") is None
    assert json.loads((tmp_path / "f/source.json").read_text())["clips"] == f"{S3}/{source}"
    done = wordspot("extract", f"{S3}/{source}", f"{S3}/of-{source}", "--jobs", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert " ".join(done.stdout.split()) == (
        f"96 clips in {S3}/of-{source}. Next: wordspot train FEATURES, copied here --words left,right --run runs/first"
    )
    assert in_bucket(store, f"of-{source}") == content(features)
    last = store.listed(f"of-{source}")
    assert set(last) == WITHOUT_SOURCE | {"source.json"}
    assert last["front_end.json"][0] == max(time for time, _ in last.values())
    assert store.listed(source) == before


def test_a_cluster_reads_the_bucket_itself_though_a_worker_is_killed(
    store: Store, stored: str, clips: Path, scheduler: str, workers: Callable, tmp_path: Path
) -> None:
    many = put_many(store, tmp_path)
    extract(many, tmp_path / "here")
    audit(clips, "small").write(tmp_path / "here.csv")

    def kill(items: Iterable[Any], _: int) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == 0:
                first.send_signal(signal.SIGKILL)
            yield item

    with workers(scheduler, 2) as (first, _), Cluster.connect(scheduler, folder_at(stored)) as cluster:
        found = audit(stored, "small", jobs=cluster)
        extract(f"{S3}/many", f"{S3}/far", jobs=cluster, progress=kill)
    assert in_bucket(store, "far") == content(tmp_path / "here")
    found.write(f"{S3}/far.csv")
    assert store.get("far.csv") == (tmp_path / "here.csv").read_bytes()


def put_many(store: Store, folder: Path) -> Path:
    """A clean folder of enough clips for two workers, which is in the bucket as shards."""
    (folder / "many/left").mkdir(parents=True)
    names, rng = [f"left/{i:03}.wav" for i in range(600)], np.random.default_rng(3)
    for name in names:
        write_wav(folder / "many" / name, rng.integers(-9_000, 9_000, 16_000, np.int16))
    (folder / "many/metadata.csv").write_text("\n".join(["file_name,label", *(f"{name},left" for name in names)]))
    shard(folder / "many", folder / "shards", clips_per_shard=250)
    store.put_tree(folder / "shards", "many")
    return folder / "many"


def test_an_audit_and_what_it_decides_lie_where_the_clips_are(
    store: Store, stored: str, clips: Path, tmp_path: Path, wordspot: Callable
) -> None:
    here = shutil.copytree(clips, tmp_path / "clips")
    rows = read_table(here / "metadata.csv")
    wrong, other = next((row, one["label"]) for row in rows for one in rows if row["label"] == "hum" != one["label"])
    rows = [row | {"label": other} if row is wrong else row for row in rows]
    write_table(here / "metadata.csv", list(rows[0]), rows)
    store.put_tree(here, "audited")
    there = f"{S3}/audited"
    done = wordspot("audit", there, "--model", "small", "--jobs", 2, "--accept")
    assert done.returncode == 0, done.stderr
    assert f"in {there}/decisions.jsonl" in " ".join(done.stderr.split())
    found = audit(here, "small")
    found.write(here / "audit.csv")
    assert store.get("audited/audit.csv") == (here / "audit.csv").read_bytes()
    assert found.suspicions[0].file_name == wrong["file_name"]
    assert sum(accept(here, here / "decisions.jsonl", found, "small")) >= 1
    (tmp_path / "log").write_bytes(store.get("audited/decisions.jsonl"))
    ours, theirs = (
        [(one.path, one.what, one.after) for one in read(log)] for log in (here / "decisions.jsonl", tmp_path / "log")
    )
    assert ours == theirs
    assert accept(there, f"{there}/decisions.jsonl", found, "small") == (0, 0)
    assert ".wordspot/lock" not in store.listed("audited")


def test_half_of_a_feature_set_is_none_and_the_same_command_goes_on(
    store: Store, stored: str, features: Path, tmp_path: Path
) -> None:
    extract(f"{S3}/shards", f"{S3}/half", FrontEnd(n_mels=20))
    old, new, states = in_bucket(store, "half"), content(features), list[str]()
    for requests in range(10, 99, 4):  # are answered before the connection is lost
        store.requests_without_permission(after=requests)
        with suppress(WordspotError):
            extract(f"{S3}/shards", f"{S3}/half")
        store.requests_without_permission(after=float("inf"))
        found = in_bucket(store, "half")
        states.append("old" if found == old else "new" if found == new else "half")
        assert states[-1] != "half" or "front_end.json" not in found
        if states[-1] == "new" and ".wordspot/lock" not in store.listed("half"):
            break
    assert list(dict.fromkeys(states)) == ["old", "half", "new"]
    assert set(store.listed("half")) == WITHOUT_SOURCE | {"source.json"}


def test_what_is_wrong_is_one_line_and_nothing_is_left(store: Store, stored: str, clips: Path, tmp_path: Path) -> None:
    def refused(source: str, destination: object, why: str) -> None:
        before = store.listed("refused")
        with pytest.raises(WordspotError, match=re.escape(why)):
            extract(source, str(destination))
        assert (store.listed("refused"), list(tmp_path.iterdir())) == (before, [])

    here = tmp_path / "features"
    refused("s3://nowhere/a", here, "s3://nowhere/a does not exist: check the spelling")
    refused(f"{S3}/nothing", here, f"{S3}/nothing does not exist: check the spelling")
    refused(stored, "s3://nowhere/a", "s3://nowhere/a does not exist: check the spelling")
    refused(stored, stored, f"{stored} holds something else: choose a new or an empty folder")
    refused(stored, "s4://a/b", "no kind of place is called s4://")
    store.put("raw/left/a.wav", (clips / "hum/speaker00_nohash_0.wav").read_bytes())
    refused(f"{S3}/raw", here, f"{S3}/raw is not a clean folder (it has no metadata.csv)")
    store.put("few/metadata.csv", b"file_name,label,speaker\nleft/a.wav,left,a\nleft/b.wav,left,b\n")
    store.put("few/left/a.wav", (clips / "hum/speaker00_nohash_0.wav").read_bytes())
    refused(f"{S3}/few", here, f"lists left/b.wav, but {S3}/few/left/b.wav does not exist: clean again, or delete its")
    store.put("few/left/b.wav", b"RIFF")
    refused(f"{S3}/few", here, f"{S3}/few/left/b.wav: ")
    short = store.tree("shards")
    for name, data in short.items():
        store.put(f"short/{name}", data[:50_000] if name == "clips-00002.tar" else data)
    refused(f"{S3}/short", here, f"{S3}/short/clips-00002.tar was cut short: write the shards again")
    store.put("refused/.wordspot/lock", b'{"host": "another", "process": 7}')
    refused(
        stored, f"{S3}/refused", f"process 7 on another is extracting into {S3}/refused: wait until it has finished"
    )


@pytest.mark.parametrize("line", OTHERS.splitlines())
def test_other_commands_say_what_to_do(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="1"):
        run(line.replace("URL", f"{S3}/clips").split())
    why = "is no folder or file of this machine, and .*: name a local one, and copy it .*\n"
    assert re.fullmatch(f"wordspot: {S3}/clips {why}", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_one_line(stored: str, tmp_path: Path) -> None:
    for module, arguments, extra in (("upath", (stored, "f"), "buckets"), ("upath", ("c", stored), "buckets")):
        code = f"import sys; sys.modules[{module!r}] = None; from wordspot.tools.cli import main; main()"
        command = [sys.executable, "-c", code, "extract", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.stderr == f"wordspot: {module} is not installed: run `pip install 'wordspot[{extra}]'`\n"


def test_a_place_that_is_no_s3_is_as_good(clips: Path, features: Path, tmp_path: Path) -> None:
    """Of what fsspec knows, `memory://` is the one that needs no server: like smb:// it has none of the ways of S3."""
    there, extracted = folder_at("memory://extracted/clips"), folder_at("memory://extracted/features")
    for path in clips.rglob("*"):
        if path.is_file():
            place = there / path.relative_to(clips).as_posix()
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    for _ in range(2):  # the second time it replaces one
        assert extract(there, extracted, jobs=1) == 96
        assert {name: (extracted / name).read_bytes() for name in WITHOUT_SOURCE} == content(features)
    found = audit(there, "small")
    found.write(there / "audit.csv")
    audit(clips, "small").write(tmp_path / "here.csv")
    assert (there / "audit.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
