"""How fast and how large: cleaning beside `cp -r` and a version before, extraction, start-up, `predict` and `classify`."""

import cProfile
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np

from ....data.audio import SAMPLE_RATE_HZ
from ....data.recordings.folders import scan_recordings
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.ingest.clean import clean
from ...terminal.console import OUT
from ...terminal.options import PATH, argument, declare
from .. import run_wordspot, write_as_wav

_ROUNDS = 5
_CLASSIFICATIONS = 300
_BY_LIBROSA = 1_000
_STAGES = {
    "planning": [("in_place", "scan_source"), ("plan", "plan_clips"), ("destination", "check_apart")],
    "reading": [("in_place", "read_or_error")],
    "measuring": [("clip_maker", "_measured")],
    "writing clips": [("wav", "write_wav"), ("clean", "_take_note")],
    "comparing duplicates": [("fingerprints", "groups")],
    "tables and report": [("clean", "_finish")],
}


@declare
@argument("source", help="Folder of recordings.")
@click.option(
    "--before",
    "before",
    type=PATH,
    metavar="FOLDER",
    help="Folder that holds a checkout of another version under the name `wordspot`, to be timed in turns.",
)
@click.option("--rounds", "rounds", type=click.IntRange(1, None), default=5, show_default=True)
@click.option("--model", "models", multiple=True, type=PATH, help="A .tflite file to time; may be repeated.")
def command(source: Path, before: Path | None, rounds: int, models: tuple[Path, ...]) -> None:
    """Measure speed, size and memory on this machine; every ratio is of alternating runs."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        count = len(write_as_wav(source, work / "recordings"))
        _measure_cleaning(work, count, before, rounds)
        _measure_stages(work)
        _measure_extraction(work, before, rounds)
    _measure_start_up()
    for model in models or []:
        _measure_model(model, source)


def _measure_cleaning(work: Path, count: int, before: Path | None, rounds: int) -> None:
    loop, count_of_loop = _librosa_loop(work / "recordings")
    actions = {
        "cp -r": (lambda out: subprocess.run(["cp", "-r", work / "recordings", out], check=True), count),
        "loop of librosa.load, effects.trim, soundfile.write": (loop, count_of_loop),
        "wordspot clean --jobs 1": (_cleaning(work / "recordings", 1), count),
        "wordspot clean --jobs 2": (_cleaning(work / "recordings", 2), count),
    }
    if before:
        actions["wordspot clean --jobs 2, before"] = (_cleaning(work / "recordings", 2, before), count)
    costs = {name: [] for name in actions}
    for _ in range(rounds):
        for name, (action, recordings) in actions.items():
            costs[name].append(np.array(_cost_of_writing(action, work)) / recordings)
    medians = {name: np.median(values, axis=0) for name, values in costs.items()}
    copying, looping = list(medians.values())[:2]
    for name, median in medians.items():
        by_clock, by_processor = copying / median
        wall, cpu = count * median
        OUT.print(
            f"{name}: {wall:.2f} s ({cpu:.2f} s of processor time), {1 / median[0]:,.0f} recordings/s, "
            f"{1 / by_clock:.2f} times cp -r ({1 / by_processor:.2f}), "
            f"{(looping / median)[0]:.2f} times as fast as the loop ({(looping / median)[1]:.2f})"
        )


def _cleaning(recordings: Path, jobs: int, version: Path | None = None) -> Callable[[Path], None]:
    return lambda out: run_wordspot("clean", recordings, out, "--quiet", "--jobs", jobs, version=version)


def _measure_stages(work: Path) -> None:
    """Where the time of cleaning goes, by the profiler, in this process: it makes Python dearer beside NumPy than it is."""
    profile = cProfile.Profile(time.process_time)
    profile.runcall(clean, work / "recordings", work / "profiled")
    profile.create_stats()
    seconds = {(Path(file).stem, name): cost[3] for (file, _, name), cost in profile.stats.items()}  # type: ignore[attr-defined]
    whole = seconds["clean", "clean"]
    shares = ((stage, sum(seconds[function] for function in functions)) for stage, functions in _STAGES.items())
    OUT.print("where its time goes: " + ", ".join(f"{stage} {share / whole:.0%}" for stage, share in shares))


def _librosa_loop(folder: Path) -> tuple[Callable[[Path], None], int]:
    """What people write who have no cleaner: load, trim, write, one after the other; and of how many recordings."""
    import librosa
    import soundfile

    recordings = [recording for recording in scan_recordings(folder) if not recording.is_long_sound]
    chosen = recordings[:: max(1, len(recordings) // _BY_LIBROSA)]
    librosa.effects.trim(librosa.load(folder / chosen[0].path, sr=SAMPLE_RATE_HZ)[0])  # it compiles first

    def loop(out: Path) -> None:
        for recording in chosen:
            samples, _ = librosa.load(folder / recording.path, sr=SAMPLE_RATE_HZ)
            trimmed = out / recording.path
            trimmed.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(trimmed, librosa.effects.trim(samples)[0], SAMPLE_RATE_HZ)

    return loop, len(chosen)


def _cost_of_writing(action: Callable[[Path], object], work: Path) -> tuple[float, float]:
    """Seconds by the clock, and of the processors, of an action that fills a new folder.

    What others wrote is on the disk before it begins. Nothing is removed before all is measured: for minutes afterwards
    ext4 passes over the places of removed files one by one, which can cost more than everything that is measured.
    """
    os.sync()
    out = Path(tempfile.mkdtemp(dir=work)) / "out"
    before = sum(os.times()[:4])
    return _seconds(lambda: action(out)), sum(os.times()[:4]) - before


def _measure_extraction(work: Path, before: Path | None, rounds: int) -> None:
    run_wordspot("clean", work / "recordings", work / "clips", "--quiet")
    clips = sum(1 for _ in (work / "clips" / "metadata.csv").open()) - 1
    _copy_one_clip(work / "clips", work / "one")
    versions = {"wordspot extract": None} | ({"wordspot extract, before": before} if before else {})
    costs = {name: [] for name in versions}
    for _ in range(rounds):
        for name, version in versions.items():
            folders = work / "clips", work / "one"
            costs[name].append([_cost_of_writing(partial(_extract, folder, version), work) for folder in folders])
    for name, values in costs.items():
        (seconds, cpu), (start, start_cpu) = np.median(values, axis=0)
        OUT.print(
            f"{name}: {seconds:.2f} s ({cpu:.2f} s of processor time), {clips / seconds:,.0f} clips/s; of one clip "
            f"{start:.2f} s ({start_cpu:.2f}), so {clips / (seconds - start):,.0f} clips/s after the first"
        )


def _copy_one_clip(clips: Path, folder: Path) -> None:
    """A clean folder with the first clip alone: what it costs to begin."""
    header, row = (clips / "metadata.csv").read_text().splitlines()[:2]
    name = row.split(",")[0]
    (folder / name).parent.mkdir(parents=True)
    (folder / "metadata.csv").write_text(f"{header},split\n{row},training\n")
    shutil.copy(clips / name, folder / name)


def _extract(clips: Path, version: Path | None, out: Path) -> None:
    run_wordspot("extract", clips, out, "--quiet", version=version)


def _measure_start_up() -> None:
    for arguments in (("--help",), ("clean", "--help"), ("predict", "--help"), ("train", "--help")):
        seconds = statistics.median(_seconds(lambda: run_wordspot(*arguments)) for _ in range(_ROUNDS))  # noqa: B023
        OUT.print(f"wordspot {' '.join(arguments)}: {seconds:.2f} s")


def _measure_model(model: Path, source: Path) -> None:
    recognizer = Recognizer.load(model)
    recording = next(recording for recording in scan_recordings(source) if not recording.is_long_sound)
    waveform = np.random.default_rng(0).normal(0, 0.1, recognizer.clip_samples).astype(np.float32)
    times = [_seconds(lambda: recognizer.classify(waveform)) for _ in range(_CLASSIFICATIONS)]
    peak_mb, seconds = _peak_of_predict(model, source / recording.path)
    OUT.print(
        f"{model}: {model.stat().st_size:,} bytes, classify {1000 * statistics.median(times):.2f} ms on one thread, "
        f"wordspot predict {seconds:.2f} s and {peak_mb:.0f} MB at its peak"
    )


def _peak_of_predict(model: Path, file: Path) -> tuple[float, float]:
    """Megabytes and seconds of `wordspot predict`, in a process of its own so that its peak is its own."""
    code = (
        "import json, resource, subprocess, sys, time; began = time.perf_counter();"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(json.dumps([resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, time.perf_counter() - began]))"
    )
    predict = [sys.executable, "-m", "wordspot.tools.cli", "predict", str(model), str(file)]
    answer = subprocess.run([sys.executable, "-c", code, *predict], check=True, capture_output=True, text=True)
    peak, seconds = json.loads(answer.stdout)
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), seconds


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    command()
