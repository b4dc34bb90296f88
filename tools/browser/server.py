"""The server of the pages: a fixed set of files, given to those who ask in the right way."""

import contextlib
import errno
import ipaddress
import os
import secrets
import socket
import ssl
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ...data.errors import WordspotError
from .files import ServedFile

_HEADERS = {
    # scripts only from files of the page; WebAssembly may be compiled; nothing is asked of any other host
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",  # the address may hold the token
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_TOKEN_BYTES = 16
_IDLE_S = 30  # without a byte from the browser, or taken by it
_REQUEST_DEADLINE_S = 120  # for a whole request and its answer: the largest file over slow Wi-Fi
_WAITING_CONNECTIONS = (
    512  # that the system holds until a thread takes them; more are sent away and try again a second later
)


@dataclass(frozen=True)
class Address:
    """Where to listen.

    Attributes
    ----------
    host, port
        A name or an address of this machine, and a TCP port; 0 is any free one.
    cert, key
        Files (PEM) of a TLS certificate and its key; with them the page is served by https.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    cert: Path | None = None
    key: Path | None = None

    def found(self) -> tuple[socket.AddressFamily, str]:
        """The family and the numeric address of the host. Raises `WordspotError` where it has none."""
        try:
            family, _, _, _, name = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)[0]
        except (socket.gaierror, UnicodeError) as error:
            raise WordspotError(
                f"--host {self.host} is no address of this machine: 0.0.0.0 listens on all of them"
            ) from error
        return family, str(name[0])


class Server(ThreadingHTTPServer):
    """Gives files by their path, and nothing else.

    Only this machine can reach a server on a loopback address, and it answers only to the names of this machine, so
    that no web page can get at it by a name that it controls (DNS rebinding). On any other address, every path begins
    with a random token.

    Parameters
    ----------
    files
        What to give, by path relative to the page's address.
    address
        Where to listen.
    handler
        What answers; one that answers more than files is a `Handler`, too.
    always_token
        Whether every path begins with a token on a loopback address, too: others may work on this machine.

    Attributes
    ----------
    prefix
        What every path begins with.
    url
        The address of the page.
    is_local
        Whether only this machine can reach it.

    Raises
    ------
    WordspotError
        The port or the host cannot be had, or the certificate cannot be used.
    """

    request_queue_size = _WAITING_CONNECTIONS
    daemon_threads = True  # a browser that is still there does not hold up Ctrl-C
    allow_reuse_address = os.name == "posix"  # elsewhere it would let two servers have one port

    def __init__(
        self,
        files: dict[str, ServedFile],
        address: Address,
        handler: type["Handler"] | None = None,
        *,
        always_token: bool = False,
    ) -> None:
        self.address_family, host = address.found()
        self.is_local = ipaddress.ip_address(host.partition("%")[0]).is_loopback
        has_token = always_token or not self.is_local
        self.prefix = f"/{secrets.token_urlsafe(_TOKEN_BYTES)}/" if has_token else "/"
        self.files = {self.prefix + path: file for path, file in files.items()}
        tls = _tls(address)
        try:
            super().__init__((host, address.port), handler or Handler)
        except OSError as error:
            raise WordspotError(_why_not(error, address)) from error
        if tls:
            # the handshake waits for the thread of the connection, so that one who does not finish it keeps nobody out
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        shown = "localhost" if self.is_local else _own_address(host)
        self.url = f"http{'s' if tls else ''}://{shown}:{self.server_port}{self.prefix}"

    def server_bind(self) -> None:
        """Binds without looking up the name of the host, which can take long without a network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.allow_reuse_address))
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that went away or spoke no TLS; anything else is ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection: with the files of the server."""

    server: Server  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "wordspot", ""
    timeout = _IDLE_S

    def handle_one_request(self) -> None:
        """One request within its deadline: a browser that sends or takes a byte now and then does not hold a thread."""
        deadline = threading.Timer(_REQUEST_DEADLINE_S, self._hang_up)
        deadline.daemon = True
        deadline.start()
        try:
            super().handle_one_request()
        finally:
            deadline.cancel()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):  # the browser was quicker
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = (
                True  # nothing is expected behind a GET, and it must not be read as the next request
            )
        if self.is_addressed():
            self.give_file()

    def is_addressed(self) -> bool:
        """Whether the request names this machine; one that does not is refused."""
        if self.server.is_local and not self._is_asked_by_a_local_name():
            self.say(HTTPStatus.MISDIRECTED_REQUEST, f"Ask for {self.server.url}")
            return False
        return True

    def give_file(self) -> None:
        """Answers with the file that the path names."""
        file = self.server.files.get(self.path.partition("?")[0])
        if file is None:
            self.say(HTTPStatus.NOT_FOUND, "Nothing is here: use the whole address that wordspot printed")
        elif self.headers.get("If-None-Match") == file.etag:
            self.send(HTTPStatus.NOT_MODIFIED, {"ETag": file.etag})
        else:
            self.send(HTTPStatus.OK, {"ETag": file.etag, "Content-Type": file.media_type}, file.content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _is_asked_by_a_local_name(self) -> bool:
        host = self.headers.get("Host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        return name.lower() in _LOCAL_NAMES

    def say(self, status: HTTPStatus, text: str) -> None:
        """Answers with a line of text."""
        self.send(status, {"Content-Type": "text/plain; charset=utf-8"}, f"{text}\n".encode())

    def send(self, status: HTTPStatus, headers: dict[str, str], content: bytes = b"") -> None:
        """Answers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def _tls(address: Address) -> ssl.SSLContext | None:
    if address.cert is None and address.key is None:
        return None
    if address.cert is None or address.key is None:
        raise WordspotError("--cert and --key go together: one names the certificate, the other its key")
    for path in (address.cert, address.key):
        path.open("rb").close()  # ssl would not say which of them is missing
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(
            address.cert, address.key, password=lambda: ""
        )  # a locked key would ask at the terminal
    except ssl.SSLError as error:
        raise WordspotError(
            f"{address.cert} and {address.key} are not a certificate and its unlocked key in PEM: {error.reason or error}"
        ) from error
    return context


def _why_not(error: OSError, address: Address) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {address.port} is in use: choose another, --port {address.port % 65_535 + 1}"
    if error.errno == errno.EACCES:
        return f"port {address.port} is not for everyone: choose one from 1024 on, --port 8000"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {address.host} is no address of this machine: 0.0.0.0 listens on all of them"
    return f"cannot listen on {address.host}, port {address.port}: {error.strerror}"


def _own_address(host: str) -> str:
    """What others can call this machine by, for a server that listens on `host`."""
    if not ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only looks up which of our addresses would be used
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
