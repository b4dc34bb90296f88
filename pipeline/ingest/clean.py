"""Recordings to clips: the cleaning stage from one folder to another."""

import contextlib
import os
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, cast

from ...data.buckets import Folder, folder_at, here, read_in
from ...data.clips import CLIP_TABLE
from ...data.decisions import DECISIONS
from ...data.errors import WordspotError, WordspotWarning
from ...data.files import printable, remove_leftovers, replacing
from ...data.recordings.folders import SPLIT_LISTS
from ...data.recordings.in_place import by_file, scan_source
from ...data.recordings.layout import diagnose
from ...data.tables import read_table
from ..cluster import Cluster
from ..progress import Progress, no_progress
from ..workers import mapping_lists
from .apart import ApartFromOthers
from .buckets import BucketClips, clips_at, maker_of
from .clip_maker import ClipMaker
from .decided import checksum, decided, gather, is_as_decided, plan_decided, spared
from .destination import (
    MADE_FILES,
    REPORT,
    Clips,
    check_apart,
    check_destination,
    check_made_files,
    cleaned_agreement,
    read_marker,
    sha256,
    stands,
    write_marker,
)
from .duplicates.search import DUPLICATE_CHECKS, Duplicates, find_duplicates
from .edited import edits_of, forget_aside, set_aside
from .journal import Journal
from .journal_entry import FORMAT
from .outcome import DROPPED, Outcome
from .plan import Plan, PlannedClip, plan_clips
from .report.highlights import Highlight, Highlights
from .report.page import write_report
from .result import CleanResult
from .settings import CleanSettings
from .tables import DISCARD_TABLE, Tables, writing_tables
from .totals import Totals


@dataclass(frozen=True)
class _Work:
    """What there is to do.

    Attributes
    ----------
    maker
        Makes one clip.
    planned
        All recordings, and the clips that they are to become.
    journal
        What has been done, locked.
    destination
        The clean folder; None where nothing is to be written.
    jobs
        Processes to work with.
    progress
        Shows how far it has come.
    log
        Where decisions are kept; None for the clean folder.
    agreement
        Listeners who must agree.
    clips
        The clips in the destination; None where nothing is to be written.
    """

    maker: ClipMaker
    planned: Plan
    journal: Journal
    destination: Path | None
    jobs: int | Cluster
    progress: Progress
    log: Path | None = None
    agreement: int = 1
    clips: Clips | None = None

    @property
    def header(self) -> dict[str, Any]:
        """Of the journal: what decides every byte of the output."""
        return {"format": FORMAT} | self.maker.made_by()


def clean(
    source: Folder | str,
    destination: Folder | str,
    settings: CleanSettings = CleanSettings(),
    *,
    decisions: Path | str | None = None,
    agreement: int = 1,
    jobs: int | Cluster = 1,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> CleanResult:
    """Cuts every recording below `source` to one clip below `destination`, and writes the clip table.

    The source is never written to. The output does not depend on `jobs`. Cleaning that was interrupted goes on where it
    stopped; a second run works only on what has changed. Files in the destination that cleaning has not written, or that
    somebody has edited since, are never replaced or deleted. What people decided of recordings (see `data.decisions`) counts.

    Parameters
    ----------
    source
        Folder of recordings, `<label>/**/<file>`, or with a table of parts of longer ones, see `recordings.in_place`; or
        its URL, see `data.buckets`.
    destination
        New or empty folder, or one that holds the clean folder of the same source; or its URL.
    settings
        How a recording becomes a clip.
    decisions
        A log of decisions in a place of one's own; those in `decisions.jsonl` of the clean folder count as well.
    agreement
        How many listeners must agree before a recording is relabeled or dropped, see `votes.replay_agreed`; with 1 the last
        decision counts.
    jobs
        Processes to work with, or a cluster that sees both folders under the paths given here.
    dry_run
        Work everything out, write nothing.
    progress
        Shows how far it has come.

    Raises
    ------
    WordspotError
        A folder that cannot be used, words that lie elsewhere than in the folders at the top of it (see
        `layout.diagnose`), a file in the destination that is somebody's work and stands in the way, or a source file that
        vanished while cleaning.

    Warns
    -----
    WordspotWarning
        Names of folders and files that were probably not meant so; before any work.
    """
    source, destination, log = (
        folder_at(source),
        folder_at(destination),
        here(decisions) if decisions is not None else None,
    )
    with _naming_folders(source, Path(tempfile.gettempdir()) if dry_run else destination):
        planned = _plan(source)
        _check_label_names(source, planned)
        check_apart(source, destination, planned)
        with clips_at(destination, dry_run=dry_run) as clips:
            if dry_run:
                with tempfile.TemporaryDirectory() as folder, (journal := Journal(Path(folder))).locked():
                    journal.rewrite([])
                    states = gather(clips.folder, log, edits_of(clips.folder), agreement=agreement, dry_run=True)
                    maker = maker_of(source, settings, None, clips)
                    planned = plan_decided(maker, planned, states, journal, jobs, progress)
                    return _do(_Work(maker, planned, journal, None, jobs, progress))
            check_destination(clips.folder, planned.labels)
            journal = Journal(clips.folder)
            with journal.locked() as scratch:
                journal.load()
                maker = maker_of(source, settings, scratch, clips)
                states = gather(clips.folder, log, edits_of(clips.folder), agreement=agreement)
                planned = plan_decided(maker, planned, states, journal, jobs, progress)
                check_destination(clips.folder, planned.labels)
                work = _Work(maker, planned, journal, clips.folder, jobs, progress, log, agreement, clips)
                return _clean_into(clips.folder, work)


@contextlib.contextmanager
def _naming_folders(source: Folder, destination: Folder) -> Iterator[None]:
    """Names the folder that an error is about: the system names files that nobody knows, or none at all (of a full disk)."""
    try:
        yield
    except FileNotFoundError as error:
        lost = Path(os.fsdecode(error.filename2 or error.filename or str(source)))
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


def _plan(source: Folder) -> Plan:
    """As if nothing was decided."""
    recordings = scan_source(source)
    for note in diagnose(cast("Path", source), recordings):
        warnings.warn(note.text, WordspotWarning, stacklevel=3)
    recordings.reverse()
    return plan_clips(recordings.pop() for _ in range(len(recordings)))  # each is let go when it is planned


def _check_label_names(source: Folder, planned: Plan) -> None:
    """A label's folder must not stand where a file is to be."""
    for label in sorted(planned.labels):
        if label.casefold() in (*MADE_FILES, *SPLIT_LISTS, DECISIONS):
            raise WordspotError(f"{source / label} has the name of a file that cleaning writes: rename the folder")


def _clean_into(destination: Path, work: _Work) -> CleanResult:
    marker = read_marker(destination)
    same_work = work.journal.header == work.header
    done = [same_work and _is_done(clip, work) for clip in work.planned]
    same_work = same_work and marker is not None and marker.get("decided") == checksum(work.planned)
    same_work = same_work and cleaned_agreement(destination) == work.agreement
    holds_all = work.journal.holds_exactly(work.planned.recordings)
    if marker and same_work and holds_all and _is_complete(work.maker, destination):
        rest = {recording.key for recording, is_done in zip(work.planned.recordings, done, strict=True) if not is_done}
        if rest <= _discarded_as_duplicates(destination):
            return CleanResult.from_marker(marker)
    _open_up(destination, work, done, marker)
    for label in work.planned.labels:
        (destination / label).mkdir(exist_ok=True)
    return _do(work)


def _is_done(clip: PlannedClip, work: _Work) -> bool:
    outcome = work.journal.outcome(clip.recording)
    if outcome is None or outcome.file_name != clip.file_name:
        return False
    if not is_as_decided(clip, outcome, work.maker.settings.discarding):
        return False
    return bool(outcome.discarded_for) or clip.is_dropped or _clips(work).stands(clip.file_name)


def _clips(work: _Work) -> Clips:
    assert work.clips is not None, "there is a destination"
    return work.clips


def _is_complete(maker: ClipMaker, destination: Path) -> bool:
    """Whether the tables stand, and the split lists as the source has them."""
    return all(stands(destination / name) for name in MADE_FILES) and all(
        data == read_in(destination, name) for name, data in _split_lists(maker)
    )


def _split_lists(maker: ClipMaker) -> list[tuple[str, bytes]]:
    """Name and content of those that the source has."""
    found = ((name, read_in(maker.source, name)) for name in SPLIT_LISTS)
    return [(name, data) for name, data in found if data is not None]


def _discarded_as_duplicates(destination: Path) -> set[str]:
    """Recordings whose clips were taken away because others are the same: no clip stands, and yet all is done."""
    rows = read_table(destination / DISCARD_TABLE)
    return {row.get("source", "") for row in rows if row.get("reason") in DUPLICATE_CHECKS}


def _open_up(destination: Path, work: _Work, done: list[bool], marker: dict[str, Any] | None) -> None:
    """Takes away what says that the folder is complete, and every clip and line that will not stay as it is."""
    journal = work.journal
    _check_same_source(destination, work)
    check_made_files(work.maker.source, destination, is_complete=marker is not None)
    kept = {clip.file_name for clip in compress(work.planned, done)}
    stale = [outcome for outcome in journal.outcomes() if outcome.clip_digest and outcome.file_name not in kept]
    _clips(work).check_untouched(stale)
    _read_table_and_remove(destination, work)
    for name in MADE_FILES:
        (destination / name).unlink(missing_ok=True)
    for folder in (destination, journal.folder):
        remove_leftovers(folder)
    for outcome in stale:
        _clips(work).remove(outcome)
    _remove_empty_folders(destination)
    journal.header = work.header
    journal.rewrite(compress(work.planned.recordings, done))
    _clips(work).publish()


def _read_table_and_remove(destination: Path, work: _Work) -> None:
    """What was decided in the clip table until this moment is in the log before the table is gone."""
    gather(destination, work.log, set_aside(destination))
    forget_aside(destination)


def _check_same_source(destination: Path, work: _Work) -> None:
    header, source = work.journal.header, work.header["source"]
    if header.get("source", source) != source:
        raise WordspotError(
            f"{destination} holds the clips of {header['source']}: choose another folder for {work.maker.source}"
        )
    if header and header.get("format") != FORMAT:
        warnings.warn(
            f"{destination} was cleaned by another version of wordspot: every recording is cleaned anew",
            WordspotWarning,
            stacklevel=4,
        )


def _remove_empty_folders(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            with contextlib.suppress(OSError):  # it is not empty
                entry.rmdir()


def _do(work: _Work) -> CleanResult:
    """Works on every recording that the journal does not have, then on what needs all: duplicates, tables, report."""
    with closing(_outcomes(work)) as outcomes:
        duplicates = find_duplicates(work.maker, work.planned, outcomes, work.jobs, work.progress)
    work.journal.rewrite(work.planned.recordings)
    return _finish(work, duplicates)


def _outcomes(work: _Work) -> Generator[Outcome, None, None]:
    """What became of every recording, in order, as decided: read from the journal, or worked out and noted there."""
    journal, nothing_known = work.journal, not work.journal.holds_any
    is_new = bytearray(nothing_known or journal.outcome(one) is None for one in work.planned.recordings)
    if work.planned.has_sections:
        _work_out_by_file(work, list(compress(work.planned, is_new)))
        is_new = bytearray(len(is_new))
    remaining = compress(work.planned, is_new)
    with journal.appending() as add, mapping_lists(_process(work), remaining, work.jobs) as made:
        new = iter(work.progress(made, sum(is_new)))
        for clip, new_one in zip(work.planned, is_new, strict=True):
            outcome = next(new) if new_one else journal.known_outcome(clip.recording)
            if new_one:
                _take_note(work, clip, outcome, add)
            yield decided(clip, outcome)


def _work_out_by_file(work: _Work, remaining: list[PlannedClip]) -> None:
    """All of them before the first is needed: in the order of the files that they are sections of, each decoded once."""
    ordered = sorted(remaining, key=lambda clip: by_file(clip.recording))
    with work.journal.appending() as add, mapping_lists(_process(work), ordered, work.jobs) as made:
        for clip, outcome in zip(ordered, work.progress(made, len(ordered)), strict=True):
            _take_note(work, clip, outcome, add)


def _process(work: _Work) -> Callable[[Sequence[PlannedClip]], list[Outcome]]:
    apart = isinstance(work.jobs, Cluster) and not isinstance(work.clips, BucketClips)
    return ApartFromOthers(work.maker) if apart else work.maker.process_all


def _take_note(work: _Work, clip: PlannedClip, outcome: Outcome, add: Any) -> None:
    """First the line, then the clip in its place, so that no clip stands there that the journal does not know."""
    if work.clips and outcome.clip_digest:
        work.clips.check_free(outcome)
    add(clip.recording, outcome)
    if work.clips and outcome.clip_digest:
        work.clips.place(work.maker.unfinished(clip), outcome)


def _finish(work: _Work, duplicates: Duplicates) -> CleanResult:
    """One pass over all outcomes, for the tables, the totals and the report."""
    totals, highlights = Totals(), Highlights(work.maker.checks)
    if work.destination and _clips(work).has_table():  # somebody has saved it while the clips were made
        _read_table_and_remove(work.destination, work)
    with writing_tables(work.destination) if work.destination else nullcontext() as tables:
        for place, (clip, known) in enumerate(zip(work.planned, work.journal.outcomes(), strict=True)):
            outcome = spared(clip, duplicates.merged(place, decided(clip, known)))
            totals.add(outcome)
            highlights.add(clip.recording, outcome, _original(work, duplicates.original(place)))
            _write_row(work.clips, tables, outcome)
    result = CleanResult(totals.labels, totals.long_sounds, duplicates.across, totals.quiet_labels)
    if work.destination:
        _complete(work.destination, work, result, highlights)
    return result


def _original(work: _Work, original: PlannedClip | None) -> Highlight | None:
    return Highlight(original.recording, work.journal.known_outcome(original.recording)) if original else None


def _write_row(clips: Clips | None, tables: Tables | None, outcome: Outcome) -> None:
    if clips and tables:
        tables.add(outcome)
        if outcome.discarded_for in (*DUPLICATE_CHECKS, DROPPED):
            clips.remove(outcome)


def _complete(destination: Path, work: _Work, result: CleanResult, highlights: Highlights) -> None:
    """The split lists, the report, and last the marker that says all is there."""
    lists = _split_lists(work.maker)
    for name, data in lists:
        with replacing(destination / name) as temporary:
            temporary.write_bytes(data)
    write_report(destination / REPORT, work.maker, result, highlights, work.jobs)
    made_of = {"clip_table_sha256": sha256(destination / CLIP_TABLE), "decided": checksum(work.planned)}
    made_of |= {"agreement": work.agreement} if work.agreement > 1 else {}
    made = (DISCARD_TABLE, REPORT, *dict(lists))
    write_marker(destination, work.maker.made_by() | made_of | result.to_marker(), made)
