"""Shared by the tests of several stages: a real browser that looks at pages, a real Dask cluster, and a stand-in for S3."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

BUCKET = "sounds"
_LOOK = """<!doctype html><body style="margin: 0"><iframe src="/page" style="border: 0; height: 800px; width: %dpx"></iframe>
<script>
async function look(page, width) { %s }
onload = async () => {
  const frame = document.querySelector("iframe")
  let answer
  try { answer = await look(frame.contentDocument, frame.clientWidth) } catch (error) { answer = String(error) }
  fetch("/answer", {method: "POST", body: JSON.stringify(answer)})
}
</script>"""


class _Server(ThreadingHTTPServer):
    """Gives the page and the script that looks at it, takes the answer, and notes what else was asked for."""

    def __init__(self, page: bytes, look: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {"/page": page, "/look": look}
        self.asked: list[str] = []
        self.answered = threading.Event()
        self.answer: Any = None


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # type: ignore[assignment]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200 if self.path in self.server.files else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.files.get(self.path, b""))

    def do_POST(self) -> None:
        self.server.answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.server.answered.set()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def in_browser(chromium: str, tmp_path: Path) -> Callable[..., Any]:
    """Opens a page in Chromium, in a frame of some width and without a network, and gives what a script makes of it.

    The script is the body of an async function of `page`, the document, and `width`. What the page fetches fails the
    test.
    """

    def look(page: Path, script: str, width: int = 390) -> Any:
        with _Server(page.read_bytes(), (_LOOK % (width, script)).encode()) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            command = [
                chromium,
                *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
                *("--disable-background-networking", "--autoplay-policy=no-user-gesture-required"),
                *("--window-size=1400,900", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
                f"--user-data-dir={tmp_path / 'browser'}",
                f"http://127.0.0.1:{server.server_port}/look",
            ]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
                answered = server.answered.wait(timeout=60)
                browser.terminate()
            server.shutdown()
        assert answered, "the browser gave no answer"
        assert set(server.asked) <= {"/look", "/page", "/favicon.ico"}
        return server.answer

    return look


@pytest.fixture(scope="session")
def scheduler() -> Iterator[str]:
    """The address of a Dask scheduler on localhost, a process of its own."""
    pytest.importorskip("distributed")
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", *options]
    patience = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}  # with a worker that was killed; else 30
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | patience)
    assert process.stderr
    address = next(filter(None, (re.search(r"tcp://127\.0\.0\.1:\d+", line) for line in process.stderr)))[0]
    yield address
    process.kill()
    process.communicate()


@pytest.fixture(scope="session")
def workers() -> Callable[..., Any]:
    """Gives worker processes, once they have joined; `path` comes first among those that they import from."""

    @contextmanager
    def start(
        scheduler: str, count: int, *options: str, path: Path | None = None
    ) -> Iterator[list[subprocess.Popen[str]]]:
        code = f"import sys; sys.path.insert(0, {str(path)!r}); " if path else ""
        code += "from distributed.cli.dask_worker import main; main()"
        always = ("--no-dashboard", "--no-nanny")
        command = [sys.executable, "-c", code, scheduler, *always, *(options or ("--nthreads", "1"))]
        started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(count)]
        try:
            for process in started:
                assert process.stderr
                assert any("Registered to" in line for line in process.stderr)
            yield started
        finally:
            for process in started:
                process.kill()
                process.communicate()

    return start


class Store:
    """The stand-in, as others than wordspot see it."""

    def __init__(self, address: str) -> None:
        self.address = address
        import boto3

        self.client = boto3.client("s3", endpoint_url=address)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def put_tree(self, folder: Path, prefix: str) -> None:
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def listed(self, prefix: str) -> dict[str, Any]:
        """{name: when it was put, and its entity tag}."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=f"{prefix}/" if prefix else ""
        )
        found = (entry for page in pages for entry in page.get("Contents", ()))
        return {entry["Key"].removeprefix(f"{prefix}/"): (entry["LastModified"], entry["ETag"]) for entry in found}

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def tree(self, prefix: str) -> dict[str, bytes]:
        return {name: self.get(f"{prefix}/{name}") for name in self.listed(prefix)}

    def requests_without_permission(self, after: float) -> None:
        """From now on so many requests are answered, and the next are refused."""
        text = {"Content-Type": "text/plain"}
        urlopen(Request(f"{self.address}/moto-api/reset-auth", str(after).encode(), text)).close()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A stand-in for S3 on localhost, with a bucket, which this process and those that it starts take for S3."""
    from s3fs import S3FileSystem

    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert server.stderr
    address = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stderr)))[0]
    threading.Thread(target=server.stderr.read, daemon=True).start()  # or it stops when the pipe is full
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "ACCESS_KEY_ID": "me",
            "SECRET_ACCESS_KEY": "secret",
            "DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        S3FileSystem.clear_instance_cache()  # it knows the address of an earlier one
        made = Store(address)
        made.client.create_bucket(Bucket=BUCKET)
        yield made
    server.kill()
    server.communicate()
