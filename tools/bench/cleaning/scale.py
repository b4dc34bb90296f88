"""Cleaning a hundred thousand recordings, or a million: memory, and whether the cost of one stays the same."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
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
@click.option("--dry-run", "dry_run", is_flag=True, help="Write no clips, of which a million take 32 GB.")
def command(source: Path, sizes: tuple[int, ...], jobs: int, dry_run: bool) -> None:
    """Clean folders of links to the recordings as 16-bit WAV; print what a thousand cost, and peak memory (Linux only)."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        originals = [path for path in write_as_wav(source, work / "originals") if is_word(path.parent.name)]
        for size in sizes or (10_000, 100_000):
            recordings = work / f"recordings-{size}"
            _link(originals, recordings, size)
            cost = measure(recordings, work / f"clips-{size}", "--jobs", str(jobs), *(["--dry-run"] if dry_run else []))
            OUT.print(
                f"{size:,} recordings: {cost.seconds:.1f} s, {1000 * cost.seconds / size:.2f} s a thousand "
                f"({1000 * cost.processor_s / size:.2f} s of processor time), {cost.parent_mb:.0f} MB in the parent, "
                f"{cost.peak_mb:.0f} MB with its workers"
            )


def _link(originals: list[Path], destination: Path, size: int) -> None:
    for number in range(size):
        original = originals[number % len(originals)]
        folder = destination / original.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        os.link(original, folder / f"{original.stem}_{number // len(originals)}.wav")


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds by the clock and of the processors, and the most memory at any moment.

    Attributes
    ----------
    parent_mb
        What the process that was started has held.
    peak_mb
        What it and its workers have held together, shared pages counted once.
    """

    seconds: float
    processor_s: float
    parent_mb: float
    peak_mb: float


def measure(source: Path, destination: Path, *options: str) -> Cost:
    """Cleans in a process of its own."""
    command = [sys.executable, "-m", "wordspot.tools.cli", "clean", source, destination, "--quiet", *options]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process, peak_kb, parent_kb = subprocess.Popen(command), 0, 0
    while process.poll() is None:
        peak_kb = max(peak_kb, sum(map(_proportional_kb, _family(process.pid))))
        parent_kb = max(parent_kb, _kb(f"/proc/{process.pid}/status", "VmHWM:"))
        time.sleep(_EVERY_S)
    if process.returncode:
        raise SystemExit(process.returncode)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - began, processor_s, parent_kb / 1024, peak_kb / 1024)


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
    return _kb(f"/proc/{pid}/smaps_rollup", "Pss:")


def _kb(path: str, name: str) -> int:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    command()
