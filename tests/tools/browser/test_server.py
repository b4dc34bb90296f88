"""The server, asked over real connections."""

import http.client
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest
from wordspot.data.errors import WordspotError
from wordspot.tools.browser.files import ServedFile
from wordspot.tools.browser.server import Address, Server

FILES = {
    "": ServedFile(b"<!doctype html>", "text/html; charset=utf-8", '"1"'),
    "litert/a.wasm": ServedFile(b"\0asm" * 1000, "application/wasm", '"2"'),
}
ANY_PORT = Address(port=0)


@contextmanager
def serving(address: Address) -> Iterator[Server]:
    with Server(FILES, address) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ANY_PORT) as server:
        yield server


class Answer(NamedTuple):
    status: int
    content: bytes
    headers: Message


def request(server: Server, path: str, *, method: str = "GET", host: str = "localhost", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host, **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    answer = Answer(response.status, response.read(), response.headers)
    connection.close()
    return answer


def test_its_files_are_given_with_their_types(server: Server) -> None:
    assert server.url == f"http://localhost:{server.server_port}/"
    assert server.is_local
    for path, file in FILES.items():
        response = request(server, f"/{path}")
        assert (response.status, response.content) == (200, file.content)
        assert response.headers["Content-Type"] == file.media_type
    assert request(server, "/?source=home").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/litert",
        "/litert/",
        "/index.html",
        "/../server.py",
        "/..%2fserver.py",
        "/litert/../litert/a.wasm",
        "a",
        "/\0",
    ],
)
def test_nothing_else_is_given(server: Server, path: str) -> None:
    connection = socket.create_connection(("127.0.0.1", server.server_port), timeout=20)
    with connection, connection.makefile("rb") as answer:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        status, _, rest = answer.read().partition(b"\r\n")
    assert int(status.split()[1]) in (400, 404)
    assert b"Content-Security-Policy" in rest
    assert b"Traceback" not in rest


def test_every_answer_forbids_foreign_and_inline_scripts(server: Server) -> None:
    for path in ("/", "/nothing"):
        policy = request(server, path).headers["Content-Security-Policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
        assert "unsafe-inline" not in policy
        assert "http" not in policy
        assert request(server, path).headers["X-Content-Type-Options"] == "nosniff"
        assert request(server, path).headers["Referrer-Policy"] == "no-referrer"


def test_a_browser_that_has_a_file_is_told_so(server: Server) -> None:
    first = request(server, "/litert/a.wasm")
    again = request(server, "/litert/a.wasm", If_None_Match=first.headers["ETag"])
    assert (again.status, again.content) == (304, b"")
    head = request(server, "/litert/a.wasm", method="HEAD")
    assert (head.status, head.content, head.headers["Content-Length"]) == (200, b"", "4000")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "CONNECT"])
def test_nothing_can_be_sent_to_it(server: Server, method: str) -> None:
    assert request(server, "/", method=method).status == 501


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8000", "192.0.2.7", "", "localhost@evil.example"]
)
def test_a_name_that_is_not_of_this_machine_is_refused(server: Server, host: str) -> None:
    response = request(server, "/", host=host)
    assert response.status == 421
    assert server.url in response.content.decode()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9000", "[::1]:8000", "[::1]"])
def test_the_names_of_this_machine_are_answered(server: Server, host: str) -> None:
    assert request(server, "/", host=host).status == 200


def test_others_need_the_token() -> None:
    with serving(Address("0.0.0.0", 0)) as server, serving(Address("0.0.0.0", 0)) as other:
        assert not server.is_local
        token = server.url.split("/")[3]
        assert len(token) >= 20
        assert token not in other.url
        assert request(server, f"/{token}/", host="192.0.2.7").status == 200
        assert request(server, f"/{token}/litert/a.wasm", host="phone.example").status == 200
        for path in ("/", "/litert/a.wasm", f"/{token[:-1]}/", f"/{token}x/", "//", f"/?{token}", f"/{token}"):
            refused = request(server, path)
            assert refused.status == 404
            assert token not in refused.content.decode()


def test_a_port_in_use_is_told_with_another() -> None:
    with serving(ANY_PORT) as server:
        port = server.server_port
        with pytest.raises(WordspotError, match=rf"port {port} is in use: choose another, --port {port + 1}"):
            Server(FILES, Address(port=port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "nothing.invalid", "x" * 300])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(WordspotError, match=r"--host .* is no address of this machine"):
        Server(FILES, Address(host, 0))


def test_version_six_of_the_protocol() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(Address("::1", 0)) as server:
        assert server.is_local
        connection = http.client.HTTPConnection("::1", server.server_port, timeout=20)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()


def test_one_who_says_nothing_keeps_nobody_out(certificate: tuple[Path, Path]) -> None:
    with serving(Address("127.0.0.1", 0, *certificate)) as server:
        with socket.create_connection(("127.0.0.1", server.server_port)):  # never begins the handshake
            assert _ask_by_tls(server, certificate[0]) == FILES[""].content
        assert server.url.startswith("https://localhost:")


def test_one_who_speaks_no_tls_leaves_no_trace(
    certificate: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(Address("127.0.0.1", 0, *certificate)) as server:
        with socket.create_connection(("127.0.0.1", server.server_port)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            plain.recv(100)
        assert _ask_by_tls(server, certificate[0]) == FILES[""].content
    assert capfd.readouterr().err == ""


def test_a_certificate_that_is_none_is_told(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    (tmp_path / "text.pem").write_text("no certificate\n")
    for wrong in ((tmp_path / "text.pem", key), (cert, tmp_path / "text.pem"), (key, cert)):
        with pytest.raises(WordspotError, match="not a certificate and its unlocked key"):
            Server(FILES, Address("127.0.0.1", 0, *wrong))
    with pytest.raises(WordspotError, match="--cert and --key go together"):
        Server(FILES, Address("127.0.0.1", 0, cert=cert))
    with pytest.raises(FileNotFoundError):
        Server(FILES, Address("127.0.0.1", 0, cert, tmp_path / "missing.pem"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that it signed itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    try:
        subprocess.run(
            [*command, *names, "-keyout", folder / "k.pem", "-out", folder / "c.pem"], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return folder / "c.pem", folder / "k.pem"


def _ask_by_tls(server: Server, cert: Path) -> bytes:
    context = ssl.create_default_context(cafile=str(cert))
    connection = http.client.HTTPSConnection("localhost", server.server_port, timeout=20, context=context)
    connection.request("GET", "/")
    content = connection.getresponse().read()
    connection.close()
    return content


def test_two_hundred_browsers_at_once_are_all_answered(server: Server) -> None:
    barrier = threading.Barrier(200)

    def visit() -> bytes:
        barrier.wait()
        return request(server, "/litert/a.wasm").content

    with ThreadPoolExecutor(200) as visitors:
        contents = [visitor.result() for visitor in [visitors.submit(visit) for _ in range(200)]]
    assert set(contents) == {FILES["litert/a.wasm"].content}


def test_one_who_sends_a_byte_now_and_then_is_hung_up_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordspot.tools.browser.server._REQUEST_DEADLINE_S", 0.5)
    with (
        socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as slow,
        pytest.raises(OSError, match=r"reset|pipe"),
    ):
        _send_byte_by_byte(slow)
    assert request(server, "/").status == 200


def _send_byte_by_byte(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"G")
        time.sleep(0.05)


def test_the_body_of_a_get_is_not_the_next_request(server: Server) -> None:
    hidden = b"GET /litert/a.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = f"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(hidden)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as connection:
        connection.sendall(head + hidden)
        with connection.makefile("rb") as answer:
            received = answer.read()
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.endswith(FILES[""].content)
