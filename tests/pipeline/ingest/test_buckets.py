"""Cleaning from and into buckets: a stand-in for S3 on localhost, and what goes wrong on the way to it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.pipeline.ingest.clean import clean

for package in ("boto3", "moto", "s3fs", "upath"):
    pytest.importorskip(package)

GIVE_UP_S = 120
BUCKET = "sounds"
BY_PATH = {
    ".wordspot/journal.jsonl",
    ".wordspot/made.json",
}  # hold times of files, and digests of what names the source
Tree = dict[str, bytes]
Store = Any  # of the fixture of that name


class Cable:
    """A way to the stand-in that can be cut."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._far = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Cable":
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()  # a connection that has just come is among the ends then
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                self._ends.append(near)
                far = socket.create_connection(self._far)
                self._ends.append(far)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True)
class Case:
    """Recordings in a folder, the same ones in the bucket, and what one machine makes of them in a folder."""

    folder: Path
    url: str
    expected: dict[str, Any]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, put_word: Callable, store: Store) -> Callable[[str, int], Case]:
    """Some are near-silent, some unreadable, and some there twice."""

    @cache
    def make(name: str, count: int) -> Case:
        folder = tmp_path_factory.mktemp("for-buckets") / name
        rng = np.random.default_rng(11)
        for i in range(count):
            put_word(folder / f"word{i % 3}/s{i:03}_nohash_0.wav", rng, volume=0.001 if i % 9 == 0 else 0.3)
        for i in range(0, 20, 5):
            shutil.copy(folder / f"word{i % 3}/s{i:03}_nohash_0.wav", folder / f"word{i % 2}/copy{i:03}_nohash_1.wav")
        (folder / "word0/damaged.wav").write_bytes(b"RIFF")
        put_word(folder / "_background_noise_/room.wav", rng, seconds=3)
        (folder / "validation_list.txt").write_text("word0/s000_nohash_0.wav\n")
        store.put_tree(folder, name)
        clips = folder.with_name("clips")
        clean(folder, clips)
        return Case(folder, f"s3://{BUCKET}/{name}", by_content(tree_of(clips), folder))

    return make


@pytest.fixture(scope="module")
def few(cases: Callable[[str, int], Case]) -> Case:
    return cases("few", 24)


@pytest.fixture(scope="module")
def many(cases: Callable[[str, int], Case]) -> Case:
    """Enough for two workers."""
    return cases("recordings", 150)


def tree_of(folder: Path) -> Tree:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def by_content(tree: Tree, source: object) -> dict[str, Any]:
    """What does not depend on where the source lies; of the journal, what became of each recording."""
    lines = [json.loads(line) for line in tree[".wordspot/journal.jsonl"].splitlines()[1:]]
    outcomes = {line["path"]: line["outcome"] for line in lines}
    content = {
        name: data.replace(str(source).encode(), b"SOURCE") for name, data in tree.items() if name not in BY_PATH
    }
    return content | {"outcomes": outcomes}


def started(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "wordspot.tools.cli", "clean", *map(str, arguments)]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, **environment}, **options)


def wait_until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + GIVE_UP_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def clips_in(store: Store, prefix: str) -> list[str]:
    return [name for name in store.listed(prefix) if name.startswith("word")]


def test_a_bucket_gets_the_bytes_of_a_folder_and_keeps_what_is_done_and_decided(
    store: Store, few: Case, tmp_path: Path, wordspot: Callable, put_word: Callable
) -> None:
    before = store.listed("few")
    done = wordspot("clean", few.url, f"s3://{BUCKET}/clips", "--jobs", 2)
    assert (done.returncode, done.stderr) == (0, "")
    first = store.listed("clips")
    assert by_content(store.tree("clips"), few.url) == few.expected
    assert first["metadata.csv"][0] == max(time for time, _ in first.values())
    assert clean(few.url, f"s3://{BUCKET}/clips").already_clean
    assert store.listed("clips") == first

    local, clips = tmp_path / "recordings", tmp_path / "clips"
    shutil.copytree(few.folder, local)
    clean(local, clips)
    put_word(local / "word1/s001_nohash_0.wav", np.random.default_rng(5))
    store.put("few/word1/s001_nohash_0.wav", (local / "word1/s001_nohash_0.wav").read_bytes())
    edited = (
        (clips / "metadata.csv").read_text().replace("word2/s002_nohash_0.wav,word2", "word2/s002_nohash_0.wav,word0")
    )
    (clips / "metadata.csv").write_text(edited)
    store.put("clips/metadata.csv", edited.encode())
    with pytest.warns(WordspotWarning, match="1 labels changed"):
        clean(local, clips)
    note = f"(1 labels changed): these decisions are in s3://{BUCKET}/clips/decisions.jsonl now"
    with pytest.warns(WordspotWarning, match=re.escape(note)):
        clean(few.url, f"s3://{BUCKET}/clips")
    ours, theirs = by_content(store.tree("clips"), few.url), by_content(tree_of(clips), local)
    assert "word0/s002_nohash_0.wav" in ours
    assert [json.loads(tree.pop("decisions.jsonl"))["after"] for tree in (ours, theirs)] == ["word0", "word0"]
    assert {name for name in ours if ours[name] != theirs.get(name)} <= {
        "clean.json"
    }  # names the decision, which has a time
    now = store.listed("clips")
    again = {name for name in now if name.endswith(".wav") and now[name] != first.get(name)}
    assert again == {"word1/s001_nohash_0.wav", "word0/s002_nohash_0.wav"}
    store.put("few/word1/s001_nohash_0.wav", (few.folder / "word1/s001_nohash_0.wav").read_bytes())
    assert {name: tag for name, (_, tag) in store.listed("few").items()} == {
        name: tag for name, (_, tag) in before.items()
    }


def test_folders_and_buckets_may_be_mixed(store: Store, few: Case, tmp_path: Path) -> None:
    clean(few.url, tmp_path / "clips")
    assert by_content(tree_of(tmp_path / "clips"), few.url) == few.expected
    clean(few.folder, f"s3://{BUCKET}/mixed")
    assert by_content(store.tree("mixed"), few.folder) == few.expected


def test_killed_it_goes_on_where_it_was(store: Store, many: Case) -> None:
    place = f"s3://{BUCKET}/killed"
    cleaning = started(many.url, place, "--jobs", 1)
    wait_until(lambda: clips_in(store, "killed") or cleaning.poll() is not None)
    cleaning.kill()
    cleaning.communicate()
    left = store.listed("killed")
    assert ".wordspot/lock" in left
    assert "metadata.csv" not in left
    (name,) = (name for name in left if name.startswith(".wordspot/lines-"))
    lines = store.get(f"killed/{name}").splitlines()
    totals: list[int] = []

    def count(items: Iterable[Any], total: int) -> Iterable[Any]:
        totals.append(total)
        return items

    clean(many.url, place, progress=count)
    known = [json.loads(line)["outcome"] for line in lines]
    assert totals[0] == len(many.expected["outcomes"]) - sum(
        bool(one["discarded_for"]) or one["file_name"] in left for one in known
    )
    now = store.listed("killed")
    kept = {name: put for name, put in left.items() if name.startswith("word")}
    assert {name: now[name] for name in kept} == kept
    assert by_content(store.tree("killed"), many.url) == many.expected


def test_workers_reach_the_buckets_themselves_though_one_is_killed(
    store: Store, many: Case, scheduler: str, workers: Callable
) -> None:
    with workers(scheduler, 2) as (first, _):
        cleaning = started(many.url, f"s3://{BUCKET}/cluster", "--cluster", scheduler)
        wait_until(lambda: clips_in(store, "cluster") or cleaning.poll() is not None)
        first.send_signal(signal.SIGKILL)
        _, said = cleaning.communicate()
    assert (cleaning.returncode, said) == (0, "")
    assert by_content(store.tree("cluster"), many.url) == many.expected


def test_a_lost_connection_is_one_line_and_the_same_command_goes_on(
    store: Store, many: Case, wordspot: Callable
) -> None:
    place = f"s3://{BUCKET}/lost"
    store.requests_without_permission(after=30)
    done = wordspot("clean", many.url, place, "--jobs", 1)
    store.requests_without_permission(after=float("inf"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert re.match(r"wordspot: s3://sounds/\w+ is closed to you", done.stderr)
    with Cable(store.address) as cable:
        cleaning = started(many.url, place, "--jobs", 1, AWS_ENDPOINT_URL=cable.address)
        wait_until(lambda: clips_in(store, "lost") or cleaning.poll() is not None)
    _, said = cleaning.communicate()
    assert (cleaning.returncode, said.count("\n")) == (1, 1), said
    assert "cannot be reached" in said
    assert "the same command goes on" in said
    assert "metadata.csv" not in store.listed("lost")
    clean(many.url, place)
    assert by_content(store.tree("lost"), many.url) == many.expected


def test_what_somebody_has_put_or_edited_is_kept(store: Store, tmp_path: Path, put_word: Callable) -> None:
    rng = np.random.default_rng(2)
    for name in ("a", "b", "c"):
        put_word(tmp_path / f"few/left/{name}.wav", rng)
    clean(tmp_path / "few", f"s3://{BUCKET}/own")
    own = store.tree("own")
    store.put("own/notes.txt", b"mine")
    store.put("own/left/d.wav", b"mine")
    put_word(tmp_path / "few/left/d.wav", rng)
    for _ in range(2):  # the second time it goes on from where the first ended
        with pytest.raises(
            WordspotError, match=f"s3://{BUCKET}/own/left/d.wav was not written by cleaning, and the clip of"
        ):
            clean(tmp_path / "few", f"s3://{BUCKET}/own")
    store.client.delete_object(Bucket=BUCKET, Key="own/left/d.wav")
    clean(tmp_path / "few", f"s3://{BUCKET}/own")
    store.put("own/left/a.wav", own["left/b.wav"])
    put_word(tmp_path / "few/left/a.wav", rng)
    with pytest.raises(WordspotError, match=f"s3://{BUCKET}/own/left/a.wav was edited after cleaning"):
        clean(tmp_path / "few", f"s3://{BUCKET}/own")
    assert (store.get("own/left/a.wav"), store.get("own/notes.txt")) == (own["left/b.wav"], b"mine")
    assert "metadata.csv" in store.listed("own")
    store.put("recordings-of-others/left/a.wav", b"mine")
    with pytest.raises(WordspotError, match=f"s3://{BUCKET}/recordings-of-others holds something else"):
        clean(tmp_path / "few", f"s3://{BUCKET}/recordings-of-others")
    assert list(store.listed("recordings-of-others")) == ["left/a.wav"]


def test_decisions_that_come_meanwhile_are_kept(store: Store, tmp_path: Path, put_word: Callable) -> None:
    rng = np.random.default_rng(3)
    for name in ("a", "b", "c"):
        put_word(tmp_path / f"few/left/{name}.wav", rng)
    place = f"s3://{BUCKET}/meanwhile"
    clean(tmp_path / "few", place)
    table = store.get("meanwhile/metadata.csv")
    put_word(tmp_path / "few/left/d.wav", rng)

    def decide(items: Iterable[Any], _: int) -> Iterator[Any]:
        """Somebody saves the old table without a row, and another one appends to the log."""
        for item in items:
            rows = table.splitlines(keepends=True)
            store.put("meanwhile/metadata.csv", b"".join(row for row in rows if not row.startswith(b"left/b.wav")))
            store.put("meanwhile/decisions.jsonl", b'{"what": "note", "recording": "0", "when": "now", "id": "1"}\n')
            yield item

    with pytest.warns(WordspotWarning, match=f"1 rows deleted.*s3://{BUCKET}/meanwhile/decisions.jsonl"):
        clean(tmp_path / "few", place, progress=decide)
    decided = [json.loads(line) for line in store.get("meanwhile/decisions.jsonl").splitlines()]
    assert [(one["what"], one.get("path")) for one in decided] == [("note", None), ("drop", "left/b.wav")]
    assert b"left/b.wav" in store.get("meanwhile/metadata.csv")
    clean(tmp_path / "few", place)
    assert b"left/b.wav" not in store.get("meanwhile/metadata.csv")
    assert "left/b.wav" not in store.listed("meanwhile")


def test_what_is_wrong_is_one_line_before_any_work(store: Store, few: Case) -> None:
    def refused(source: str, destination: str, why: str) -> None:
        before = store.listed("refused")
        with pytest.raises(WordspotError, match=re.escape(why)):
            clean(source, destination)
        assert store.listed("refused") == before

    clips = f"s3://{BUCKET}/refused"
    refused("smb://me:secret@host/a", clips, "smb://host/a was given with a password")
    refused("s4://a/b", clips, "no kind of place is called s4://")
    refused("s3://nowhere/a", clips, "does not exist: check the spelling (The specified bucket does not exist)")
    refused(few.url, "s3://nowhere/a", "s3://nowhere/a does not exist: check the spelling")
    refused(few.url[:-1], clips, f"s3://{BUCKET}/fe holds no files: check the spelling")
    refused(few.url, f"{few.url}/clips", f"{few.url}/clips lies inside {few.url}, which is never written to")
    refused(few.url, f"s3a://{BUCKET}", f"s3://{BUCKET}/ holds something else, the recordings in {few.url}")
    store.put("refused/.wordspot/lock", b'{"host": "another", "process": 7}')
    refused(
        few.url,
        clips,
        f"process 7 on another is cleaning into {clips}: wait until it has finished; if it was killed, delete",
    )
    store.client.delete_object(Bucket=BUCKET, Key="refused/.wordspot/lock")


def test_what_is_missing_on_a_machine_is_one_line(
    store: Store, few: Case, wordspot: Callable, scheduler: str, workers: Callable, tmp_path: Path
) -> None:
    clips = f"s3://{BUCKET}/refused"
    nobody = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    done = wordspot("clean", few.url, clips, env=nobody)
    assert re.fullmatch(rf"wordspot: {few.url} is closed to you \(Unable to locate credentials\).*\n", done.stderr)
    code = "import sys; sys.modules['upath'] = None; from wordspot.tools.cli import main; main()"
    command = [sys.executable, "-c", code, "clean", few.url, clips]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "wordspot: upath is not installed: run `pip install 'wordspot[buckets]'`\n"
    other = tmp_path / "other" / "fsspec-1.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: fsspec\nVersion: 1.0\n")
    with workers(scheduler, 1, path=other.parent):
        done = wordspot("clean", few.url, clips, "--cluster", scheduler)
    assert re.match(r"wordspot: the worker tcp://\S+ has 1\.0 fsspec, and this machine [0-9.]+: install", done.stderr)
    assert (done.returncode, done.stderr.count("\n"), store.listed("refused")) == (1, 1, {})


def test_a_place_without_conditions_is_as_good(few: Case) -> None:
    """Of what fsspec knows, `memory://` is the one that needs no server: like smb:// it has none of the ways of S3."""
    from upath import UPath

    source, clips = UPath("memory://sounds/recordings"), UPath("memory://sounds/clips")
    for name, data in tree_of(few.folder).items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    clean(source, clips)
    found = {path.path.removeprefix(f"{clips.path}/"): path.read_bytes() for path in clips.rglob("*") if path.is_file()}
    assert by_content(found, source) == few.expected
    assert clean(source, clips).already_clean
