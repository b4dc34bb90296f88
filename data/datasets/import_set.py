"""Importing a public set: some of its recordings as a folder of recordings, made beside its place and put there whole."""

import dataclasses
import hashlib
import itertools
import json
import math
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..audio import write_wav
from ..audio.cut import cut
from ..buckets import here
from ..errors import RecordingError, WordspotError
from ..files import held_alone, read_json, remove_leftovers, replacing, write_json, write_text
from ..recordings.folders import SECTIONS, SPLIT_LISTS
from ..tables import write_table
from .agreeing import agree
from .choosing import Choice, choose, missing_words
from .common_voice import find_common_voice
from .entries import Entry
from .listing import FORMATS, REPORT, Listing
from .manifest import find_manifest
from .mswc import find_mswc
from .names import target_names
from .places import Progress, unpack_sounds
from .sections import check_decodable, link_or_copy

MARKER = "imported.json"
TABLE = "imported.csv"
_COLUMNS = ("file_name", "label", "speaker", "split", "source", "start_s", "end_s")
_REPORT_COLUMNS = ("fault", "label", "source", "where", "detail")
_UNFINISHED, _SCRATCH, _MADE = ".importing", "unpacked", "made"
_ORDER, _PLAN = "order.json", "plan.json"
_SHOWN = 3  # of the recordings with a fault
_BYTES_PER_S = 32_000  # of what is cut


@dataclass(frozen=True)
class ImportResult:
    """What importing came to.

    Attributes
    ----------
    title, license, citation
        Of the set; empty where nothing is known.
    recordings, sections, speakers
        How many recordings there are now, how many of them were cut from longer ones, and by how many known speakers.
    labels, splits
        {label or split: recordings}; no splits where the set has none.
    faults
        {what was wrong: recordings left out for it}.
    examples
        {what was wrong: some of them}.
    settled
        What the rows said against one another, and what was done about it: one sentence each.
    missing_words
        Words without any recording.
    is_new
        False where the folder held all of it already.
    """

    title: str
    license: str
    citation: str
    recordings: int
    sections: int
    speakers: int
    labels: dict[str, int]
    splits: dict[str, int]
    faults: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    settled: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()
    is_new: bool = True


def import_set(
    form: str,
    source: Path | str,
    folder: Path | str,
    choice: Choice = Choice(),
    language: str = "",
    *,
    in_place: bool = False,
    progress: Progress,
) -> ImportResult:
    """Makes a folder of recordings, `<label>/<speaker>_nohash_<number>`, of a public set or of any table of sounds.

    Whole recordings are linked (another name of the same file) where both folders lie on one disk, else copied; sections are
    decoded and cut into WAV. The source is never changed. Interrupted, the same call goes on; called again, it does nothing.
    Beside the labels lie `validation_list.txt` and `testing_list.txt` where the set has splits, `imported.csv` (what came from
    where) and, where something was left out, `import_report.csv`.

    Parameters
    ----------
    form
        `mswc`, `common-voice`, or `folder-csv` for any table with paths and labels; see `mswc`, `common_voice`, `manifest`.
    source
        The set, unpacked or as it was downloaded.
    folder
        A folder that does not exist yet.
    choice
        Which words, and how many.
    language
        As the set names it; empty where it has one only.
    in_place
        Neither link nor copy nor cut anything: write a table of where the sounds lie, `sections.csv`, see
        `recordings.in_place`, of which cleaning makes the same clips. No sound is decoded: what cannot be is left out then.
    progress
        Is given what is to be done and its number.

    Raises
    ------
    WordspotError
        No such set, language or words; nothing of it can be imported; another folder is there; the disk is too small; sounds
        in an archive, which cannot be used where they are.
    """
    source, folder = here(source), here(folder)
    if form not in FORMATS:
        raise WordspotError(f"{form!r} is no format; expected one of {', '.join(FORMATS)}")
    if not source.exists():
        raise WordspotError(f"{source} does not exist: check the spelling")
    if source.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise WordspotError(f"{folder} lies inside {source}, which is never written to: choose a folder outside of it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.parent / f".{folder.name}.lock"
    with held_alone(lock, f"{folder} is being imported by another command: wait for it to finish"):
        return _import(form, source, folder, choice, language, in_place, progress)


@dataclass(frozen=True)
class _Job:
    """What is imported, and where it grows until it is whole."""

    listing: Listing
    choice: Choice
    work: Path
    in_place: bool
    progress: Progress

    @property
    def made(self) -> Path:
        return self.work / _MADE


def _import(
    form: str, source: Path, folder: Path, choice: Choice, language: str, in_place: bool, progress: Progress
) -> ImportResult:
    order = {"format": form, "source": str(source.resolve()), "language": language, **dataclasses.asdict(choice)}
    order |= {"in_place": True} if in_place else {}
    order = json.loads(json.dumps(order))  # as it is read again
    if (done := _done(folder, order)) is not None:
        return done
    work = folder.parent / f".{folder.name}{_UNFINISHED}"
    _go_on(work, work / _ORDER, order)
    try:
        job = _Job(_find(form, source, language, work / _SCRATCH, choice), choice, work, in_place, progress)
        _check_unpacked(job, source)
        entries, settled = agree(choose(job.listing, choice))
        result = _make_all(job, entries, settled)
        write_json(job.made / MARKER, {"order": order, "result": dataclasses.asdict(result)})
    except WordspotError:  # the same again comes to the same: nothing to go on with
        shutil.rmtree(work, ignore_errors=True)
        raise
    with suppress(FileNotFoundError):
        folder.rmdir()  # empty, as was seen before
    job.made.rename(folder)
    shutil.rmtree(work, ignore_errors=True)
    return result


def _check_unpacked(job: _Job, source: Path) -> None:
    if job.in_place and job.listing.archives:
        raise WordspotError(f"{source} is packed, and its sounds cannot be used where they are: unpack it first")


def _done(folder: Path, order: dict[str, Any]) -> ImportResult | None:
    """What the folder holds already; None for a folder that is empty or not there."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    marker = read_json(folder / MARKER) if (folder / MARKER).is_file() else {}
    if marker.get("order") != order:
        raise WordspotError(
            f"{folder} holds something else than what is to be imported: choose a folder that does not exist"
        )
    result = marker["result"]
    lists = {name: tuple(result[name]) for name in ("settled", "missing_words")}
    return ImportResult(**result | lists | {"is_new": False})


def _go_on(folder: Path, note: Path, plan: Any) -> None:
    """Makes a folder for this plan, or keeps what an interrupted call with the very same one, as noted, has left in it."""
    if folder.is_dir() and note.is_file() and read_json(note) == {"plan": plan}:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(note, {"plan": plan})


def _find(form: str, source: Path, language: str, scratch: Path, choice: Choice) -> Listing:
    scratch.mkdir(exist_ok=True)
    if form == "mswc":
        return find_mswc(source, language, scratch)
    if form == "common-voice":
        return find_common_voice(source, language, scratch, [word.casefold() for word in choice.words])
    return find_manifest(source, language)


def _make_all(job: _Job, entries: Sequence[Entry], settled: Sequence[str]) -> ImportResult:
    sound = [entry for entry in entries if not entry.fault]
    named = list(zip(target_names(sound), sound, strict=True))
    plan = hashlib.sha256(repr(named).encode("utf-8", "backslashreplace")).hexdigest()
    _go_on(job.made, job.work / _PLAN, plan)
    made = named if job.in_place else _make_files(job, named)
    faulty = [entry for entry in entries if entry.fault] + [entry for _, entry in made if entry.fault]
    imported = sorted(one for one in made if not one[1].fault)
    if not imported:
        raise WordspotError(f"{job.listing.title}: nothing could be imported ({_summary(faulty)})")
    _write_tables(job, imported, faulty)
    return _result(job, imported, faulty, settled)


def _make_files(job: _Job, named: Sequence[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
    """Makes all recordings; gives their names and entries, those that failed with their fault."""
    sound = [entry for _, entry in named]
    _unpack(job, {entry.path for entry in sound})
    _check_space(job.listing, sound, job.work)
    by_file = [list(group) for _, group in itertools.groupby(sorted(named, key=lambda one: one[1].place), _path)]
    return [one for group in job.progress(by_file, len(by_file)) for one in _make(job, group)]


def _path(named: tuple[str, Entry]) -> str:
    return named[1].path


def _unpack(job: _Job, paths: set[str]) -> None:
    for archive in reversed(job.listing.archives):  # the largest has the sounds
        unpack_sounds(archive, job.listing.folder, paths, job.progress, job.listing.language)


def _check_space(listing: Listing, entries: Sequence[Entry], folder: Path) -> None:
    """Where whole files cannot be linked they are copied."""
    is_same_disk = listing.folder.stat().st_dev == folder.stat().st_dev
    whole = {entry.path for entry in entries if not entry.is_section}
    copied = 0 if is_same_disk else sum(_size(listing.folder / path) for path in whole)
    cut_s = sum(entry.end_s - (entry.start_s or 0) for entry in entries if entry.end_s and math.isfinite(entry.end_s))
    needed, free = copied + cut_s * _BYTES_PER_S, shutil.disk_usage(folder).free
    if free < needed:
        raise WordspotError(
            f"{listing.title} needs {needed / 1e9:.1f} GB, and {folder.parent.resolve()} has {free / 1e9:.1f} GB left: free "
            "some space, choose fewer words or recordings, or a folder on another disk"
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _make(job: _Job, named: Sequence[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
    """Makes all recordings of one file; gives their names and entries, those that failed with their fault."""
    path = job.listing.folder / named[0][1].path
    for name, _ in named:
        (job.made / name).parent.mkdir(parents=True, exist_ok=True)
    try:
        for name, entry in named:
            if not entry.is_section and not (job.made / name).is_file():
                check_decodable(path)
                link_or_copy(path, job.made / name)
        return list(_cut(job, path, named))
    except FileNotFoundError:
        if path.is_file():
            raise
        return _failed(job, named, "missing file", named[0][1].path)
    except RecordingError as error:
        return _failed(job, named, "unreadable sound", str(error))


def _cut(job: _Job, path: Path, named: Sequence[tuple[str, Entry]]) -> Iterator[tuple[str, Entry]]:
    left = [entry.place[1:] for name, entry in named if not (job.made / name).is_file()]
    pieces = cut(path, left)
    for name, entry in named:
        if not (job.made / name).is_file():
            samples = next(pieces)
            if samples is None:
                entry = entry.with_fault(
                    "impossible section", f"{entry.start_s} to {entry.end_s} s is not in the recording"
                )
            else:
                with replacing(job.made / name) as temporary:
                    write_wav(temporary, samples)
        yield name, entry


def _failed(job: _Job, named: Sequence[tuple[str, Entry]], fault: str, detail: str) -> list[tuple[str, Entry]]:
    for name, _ in named:
        (job.made / name).unlink(missing_ok=True)
    return [(name, entry.with_fault(fault, detail)) for name, entry in named]


def _write_tables(job: _Job, imported: Sequence[tuple[str, Entry]], faulty: Sequence[Entry]) -> None:
    for label in job.made.iterdir():
        if label.is_dir():
            remove_leftovers(label)
            with suppress(OSError):
                label.rmdir()  # nothing of it could be imported
    rows = ({"file_name": name} | _row(entry) for name, entry in imported)
    if job.in_place:
        root = job.listing.folder.resolve()
        write_table(job.made / SECTIONS, _COLUMNS, (row | {"source": f"{root}/{row['source']}"} for row in rows))
    else:
        write_table(job.made / TABLE, _COLUMNS, rows)
    if faulty:
        rows = sorted(faulty, key=lambda entry: (entry.fault, entry.place, entry.where))
        write_table(job.made / REPORT, _REPORT_COLUMNS, map(_row, rows))
    for name in SPLIT_LISTS:
        split = name.removesuffix("_list.txt")
        if listed := [f"{path}\n" for path, entry in imported if entry.split == split]:
            write_text(job.made / name, "".join(listed))


def _row(entry: Entry) -> dict[str, Any]:
    bounds = {"start_s": entry.start_s, "end_s": entry.end_s}
    return dataclasses.asdict(entry) | {"source": entry.path} | {k: "" if v is None else v for k, v in bounds.items()}


def _result(
    job: _Job, imported: Sequence[tuple[str, Entry]], faulty: Sequence[Entry], settled: Sequence[str]
) -> ImportResult:
    entries = [entry for _, entry in imported]
    faults = Counter(entry.fault for entry in faulty)
    words = {word.casefold() for word in job.choice.words}
    others = sum(entry.label.casefold() not in words for entry in entries)
    few = [f"{others:,} recordings of other words: there are no more"] if others < job.choice.others else []
    examples = {fault: [_example(entry) for entry in faulty if entry.fault == fault][:_SHOWN] for fault in faults}
    return ImportResult(
        job.listing.title,
        job.listing.license,
        job.listing.citation,
        len(entries),
        sum(entry.is_section for entry in entries),
        len({entry.speaker for entry in entries} - {""}),
        dict(Counter(entry.label for entry in entries)),
        dict(Counter(entry.split for entry in entries if entry.split)),
        dict(sorted(faults.items())),
        examples,
        (*settled, *few),
        tuple(missing_words(job.choice.words, entries)),
    )


def _example(entry: Entry) -> str:
    return f"{entry.where}: {entry.detail or entry.path}"


def _summary(faulty: Sequence[Entry]) -> str:
    counts = Counter(entry.fault for entry in faulty)
    first = next((_example(entry) for entry in faulty), "it lists nothing")
    return ", ".join(f"{count:,} {fault}" for fault, count in counts.most_common()) + (", " if counts else "") + first
