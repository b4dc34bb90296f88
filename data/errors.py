"""The one error root: everything a user can cause is told through it."""


class WordspotError(Exception):
    """Something a user can put right.

    The message gives the value seen, the value wanted and what to do. The command line prints it as one line and
    exits with status 1; no traceback is shown.
    """


class RecordingError(WordspotError):
    """One recording cannot be used.

    Parameters
    ----------
    reason
        The word that goes into the `reason` column of `discarded.csv`: `unreadable`, `empty` or `not_finite`.
    detail
        One sentence for a person: what was seen.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple:  # crosses process borders, and Exception would rebuild it from one argument
        return type(self), (self.reason, self.detail)
