"""How commands are declared: options from settings, arguments with a description, examples that can be copied."""

import dataclasses
import functools
import inspect
import textwrap
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ...data.buckets import here
from ...data.errors import WordspotError
from ...data.labels import parse_labels


class _Path(click.Path):
    """A path of this machine; a URL would become one that nobody knows."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str):
            here(value)
        return super().convert(value, param, ctx)


PATH = _Path(path_type=Path)
PATH_OR_NAME = _Path()  # as text: of a model that ships, or - for standard input
_HELP_COLUMNS = 80


class Argument(click.Argument):
    """An argument that the help page describes, as it does options."""

    def __init__(self, *args: Any, help: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help_text = help

    def make_metavar(self, ctx: click.Context) -> str:
        """The name as the usage line has it: one that may be left out stands in brackets."""
        name = super().make_metavar(ctx)
        return name if self.required or name.startswith("[") else f"[{name}]"


def argument(name: str, *, help: str, **kwargs: Any) -> Callable[[Any], Any]:
    """`click.argument` with a description; a path unless `type` says otherwise."""
    return click.argument(name, cls=Argument, help=help, **({"type": PATH} | kwargs))


class Command(click.Command):
    """A command whose help comes from a docstring: paragraphs that flow, and examples line by line."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> click.Context:
        """Widths are those of the terminal, at most 80 columns."""
        return super().make_context(info_name, args, *rest, **({"max_content_width": _HELP_COLUMNS} | extra))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        words, _, examples = inspect.cleandoc(self.help or "").partition("Examples:\n")
        for paragraph in words.strip().split("\n\n"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(" ".join(paragraph.split()))
        if examples:
            formatter.write("\n  Examples:\n" + textwrap.indent(textwrap.dedent(examples), "    ").rstrip() + "\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        described = [(p.make_metavar(ctx), p.help_text) for p in self.params if isinstance(p, Argument) and p.help_text]
        if described:
            with formatter.section("Arguments"):
                formatter.write_dl(described)
        super().format_options(ctx, formatter)


def declare(function: Callable[..., None]) -> Command:
    """Declares a function with options and arguments as a command."""
    made = click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})(function)
    assert isinstance(made, Command)
    return made


def settings_options(settings_class: type, *names: str, into: str = "settings") -> Callable[[Any], Any]:
    """Gives a command one option for each field (or those named) of a settings dataclass.

    The function takes them as one argument, named `into`. Names, types, defaults, help and ranges come from the fields.
    """
    hints = typing.get_type_hints(settings_class)
    fields = [field for field in dataclasses.fields(settings_class) if not names or field.name in names]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def with_options(*args: Any, **kwargs: Any) -> None:
            values = {field.name: kwargs.pop(field.name) for field in fields}
            function(*args, **{into: settings_class(**values)}, **kwargs)

        wrapped: Any = with_options
        for field in reversed(fields):
            wrapped = _option(field, hints[field.name])(wrapped)
        return wrapped

    return decorate


def _option(field: dataclasses.Field, hint: Any) -> Callable[[Any], Any]:
    name = f"--{field.name.replace('_', '-')}"
    if hint is bool:
        name += f"/--no-{field.name.replace('_', '-')}"
    return click.option(
        name,
        field.name,
        type=None if hint is bool else _type_of(field, hint),
        default=field.default,
        help=field.metadata["help"],
        show_default=True,
    )


def _type_of(field: dataclasses.Field, hint: Any) -> Any:
    if typing.get_origin(hint) is typing.Literal:
        return click.Choice(typing.get_args(hint))
    low, high = field.metadata["minimum"], field.metadata["maximum"]
    if low is None and high is None:
        return hint
    return click.IntRange(low, high) if hint is int else click.FloatRange(low, high)


def given_options(context: click.Context) -> set[str]:
    """Names of the parameters that stand on the command line, so that they come before what a file says."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def split_words(words: str | None) -> list[str]:
    """Labels given with commas; [] when there is no such option. Raises `WordspotError` when it names none."""
    named = parse_labels(words) if words is not None else []
    if words is not None and not named:
        raise WordspotError("--words names no word: leave it out to recognize every label")
    return named


def check_can_become_file(path: Path) -> None:
    """Raises `WordspotError` where a file could not be written: said before the work, not after it."""
    if path.is_dir():
        raise WordspotError(f"{path} is a folder; expected the name of a file")
    if not path.parent.is_dir():
        raise WordspotError(f"{path.parent} does not exist: make the folder first")
