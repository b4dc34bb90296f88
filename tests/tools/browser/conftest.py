"""Chromium as a person would use it: a real browser with a microphone, driven over its debugging pipe."""

import contextlib
import fcntl
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from wordspot.data.decisions import DECISIONS, Decision, read
from wordspot.tools.browser import files

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
_PATIENCE_S = 60
_AT_ONCE = "--autoplay-policy=no-user-gesture-required"
_READY = "document.querySelector('#place')?.textContent.includes(' of ')"
_SAVED = "document.querySelector('#saved').textContent === 'Saved'"


class Browser:
    """A running Chromium with one tab, spoken to in the DevTools protocol."""

    def __init__(self, chromium: str, folder: Path, *flags: str) -> None:
        theirs_in, self._to = _pipe()
        self._from, theirs_out = _pipe()
        command = [chromium, *_FLAGS, f"--user-data-dir={folder}", *flags, "about:blank"]
        # Chromium reads its descriptor 3 and writes to 4
        shell = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash"]
        self.process = subprocess.Popen(
            [*shell, *command], pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._ids = itertools.count(1)
        self._received = b""
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        page = next(target for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol and gives its result; events on the way are kept in `events`."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            received = os.read(self._from, 1 << 20)
            assert received, "the browser has gone"
            self._received += received
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript, as if a person had pressed something."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]["exception"].get("description")
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + _PATIENCE_S
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"{script} never came true; the page says {self.text('main')!r}"
            time.sleep(0.05)
        return value

    def wait_until_ready(self) -> None:
        self.wait_for("document.querySelector('#status')?.textContent === 'Ready.'")

    def text(self, selector: str) -> str:
        return self.run(f"document.querySelector({selector!r}).innerText")

    def press(self, selector: str) -> None:
        """A click of the mouse in the middle of an element."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView();"
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def close(self) -> None:
        self._session = {}
        with contextlib.suppress(AssertionError):
            self.call("Browser.close")
        self.process.wait(timeout=_PATIENCE_S)
        os.close(self._to)
        os.close(self._from)


def _pipe() -> tuple[int, int]:
    """A pipe whose descriptors are not among those that Chromium uses."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


@pytest.fixture
def browser(chromium: str, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Starts Chromium with some flags."""
    with contextlib.ExitStack() as stack:

        def start(*flags: str) -> Browser:
            started = Browser(chromium, tmp_path / "browser", *flags)
            stack.callback(started.close)
            return started

        yield start


@dataclass
class Served:
    """A running `wordspot web`: the address that it printed, and its process."""

    url: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])


@pytest.fixture
def page(browser: Callable[..., Browser], serve: Callable[..., Served]) -> Callable[..., Browser]:
    """The page of a model, loaded and ready, in Chromium with some flags."""

    def open_page(model: Path, *flags: str) -> Browser:
        started = browser(*flags)
        started.open(serve(model).url)
        started.wait_until_ready()
        return started

    return open_page


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Runs `wordspot web` as a process of its own, on any free port."""
    if not (Path(files.__file__).parent / "vendor" / files.LICENSE).exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("LiteRT for the browser is not here: run `make web`")
    with contextlib.ExitStack() as stack:

        def start(model: Path, *arguments: str) -> Served:
            command = [sys.executable, "-m", "wordspot.tools.cli", "web", str(model), "--port", "0", *arguments]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.terminate)
            assert process.stdout is not None
            found = re.search(r"https?://\S+", process.stdout.readline())
            assert found
            return Served(found[0], process)

        yield start


class Reviewing:
    """A running `wordspot review` and its page in Chromium."""

    def __init__(self, folder: Path, tab: Any, *arguments: str, before: tuple[str, ...] = ()) -> None:
        self.folder, self.tab, self.arguments, self.before = folder, tab, arguments, before
        self.port = "0"
        self.start()

    def start(self) -> None:
        """Starts the server, at the port that it had before, and opens its page."""
        command = [sys.executable, "-m", "wordspot.tools.cli", "review", str(self.folder), "--port", self.port]
        self.process = subprocess.Popen([*self.before, *command, *self.arguments], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        found = re.search(r"http://localhost:(\d+)/\S{16,}/", self.process.stdout.readline())
        assert found
        self.url, self.port = found[0], found[1]
        self.tab.open(self.url)
        self.tab.wait_for(_READY)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def key(self, key: str) -> None:
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self.tab.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    def wait_for_sound(self) -> None:
        self.tab.wait_for("document.querySelector('#cursor').hidden === false")

    def decide(self, key: str) -> Decision:
        """Listens, presses a key, and gives the decision that is saved by it."""
        before = len(self.lines())
        self.wait_for_sound()
        self.key(key)
        end = time.monotonic() + 30
        while len(self.lines()) == before:
            assert time.monotonic() < end, f"{key!r} decides nothing; the page says {self.tab.text('#status')!r}"
            time.sleep(0.02)
        self.tab.wait_for(_SAVED)
        return self.lines()[-1]

    def undo(self, key: str = "u") -> None:
        before = len(self.lines())
        self.key(key)
        self.tab.wait_for("document.querySelector('#saved').textContent.toLowerCase().includes('taken back')")
        assert len(self.lines()) > before

    def lines(self) -> list[Decision]:
        return read(self.folder / DECISIONS)

    def label(self) -> str:
        return self.tab.text("#label").split("\n")[0]


@pytest.fixture
def review(browser: Callable[..., Browser]) -> Iterator[Callable[..., Reviewing]]:
    """Starts `wordspot review` on a folder, and opens its page, in a tab that is open already if one is given."""
    with contextlib.ExitStack() as stack:

        def start(
            folder: Path,
            *arguments: str,
            before: tuple[str, ...] = (),
            tab: Browser | None = None,
            audits: bool = False,
        ) -> Reviewing:
            if not audits and not (folder / "audit.csv").exists():  # else one runs beside what is tested
                (folder / "audit.csv").write_text("file_name,suspicion,suggested,suggested_probability,reason\n")
            started = Reviewing(folder, tab or browser(_AT_ONCE), *arguments, before=before)
            stack.callback(started.kill)
            return started

        yield start
