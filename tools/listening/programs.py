"""Programs that `listen` runs on a word."""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...data.errors import WordspotError
from ...data.labels import is_word, normalize_name
from ...pipeline.device.stream import Detection

MOST_RUNNING = 8  # programs at one time: a word said often must not fill the machine
WAIT_AT_END_S = 5.0
_LOOK_AGAIN_S = 0.02
_STANDARD_ERROR = 2


@dataclass
class Programs:
    """Which program each word runs, and those that still run.

    What a program prints goes to standard error, because standard output holds detections and nothing else.

    Attributes
    ----------
    programs
        {word: argument lists}.
    """

    programs: dict[str, list[list[str]]]
    _running: list[subprocess.Popen] = field(default_factory=list)

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]], labels: tuple[str, ...]) -> "Programs":
        """From words and commands; a command is split into arguments as a shell would, but none is started.

        Raises
        ------
        WordspotError
            A word that the model does not know, an empty or unbalanced command, a program that is not there.
        """
        programs: dict[str, list[list[str]]] = {}
        words = [label for label in labels if is_word(label)]
        for name, command in pairs:
            word = normalize_name(name)
            if word not in words:
                raise WordspotError(f"--on {name!r}: the model's words are {', '.join(words)}")
            programs.setdefault(word, []).append(_arguments(word, command))
        return cls(programs)

    def run(self, detection: Detection) -> Iterator[str]:
        """Starts the word's programs without waiting for them; gives one sentence for each thing that went wrong."""
        yield from self._ended()
        environment = {
            "WORDSPOT_LABEL": detection.label,
            "WORDSPOT_PROBABILITY": f"{detection.probability:.4f}",
            "WORDSPOT_TIME_S": f"{detection.time_s:.3f}",
        }
        for arguments in self.programs.get(detection.label, []):
            if len(self._running) >= MOST_RUNNING:
                yield f"{arguments[0]} was not started: {MOST_RUNNING} programs are still running"
                continue
            try:
                self._running.append(_start(arguments, environment))
            except OSError as error:
                yield f"{arguments[0]} cannot be started: {error.strerror}"

    def finish(self, wait_s: float = WAIT_AT_END_S) -> Iterator[str]:
        """Waits for the programs that still run, a bounded time; those that do not end by then are left running.

        Gives one sentence for each that failed or is left.
        """
        give_up = time.monotonic() + wait_s
        while True:
            yield from self._ended()
            if not self._running or time.monotonic() >= give_up:
                break
            time.sleep(_LOOK_AGAIN_S)
        for process in self._running:
            yield f"{process.args[0]} (process {process.pid}) has not ended and is left running"  # type: ignore[index]

    def _ended(self) -> Iterator[str]:
        for process in [process for process in self._running if process.poll() is not None]:
            self._running.remove(process)
            if process.returncode:
                yield f"{process.args[0]} ended with status {process.returncode}"  # type: ignore[index]


def _start(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR, env={**os.environ, **environment}
    )


def _arguments(word: str, command: str) -> list[str]:
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise WordspotError(f"--on {word} {command!r}: {error}") from error
    if not arguments:
        raise WordspotError(f"--on {word} needs a command, as in --on {word} 'mpc next'")
    if not shutil.which(arguments[0]):
        raise WordspotError(f"--on {word} {command!r}: there is no program {arguments[0]!r}")
    return arguments
