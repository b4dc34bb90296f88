"""Showing how far long work has come, without knowing how it is shown."""

from collections.abc import Callable, Iterable
from typing import Any

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iteration, to show progress: gets the items and their number, gives the items."""


def no_progress(items: Iterable[Any], total: int) -> Iterable[Any]:
    """The `Progress` that shows nothing."""
    return items
