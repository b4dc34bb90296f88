"""Cleaning a hundred thousand recordings: memory, and whether the cost of one stays the same."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from ....data.labels import is_word
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from .. import write_as_wav

_EVERY_S = 0.5


@declare
@argument("source", help="Folder of recordings.")
@click.option(
    "--size", "sizes", multiple=True, type=int, help="How many recordings; may be repeated. [default: 10000, 100000]"
)
@click.option("--jobs", "-j", "jobs", type=int, default=2, show_default=True)
def command(source: Path, sizes: tuple[int, ...], jobs: int) -> None:
    """Clean folders of links to the recordings as 16-bit WAV; print seconds a thousand, and peak memory (Linux only)."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        originals = [path for path in write_as_wav(source, work / "originals") if is_word(path.parent.name)]
        for size in sizes or (10_000, 100_000):
            recordings = work / f"recordings-{size}"
            _link(originals, recordings, size)
            seconds, peak_mb = _clean(recordings, work / f"clips-{size}", jobs)
            OUT.print(
                f"{size:,} recordings: {seconds:.1f} s, {1000 * seconds / size:.2f} s a thousand, {peak_mb:.0f} MB"
            )


def _link(originals: list[Path], destination: Path, size: int) -> None:
    for number in range(size):
        original = originals[number % len(originals)]
        folder = destination / original.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        os.link(original, folder / f"{original.stem}_{number // len(originals)}.wav")


def _clean(source: Path, destination: Path, jobs: int) -> tuple[float, float]:
    """Seconds, and the largest sum of what the process and its workers hold in memory, shared pages counted once."""
    command = [sys.executable, "-m", "wordspot.tools.cli", "clean", source, destination, "--quiet", "--jobs", str(jobs)]
    began, peak_kb = time.monotonic(), 0
    process = subprocess.Popen(command)
    while process.poll() is None:
        peak_kb = max(peak_kb, sum(map(_proportional_kb, _family(process.pid))))
        time.sleep(_EVERY_S)
    if process.returncode:
        raise SystemExit(process.returncode)
    return time.monotonic() - began, peak_kb / 1024


def _family(pid: int) -> list[int]:
    """A process and all its descendants, as far as they still live."""
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]
    except OSError:
        return []
    return [pid, *(descendant for child in children for descendant in _family(child))]


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def _proportional_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    command()
