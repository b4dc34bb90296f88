from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


def test_what_a_mirror_gives_must_be_what_was_published(wordspot: Callable, tmp_path: Path) -> None:
    (tmp_path / "mini_speech_commands.zip").write_bytes(bytes(1_000))

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **options) -> None:
            super().__init__(*arguments, directory=str(tmp_path), **options)

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        mirror = f"http://127.0.0.1:{server.server_port}/mini_speech_commands.zip"
        result = wordspot("fetch", "speech-commands", tmp_path / "set", "--version", "mini", "--mirror", mirror)
        server.shutdown()
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "has 1,000 bytes; expected 182,082,353" in result.stderr
    assert not (tmp_path / "set").exists()


def test_an_address_that_is_none_is_said(wordspot: Callable, tmp_path: Path) -> None:
    result = wordspot("fetch", "speech-commands", tmp_path / "set", "--version", "mini", "--mirror", "nowhere")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "nowhere" in result.stderr
