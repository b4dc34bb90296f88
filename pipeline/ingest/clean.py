"""Recordings to clips: the cleaning stage from one folder to another."""

import contextlib
import csv
import dataclasses
import hashlib
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ...data.audio import SAMPLE_RATE_HZ, Sound, read_sound, write_wav
from ...data.clips import CLIP_TABLE, SPEAKER_PATTERN, find_speaker, speaker_pattern
from ...data.errors import RecordingError, WordspotError
from ...data.files import printable, read_json, remove_leftovers, replacing, write_json
from ...data.folders import SPLIT_LISTS, check_folder, scan_recordings
from ...data.settings import Settings, setting
from ..track import Track, untracked
from .journal import Journal
from .plan import Task, plan_clips
from .trim import fit_to_window, mean_abs
from .workers import mapping

DISCARD_TABLE = "discarded.csv"
MARKER = "clean.json"
MEASUREMENTS = (
    "window_start_s",
    "duration_s",
    "sample_rate_hz",
    "channels",
    "peak_dbfs",
    "mean_abs_before",
    "mean_abs_after",
)
CLIP_COLUMNS = ("file_name", "label", "speaker", "source", "findings", *MEASUREMENTS)
DISCARD_COLUMNS = ("source", "label", "reason", "detail", *MEASUREMENTS)
_QUIETEST_DBFS = -120.0  # written for digital silence, whose level has no logarithm


@dataclass(frozen=True)
class CleanSettings(Settings):
    """What decides how a recording becomes a clip."""

    window_ms: float = setting(1000.0, "Length of a clip.", minimum=100, maximum=10_000)
    min_volume: float = setting(
        0.004,
        "Discard clips whose mean |x| is below this share of full scale (0 keeps all).",
        minimum=0,
        maximum=1,
    )
    speaker_pattern: str = setting(
        SPEAKER_PATTERN, "Regular expression; its first group, found in the path below the label, is the speaker."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        speaker_pattern(self.speaker_pattern)

    @property
    def window_samples(self) -> int:
        """Length of a clip in samples."""
        return round(self.window_ms * SAMPLE_RATE_HZ / 1000)


@dataclass(frozen=True)
class CleanResult:
    """What cleaning came to.

    Attributes
    ----------
    labels
        {label: {"recordings": n, "clips": n, "discarded": {reason: n}}}, sorted by label.
    long_sounds
        How many files of `_` folders were passed through.
    already_clean
        Nothing had changed since the last time, so nothing was done.
    """

    labels: dict[str, dict[str, Any]]
    long_sounds: int
    already_clean: bool = False

    @property
    def clips(self) -> int:
        """Clips kept, over all labels."""
        return sum(label["clips"] for label in self.labels.values())


def clean(
    source: Path,
    destination: Path,
    settings: CleanSettings = CleanSettings(),
    *,
    jobs: int = 1,
    dry_run: bool = False,
    track: Track = untracked,
) -> CleanResult:
    """Cuts every recording below `source` to one clip below `destination`, and writes the clip table.

    The source is never written to. The output does not depend on `jobs`. Cleaning that was interrupted goes on where it
    stopped; a second run works on what has changed alone.

    Parameters
    ----------
    source
        Folder of recordings, `<label>/**/<file>`.
    destination
        New or empty folder, or one that holds the clean folder of the same source.
    settings
        How a recording becomes a clip.
    jobs
        Processes to work with.
    dry_run
        Work everything out, write nothing.
    track
        Shows how far it has come.

    Raises
    ------
    WordspotError
        A folder that cannot be used, or a source file that vanished while cleaning.
    """
    tasks = plan_clips(scan_recordings(source))
    _check_apart(source, destination)
    if dry_run:
        with mapping(_Job(source, settings).process, tasks, jobs) as rows:
            return _totals(tasks, track(rows, len(tasks)))
    journal = Journal(destination)
    _check_destination(destination, journal)
    try:
        with journal.locked() as scratch:
            journal.load()
            return _clean_into(_Job(source, settings, destination, scratch), tasks, journal, jobs, track)
    except FileNotFoundError as error:
        raise WordspotError(
            f"{error.filename} has vanished while cleaning: nothing is lost, run the same command again to go on"
        ) from error


@dataclass(frozen=True)
class _Job:
    """From where, how and to where; without a destination nothing is written."""

    source: Path
    settings: CleanSettings
    destination: Path = Path()
    scratch: Path | None = None

    def process(self, task: Task) -> dict[str, Any]:
        """One recording to one clip file and its row (with a `reason` when it is discarded)."""
        inner_path = printable(task.recording.inner_path)
        row: dict[str, Any] = {
            "file_name": task.file_name,
            "label": task.label,
            "speaker": find_speaker(inner_path, speaker_pattern(self.settings.speaker_pattern)),
            "source": printable(task.recording.path),
            "findings": "",
        }
        try:
            sound = read_sound(self.source / task.recording.path)
            samples = sound.samples
            if not task.recording.is_long_sound:
                samples, start = fit_to_window(sound.samples, self.settings.window_samples)
                row |= _measure(sound, samples, start)
                _check_volume(samples, self.settings.min_volume)
        except RecordingError as error:
            self._write(task, None)
            return row | {"reason": error.reason, "detail": printable(error.detail)}
        self._write(task, samples)
        return row

    def _write(self, task: Task, samples: np.ndarray | None) -> None:
        if self.scratch is None:
            return
        path = self.destination / task.file_name
        if samples is None:  # it may have been kept by an earlier run with other settings
            path.unlink(missing_ok=True)
            return
        temporary = self.scratch / f"{os.getpid()}.wav"
        write_wav(temporary, samples)
        os.replace(temporary, path)

    def made_by(self) -> dict[str, Any]:
        """Source, settings and versions: what decides every byte of the output."""
        versions = {name: version(name) for name in ("wordspot", "numpy", "soundfile", "soxr")}
        versions["libsndfile"] = soundfile.__libsndfile_version__
        settings = dataclasses.asdict(self.settings)
        return {"source": printable(str(self.source.resolve())), "settings": settings, "versions": versions}


def _clean_into(job: _Job, tasks: list[Task], journal: Journal, jobs: int, track: Track) -> CleanResult:
    recordings = [task.recording for task in tasks]
    same_job = journal.header == job.made_by()
    done = [task for task in tasks if same_job and _is_done(task, job.destination, journal)]
    if len(done) == len(tasks) and journal.holds_exactly(recordings) and _is_complete(job):
        rows = (journal.row(recording) for recording in recordings)
        return dataclasses.replace(_totals(tasks, rows), already_clean=True)
    _open_up(job, journal, done)
    for label in {task.label for task in tasks}:
        (job.destination / label).mkdir(exist_ok=True)
    standing = set(done)
    open_tasks = [task for task in tasks if task not in standing]
    with journal.appending() as add, mapping(job.process, open_tasks, jobs) as rows:
        for task, row in zip(open_tasks, track(rows, len(open_tasks)), strict=True):
            add(task.recording, row)
    journal.rewrite(recordings)
    return _finish(job, tasks, journal)


def _is_done(task: Task, destination: Path, journal: Journal) -> bool:
    row = journal.row(task.recording)
    if row is None or row["file_name"] != task.file_name:
        return False
    return "reason" in row or (destination / task.file_name).is_file()


def _is_complete(job: _Job) -> bool:
    """Whether the tables stand, and the split lists as the source has them."""
    lists = [name for name in SPLIT_LISTS if (job.source / name).is_file()]
    return all((job.destination / name).is_file() for name in (MARKER, CLIP_TABLE, DISCARD_TABLE, *lists)) and all(
        (job.source / name).read_bytes() == (job.destination / name).read_bytes() for name in lists
    )


def _open_up(job: _Job, journal: Journal, done: list[Task]) -> None:
    """Takes away what says that the folder is complete, and every clip and row that will not stay as it is."""
    made_from = journal.header.get("source", job.made_by()["source"])
    if made_from != job.made_by()["source"]:
        raise WordspotError(f"{job.destination} holds the clips of {made_from}: choose another folder for {job.source}")
    _check_table_untouched(job.destination)
    for name in (MARKER, CLIP_TABLE, DISCARD_TABLE):
        (job.destination / name).unlink(missing_ok=True)
    for folder in (job.destination, journal.folder):
        remove_leftovers(folder)
    for file_name in journal.file_names() - {task.file_name for task in done}:
        (job.destination / file_name).unlink(missing_ok=True)
    _remove_empty_folders(job.destination)
    journal.header = job.made_by()
    journal.rewrite([task.recording for task in done])


def _remove_empty_folders(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            with contextlib.suppress(OSError):  # it is not empty
                entry.rmdir()


def _measure(sound: Sound, clip: np.ndarray, start: int) -> dict[str, Any]:
    peak_dbfs = 20 * math.log10(sound.peak) if sound.peak > 0 else _QUIETEST_DBFS
    return {
        "window_start_s": round(start / SAMPLE_RATE_HZ, 6),
        "duration_s": round(sound.duration_s, 6),
        "sample_rate_hz": sound.source_rate_hz,
        "channels": sound.source_channels,
        "peak_dbfs": round(max(peak_dbfs, _QUIETEST_DBFS), 3),
        "mean_abs_before": round(mean_abs(sound.samples), 6),
        "mean_abs_after": round(mean_abs(clip), 6),
    }


def _check_volume(clip: np.ndarray, min_volume: float) -> None:
    volume = mean_abs(clip)
    if volume < min_volume:
        raise RecordingError("near_silent", f"mean |x| is {volume:.4f} of full scale; wanted at least {min_volume:g}")


def _finish(job: _Job, tasks: list[Task], journal: Journal) -> CleanResult:
    def rows() -> Iterator[dict[str, Any]]:  # parsed anew each time, so that they are never all in memory
        return (row for task in tasks if (row := journal.row(task.recording)))

    kept = (row for row in rows() if "reason" not in row and not row["label"].startswith("_"))
    _write_table(job.destination / CLIP_TABLE, CLIP_COLUMNS, kept)
    _write_table(job.destination / DISCARD_TABLE, DISCARD_COLUMNS, (row for row in rows() if "reason" in row))
    for name in SPLIT_LISTS:
        if (job.source / name).is_file():
            with replacing(job.destination / name) as temporary:
                shutil.copyfile(job.source / name, temporary)
    result = _totals(tasks, rows())
    digest = {"clip_table_sha256": _sha256(job.destination / CLIP_TABLE)}
    totals = {"labels": result.labels, "long_sounds": result.long_sounds}
    write_json(job.destination / MARKER, job.made_by() | digest | totals)
    return result


def _write_table(path: Path, columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> None:
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _totals(tasks: list[Task], rows: Iterable[dict[str, Any] | None]) -> CleanResult:
    recordings: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    long_sounds = 0
    for task, row in zip(tasks, rows, strict=True):
        reason = (row or {}).get("reason", "")
        if task.recording.is_long_sound and not reason:
            long_sounds += 1
            continue
        recordings[task.label] += 1
        reasons.setdefault(task.label, Counter())[reason] += 1
    labels = {
        label: {
            "recordings": recordings[label],
            "clips": reasons[label].pop("", 0),
            "discarded": dict(sorted(reasons[label].items())),
        }
        for label in sorted(recordings)
    }
    return CleanResult(labels, long_sounds)


def _check_apart(source: Path, destination: Path) -> None:
    inside, outside = destination.resolve(), source.resolve()
    if inside == outside or outside in inside.parents:
        raise WordspotError(
            f"{destination} lies inside {source}, which is never written to: choose a folder outside of it"
        )


def _check_destination(destination: Path, journal: Journal) -> None:
    if not destination.exists():
        return
    check_folder(destination)
    if not journal.path.exists() and any(entry.name != journal.folder.name for entry in destination.iterdir()):
        raise WordspotError(f"{destination} holds something else: choose a new or an empty folder")


def _check_table_untouched(destination: Path) -> None:
    """Edits of the clip table are somebody's work: cleaning again must not undo them."""
    marker, table = destination / MARKER, destination / CLIP_TABLE
    if not marker.is_file() or not table.is_file():
        return
    if read_json(marker).get("clip_table_sha256") != _sha256(table):
        raise WordspotError(
            f"{table} was edited after cleaning, and cleaning again would lose the edits: clean into a new folder"
        )


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
