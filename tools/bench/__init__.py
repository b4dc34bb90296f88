"""Measurements, apart from the tests: `python -m wordspot.tools.bench.<name> --help`."""

import subprocess
import sys


def run_wordspot(*arguments: object) -> None:
    """Runs the command line in a process of its own, without its output."""
    command = [sys.executable, "-m", "wordspot.tools.cli", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
