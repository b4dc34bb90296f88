"""`wordspot web` as a process: what it prints, what it refuses, and how it ends."""

import dataclasses
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wordspot.pipeline.device.model_file import pack_model, read_model
from wordspot.tools.browser import files


@pytest.fixture(autouse=True)
def litert() -> None:
    """Skips where LiteRT for the browser was not fetched, but never in CI."""
    if not (Path(files.__file__).parent / "vendor" / files.LICENSE).exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("LiteRT for the browser is not here: run `make web`")


class Serving:
    """A running `wordspot web` on any free port, with the address that it prints."""

    def __init__(self, model: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "wordspot.tools.cli", "web", str(model), "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said, url, rest = self.process.stdout.readline().split(" ", 2)
        assert (said, rest) == ("Open", "(Ctrl-C ends)\n")
        _, _, server, path = url.split("/", 3)
        self.port, self.path = int(server.rsplit(":", 1)[1]), f"/{path}"

    def request(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers={"Host": "localhost"})
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def settings(self) -> dict[str, Any]:
        return json.loads(self.request(self.path + "settings.json")[1])

    def interrupt(self) -> tuple[int, str]:
        """Presses Ctrl-C; gives the exit status and what was said on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def serve() -> Iterator[Callable[..., Serving]]:
    started: list[Serving] = []

    def start(*arguments: Any) -> Serving:
        started.append(Serving(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_the_very_same_file_and_the_settings_are_served_until_ctrl_c(model: Path, serve: Callable) -> None:
    served = serve(model, "--threshold", "0.7", "--pause-after-ms", "500")
    settings = served.settings()
    assert served.path == "/"
    assert served.request(f"/{settings['model']}") == (200, model.read_bytes())
    assert served.request("/")[1].startswith(b"<!doctype html>")
    assert {served.request(f"/{name}")[0] for name in settings["files"]} == {200}
    assert served.interrupt() == (0, "")
    assert (settings["name"], settings["labels"]) == ("model.tflite", ["rise", "fall", "_unknown_", "_silence_"])
    assert settings["thresholds"] == {"rise": 0.7, "fall": 0.7}
    assert (settings["pauses"]["after"], settings["hop_samples"], settings["hold_off_samples"]) == (50, 1600, 22400)
    assert (settings["sample_rate_hz"], settings["clip_samples"]) == (16000, 16000)


def test_thresholds_of_the_model_file_win(model: Path, tmp_path: Path, serve: Callable) -> None:
    ours = read_model(model)
    path = tmp_path / "thresholds.tflite"
    first_of_two = ours.content.rindex(b"PK\x03\x04", 0, ours.content.rindex(b"PK\x03\x04"))
    path.write_bytes(
        pack_model(ours.content[:first_of_two], dataclasses.replace(ours.description, thresholds={"fall": 0.9}))
    )
    assert serve(path).settings()["thresholds"] == {"rise": 0.5, "fall": 0.9}


def test_the_local_network_is_served_with_a_token_and_a_warning(model: Path, serve: Callable) -> None:
    served = serve(model, "--host", "0.0.0.0")
    assert len(served.path) > 20
    assert served.request(served.path + "app.js")[0] == 200
    assert served.request("/app.js")[0] == 404
    _, errors = served.interrupt()
    warnings = errors.strip().splitlines()
    assert [line[:18] for line in warnings] == ["wordspot: warning:"] * 2
    assert "everyone in the network" in warnings[0]
    assert "--cert and --key" in warnings[1]


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_model_that_is_not_ours_or_lacks_a_signature_is_refused(
    model: Path, tmp_path: Path, wordspot: Callable
) -> None:
    content = model.read_bytes()
    (tmp_path / "text.tflite").write_text("hello")
    (tmp_path / "bare.tflite").write_bytes(content[: content.rindex(b"PK\x03\x04") - 500])
    whole = read_model(model)
    lacking = whole.graph.replace(b"classify_features", b"classify_feathers")
    (tmp_path / "lacking.tflite").write_bytes(pack_model(lacking, whole.description))
    for name, told in (
        ("missing.tflite", "does not exist"),
        ("text.tflite", "not a .tflite model"),
        ("bare.tflite", "not one of wordspot's"),
        ("lacking.tflite", "classify_features"),
    ):
        line = one_line(wordspot("web", tmp_path / name, "--port", "0"))
        assert name in line
        assert told in line


def test_what_cannot_be_served_is_told_in_one_line(model: Path, tmp_path: Path, wordspot: Callable) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in one_line(wordspot("web", model, "--port", port))
    assert "no address of this machine" in one_line(wordspot("web", model, "--host", "192.0.2.1", "--port", "0"))
    assert "go together" in one_line(wordspot("web", model, "--cert", model, "--port", "0"))
    assert "not a certificate" in one_line(wordspot("web", model, "--cert", model, "--key", model, "--port", "0"))
    missing = tmp_path / "c.pem"
    assert str(missing) in one_line(wordspot("web", model, "--cert", missing, "--key", model, "--port", "0"))
    assert wordspot("web", model, "--port", "65536").returncode == 2
