"""The library's warnings as lines of the terminal."""

import sys
import warnings
from typing import TextIO

from ...data.errors import WordspotWarning


def show_notes() -> None:
    """From now on each `WordspotWarning` is one line on standard error, `note: ...`, whatever becomes of other warnings."""
    show_others = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, WordspotWarning):
            print(f"note: {message}", file=file or sys.stderr)
        else:
            show_others(message, category, filename, lineno, file, line)

    warnings.showwarning = show
    warnings.simplefilter("always", WordspotWarning)


def hide_notes() -> None:
    """Undoes the latter, for `--quiet`."""
    warnings.simplefilter("ignore", WordspotWarning)
