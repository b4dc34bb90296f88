"""A wake word of one's own: 50 recordings of it, all defaults from `clean` to `listen`, judged on other people.

The word is "happy", one recording by each of 50 training speakers; beside it 50 of each of three other words, 80 of each of a
dozen, and background noise. Judged on the same word by validation speakers alone in held-out noise, 20 and 10 dB below
it, and on the read speech of every third speaker, who train nothing that ships; who says the word is left out.
"""

import shutil
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ....data.arrays import Samples
from ....data.audio import SAMPLE_RATE_HZ, read_sound
from ....data.clips import Clip, list_clips, read_clip_table
from ....data.recordings.folders import scan_recordings
from ....data.splits import assign_splits, split_long_sound
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.device.stream import StreamSettings, thresholds_of
from ....pipeline.scoring.confusion import wilson_interval
from ....pipeline.scoring.stream_mix import MixSettings, Stream, mix_streams
from ....pipeline.scoring.stream_score import StreamScore, count
from ....pipeline.scoring.streams import candidates_of
from ....pipeline.scoring.threshold_choice import most_per_hour
from ...release.negatives import HELD_OUT_EACH
from ...release.steps import RECORDINGS
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from .. import run_wordspot

WORD = "happy"
_PEOPLE = "people"
_CLIPS = 50
_NOISE = "_background_noise_"
_OTHERS = dict.fromkeys(("zero", "eight", "five"), 50) | dict.fromkeys(
    ("bed", "cat", "one", "go", "left", "right", "up", "down", "yes", "no", "stop", "on"), 80
)
_MIX = MixSettings(hours=0.3, stream_minutes=6, words_per_hour=900, others_per_hour=0)
_SNRS_DB = (20, 10)


@declare
@argument("data", metavar="SHARED", help="Folder with Speech Commands and read_speech.")
@argument("work", metavar="WORK", help="Folder for what is made on the way; finished runs are kept.")
@click.option("--seeds", "seeds", type=int, default=3, show_default=True, help="How many draws of recordings.")
@click.option(
    "--voices",
    type=click.Choice([_PEOPLE, "synthetic", "both"]),
    default=_PEOPLE,
    show_default=True,
    help="Whose recordings of the word are trained on: people's, those of `wordspot say`, or both.",
)
@click.option("--train-option", "options", multiple=True, help="One more option of `wordspot train`; may be repeated.")
def command(data: Path, work: Path, seeds: int, voices: str, options: tuple[str, ...]) -> None:
    """Print false accepts per hour of read speech, and the share of the words that is detected, with all defaults."""
    table = Table("seed", "read speech", *(f"{snr} dB" for snr in _SNRS_DB), "thresholds", box=None)
    streams = to_judge(data, work)
    for seed in range(seeds):
        folder = work / (str(seed) if voices == _PEOPLE else f"{seed}-{voices}")
        model = _made(data, folder, seed, voices, options)
        table.add_row(str(seed), *judge(Recognizer.load(model), streams))
    OUT.print(table)


def _made(data: Path, work: Path, seed: int, voices: str, options: tuple[str, ...]) -> Path:
    """The model file of a draw, made by the command line as a person would."""
    recordings, clips, run = work / "recordings", work / "clips", work / " ".join(("run", *options))
    model = run / "model.tflite"
    if not recordings.is_dir():
        for clip in draw(data, seed):
            if clip.label == WORD and voices == "synthetic":
                continue
            place = recordings / clip.label / Path(clip.file_name).name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data / clip.file_name, place)
        shutil.copytree(data / RECORDINGS[0] / _NOISE, recordings / _NOISE)
        if voices != _PEOPLE:
            run_wordspot("say", recordings, "--words", WORD)
    if not model.is_file():
        run_wordspot("clean", recordings, clips, "--quiet")
        run_wordspot("train", clips, "--words", WORD, "--run", run, "--resume", *options)
        run_wordspot("export", run)
    return model


def draw(data: Path, seed: int) -> list[Clip]:
    """Recordings by training speakers, one a speaker and word, their names relative to `data`; as they come, not cleaned."""
    rng = np.random.default_rng(seed)
    chosen = []
    by_label: dict[str, dict[str, Clip]] = {}
    for clip in _recordings(data, "training"):
        by_label.setdefault(clip.label, {})[clip.speaker] = clip
    for label, many in ({WORD: _CLIPS} | _OTHERS).items():
        speakers = sorted(by_label[label])
        chosen += [by_label[label][speakers[int(i)]] for i in rng.permutation(len(speakers))[:many]]
    return chosen


def _recordings(data: Path, split: str) -> list[Clip]:
    found = []
    for source in RECORDINGS:
        clips = list_clips(data / source)
        splits = assign_splits(clips, data / source)
        found += [
            Clip(f"{source}/{clip.file_name}", clip.label, clip.speaker)
            for clip, its in zip(clips, splits, strict=True)
            if its == split
        ]
    return found


def to_judge(data: Path, work: Path) -> dict[str, list[Stream]]:
    """Read speech, and the word in noise at each ratio."""
    words, noises = _words(data, work), _held_out_noise(data / RECORDINGS[0])
    texts = sorted((data / "read_speech").glob("*.txt"))[::HELD_OUT_EACH]
    quiet = [text for text in texts if WORD not in text.read_text(encoding="utf-8").casefold().split()]
    speech = [read_sound(text.with_suffix(".opus")).samples for text in quiet]
    return {
        "read speech": [Stream("", 0, samples, []) for samples in speech],
        **{f"{snr} dB": list(mix_streams(words, [], noises, [snr], _MIX, SAMPLE_RATE_HZ)) for snr in _SNRS_DB},
    }


def _words(data: Path, work: Path) -> list[tuple[str, Samples]]:
    """The word by validation speakers, cleaned."""
    recordings, clips = work / "judged-recordings", work / "judged"
    (recordings / WORD).mkdir(parents=True, exist_ok=True)
    for clip in _recordings(data, "validation"):
        if clip.label == WORD:
            shutil.copyfile(data / clip.file_name, recordings / WORD / Path(clip.file_name).name)
    run_wordspot("clean", recordings, clips, "--quiet")
    return [(clip.label, read_sound(clips / clip.file_name).samples) for clip in read_clip_table(clips)]


def _held_out_noise(folder: Path) -> list[Samples]:
    noises = [recording for recording in scan_recordings(folder) if recording.is_long_sound]
    sounds = [read_sound(folder / recording.path).samples for recording in noises]
    return [sound[split_long_sound(len(sound), "training", SAMPLE_RATE_HZ).stop :] for sound in sounds]


def judge(recognizer: Recognizer, kinds: dict[str, list[Stream]]) -> list[str]:
    """A cell for each kind of streams, and the thresholds, with the defaults of `listen`."""
    settings = StreamSettings()
    thresholds = thresholds_of(recognizer, settings.threshold)
    cells = []
    for streams in kinds.values():
        heard = [candidates_of(recognizer, stream, settings) for stream in streams]
        cells.append(_cell(count(heard, recognizer.labels, thresholds)))
    chosen = ", ".join(f"{label} {value:.2f}" for label, value in recognizer.description.thresholds.items())
    return [*cells, chosen or f"{settings.threshold:.2f}"]


def _cell(score: StreamScore) -> str:
    together = score.together
    if not together.said:
        heard, most = together.false_accepts, most_per_hour(together.false_accepts, score.hours)
        return f"{score.false_accepts_per_hour:.1f}/h ({heard} in {score.hours:.2f} h; at most {most:.1f}/h)"
    low, high = wilson_interval(together.hits / together.said, together.said)
    return f"{together.hits / together.said:.1%} ({low:.1%} to {high:.1%}) of {together.said}"


if __name__ == "__main__":
    command()
