"""What several commands need: options from settings, progress bars."""

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...data.errors import WordspotError


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # the command line knows what to do; Rich would exit with the status of a mistake


# names of files go through these: no markup in them, and no line breaks, so that a command can be copied
OUT = _Console(highlight=False, markup=False, soft_wrap=True)
ERR = _Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def with_settings(
    settings_class: type, *names: str, into: str = "settings"
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command one option for each field (or those named) of a settings dataclass.

    The command itself takes them as one argument, named `into`. Names, types, defaults, help and ranges come from the
    fields.
    """
    fields = [field for field in dataclasses.fields(settings_class) if not names or field.name in names]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_options(*args: Any, **kwargs: Any) -> None:
            values = {field.name: kwargs.pop(field.name, field.default) for field in fields}
            command(*args, **{into: settings_class(**values)}, **kwargs)

        given = [parameter for name, parameter in inspect.signature(command).parameters.items() if name != into]
        parameters = [*given, *map(_parameter, fields)]
        with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return with_options

    return decorate


def _parameter(field: dataclasses.Field) -> inspect.Parameter:
    option = typer.Option(
        help=field.metadata["help"], min=field.metadata["minimum"], max=field.metadata["maximum"], show_default=True
    )
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[field.type, option]
    )


def given_options(context: typer.Context) -> set[str]:
    """Names of the parameters that stand on the command line, so that they can win over a file."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def split_words(words: str | None) -> list[str]:
    """Labels given with commas; [] when there is no such option. Raises `WordspotError` when it names none."""
    wanted = [word.strip() for word in (words or "").split(",") if word.strip()]
    if words is not None and not wanted:
        raise WordspotError("--words names no word: leave it out to recognize every label")
    return wanted


def tracker(what: str, *, quiet: bool = False) -> Callable[[Iterable[Any], int], Iterable[Any]]:
    """A `track` argument for long work: a progress bar on standard error, shown on a terminal only."""

    def track(items: Iterable[Any], total: int) -> Iterable[Any]:
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        with Progress(*columns, console=ERR, disable=quiet or not sys.stderr.isatty(), transient=True) as progress:
            yield from progress.track(items, total=total)

    return track


class _Rate(TextColumn):
    """How many a second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Any) -> Any:
        return f"{task.speed:,.{int(task.speed < 10)}f}/s" if task.speed else ""


def check_can_become_file(path: Path) -> None:
    """Raises `WordspotError` where a file could not be written: told before the work, not after it."""
    if path.is_dir():
        raise WordspotError(f"{path} is a folder; wanted the name of a file")
    if not path.parent.is_dir():
        raise WordspotError(f"{path.parent} does not exist: make the folder first")
