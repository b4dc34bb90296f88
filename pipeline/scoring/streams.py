"""What a detector makes of streams: mixed from held-out clips, running speech, or a recording with a label file."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...data.arrays import to_samples
from ...data.audio import read_sound, write_wav
from ...data.clips import list_clips
from ...data.errors import RecordingError, WordspotError, WordspotWarning
from ...data.files import replacing
from ...data.labels import NEGATIVES, SILENCE, UNKNOWN, is_word
from ...data.recordings.annotations import read_annotations, write_annotations
from ...data.recordings.folders import scan_recordings
from ...data.splits import SPLITS, assign_splits, split_long_sound
from ..device.recognizer import Recognizer
from ..device.stream import Detector, StreamSettings
from ..progress import Progress, no_progress
from ..signal.noise import SPECTRAL_EXPONENTS, colored_noise
from .evaluate import notes_of_training
from .running_speech import RunningSpeech
from .stream_mix import MixSettings, Stream, mix_streams
from .stream_score import StreamCandidates

_FEW_CLIPS = 10
_SYNTHETIC_S, _SYNTHETIC_SEED = 15, 1

_LabeledClip = tuple[str, np.ndarray]  # int16 [n]


@dataclass(frozen=True)
class StreamSource:
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
    negatives
        A folder of running speech without any of the words, besides that of the data (see `RunningSpeech`).
    """

    data: Path
    labels: Path | None = None
    split: str = "validation"
    snrs_db: Sequence[float] = (10.0,)
    out: Path | None = None
    negatives: Path | None = None


@dataclass(frozen=True)
class DetectorRun:
    """What a detector made of streams.

    Attributes
    ----------
    by_snr_db
        {signal-to-noise ratio: candidates of each stream}; the key is None for a recording of one's own.
    clips
        How many different clips of each word there were; of a recording, how often each was said.
    speech
        Of running speech that was not trained on, without any of the words; beside a recording of one's own only that of
        a folder.
    speech_origin
        Where it comes from, in a few words.
    """

    by_snr_db: dict[float | None, list[StreamCandidates]]
    clips: Counter[str]
    speech: list[StreamCandidates] = field(default_factory=list)
    speech_origin: str = ""

    @property
    def all(self) -> list[StreamCandidates]:
        """Those of all ratios together."""
        return [one for some in self.by_snr_db.values() for one in some]


def run_detector(
    recognizer: Recognizer,
    source: StreamSource,
    mix: MixSettings = MixSettings(),
    settings: StreamSettings = StreamSettings(),
    *,
    progress: Progress = no_progress,
) -> DetectorRun:
    """Runs the detector over all streams of a source.

    Raises
    ------
    WordspotError
        No clips or no words of the model in the folder; a label file that does not fit; negatives without sound.

    Warns
    -----
    WordspotWarning
        Few clips of a word, no background noise, or files that cannot be read.
    """
    words_of_model = recognizer.description.words
    if not source.data.is_dir():
        stream = _own_stream(recognizer, source)
        clips = Counter(word.label for word in stream.spoken)
        speech = RunningSpeech.find(None, source.negatives, words_of_model) if source.negatives else RunningSpeech()
        heard = listen_to_speech(recognizer, speech, source, mix, settings, progress=progress)
        return DetectorRun({None: [candidates_of(recognizer, stream, settings)]}, clips, heard, speech.origin)
    speech = RunningSpeech.find(source.data, source.negatives, words_of_model)
    words, others = _clips(recognizer, source)
    streams = mix_streams(words, others, _noises(recognizer, source), source.snrs_db, mix, recognizer.sample_rate_hz)
    by_snr_db: dict[float | None, list[StreamCandidates]] = {}
    for stream in progress(streams, len(source.snrs_db) * mix.streams_per_ratio):
        if source.out:
            _write(source.out, stream, recognizer.sample_rate_hz)
        by_snr_db.setdefault(stream.snr_db, []).append(candidates_of(recognizer, stream, settings))
    heard = listen_to_speech(recognizer, speech, source, mix, settings, progress=progress)
    return DetectorRun(by_snr_db, Counter(label for label, _ in words), heard, speech.origin if heard else "")


def listen_to_speech(
    recognizer: Recognizer,
    speech: RunningSpeech,
    source: StreamSource,
    mix: MixSettings = MixSettings(),
    settings: StreamSettings = StreamSettings(),
    *,
    progress: Progress = no_progress,
) -> list[StreamCandidates]:
    """Runs the detector over running speech that was not trained on, `mix.speech_hours` at most."""
    rate_hz = recognizer.sample_rate_hz
    parts = speech.held_out(source.split, rate_hz, recognizer.clip_samples, mix.speech_hours)
    heard = []
    for place, samples in enumerate(progress(parts, speech.count_held_out(source.split, recognizer.clip_samples))):
        stream = Stream(f"speech-{place + 1:02}", float("nan"), samples, [])
        if source.out:
            _write(source.out, stream, rate_hz)
        heard.append(candidates_of(recognizer, stream, settings))
    return heard


def _clips(recognizer: Recognizer, source: StreamSource) -> tuple[list[_LabeledClip], list[_LabeledClip]]:
    """Clips of the model's words, and of all others."""
    if source.split not in ("all", *SPLITS):
        raise WordspotError(f"split is {source.split!r}; expected one of all, {', '.join(SPLITS)}")
    clips = [clip for clip in list_clips(source.data) if is_word(clip.label) or clip.label == UNKNOWN]
    splits = assign_splits(clips, source.data) if source.split != "all" else ["all"] * len(clips)
    clips = [clip for clip, split in zip(clips, splits, strict=True) if split == source.split]
    for note in notes_of_training(clips, recognizer, source.split):
        _warn(note)
    words: list[_LabeledClip] = []
    others: list[_LabeledClip] = []
    for clip in clips:
        try:
            samples = read_sound(source.data / clip.file_name, recognizer.sample_rate_hz).samples
        except (RecordingError, FileNotFoundError) as error:
            _warn(f"left out, not readable: {clip.file_name}: {error}")
            continue
        (words if clip.label in recognizer.description.words else others).append((clip.label, samples))
    _check_words(recognizer, source, Counter(label for label, _ in words))
    return words, others


def _check_words(recognizer: Recognizer, source: StreamSource, clips: Counter[str]) -> None:
    expected = recognizer.description.words
    if not clips:
        raise WordspotError(f"{source.data} has no clips of {source.split} speakers that say {', '.join(expected)}")
    few = [f"{label} ({clips[label]})" for label in expected if clips[label] < _FEW_CLIPS]
    if few:
        _warn(f"fewer than {_FEW_CLIPS} clips of {', '.join(few)}: what is said about them rests on little")


def _noises(recognizer: Recognizer, source: StreamSource) -> list[np.ndarray]:
    """The part of each background recording that was not trained on: none of a short one, which is trained on whole."""
    noises = []
    for recording in scan_recordings(source.data):
        if recording.is_long_sound and recording.label not in (NEGATIVES, UNKNOWN, SILENCE):
            try:
                samples = read_sound(source.data / recording.path, recognizer.sample_rate_hz).samples
            except RecordingError as error:
                _warn(f"left out, not readable: {recording.path}: {error}")
                continue
            trained_on = split_long_sound(len(samples), "training", recognizer.clip_samples).stop
            noises.append(samples if source.split == "all" else samples[trained_on:])
    noises = [noise for noise in noises if len(noise)]
    if not noises:
        _warn(
            f"{source.data} has no background noise that was not trained on (all of a recording shorter than ten clips is), "
            f"so synthetic noise takes its place: put longer recordings of the room into {source.data}/_background_noise_"
        )
        return _synthetic_noises(recognizer.sample_rate_hz)
    return noises


def _synthetic_noises(sample_rate_hz: int) -> list[np.ndarray]:
    rng = np.random.default_rng(_SYNTHETIC_SEED)
    size = _SYNTHETIC_S * sample_rate_hz
    return [to_samples(colored_noise(size, exponent, rng) / 4) for exponent in SPECTRAL_EXPONENTS]


def _warn(text: str) -> None:
    warnings.warn(text, WordspotWarning, stacklevel=4)


def _own_stream(recognizer: Recognizer, source: StreamSource) -> Stream:
    path = source.labels or source.data.with_suffix(".txt")
    try:
        sound = read_sound(source.data, recognizer.sample_rate_hz)
    except FileNotFoundError as error:
        raise WordspotError(f"{source.data} does not exist: check the spelling") from error
    except RecordingError as error:
        raise WordspotError(f"{source.data}: {error}") from error
    if not path.exists():
        raise WordspotError(
            f"{source.data} needs a label file, one row per word with start, end and label: {path} does not exist; write "
            "it, or name another as labels"
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


def candidates_of(recognizer: Recognizer, stream: Stream, settings: StreamSettings) -> StreamCandidates:
    """What the detector finds in a stream before thresholds; a clip of silence follows it, as at the end of a file."""
    rate_hz = recognizer.sample_rate_hz
    silence = np.zeros(recognizer.clip_samples, np.int16)  # as at the end of a file
    found = list(Detector(recognizer, settings).lone_words(np.concatenate([stream.samples, silence])))
    return StreamCandidates(
        best=np.array([recognizer.labels.index(word.prediction.label) for word in found], int),
        value=np.array([word.prediction.probability for word in found], float),
        time_s=np.array([(word.window + recognizer.clip_samples) / rate_hz for word in found], float),
        hold_off_s=settings.hold_off_ms / 1000,
        duration_s=len(stream.samples) / rate_hz,
        spoken=stream.spoken,
    )


def _write(folder: Path, stream: Stream, sample_rate_hz: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stream.name}.wav"
    with replacing(path) as temporary:
        write_wav(temporary, stream.samples, sample_rate_hz)
    write_annotations(path.with_suffix(".txt"), stream.spoken)
