"""What the models that ship do on an open microphone: running speech, noise and tones, and words alone or while somebody talks.

None of the sound was trained on: every third speaker of the read speech, validation speakers' words, the held-out part of the
background noise.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ....data.arrays import Samples, to_samples
from ....data.audio import SAMPLE_RATE_HZ, read_sound
from ....data.clips import read_clip_table
from ....data.recordings.folders import scan_recordings
from ....data.splits import assign_splits, split_long_sound
from ....models import pretrained
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.device.stream import SETTINGS, StreamSettings, thresholds_of
from ....pipeline.scoring.confusion import wilson_interval
from ....pipeline.scoring.stream_mix import MixSettings, Stream, mix_streams
from ....pipeline.scoring.stream_score import StreamScore, count
from ....pipeline.scoring.streams import candidates_of
from ....pipeline.signal.noise import SPECTRAL_EXPONENTS, colored_noise
from ...release.negatives import HELD_OUT_EACH
from ...release.steps import RECORDINGS, WORDS
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from .. import run_wordspot

_MIX = MixSettings(hours=0.5, stream_minutes=10, words_per_hour=900, others_per_hour=0)
_MINUTE = 60 * SAMPLE_RATE_HZ
_PITCHES_HZ = (60, 120, 220, 440, 1_000, 1_500, 2_000, 3_000)


@declare
@argument("data", metavar="SHARED", help="Folder with Speech Commands and read_speech.")
@argument("work", metavar="WORK", help="Folder for the cleaned clips; what is there is used again.")
@click.option(
    "--model", "models", multiple=True, help="A model file to judge instead of those that ship; may be repeated."
)
def command(data: Path, work: Path, models: tuple[str, ...]) -> None:
    """Print false accepts per hour, and the share of the words that is detected, with the settings of `wordspot listen`."""
    words, noises = _words(data, work), _held_out_noise(data / RECORDINGS[0])
    speech = [read_sound(path).samples for path in sorted((data / "read_speech").glob("*.opus"))[::HELD_OUT_EACH]]
    kinds = {
        "read speech": [Stream("", 0, samples, []) for samples in speech],
        "noise, tones": [Stream("", 0, samples, []) for samples in (*noises, *_made_sounds())],
        "20 dB": list(mix_streams(words, [], noises, [20], _MIX, SAMPLE_RATE_HZ)),
        "10 dB": list(mix_streams(words, [], noises, [10], _MIX, SAMPLE_RATE_HZ)),
        "over talk": list(mix_streams(words, [], speech, [20], _MIX, SAMPLE_RATE_HZ)),
    }
    table = Table("model", *kinds, "delay", box=None)
    for name in models or pretrained.NAMES:
        for setting, settings in {"": StreamSettings(), **SETTINGS}.items():
            table.add_row(f"{name} {setting}", *_judge(Recognizer.load(name), kinds, settings))
    OUT.print(table, soft_wrap=False)


def _judge(recognizer: Recognizer, kinds: dict[str, list[Stream]], settings: StreamSettings) -> list[str]:
    thresholds = thresholds_of(recognizer, settings.threshold)
    cells, delays_s = [], []
    for streams in kinds.values():
        score = count(
            [candidates_of(recognizer, stream, settings) for stream in streams], recognizer.labels, thresholds
        )
        delays_s += score.together.delays_s
        cells.append(_cell(score))
    return [*cells, f"{np.median(delays_s):.2f} s"]


def _cell(score: StreamScore) -> str:
    together = score.together
    if not together.said:
        return f"{score.false_accepts_per_hour:.1f}/h ({together.false_accepts} in {score.hours:.2f} h)"
    low, high = wilson_interval(together.hits / together.said, together.said)
    return f"{together.hits / together.said:.1%} ({low:.1%} to {high:.1%}) of {together.said}"


def _words(data: Path, work: Path) -> list[tuple[str, Samples]]:
    """The ten words of validation speakers, cleaned."""
    found = []
    for source in RECORDINGS:
        run_wordspot("clean", data / source, work / source, "--quiet")
        clips = read_clip_table(work / source)
        splits = assign_splits(clips, work / source)
        chosen = [
            clip for clip, split in zip(clips, splits, strict=True) if split == "validation" and clip.label in WORDS
        ]
        found += [(clip.label, read_sound(work / source / clip.file_name).samples) for clip in chosen]
    return _evened(found)


def _evened(words: Sequence[tuple[str, Samples]]) -> list[tuple[str, Samples]]:
    """As many clips of each word as there are of the rarest."""
    by_label = {label: [one for one in words if one[0] == label] for label in WORDS}
    least = min(map(len, by_label.values()))
    rng = np.random.default_rng(0)
    return [some[int(i)] for some in by_label.values() for i in rng.permutation(len(some))[:least]]


def _held_out_noise(folder: Path) -> list[Samples]:
    noises = [recording for recording in scan_recordings(folder) if recording.is_long_sound]
    sounds = [read_sound(folder / recording.path).samples for recording in noises]
    return [sound[split_long_sound(len(sound), "training", SAMPLE_RATE_HZ).stop :] for sound in sounds]


def _made_sounds() -> Iterator[Samples]:
    """A minute each of colored noise, tones that come and go, hum, clicks and digital silence."""
    rng, time_s = np.random.default_rng(1), np.arange(_MINUTE) / SAMPLE_RATE_HZ
    for exponent in SPECTRAL_EXPONENTS[::4]:
        yield to_samples(0.2 * colored_noise(_MINUTE, exponent, rng))
    for pitch_hz in _PITCHES_HZ:
        yield to_samples(0.2 * np.sin(2 * np.pi * pitch_hz * time_s) * (time_s % 7 < 4))
    yield to_samples(np.sum([0.1 / k * np.sin(2 * np.pi * 50 * k * time_s) for k in range(1, 12)], axis=0))
    clicks = np.zeros(_MINUTE)
    clicks[rng.integers(0, _MINUTE, 150)] = rng.uniform(-0.99, 0.99, 150)
    yield to_samples(clicks + rng.normal(0, 1e-3, _MINUTE))
    yield np.zeros(_MINUTE, np.int16)


if __name__ == "__main__":
    command()
