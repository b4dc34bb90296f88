import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.audio import write_wav
from wordspot.data.datasets.catalog import SPEECH_COMMANDS, PublicSet
from wordspot.data.datasets.fetch import MARKER, fetch
from wordspot.data.errors import WordspotError
from wordspot.data.files import read_json
from wordspot.pipeline.progress import no_progress


class Server:
    """Serves one archive over real HTTP; may break every connection after some bytes, or know nothing of ranges."""

    def __init__(self) -> None:
        self.content, self.break_after, self.ranges, self.requests = b"", 0, True, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                outer.requests.append(asked)
                if self.path == "/missing.zip":
                    self.send_error(404)
                    return
                start = int(asked[6:-1]) if asked and outer.ranges else 0
                part = outer.content[start:]
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(part)))
                self.end_headers()
                self.wfile.write(part[: outer.break_after] if outer.break_after else part)

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def published(self, name: str, content: bytes) -> PublicSet:
        self.content = content
        digest = hashlib.sha256(content).hexdigest()
        url = f"http://127.0.0.1:{self._server.server_port}/{name}"
        return PublicSet("A set", url, len(content), digest, 5_000_000, "CC BY 4.0", "Somebody, 2018")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """As in the archives of Speech Commands."""
    wav = tmp_path_factory.mktemp("wav") / "a.wav"
    write_wav(wav, np.random.default_rng(0).integers(-9_000, 9_000, 16_000).astype(np.int16))
    sound = wav.read_bytes()
    names = ("left/a_nohash_0.wav", "right/b_nohash_0.wav", "_background_noise_/hum.wav")
    return dict.fromkeys(names, sound) | {"validation_list.txt": b"left/a_nohash_0.wav\n", "LICENSE": b"CC BY 4.0"}


def as_tar(files: dict[str, bytes], prefix: str = "./") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def as_zip(files: dict[str, bytes], prefix: str = "mini_speech_commands/") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
            archive.writestr(f"__MACOSX/{prefix}._{name}", b"ballast")
    return out.getvalue()


def get(public_set: PublicSet, folder: Path) -> bool:
    return fetch(public_set, folder, no_progress, no_progress)


def contents(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name != MARKER}


@pytest.mark.parametrize(("name", "pack"), [("set.tar.gz", as_tar), ("mini.zip", as_zip)])
def test_a_set_is_fetched_once(
    name: str, pack: Callable, server: Server, files: dict[str, bytes], tmp_path: Path
) -> None:
    public_set = server.published(name, pack(files))
    assert get(public_set, tmp_path / "set")
    assert contents(tmp_path / "set") == files
    assert read_json(tmp_path / "set" / MARKER)["citation"] == "Somebody, 2018"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert not get(public_set, tmp_path / "set")
    assert len(server.requests) == 1


def test_broken_connections_are_taken_up_where_they_broke(
    server: Server, files: dict[str, bytes], tmp_path: Path
) -> None:
    public_set = server.published("set.tar.gz", as_tar(files))
    server.break_after = len(server.content) // 4
    assert get(public_set, tmp_path / "set")
    assert contents(tmp_path / "set") == files
    assert server.requests[:2] == [None, f"bytes={server.break_after}-"]


def test_a_server_without_ranges_begins_anew(server: Server, files: dict[str, bytes], tmp_path: Path) -> None:
    public_set = server.published("set.tar.gz", as_tar(files))
    (tmp_path / ".set.set.tar.gz.part").write_bytes(server.content[:1_000])
    server.ranges = False
    assert get(public_set, tmp_path / "set")
    assert contents(tmp_path / "set") == files


def test_a_connection_that_gives_nothing_keeps_what_came(
    server: Server, files: dict[str, bytes], tmp_path: Path
) -> None:
    public_set = server.published("set.tar.gz", as_tar(files))
    (tmp_path / ".set.set.tar.gz.part").write_bytes(server.content[:1_000])
    server.close()
    with pytest.raises(WordspotError, match="goes on from there"):
        get(public_set, tmp_path / "set")
    assert (tmp_path / ".set.set.tar.gz.part").stat().st_size == 1_000
    assert not (tmp_path / "set").exists()


def test_a_wrong_checksum_is_said_and_nothing_is_kept(server: Server, files: dict[str, bytes], tmp_path: Path) -> None:
    public_set = server.published("set.tar.gz", as_tar(files))
    server.content = server.content[:-9] + b"different"
    with pytest.raises(WordspotError, match=f"expected {public_set.size_bytes:,} bytes with {public_set.sha256}"):
        get(public_set, tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_size_is_refused_at_once(server: Server, files: dict[str, bytes], tmp_path: Path) -> None:
    public_set = server.published("set.tar.gz", as_tar(files))
    server.content += b"more"
    with pytest.raises(WordspotError, match="not the archive that was published"):
        get(public_set, tmp_path / "set")
    assert len(server.requests) == 1
    assert not list(tmp_path.iterdir())


def test_a_missing_archive_is_said(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="the server says 404"):
        get(server.published("missing.zip", b"x"), tmp_path / "set")


@pytest.mark.parametrize(
    "name", ["../evil.wav", "/tmp/evil.wav", "left/../../evil.wav", "left\\..\\evil.wav", "c:evil.wav"]
)
@pytest.mark.parametrize("pack", [as_tar, as_zip])
def test_names_that_leave_the_folder_are_refused(
    name: str, pack: Callable, server: Server, files: dict[str, bytes], tmp_path: Path
) -> None:
    public_set = server.published("set", pack(files | {name: b"evil"}, prefix=""))
    with pytest.raises(WordspotError, match="leaves the folder"):
        get(public_set, tmp_path / "in" / "set")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "in" / "set").exists()


def test_links_are_refused(server: Server, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        link = tarfile.TarInfo("left/a.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(WordspotError, match="is no file"):
        get(server.published("set.tar.gz", out.getvalue()), tmp_path / "set")


def test_what_unpacks_to_far_more_than_it_should_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="would unpack to"):
        get(server.published("set.tar.gz", as_tar({"left/a.wav": bytes(20_000_000)})), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_damaged_archive_of_the_right_checksum_is_said(
    server: Server, files: dict[str, bytes], tmp_path: Path
) -> None:
    for content in (as_tar(files)[:-5_000], b"no archive"):
        with pytest.raises(WordspotError, match="is a damaged archive"):
            get(server.published("set.tar.gz", content), tmp_path / "set")
        assert not (tmp_path / "set").exists()
        (tmp_path / ".set.set.tar.gz.part").unlink()


def test_damage_in_the_middle_of_an_archive_is_said(server: Server, files: dict[str, bytes], tmp_path: Path) -> None:
    content = bytearray(as_tar(files))
    for place in (len(content) // 3, len(content) // 2):
        content[place : place + 40] = bytes(40)
        with pytest.raises(WordspotError, match="is a damaged archive"):
            get(server.published("set.tar.gz", bytes(content)), tmp_path / "set")
        (tmp_path / ".set.set.tar.gz.part").unlink()
    assert not list(tmp_path.iterdir())


def test_on_a_disk_that_was_full_it_goes_on(server: Server, small_disk: Callable, tmp_path: Path) -> None:
    public_set = server.published("set.tar.gz", as_tar({"left/a.wav": bytes(3_000_000), "right/b.wav": bytes(9_000)}))
    disk = small_disk("2m")
    with pytest.raises(OSError, match="No space left"):
        get(replace(public_set, unpacked_bytes=1_600_000), disk / "set")
    assert [path.name for path in disk.iterdir()] == [".set.set.tar.gz.part"]
    small_disk("8m")
    assert get(replace(public_set, unpacked_bytes=1_600_000), disk / "set")
    assert (disk / "set" / "left" / "a.wav").stat().st_size == 3_000_000
    assert len(server.requests) == 1


def test_another_folder_is_left_alone(server: Server, files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("hello")
    with pytest.raises(WordspotError, match="holds something else"):
        get(server.published("set.tar.gz", as_tar(files)), tmp_path / "mine")
    assert not server.requests


def test_a_disk_that_is_too_small_is_said_before_anything_is_asked_for(server: Server, tmp_path: Path) -> None:
    huge = PublicSet("A set", "http://127.0.0.1:9/x.zip", 10**15, "0" * 64, 10**15, "CC0", "nobody")
    with pytest.raises(WordspotError, match=r"needs 2000000\.0 GB"):
        get(huge, tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_the_published_archives_have_checksums() -> None:
    for public_set in SPEECH_COMMANDS.values():
        assert len(public_set.sha256) == 64
        assert public_set.url.endswith(public_set.file_name)
        assert public_set.unpacked_bytes > public_set.size_bytes
