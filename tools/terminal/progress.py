"""The progress bar of long work: on standard error, and only on a terminal."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...pipeline import progress
from .console import ERR


def progress_bar(what: str, *, quiet: bool = False) -> progress.Progress:
    """A `progress` argument for long work, which shows `what` is done, how far it is, and how fast."""

    def follow(items: Iterable[Any], total: int) -> Iterable[Any]:
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), StepRate(), TimeRemainingColumn())
        with Progress(*columns, console=ERR, disable=quiet or not sys.stderr.isatty(), transient=True) as bar:
            yield from bar.track(items, total=total)

    return follow


class StepRate(TextColumn):
    """Items or steps per second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Any) -> Any:
        return f"{task.speed:,.{int(task.speed < 10)}f}/s" if task.speed else ""
