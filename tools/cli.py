"""The `wordspot` command: finds the subcommand, and turns what a user can cause into one line."""

import errno
import functools
import inspect
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer

COMMANDS = {
    "clean": "Cut every recording to the second that holds its word, and find what is wrong with it.",
    "extract": "Turn a clean folder into log-mel features.",
    "models": "List the networks, what they cost and how well they hear.",
    "train": "Train a network to tell words apart, watching its confusion matrix.",
    "tune": "Look for better settings: train many times, keep the best.",
    "export": "Write a training run as one .tflite file for a Raspberry Pi, a phone or a laptop.",
    "evaluate": "Measure a .tflite model on a folder of labeled clips.",
    "predict": "Say which word a sound file holds.",
    "listen": "Hear words in a microphone, a file or a pipe.",
    "score-stream": "Measure misses and false accepts an hour on long streams.",
    "set-thresholds": "Write thresholds into a model file that keep false accepts rare.",
    "web": "Serve a page that recognizes words in the browser, on a laptop or a phone.",
    "demo": "See all of it work, on recordings it makes itself: a few minutes, offline.",
}
_MISSING_EXTRA = "{name} is not installed: run `pip install 'wordspot[{extra}]'`"
_EXTRA_OF = {"optuna": "tune", "sqlalchemy": "tune", "espeakng_loader": "voices", "sounddevice": "mic"}


def main() -> None:
    """Entry point of the console script.

    Only the module of the command that was asked for is imported, so that help and the light commands start fast.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # the products that NumPy is asked for here are small: threads that wait for their part cost more than they do
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # those of libraries, which a user can do nothing about
    sys.argv[1:] = _join_pairs(sys.argv[1:])
    try:
        _app(sys.argv[1] if len(sys.argv) > 1 else "")(prog_name="wordspot")
    except KeyboardInterrupt:  # while a command was being loaded
        sys.exit(130)


def _join_pairs(arguments: list[str]) -> list[str]:
    """`listen --on left 'mpc next'` to `--on left='mpc next'`: Typer has no options of two values that may be repeated."""
    if arguments[:1] != ["listen"]:
        return arguments
    joined, rest = [], iter(arguments)
    for argument in rest:
        joined.append(argument)
        if argument == "--on":
            word = next(rest, None)
            text = next(rest, None) if word and "=" not in word else None
            joined += [f"{word}={text}" if text is not None else word] if word else []
    return joined


def _app(requested: str) -> typer.Typer:
    app = typer.Typer(
        name="wordspot",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # Rich would double the time until help appears, and leave half of its width to the words
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(
        help="Turn a folder of spoken words into a recognizer for a Raspberry Pi, a phone or a laptop. "
        "Begin with: wordspot demo"
    )(_global_options)
    for name, summary in COMMANDS.items():
        if name == requested:
            command = _load(name)
            app.command(name, help=_flowing(command.__doc__ or summary))(_guarded(command))
        else:
            app.command(name, short_help=summary)(_placeholder)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # here, because it takes as long to load as Python itself

        print(version("wordspot"))
        raise typer.Exit


def _global_options(
    show_version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options before the command."""


def _placeholder() -> None:
    """Stands for the commands that were not asked for, in the list of commands."""


def _flowing(text: str) -> str:
    """The docstring with the lines of each paragraph joined, for the help page to break anew; examples stay as they are."""
    words, _, examples = inspect.cleandoc(text).partition("Examples:\n")
    examples = textwrap.indent(textwrap.dedent(examples), "  ")
    return re.sub(r"(?<!\n)\n(?!\n)", " ", words) + f"\b\nExamples:\n{examples}"


def _load(name: str) -> Callable[..., None]:
    try:
        return import_module(f".commands.{name.replace('-', '_')}", __package__).command
    except ModuleNotFoundError as error:
        _fail_for_missing_module(error)
        raise


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command with everything that a user can cause told in one line, without a traceback."""
    from ..data.errors import WordspotError

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except WordspotError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            _fail("interrupted; nothing is lost", status=130)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader has gone; say no more
            raise typer.Exit(141) from None
        except ModuleNotFoundError as error:
            _fail_for_missing_module(error)
            raise
        except OSError as error:
            _fail(_in_words(error))

    return guarded


def _fail(message: str, status: int = 1) -> None:
    print(f"wordspot: {message}", file=sys.stderr)
    raise typer.Exit(status)


def _fail_for_missing_module(error: ModuleNotFoundError) -> None:
    """Says which extra brings a module that is not part of the base install; returns for any other module."""
    name = (error.name or "").split(".")[0]
    if name and not name.startswith("wordspot"):
        print(f"wordspot: {_MISSING_EXTRA.format(name=name, extra=_EXTRA_OF.get(name, 'train'))}", file=sys.stderr)
        sys.exit(1)


def _in_words(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{where}the disk is full; free some space and run the same command again (train with --resume), it goes on"
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{where}{error.strerror}: choose a folder that you may write to"
    return f"{where}{error.strerror or error}"


if __name__ == "__main__":
    main()
