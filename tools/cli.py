"""The `wordspot` command: finds the subcommand, and turns what a user can cause into one line."""

import atexit
import errno
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from .terminal.notes import show_notes

COMMANDS = {
    "fetch": "Download a public set of recordings, verified.",
    "import": "Make a folder of recordings of a public set or a table of sounds.",
    "split": "Cut long takes of many words into recordings of one word each, to be cleaned then.",
    "clean": "Cut every recording to the second that holds its word, and find what is wrong with it.",
    "audit": "Find labels that are probably wrong, and what the clips sound like instead.",
    "explain": "Show one recording the way cleaning sees it: measurements, findings, picture.",
    "map": "Draw all clips as a map on which like sounds lie close together.",
    "shard": "Write a clean folder as tar archives with a Parquet table.",
    "review": "Look at clips, listen to them and decide, on a page in the browser.",
    "extract": "Turn a clean folder into log-mel features.",
    "models": "List the networks, what they cost and how accurate they are.",
    "train": "Train a network to tell words apart.",
    "tune": "Look for better settings: train many times, keep the best.",
    "export": "Write a training run as one .tflite file for a Raspberry Pi, a phone or a laptop.",
    "evaluate": "Measure a .tflite model on a folder of labeled clips.",
    "predict": "Say which word a sound file holds.",
    "listen": "Recognize words in a microphone, a file or a pipe.",
    "score-stream": "Measure misses and false accepts per hour on long streams.",
    "set-thresholds": "Write thresholds into a model file that keep false accepts rare.",
    "publish": "Write clips as a data set for everybody, with its card and without names.",
    "web": "Serve a page that recognizes words in the browser, on a laptop or a phone.",
    "demo": "See all of it work, on recordings it makes itself: a few minutes, offline.",
}
_INTERRUPTED, _READER_GONE, _TERMINATED = 130, 141, 143
_MISSING_EXTRA = "{name} is not installed: run `pip install 'wordspot[{extra}]'`"
_EXTRA_OF = {
    "optuna": "tune",
    "sqlalchemy": "tune",
    "espeakng_loader": "voices",
    "sounddevice": "mic",
    "av": "media",
    "pyarrow": "shards",
    "distributed": "cluster",
    "fsspec": "buckets",
    "upath": "buckets",
    "cleanlab": "audit",
    "sklearn": "audit",
}


class _Commands(click.Group):
    """The commands by name; only the module of the one that is called is imported, so that help starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return import_module(f".commands.{cmd_name.replace('-', '_')}", __package__).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, param: click.Parameter, chosen: bool) -> None:
    if chosen:
        from importlib.metadata import version  # here, because it takes as long to load as Python itself

        print(version("wordspot"))
        ctx.exit()


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    no_args_is_help=True,
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def main_group() -> None:
    """Turn a folder of spoken words into a recognizer for a Raspberry Pi, a phone or a laptop.

    Begin with: wordspot demo
    """


def main() -> None:
    """Entry point of the console script."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # the products that NumPy is given here are small: threads that wait for their part cost more than they do
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # those of libraries, which a user can do nothing about
    show_notes()
    _open_closed_streams()
    _tidy_up_at_sigterm()
    try:
        try:
            run(sys.argv[1:])
        finally:
            sys.stdout.flush()  # a full disk or a pipe without a reader is found out here
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads any more; say no more
        sys.exit(_READER_GONE)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what could not be written is not tried again
        _fail(_in_words(error))
    except KeyboardInterrupt as interruption:
        _fail(f"interrupted; {str(interruption) or 'nothing is lost'}", _INTERRUPTED)


def _tidy_up_at_sigterm() -> None:
    """SIGTERM ends this process by that signal still, but as Ctrl-C does: what is in folders for temporary files goes first.

    A second one ends it at once, and so does the first in processes that are forked from this one.
    """
    owner, ending = os.getpid(), []

    def end_by_signal() -> None:
        if ending and os.getpid() == owner:
            os.kill(owner, signal.SIGTERM)

    def begin_to_end(number: int, frame: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if os.getpid() != owner:
            os.kill(os.getpid(), signal.SIGTERM)
        ending.append(number)
        sys.exit(_TERMINATED)

    signal.signal(signal.SIGTERM, begin_to_end)
    atexit.register(end_by_signal)  # before libraries register theirs, which run before it


def run(arguments: Sequence[str]) -> None:
    """Runs one command line; what a user can cause ends in one line on standard error and a `SystemExit`.

    Raises
    ------
    BrokenPipeError
        Nobody reads standard output any more.
    KeyboardInterrupt
        Of Ctrl-C, with what became of the work where a command has something to say of it.
    """
    from ..data.errors import WordspotError

    try:
        # not click's own `main`, which takes a pipe without a reader for a failure
        with main_group.make_context("wordspot", list(arguments)) as context:
            main_group.invoke(context)
    except WordspotError as error:
        _fail(str(error))
    except click.exceptions.Exit as end:
        if end.exit_code:
            sys.exit(end.exit_code)
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        _fail_for_missing_module(error)
        raise
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(_in_words(error))


def _open_closed_streams() -> None:
    """Gives a process that was started without standard streams ones that swallow everything."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            descriptor = os.open(os.devnull, os.O_RDONLY if name == "stdin" else os.O_WRONLY)
            if descriptor != number:  # so that no file that is opened later takes the number, and gets what is printed
                os.dup2(descriptor, number)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 it stays open


def _fail(message: str, status: int = 1) -> NoReturn:
    with suppress(OSError):  # of a full disk behind standard error, too
        print(f"wordspot: {message}", file=sys.stderr)
    sys.exit(status)


def _fail_for_missing_module(error: ModuleNotFoundError) -> None:
    """Says which extra brings a module that is not part of the base install; returns for any other module."""
    name = (error.name or "").split(".")[0]
    if name and not name.startswith("wordspot"):
        _fail(_MISSING_EXTRA.format(name=name, extra=_EXTRA_OF.get(name, "train")))


def _in_words(error: Any) -> str:
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
