"""The audit of a clean folder in a process of its own, while its page is used already."""

import contextlib
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from ...pipeline.curation.queue import AUDIT_TABLE

_PATIENCE_S = 5.0
_HOW_TO_INSTALL = "pip install 'wordspot[audit]'"


class BackgroundAudit:
    """Runs `wordspot audit` on a clean folder that has no `audit.csv`, if the parts that it takes are installed.

    In a process of its own, so that no sound waits for it; Ctrl-C does not reach it there. A context: at its end the audit
    is ended, too, and half a table is never written.

    Parameters
    ----------
    folder
        The clean folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._refused = ""

    def __enter__(self) -> "BackgroundAudit":
        self._errors = tempfile.TemporaryFile()
        if (self._folder / AUDIT_TABLE).exists():
            return self
        if importlib.util.find_spec("cleanlab") is None:
            self._refused = f"Without suspicious clips: {_HOW_TO_INSTALL} brings the audit, which finds them."
            return self
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wordspot.tools.cli", "audit", str(self._folder.resolve()), "--jobs", "1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_S)
            self._process.kill()
            self._process.wait()
        self._errors.close()

    @property
    def is_running(self) -> bool:
        """Whether it is still at work."""
        return self._process is not None and self._process.poll() is None

    def note(self) -> str:
        """What there is to say of it, in one line; empty where there is a table."""
        if self.is_running:
            return "The audit is listening to all clips: suspicious ones come here when it is done."
        if self._process and self._process.returncode and not self._refused:
            self._refused = f"Without suspicious clips: {self._last_line()}"
        return self._refused

    def _last_line(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("wordspot: ") if lines else "it was ended"
