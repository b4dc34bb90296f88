"""Measurements, apart from the tests: `python -m wordspot.tools.bench.<name> --help`."""

import os
import subprocess
import sys
from pathlib import Path

from ...data.audio import read_sound, write_wav
from ...data.recordings.folders import scan_recordings


def run_wordspot(*arguments: object, version: Path | None = None) -> None:
    """Runs the command line in a process of its own, without its output; another version where a folder holds one."""
    command = [sys.executable, "-m", "wordspot.tools.cli", *map(str, arguments)]
    there = {"PYTHONPATH": str(version.resolve())} if version else {}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | there)


def write_as_wav(source: Path, destination: Path) -> list[Path]:
    """Writes all recordings of a folder as 16-bit WAV, so that decoding FLAC is not what is measured; gives their paths."""
    paths = []
    for recording in scan_recordings(source):
        paths.append((destination / recording.path).with_suffix(".wav"))
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        write_wav(paths[-1], read_sound(source / recording.path).samples)
    return paths
