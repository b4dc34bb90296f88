"""What listening costs: processor time, memory and start-up of a detector, beside the plain way and pymicro-wakeword."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from ....data.audio import SAMPLE_RATE_HZ, read_sound
from ....models import pretrained
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.device.stream import Detector
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from .. import run_wordspot

_ROUNDS = 5
_STREAM = ("--hours", 0.05, "--stream-minutes", 3)
_BLOCK = SAMPLE_RATE_HZ // 10  # samples: one hop, as a microphone brings them
_SUFFIXES = {"float": ".tflite", "int8": "_int8.tflite"}
_MICRO = Path(__file__).with_name("micro_wake_word.py")
_HEADINGS = "| | ms of one core per second of sound | times pymicro-wakeword | start-up, processor time | peak memory |"


@declare
@argument("source", help="Folder of recordings with background noise.")
@click.option(
    "--hours",
    "hours",
    type=float,
    default=24,
    show_default=True,
    help="How long the simulated listening lasts; 0 for none.",
)
def command(source: Path, hours: float) -> None:
    """Measure what it costs to listen; every figure is processor time, of processes that take turns."""
    with tempfile.TemporaryDirectory() as folder:
        run_wordspot("score-stream", source, *_STREAM, "--out", folder)
        samples = read_sound(next(Path(folder).glob("*.wav"))).samples
        sound = Path(folder) / "stream.raw"
        sound.write_bytes(samples.tobytes())
        _print(_measure(sound), len(samples) / SAMPLE_RATE_HZ)
        if hours:
            _listen_long(sound, hours)


def _measure(sound: Path) -> dict[str, list[dict[str, float]]]:
    """What each contestant cost in each round, by its name."""
    contestants = {"pymicro-wakeword, one word": [_MICRO, sound, 2 * _BLOCK]}
    for name in pretrained.NAMES:
        for kind, suffix in _SUFFIXES.items():
            path = pretrained.path_of(name, suffix)
            for way in _WAYS:
                contestants[f"{name}, {kind}, {way}"] = ["-m", __spec__.name, way, path, sound]
    costs: dict[str, list[dict[str, float]]] = {name: [] for name in contestants}
    for _ in range(_ROUNDS):
        for name, arguments in contestants.items():
            done = subprocess.run([sys.executable, *map(str, arguments)], check=True, stdout=subprocess.PIPE)
            costs[name].append(json.loads(done.stdout))
    return costs


def _print(costs: dict[str, list[dict[str, float]]], seconds: float) -> None:
    def median(name: str, figure: str) -> float:
        return statistics.median(cost[figure] for cost in costs[name])

    first = median(next(iter(costs)), "cost_s")
    OUT.print(_HEADINGS)
    OUT.print("| --- | --- | --- | --- | --- |")
    for name in costs:
        cost_s, ready_s, peak_mb = (median(name, figure) for figure in ("cost_s", "ready_s", "peak_mb"))
        OUT.print(
            f"| {name} | {1e3 * cost_s / seconds:.2f} | {cost_s / first:.2f} | {ready_s:.2f} s | {peak_mb:.0f} MB |"
        )


def _stream(path: Path) -> Callable[[np.ndarray], object]:
    return Detector(Recognizer.load(path)).feed


def _whole_seconds(path: Path) -> Callable[[np.ndarray], object]:
    """The plain way: the last second through `classify`, every hop."""
    recognizer = Recognizer.load(path)
    window = np.zeros(recognizer.clip_samples, np.int16)

    def feed(block: np.ndarray) -> np.ndarray:
        window[: -len(block)] = window[len(block) :]
        window[-len(block) :] = block
        return recognizer.classify(window)

    return feed


_WAYS = {"stream": _stream, "whole seconds": _whole_seconds}


def _contest(way: str, path: str, sound: str) -> dict[str, float]:
    """One contestant, in a process of its own."""
    feed = _WAYS[way](Path(path))
    ready_s = time.process_time()
    samples = np.fromfile(sound, np.int16)
    began_s = time.process_time()
    _feed(feed, samples)
    return {"ready_s": ready_s, "cost_s": time.process_time() - began_s, "peak_mb": _memory_mb("VmHWM")}


def _feed(feed: Callable[[np.ndarray], Any], samples: np.ndarray) -> None:
    for start in range(0, len(samples) - _BLOCK + 1, _BLOCK):
        feed(samples[start : start + _BLOCK])


def _listen_long(sound: Path, hours: float) -> None:
    """The same sound again and again, faster than it would come: neither time nor memory may grow."""
    samples = np.fromfile(sound, np.int16)
    feed = _stream(pretrained.path_of(pretrained.DEFAULT))
    times = round(3_600 * SAMPLE_RATE_HZ / len(samples))
    for hour in range(1, round(hours) + 1):
        began_s = time.process_time()
        for _ in range(times):
            _feed(feed, samples)
        cost_ms = 1e3 * (time.process_time() - began_s) / 3_600
        OUT.print(
            f"{pretrained.DEFAULT}, hour {hour}: {cost_ms:.2f} ms per second of sound, {_memory_mb('VmRSS'):.1f} MB"
        )


def _memory_mb(name: str) -> float:
    """What Linux says of this process: VmHWM, its peak, or VmRSS, what it has now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in _WAYS:
        print(json.dumps(_contest(*sys.argv[1:])))
    else:
        command()
