"""Where commands print: results to standard output, everything said to a person beside them to standard error."""

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # the command line knows what to do; Rich would exit with the status of a mistake


# names of files go through these: no markup in them, and no line breaks, so that a command can be copied
OUT = _Console(highlight=False, markup=False, soft_wrap=True)
ERR = _Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
