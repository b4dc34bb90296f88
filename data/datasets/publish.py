"""Publishing a clean folder: a data set that `datasets.load_dataset` opens, with its card, and without the names of people."""

import hashlib
import json
import os
import secrets
import shutil
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..audio import read_sound, write_wav
from ..buckets import here
from ..clips import CLIP_TABLE, Clip, read_clip_table
from ..decisions import DECISIONS, read, replay, standing
from ..errors import RecordingError, WordspotError, WordspotWarning
from ..files import read_json, write_text
from ..splits import SPLITS, assign_splits, speaker_of
from ..tables import read_table
from .card import Card, Origin, card_text, license_id
from .names import speaker_in_name
from .places import Progress

FOLDERS: dict[str, str] = dict(zip(SPLITS, ("train", "validation", "test"), strict=True))
TABLE = "metadata.jsonl"
_CLEANED = "clean.json"
_ORIGINS = ("fetched.json", "imported.json")  # that a folder of recordings has of `fetch` and `import`
_BY_NOBODY = ("", "spreadsheet")
_ID_CHARACTERS = 12


@dataclass(frozen=True)
class PublishResult:
    """What was published.

    Attributes
    ----------
    clips, speakers
        How many, known speakers alone.
    splits, labels
        {split or label: clips}.
    license
        As the card has it.
    """

    clips: int
    speakers: int
    splits: dict[str, int]
    labels: dict[str, int]
    license: str


@dataclass(frozen=True)
class _Published:
    """A clip, and what it is called where everybody can see it."""

    clip: Clip
    folder: str
    speaker: str
    name: str


def publish(
    clips: Path | str,
    folder: Path | str,
    *,
    license: str,
    language: str,
    title: str = "",
    keep_speakers: bool = False,
    progress: Progress,
) -> PublishResult:
    """Writes a clean folder as a data set: `train`, `validation` and `test` with their clips and table, and a card.

    Speakers get new names that say nothing of who they are, files are named after these, and everything else that may name
    somebody (sources, who decided, what else a file holds) stays here. The splits are those that training would use. Clips of
    which somebody was not sure are left out, and so is long sound. The folder is there when all of it is.

    Parameters
    ----------
    clips
        The clean folder.
    folder
        A folder that does not exist yet.
    license
        Under which everybody may use it: `cc-by-4.0`, `cc0-1.0`, or any other name.
    language
        Of the words, as ISO 639 has it: `en`, `de`.
    title
        Of the data set; the name of the folder where there is none.
    keep_speakers
        Whether the speakers' names in the clip table are ids that may be seen by everybody.
    progress
        Is given the clips and their number.

    Raises
    ------
    WordspotError
        No clean folder, a clip of it that is missing or damaged, no license or language, or a folder that exists.

    Warns
    -----
    WordspotWarning
        The recordings are of a public set with another license.
    """
    clips, folder = here(clips), here(folder)
    _check(clips, folder, license, language)
    listed = read_clip_table(clips)
    published = _named(clips, listed, _splits(clips, listed), keep_speakers)
    card = _card(clips, published, title or folder.name, license_id(license), language)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    try:
        for one in progress(published, len(published)):
            _write_clip(clips / one.clip.file_name, unfinished / one.folder / one.name)
        _write_tables(clips, unfinished, published)
        write_text(unfinished / "README.md", card_text(card))
        os.replace(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    labels = dict(sorted(Counter(one.clip.label for one in published).items()))
    return PublishResult(len(published), card.speakers, card.splits, labels, card.license)


def _check(clips: Path, folder: Path, license: str, language: str) -> None:
    if not license.strip():
        raise WordspotError("a data set needs a license: name one, such as cc-by-4.0 or cc0-1.0")
    if not language.replace("-", "").isalnum() or not language[:2].isalpha():
        raise WordspotError(f"{language!r} is no language; expected a code such as en, de or zh-CN")
    if folder.exists() or clips.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise WordspotError(f"{folder} exists or lies in {clips}: choose a new folder beside it")


def _splits(folder: Path, clips: Sequence[Clip]) -> list[str]:
    """Those that training would use; of a single speaker all clips train."""
    if len({speaker_of(clip) for clip in clips}) == 1:
        return ["training"] * len(clips)
    return assign_splits(clips, folder)


def _named(folder: Path, clips: Sequence[Clip], splits: Sequence[str], keep_speakers: bool) -> list[_Published]:
    """Every clip with its published name, in an order that says nothing of what it was called."""
    hashes = {clip.file_name: clip.recording or _hash(folder / clip.file_name) for clip in clips}
    ids = _ids(clips, hashes, keep_speakers)
    numbers: Counter[tuple[str, str]] = Counter()
    published = []
    for clip, split in sorted(
        zip(clips, splits, strict=True), key=lambda one: (hashes[one[0].file_name], one[0].file_name)
    ):
        speaker = ids.get(clip.speaker, "")
        stem = f"{speaker_in_name(speaker)}_nohash_" if speaker else f"{hashes[clip.file_name][:_ID_CHARACTERS]}_"
        key = clip.label, stem.casefold()
        published.append(_Published(clip, FOLDERS[split], speaker, f"{_folder(clip.label)}/{stem}{numbers[key]}.wav"))
        numbers[key] += 1
    return published


def _ids(clips: Sequence[Clip], hashes: dict[str, str], keep_speakers: bool) -> dict[str, str]:
    """{speaker: the name that is published}; by what they said, from which no list of names leads back."""
    of_speaker: defaultdict[str, list[str]] = defaultdict(list)
    for clip in clips:
        if clip.speaker:
            of_speaker[clip.speaker].append(hashes[clip.file_name])
    if keep_speakers:
        return {speaker: speaker for speaker in of_speaker}
    ids = {speaker: _id(" ".join(sorted(its))) for speaker, its in of_speaker.items()}
    if len(set(ids.values())) < len(ids):
        raise WordspotError("two speakers have the very same recordings: correct the column speaker in metadata.csv")
    return ids


def _id(text: str) -> str:
    return hashlib.sha256(f"speaker {text}".encode()).hexdigest()[:_ID_CHARACTERS]


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WordspotError(f"{path} cannot be read: {error.strerror}; clean the recordings again") from error


def _folder(label: str) -> str:
    """The label as the name of a folder: a clip table may have been edited."""
    name = label.replace("/", "_").replace("\\", "_").lstrip(".")
    return name or "_"


def _write_clip(source: Path, target: Path) -> None:
    """Samples alone: what else is in a file may name somebody."""
    try:
        samples = read_sound(source).samples
    except (RecordingError, FileNotFoundError) as error:
        raise WordspotError(f"{source} cannot be read ({error}): clean the recordings again") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    write_wav(target, samples)


def _write_tables(clips: Path, folder: Path, published: Sequence[_Published]) -> None:
    findings = {row["file_name"]: row.get("findings", "") for row in read_table(clips / CLIP_TABLE)}
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(published, key=lambda one: one.name):
        row = {"file_name": one.name, "label": one.clip.label, "speaker": one.speaker}
        row |= {"findings": findings[one.clip.file_name], "decision": one.clip.decision}
        rows[one.folder].append(row)
    for name, its in rows.items():
        write_text(folder / name / TABLE, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in its))


def _card(clips: Path, published: Sequence[_Published], title: str, license: str, language: str) -> Card:
    cleaned = read_json(clips / _CLEANED) if (clips / _CLEANED).is_file() else {}
    origin = _origin(Path(str(cleaned.get("source", ""))))
    if origin and origin.license and license_id(origin.license) != license:
        text = f"the recordings are of {origin.title}, whose license is {origin.license}: make sure that {license} is allowed"
        warnings.warn(text, WordspotWarning, stacklevel=3)
    counts: dict[str, dict[str, int]] = {}
    for one in published:
        of_label = counts.setdefault(one.clip.label, dict.fromkeys(FOLDERS.values(), 0))
        of_label[one.folder] += 1
    log = read(clips / DECISIONS) if (clips / DECISIONS).is_file() else []
    decided = Counter(state.what for state in replay(log).values() if state.what)
    listeners = {decision.who for decision in standing(log)}.difference(_BY_NOBODY)
    speakers = len({one.speaker for one in published} - {""})
    return Card(
        title, license, language, dict(sorted(counts.items())), speakers, cleaned, dict(decided), len(listeners), origin
    )


def _origin(source: Path) -> Origin | None:
    """The public set that the recordings are of, where `fetch` or `import` has noted it."""
    for name in _ORIGINS:
        if source.is_absolute() and (source / name).is_file():
            values = read_json(source / name)
            values = values.get("result", values)
            texts = [str(values.get(key, "")) for key in ("title", "license", "citation")]
            return Origin(*texts) if texts[1] else None
    return None
