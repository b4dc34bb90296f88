"""What a detector makes of streams: mixed from held-out clips, or a recording with a label file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ...data.annotations import read_annotations, write_annotations
from ...data.audio import read_sound, write_wav
from ...data.clips import list_clips
from ...data.errors import RecordingError, WordspotError
from ...data.files import replacing
from ...data.folders import scan_recordings
from ...data.labels import SILENCE, UNKNOWN, is_word
from ...data.splits import SPLITS, assign_splits, split_long_sound
from ...tools.terminal.common import ERR, check_can_become_file, tracker
from ..device.recognizer import Recognizer
from ..device.stream import Detector, StreamSettings
from .stream_mix import MixSettings, Stream, mix_streams
from .stream_score import StreamPosteriors

DATA_HELP = "Clean folder with background noise, or a recording with a label file."
LabelsOption = Annotated[
    Path | None, typer.Option("--labels", metavar="TXT", help="Of a recording: what was said when (default: *.txt).")
]
SplitOption = Annotated[str, typer.Option("--split", help="Speakers: validation, testing, training or all.")]
SnrOption = Annotated[str, typer.Option("--snr-db", help="Decibels of the words above the noise; 20,10,5 for three.")]
_FEW_CLIPS = 10

_LabeledClip = tuple[str, np.ndarray]  # int16 [n]


@dataclass(frozen=True)
class Source:
    """Where streams come from.

    Attributes
    ----------
    data
        A folder `<label>/**/<clip>` with background noise, or a recording.
    labels
        The label file of a recording; None: the file beside it that ends in `.txt`.
    split
        Speakers of the clips.
    snrs_db
        Signal-to-noise ratios to mix at.
    out
        Where to write the mixed streams and their label files, if anywhere.
    """

    data: Path
    labels: Path | None
    split: str
    snrs_db: Sequence[float]
    out: Path | None


def answer_streams(
    recognizer: Recognizer, source: Source, mix: MixSettings, settings: StreamSettings
) -> dict[float | None, list[StreamPosteriors]]:
    """Runs the detector over all streams: {signal-to-noise ratio: answers}; the key is None for a recording.

    Raises
    ------
    WordspotError
        No clips, no words of the model or no background noise in the folder; a label file that does not fit.
    """
    if not source.data.is_dir():
        stream = _own_stream(recognizer, source)
        return {None: [_answers(recognizer, stream, settings)]}
    answers: dict[float | None, list[StreamPosteriors]] = {}
    streams = mixed_streams(recognizer, source, mix)
    count = len(source.snrs_db) * max(1, round(mix.hours * 60 / mix.stream_minutes))
    for stream in tracker("listening")(streams, count):
        if source.out:
            _write(source.out, stream, recognizer.sample_rate_hz)
        answers.setdefault(stream.snr_db, []).append(_answers(recognizer, stream, settings))
    return answers


def mixed_streams(recognizer: Recognizer, source: Source, mix: MixSettings) -> Iterator[Stream]:
    """Streams of a folder's held-out clips over its background noise."""
    words, others = _clips(recognizer, source)
    noises = _noises(recognizer, source)
    return mix_streams(words, others, noises, source.snrs_db, mix, recognizer.sample_rate_hz)


def parse_snrs(text: str) -> list[float]:
    """`20,10` to numbers. Raises `WordspotError` for anything else."""
    try:
        snrs_db = [float(part) for part in text.split(",")]
    except ValueError:
        snrs_db = []
    if not snrs_db or not all(-50 <= snr_db <= 100 for snr_db in snrs_db):
        raise WordspotError(
            f"--snr-db is {text!r}; wanted numbers from -50 to 100 with commas between them, as in 20,10,5"
        )
    return list(dict.fromkeys(snrs_db))


def _clips(recognizer: Recognizer, source: Source) -> tuple[list[_LabeledClip], list[_LabeledClip]]:
    """Clips of the model's words, and of all others."""
    if source.split not in ("all", *SPLITS):
        raise WordspotError(f"--split is {source.split!r}; wanted one of all, {', '.join(SPLITS)}")
    clips = [clip for clip in list_clips(source.data) if is_word(clip.label) or clip.label == UNKNOWN]
    splits = assign_splits(clips, source.data) if source.split != "all" else ["all"] * len(clips)
    clips = [clip for clip, split in zip(clips, splits, strict=True) if split == source.split]
    words: list[_LabeledClip] = []
    others: list[_LabeledClip] = []
    for clip in tracker("reading clips")(clips, len(clips)):
        try:
            samples = read_sound(source.data / clip.file_name, recognizer.sample_rate_hz).samples
        except (RecordingError, FileNotFoundError) as error:
            ERR.print(f"left out, not readable: {clip.file_name}: {error}")
            continue
        (words if clip.label in recognizer.description.words else others).append((clip.label, samples))
    _check_words(recognizer, source, Counter(label for label, _ in words))
    return words, others


def _check_words(recognizer: Recognizer, source: Source, clips: Counter[str]) -> None:
    wanted = recognizer.description.words
    if not clips:
        raise WordspotError(f"{source.data} has no clips of {source.split} speakers that say {', '.join(wanted)}")
    few = [f"{label} ({clips[label]})" for label in wanted if clips[label] < _FEW_CLIPS]
    if few:
        ERR.print(f"note: fewer than {_FEW_CLIPS} clips of {', '.join(few)}: what is said about them rests on little")


def _noises(recognizer: Recognizer, source: Source) -> list[np.ndarray]:
    """The part of each background recording that was not trained on: none of a short one, which is trained on whole."""
    noises = []
    for recording in scan_recordings(source.data):
        if recording.is_long_sound and recording.label not in (UNKNOWN, SILENCE):
            try:
                samples = read_sound(source.data / recording.path, recognizer.sample_rate_hz).samples
            except RecordingError as error:
                ERR.print(f"left out, not readable: {recording.path}: {error}")
                continue
            trained_on = split_long_sound(len(samples), "training", recognizer.clip_samples).stop
            noises.append(samples if source.split == "all" else samples[trained_on:])
    noises = [noise for noise in noises if len(noise)]
    if not noises:
        raise WordspotError(
            f"{source.data} has no background noise that was not trained on (all of a recording shorter than ten clips is): "
            f"put longer recordings of the room without words into {source.data}/_background_noise_"
        )
    return noises


def _own_stream(recognizer: Recognizer, source: Source) -> Stream:
    path = source.labels or source.data.with_suffix(".txt")
    try:
        sound = read_sound(source.data, recognizer.sample_rate_hz)
    except FileNotFoundError as error:
        raise WordspotError(f"{source.data} does not exist: check the spelling") from error
    except RecordingError as error:
        raise WordspotError(f"{source.data}: {error}") from error
    if not path.exists():
        raise WordspotError(
            f"{source.data} needs a label file, a line a word with start, end and label: {path} does not exist; write "
            "it, or name another with --labels"
        )
    spoken = read_annotations(path)
    late = [word for word in spoken if word.end_s > sound.duration_s + 1]
    if late:
        raise WordspotError(
            f"{path} has {late[0].label!r} at {late[0].start_s:g} s, but {source.data} lasts {sound.duration_s:.1f} s: "
            "is it the label file of another recording?"
        )
    _check_length(recognizer, source.data, len(sound.samples))
    return Stream(source.data.stem, float("nan"), sound.samples, spoken)


def _check_length(recognizer: Recognizer, path: Path, samples: int) -> None:
    if samples < recognizer.clip_samples:
        raise WordspotError(
            f"{path} has {samples / recognizer.sample_rate_hz:.2f} s of sound; the model needs "
            f"{recognizer.clip_samples / recognizer.sample_rate_hz:g} s to judge once"
        )


def _answers(recognizer: Recognizer, stream: Stream, settings: StreamSettings) -> StreamPosteriors:
    rate_hz = recognizer.sample_rate_hz
    smoothed = np.array([window.smoothed for window in Detector(recognizer, settings).windows(stream.samples)])
    best = smoothed.argmax(axis=1)
    return StreamPosteriors(
        best=best,
        value=smoothed[np.arange(len(best)), best],
        first_end_s=recognizer.clip_samples / rate_hz,
        hop_s=settings.hop_ms / 1000,
        hold_off=int(np.ceil(settings.hold_off_ms / settings.hop_ms - 1e-9)),
        duration_s=len(stream.samples) / rate_hz,
        spoken=stream.spoken,
    )


def _write(folder: Path, stream: Stream, sample_rate_hz: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stream.name}.wav"
    check_can_become_file(path)
    with replacing(path) as temporary:
        write_wav(temporary, stream.samples, sample_rate_hz)
    write_annotations(path.with_suffix(".txt"), stream.spoken)
