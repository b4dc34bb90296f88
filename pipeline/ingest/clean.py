"""Recordings to clips: the cleaning stage from one folder to another."""

import contextlib
import csv
import hashlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.clips import CLIP_TABLE
from ...data.errors import WordspotError, WordspotWarning
from ...data.files import copy, printable, read_json, remove_leftovers, write_json
from ...data.folders import SPLIT_LISTS, check_folder, scan_recordings
from ...data.layout import diagnose
from ..progress import Progress, no_progress
from .clip_maker import ClipMaker
from .duplicates.search import DUPLICATE_CHECKS, Duplicates, find_duplicates
from .journal import Journal
from .plan import PlannedClip, plan_clips
from .report.highlights import Highlights
from .report.page import REPORT, write_report
from .settings import CleanSettings
from .tables import DISCARD_TABLE, writing_tables
from .totals import Totals
from .workers import mapping

MARKER = "clean.json"
_MADE = (MARKER, CLIP_TABLE, DISCARD_TABLE, REPORT)


@dataclass(frozen=True)
class CleanResult:
    """What cleaning came to.

    Attributes
    ----------
    labels
        {label: {"recordings": n, "clips": n, "discarded": {check: n}, "flagged": {check: n}}}, sorted by label. A
        recording is discarded for one reason, the first; a clip may have several flags.
    long_sounds
        How many files of `_` folders were passed through.
    duplicates_across
        {"labels": n, "speakers": n}: groups of duplicates and near-duplicates that lie under different labels, and of
        different speakers.
    already_clean
        Nothing had changed since the last time, so nothing was done.
    """

    labels: dict[str, dict[str, Any]]
    long_sounds: int
    duplicates_across: dict[str, int]
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
    progress: Progress = no_progress,
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
    progress
        Shows how far it has come.

    Raises
    ------
    WordspotError
        A folder that cannot be used, words that lie elsewhere than in the folders at the top of it (see
        `layout.diagnose`), or a source file that vanished while cleaning.

    Warns
    -----
    WordspotWarning
        Names of folders and files that were probably not meant so; before any work.
    """
    with _naming_folders(source, Path(tempfile.gettempdir()) if dry_run else destination):
        recordings = scan_recordings(source)
        for note in diagnose(source, recordings):
            warnings.warn(note.text, WordspotWarning, stacklevel=2)
        tasks = plan_clips(recordings)
        _check_labels(source, tasks)
        _check_apart(source, destination)
        if dry_run:
            with tempfile.TemporaryDirectory() as folder, (journal := Journal(Path(folder))).locked():
                journal.rewrite([])
                return _work(ClipMaker(source, settings), tasks, journal, jobs, progress)
        journal = Journal(destination)
        _check_destination(destination, journal)
        with journal.locked() as scratch:
            journal.load()
            return _clean_into(ClipMaker(source, settings, destination, scratch), tasks, journal, jobs, progress)


@contextlib.contextmanager
def _naming_folders(source: Path, destination: Path) -> Iterator[None]:
    """Tells which folder an error is about: the system names files that nobody knows, or none at all (of a full disk)."""
    try:
        yield
    except FileNotFoundError as error:
        lost = Path(os.fsdecode(error.filename2 or error.filename or source))
        if destination in lost.parents:
            raise WordspotError(
                f"{destination} was deleted or changed while cleaning into it: run the same command again"
            ) from error
        raise WordspotError(
            f"{printable(str(lost if source.exists() else source))} has vanished while cleaning: nothing is lost, run "
            "the same command again to go on"
        ) from error
    except OSError as error:
        error.filename = error.filename or str(destination)
        raise


def _clean_into(
    job: ClipMaker, tasks: list[PlannedClip], journal: Journal, jobs: int, progress: Progress
) -> CleanResult:
    recordings = [task.recording for task in tasks]
    same_job = journal.header == job.made_by()
    done = [task for task in tasks if same_job and _is_done(task, job.destination, journal)]
    if same_job and journal.holds_exactly(recordings) and _is_complete(job):
        without_clip = set(tasks) - set(done)
        if {printable(task.recording.path) for task in without_clip} <= _discarded_as_twins(job.destination):
            return _result_of_last_time(job.destination)
    _open_up(job, journal, done)
    for label in {task.label for task in tasks}:
        (job.destination / label).mkdir(exist_ok=True)
    return _work(job, tasks, journal, jobs, progress)


def _work(job: ClipMaker, tasks: list[PlannedClip], journal: Journal, jobs: int, progress: Progress) -> CleanResult:
    """Works on every task that the journal does not have, then on what needs all of them: twins, tables, report."""
    open_tasks = [task for task in tasks if journal.row(task.recording) is None]
    with journal.appending() as add, mapping(job.process, open_tasks, jobs) as rows:
        for task, row in zip(open_tasks, progress(rows, len(open_tasks)), strict=True):
            if "reason" in row:
                job.remove_clip(task)
            add(task.recording, row)
    journal.rewrite([task.recording for task in tasks])
    twins = find_duplicates(job, tasks, (journal.known_row(task.recording) for task in tasks), jobs, progress)
    return _finish(job, tasks, journal, twins, jobs)


def _is_done(task: PlannedClip, destination: Path, journal: Journal) -> bool:
    row = journal.row(task.recording)
    if row is None or row["file_name"] != task.file_name:
        return False
    return "reason" in row or _stands(destination / task.file_name)


def _stands(path: Path) -> bool:
    """Whether a file is there, and not empty, as files are that were written when the machine lost power."""
    return path.is_file() and path.stat().st_size > 0


def _discarded_as_twins(destination: Path) -> set[str]:
    """Sources whose clips were taken away because others are the same: no clip stands, and yet all is done."""
    with open(destination / DISCARD_TABLE, newline="", encoding="utf-8") as file:
        return {row["source"] for row in csv.DictReader(file) if row.get("reason") in DUPLICATE_CHECKS}


def _result_of_last_time(destination: Path) -> CleanResult:
    marker = read_json(destination / MARKER)
    return CleanResult(marker["labels"], marker["long_sounds"], marker["duplicates_across"], already_clean=True)


def _is_complete(job: ClipMaker) -> bool:
    """Whether the tables stand, and the split lists as the source has them."""
    lists = [name for name in SPLIT_LISTS if (job.source / name).is_file()]
    return all(_stands(job.destination / name) for name in _MADE) and all(
        (job.destination / name).is_file() and (job.source / name).read_bytes() == (job.destination / name).read_bytes()
        for name in lists
    )


def _open_up(job: ClipMaker, journal: Journal, done: list[PlannedClip]) -> None:
    """Takes away what says that the folder is complete, and every clip and row that will not stay as it is."""
    made_from = journal.header.get("source", job.made_by()["source"])
    if made_from != job.made_by()["source"]:
        raise WordspotError(f"{job.destination} holds the clips of {made_from}: choose another folder for {job.source}")
    _check_table_untouched(job.destination)
    for name in _MADE:
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


def _finish(job: ClipMaker, tasks: list[PlannedClip], journal: Journal, twins: Duplicates, jobs: int) -> CleanResult:
    """One pass over all rows, for the tables, the totals and the report."""
    totals, highlights = Totals(), Highlights(job.checks)
    with writing_tables(job.destination) if job.scratch else nullcontext() as tables:
        for place, task in enumerate(tasks):
            row = twins.merged(place, journal.known_row(task.recording))
            totals.add(row)
            highlights.add(task, row)
            if tables:
                tables.add(row)
            if row.get("reason") in DUPLICATE_CHECKS:
                job.remove_clip(task)
    result = CleanResult(totals.labels, totals.long_sounds, twins.across)
    if job.scratch:
        _complete(job, result, highlights, jobs)
    return result


def _complete(job: ClipMaker, result: CleanResult, highlights: Highlights, jobs: int) -> None:
    """The split lists, the report, and last the marker that says all is there."""
    folder = job.destination
    for name in SPLIT_LISTS:
        if (job.source / name).is_file():
            copy(job.source / name, folder / name)
    totals = {"labels": result.labels, "long_sounds": result.long_sounds, "duplicates_across": result.duplicates_across}
    write_report(folder / REPORT, job, totals, highlights, jobs)
    digest = {"clip_table_sha256": _sha256(folder / CLIP_TABLE)}
    write_json(folder / MARKER, job.made_by() | digest | totals)


def _check_labels(source: Path, tasks: list[PlannedClip]) -> None:
    """A label's folder must not stand where a file is to be."""
    for label in sorted({task.label for task in tasks}):
        if label.casefold() in (*_MADE, *SPLIT_LISTS):
            raise WordspotError(f"{source / label} has the name of a file that cleaning writes: rename the folder")


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
    if not _stands(marker) or not _stands(table):
        return
    if read_json(marker).get("clip_table_sha256") != _sha256(table):
        raise WordspotError(
            f"{table} was edited after cleaning, and cleaning again would lose the edits: clean into a new folder"
        )


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
