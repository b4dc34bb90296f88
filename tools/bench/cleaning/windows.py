"""Where the window goes: the loudest second and the centered one, on words at known places in real noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ....data.audio import SAMPLE_RATE_HZ, read_sound
from ....data.recordings.folders import Recording, scan_recordings
from ....pipeline.ingest.explain import explain
from ....pipeline.signal.window import fit_to_window
from ....pipeline.signal.word_span import word_span
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ...terminal.progress import progress_bar
from .planting import to_int16

_RULES = ("loudest", "centered")
_SNRS_DB = (20, 10, 5, 0)
_SCENE_S = 3
_LONGEST_WORD_S = 0.9
_MIN_SNR_DB = 30  # of the clip that the word is taken from, so that its span is known


@dataclass(frozen=True)
class Scene:
    """Three seconds of noise with a word in them.

    Attributes
    ----------
    samples
        int16 [48000].
    first, last
        Where the word begins and ends.
    """

    samples: np.ndarray
    first: int
    last: int


@declare
@argument("source", help="Folder of recordings, with background noise.")
@click.option("--words", "words", type=int, default=1000, show_default=True, help="How many words to place.")
@click.option("--seed", "seed", type=int, default=0, show_default=True)
def command(source: Path, words: int, seed: int) -> None:
    """Print, for each noise level, the share of words wholly inside the window and how far off its center they are."""
    rng = np.random.default_rng(seed)
    recordings = scan_recordings(source)
    noises = [read_sound(source / recording.path).samples for recording in recordings if recording.is_long_sound]
    spoken = [recording for recording in recordings if not recording.is_long_sound]
    placed = list(progress_bar("choosing words")(_words(source, spoken, words, rng), words))
    OUT.print(f"{len(placed):,} words, median {np.median([len(word) for word in placed]) / SAMPLE_RATE_HZ:.2f} s long")
    table = Table("SNR", "click", *(f"{rule}: {what}" for what in ("inside", "off by") for rule in _RULES), box=None)
    for snr_db in _SNRS_DB:
        for with_click in (False, True):
            scenes = [_scene(word, noises[rng.integers(len(noises))], snr_db, with_click, rng) for word in placed]
            inside, off = zip(*(_judge(scenes, rule) for rule in _RULES), strict=True)
            cells = [f"{100 * share:.1f}%" for share in inside] + [f"{distance:.0f} ms" for distance in off]
            table.add_row(f"{snr_db} dB", "yes" if with_click else "no", *cells)
    OUT.print(table, soft_wrap=False)


def _words(source: Path, spoken: list[Recording], count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Words cut out of clips that pass every check and whose background is quiet."""
    left = count
    for index in rng.permutation(len(spoken)):
        explanation = explain(source / spoken[index].path)
        snr_db = {result.check.name: result.value for result in explanation.results}.get("low_snr", 0)
        if explanation.outcome != "fine" or not isinstance(snr_db, float) or snr_db < _MIN_SNR_DB:
            continue
        samples = read_sound(source / spoken[index].path).samples
        first, last = word_span(samples, SAMPLE_RATE_HZ)
        if last - first <= _LONGEST_WORD_S * SAMPLE_RATE_HZ:
            yield samples[first:last]
            left -= 1
        if not left:
            return


def _scene(word: np.ndarray, noise: np.ndarray, snr_db: float, with_click: bool, rng: np.random.Generator) -> Scene:
    size = _SCENE_S * SAMPLE_RATE_HZ
    begin = int(rng.integers(len(noise) - size))
    background = noise[begin : begin + size].astype(np.float64)
    power = np.mean(word.astype(np.float64) ** 2) / max(np.mean(background**2), 1e-9)
    samples = background * np.sqrt(power * 10 ** (-snr_db / 10))
    first = int(rng.integers(size - len(word)))
    samples[first : first + len(word)] += word
    if with_click:
        length = int(rng.integers(8, 80))  # 0.5 to 5 ms, dying away
        at = int(rng.integers(size - length))
        samples[at : at + length] += rng.choice([-1, 1], length) * 30_000 * np.exp(-3 * np.arange(length) / length)
    return Scene(to_int16(samples), first, first + len(word))


def _judge(scenes: list[Scene], rule: str) -> tuple[float, float]:
    """Share of words wholly inside, and median distance of the centers in milliseconds."""
    inside, off = [], []
    for scene in scenes:
        _, start = fit_to_window(scene.samples, SAMPLE_RATE_HZ, rule)  # type: ignore[arg-type]
        inside.append(start <= scene.first and scene.last <= start + SAMPLE_RATE_HZ)
        off.append(abs((scene.first + scene.last) / 2 - (start + SAMPLE_RATE_HZ / 2)))
    return float(np.mean(inside)), 1_000 * float(np.median(off)) / SAMPLE_RATE_HZ


if __name__ == "__main__":
    command()
