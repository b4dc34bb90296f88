"""The one error root, which everything that a user can cause is raised as, and the one kind of warning."""

from .text import one_line


class WordspotError(Exception):
    """Something a user can put right.

    The message gives the value seen, the value expected and what to do, on one line whatever the values are. The command
    line prints it and exits with status 1; no traceback is shown.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class RecordingError(WordspotError):
    """One recording cannot be read; the message is one sentence for a person: what was seen."""


class LossError(WordspotError):
    """The loss of a training run is no longer a number; the message says what to try."""


class WordspotWarning(UserWarning):
    """Something that works, but that somebody probably did not mean; the command line prints it as a note of one line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))
