"""Running a strange graph for the first time where it can do no harm: in a process of its own, with bounded time and memory.

A damaged or hostile graph can make LiteRT end the process it runs in. A model file whose graph has run here once is
remembered by its SHA-256, so that only its first use costs the half second.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from ...data.errors import WordspotError
from ...data.files import replacing

_LONGEST_S = 60.0
_MOST_MEMORY_BYTES = 4 << 30
_MOST_REMEMBERED = 1_000
_CODE = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OverflowError, OSError):
    pass
from wordspot.data.errors import WordspotError
from wordspot.pipeline.device.recognizer import Recognizer
try:
    Recognizer.run_all_signatures(sys.argv[1])
except WordspotError as error:
    sys.stdout.reconfigure(errors="backslashreplace")
    print(error)
    sys.exit(3)
"""
_REFUSED = 3  # the status for which the process has printed the reason


def check_by_trial(path: Path, graph: bytes) -> None:
    """Runs all signatures of a model file in another process, unless this graph did so before.

    Raises
    ------
    WordspotError
        The graph crashes, takes too long or too much memory, or its probabilities are none.
    """
    digest = hashlib.sha256(graph).hexdigest()
    if digest in _remembered():
        return
    result = _run_elsewhere(path)
    if result.returncode == _REFUSED:
        raise WordspotError(result.stdout.strip())
    if result.returncode > 0:  # Python itself came to an end: out of memory, for one
        last = result.stderr.strip().rpartition("\n")[2]
        raise WordspotError(f"{path} cannot be run: the process that tried it ended with {last or result.returncode!r}")
    if result.returncode:
        raise WordspotError(
            f"{path} cannot be run: its graph makes LiteRT crash (status {result.returncode}); export it again, and do not "
            "use a file of unknown origin"
        )
    remember(graph)


def _run_elsewhere(path: Path) -> subprocess.CompletedProcess[str]:
    """Runs `_CODE` with this process's own module path: not with the current folder's, whose files may be as strange."""
    command = [sys.executable, "-P", "-c", _CODE, str(path), str(_MOST_MEMORY_BYTES)]
    modules = os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)
    environment = {**os.environ, "PYTHONPATH": modules}
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LONGEST_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise WordspotError(
            f"{path} cannot be run: it took more than {_LONGEST_S:g} s for a few seconds of sound"
        ) from error
    except OSError as error:
        raise WordspotError(f"{path} cannot be tried out in a process of its own: {error.strerror}") from error


def remember(graph: bytes) -> None:
    """Notes that a graph runs; where that cannot be written, its next first use costs the trial again."""
    digest = hashlib.sha256(graph).hexdigest()
    try:
        path = _memory()
        path.parent.mkdir(parents=True, exist_ok=True)
        known = [line for line in sorted(_remembered()) if line != digest]
        with replacing(path) as temporary:
            temporary.write_text("\n".join([*known[-_MOST_REMEMBERED:], digest]) + "\n", encoding="ascii")
    except OSError:
        pass


def _remembered() -> set[str]:
    try:
        return set(_memory().read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return set()


def _memory() -> Path:
    """The file of graphs that ran, in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "wordspot" / "graphs-that-run.txt"
