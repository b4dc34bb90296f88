"""The one error root: everything a user can cause is told through it."""


class WordspotError(Exception):
    """Something a user can put right.

    The message gives the value seen, the value wanted and what to do. The command line prints it as one line and
    exits with status 1; no traceback is shown.
    """


class RecordingError(WordspotError):
    """One recording cannot be read; the message is one sentence for a person: what was seen."""


class LossError(WordspotError):
    """The loss of a training is no longer a number; the message says what to try."""
