"""Programs that `listen` runs on a word."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...data.errors import WordspotError
from ...data.labels import is_word
from ...pipeline.device.stream import Detection

_AT_ONCE = 8  # of programs that have not ended: a word said often must not fill the machine


@dataclass
class Programs:
    """Which program each word runs, and those that still run.

    Attributes
    ----------
    programs
        {word: argument lists}.
    """

    programs: dict[str, list[list[str]]]
    _running: list[subprocess.Popen] = field(default_factory=list)

    @classmethod
    def parse(cls, pairs: Sequence[str], labels: tuple[str, ...]) -> "Programs":
        """From `WORD=COMMAND` texts; the command is split into arguments as a shell would, but none is started.

        Raises
        ------
        WordspotError
            A word that the model does not know, an empty or unbalanced command, a program that is not there.
        """
        programs: dict[str, list[list[str]]] = {}
        for pair in pairs:
            word, _, text = pair.partition("=")
            words = [label for label in labels if is_word(label)]
            if word not in words:
                raise WordspotError(f"--on {word!r}: the model's words are {', '.join(words)}")
            programs.setdefault(word, []).append(_arguments(word, text))
        return cls(programs)

    def run(self, detection: Detection) -> Iterator[str]:
        """Starts the word's programs without waiting for them; gives what went wrong, in words."""
        yield from self._ended()
        environment = {
            "WORDSPOT_LABEL": detection.label,
            "WORDSPOT_PROBABILITY": f"{detection.probability:.4f}",
            "WORDSPOT_TIME_S": f"{detection.time_s:.3f}",
        }
        for arguments in self.programs.get(detection.label, []):
            if len(self._running) >= _AT_ONCE:
                yield f"{arguments[0]} was not started: {_AT_ONCE} programs are still running"
                continue
            try:
                started = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, env={**os.environ, **environment})
            except OSError as error:
                yield f"{arguments[0]} cannot be started: {error.strerror}"
            else:
                self._running.append(started)

    def wait(self) -> None:
        """Lets the programs that still run come to their end."""
        for process in self._running:
            process.wait()

    def _ended(self) -> Iterator[str]:
        for process in [process for process in self._running if process.poll() is not None]:
            self._running.remove(process)
            if process.returncode:
                yield f"{process.args[0]} ended with status {process.returncode}"  # type: ignore[index]


def _arguments(word: str, text: str) -> list[str]:
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise WordspotError(f"--on {word} {text!r}: {error}") from error
    if not arguments:
        raise WordspotError(f"--on {word} wants a command, as in --on {word} 'mpc next'")
    if not shutil.which(arguments[0]):
        raise WordspotError(f"--on {word} {text!r}: there is no program {arguments[0]!r}")
    return arguments
