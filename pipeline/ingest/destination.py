"""The clean folder: what may be written into it, and what was put or changed there by somebody else.

Every path that cleaning writes or deletes lies inside the clean folder and was written by cleaning before, byte for byte:
of every clip the journal keeps a digest of its samples, of the other files `made.json` keeps one of their bytes. What somebody
has put there or edited is work, and refused by name.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ...data.audio import written_samples
from ...data.buckets import Folder, read_in
from ...data.clips import CLIP_TABLE
from ...data.decisions import DECISIONS, content_hash
from ...data.errors import WordspotError
from ...data.files import printable, read_json, write_json
from ...data.recordings.folders import SPLIT_LISTS, check_folder
from .outcome import Outcome
from .plan import PlannedClip

JOURNAL_FOLDER = ".wordspot"
MARKER = "clean.json"
DISCARD_TABLE = "discarded.csv"
REPORT = "report.html"
MADE_FILES = (MARKER, CLIP_TABLE, DISCARD_TABLE, REPORT)
DIGEST_CHARACTERS = 32
_DIGESTS = "made.json"
_ANEW = "or clean into a new folder"


def digest(path: Path | str) -> str:
    """BLAKE2b of a file's bytes, to notice that somebody has edited it."""
    with open(path, "rb", buffering=0) as file:
        return _digest(file.read())


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=DIGEST_CHARACTERS // 2).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stands(path: Path) -> bool:
    """Whether a file is there, and not empty, as files are that were written when the machine lost power."""
    return path.is_file() and path.stat().st_size > 0


def is_clip_name(name: str) -> bool:
    """Whether it is `<label>/<name>.wav` and nothing else: no way out of the folder, no hidden file."""
    parts = name.replace(os.sep, "/").split("/")
    return len(parts) == 2 and name.endswith(".wav") and not any(part.startswith(".") or not part for part in parts)


def check_apart(source: Folder, destination: Folder, planned: Iterable[PlannedClip]) -> None:
    """Raises `WordspotError` where one of the two folders lies in the other, or a link leads from the source to the clips."""
    inside, outside = destination.resolve(), source.resolve()
    if inside == outside or outside in inside.parents:
        raise WordspotError(
            f"{destination} lies inside {source}, which is never written to: choose a folder outside of it"
        )
    if inside in outside.parents:
        raise WordspotError(
            f"{destination} holds something else, the recordings in {source}: choose a new or an empty folder"
        )
    if not isinstance(source, Path):  # in which nothing is a link
        return
    paths = [clip.recording.path for clip in planned]
    links = [path for path in paths if os.path.islink(f"{source}/{path}")]
    for path in [*dict.fromkeys(path.rpartition("/")[0] for path in paths), *links]:
        real = Path(os.path.realpath(source / path))  # which a link to itself does not stop
        if real == inside or inside in real.parents:
            raise WordspotError(
                f"{printable(str(source / path))} leads into {destination}, where the clips are to be written: remove that "
                "link, or choose another folder for the clips"
            )


def check_destination(destination: Path, labels: Iterable[str]) -> None:
    """Raises `WordspotError` unless the folder is new, empty or a clean folder, and none of its own folders leads out of it."""
    if not destination.exists():
        return
    check_folder(destination)
    own = destination / JOURNAL_FOLDER
    for name in (*MADE_FILES, *SPLIT_LISTS, DECISIONS):
        _check_real(destination / name, destination, Path.is_file, "a file")
    for folder in (own, *(destination / label for label in sorted(labels))):
        _check_real(folder, destination, Path.is_dir, "a folder")
    for file in own.iterdir() if own.exists() else ():
        _check_real(file, destination, Path.exists, "a file")
    known = (own.name, DECISIONS)
    if not (own / "journal.jsonl").is_file() and any(entry.name not in known for entry in destination.iterdir()):
        raise WordspotError(f"{destination} holds something else: choose a new or an empty folder")


def _check_real(path: Path, destination: Path, is_right: Callable[[Path], bool], expected: str) -> None:
    if path.is_symlink():
        raise WordspotError(
            f"{path} is a link to {printable(str(path.readlink()))}, and cleaning writes nothing outside of {destination}: "
            f"remove the link, {_ANEW}"
        )
    if path.exists() and not is_right(path):
        raise WordspotError(f"{path} stands where {expected} is to be: move it away, {_ANEW}")


def check_untouched(destination: Path, outcomes: Iterable[Outcome]) -> None:
    """Raises `WordspotError` where a clip that is to go is not as cleaning wrote it."""
    for outcome in outcomes:
        if outcome.clip_digest:
            _check_clip(destination, outcome)


def remove_clip(destination: Path, outcome: Outcome) -> None:
    """Deletes the clip of an outcome, unless somebody has edited it."""
    _check_clip(destination, outcome)
    (destination / outcome.file_name).unlink(missing_ok=True)


def _check_clip(destination: Path, outcome: Outcome) -> None:
    path = destination / outcome.file_name
    _check_real(path.parent, destination, Path.is_dir, "a folder")
    _refuse_edits(path, _is_somebodys(path, outcome.clip_digest))


def check_free(destination: Path, outcome: Outcome) -> None:
    """Raises `WordspotError` where somebody's file stands in the place of a clip that has just been made."""
    path = f"{destination}/{outcome.file_name}"
    if os.path.lexists(path) and _is_somebodys(Path(path), outcome.clip_digest):
        raise in_the_way(path, outcome)


def in_the_way(path: str, outcome: Outcome) -> WordspotError:
    """What to say of somebody's file in the place of a clip."""
    return WordspotError(
        f"{path} was not written by cleaning, and the clip of {outcome.source} would replace it: move it away, {_ANEW}"
    )


def _is_somebodys(path: Path, known_digest: str) -> bool:
    """Whether something is there that does not have this digest; a file that a power cut left empty is nobody's."""
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_file():
        return True
    return is_other(path.read_bytes(), known_digest)


def is_other(data: bytes, known_digest: str) -> bool:
    """Whether a file that holds `data` is another one than that of which this digest was taken."""
    samples = written_samples(data)
    if samples is not None and known_digest == content_hash(samples):  # of clips, whose samples were hashed already
        return False
    return len(data) > 0 and known_digest != _digest(data)


def check_made_files(source: Folder, destination: Path, *, is_complete: bool) -> None:
    """Raises `WordspotError` where the table of discards, the report or a split list is not as cleaning wrote it.

    Parameters
    ----------
    source
        Where the split lists are copied from.
    destination
        The clean folder.
    is_complete
        Whether `clean.json` says that the folder is complete; before that, its tables are nobody's work yet.
    """
    written = _written_digests(destination)
    if is_complete:
        for name in (DISCARD_TABLE, REPORT):
            _refuse_edits(destination / name, name in written and _is_somebodys(destination / name, written[name]))
    for name in SPLIT_LISTS:
        if (data := read_in(source, name)) is not None:
            known = (written.get(name, ""), _digest(data))
            _refuse_edits(destination / name, all(_is_somebodys(destination / name, one) for one in known))


def _refuse_edits(path: Path, edited: bool) -> None:
    if edited:
        raise edited_since(path)


def edited_since(path: Path | str) -> WordspotError:
    """What to say of a file that cleaning has written and somebody has edited."""
    return WordspotError(
        f"{path} was edited after cleaning, and cleaning again would lose the edits: move it away, {_ANEW}"
    )


class Clips:
    """The clips of a clean folder, which lie beside its tables.

    Attributes
    ----------
    folder
        Where the tables are made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stands(self, name: str) -> bool:
        """Whether the clip is there, see `stands`."""
        return stands(self.folder / name)

    def check_untouched(self, outcomes: Iterable[Outcome]) -> None:
        """See `check_untouched`."""
        check_untouched(self.folder, outcomes)

    def check_free(self, outcome: Outcome) -> None:
        """See `check_free`."""
        check_free(self.folder, outcome)

    def place(self, unfinished: str, outcome: Outcome) -> None:
        """Puts a clip that was just made where it is to be."""
        os.replace(unfinished, f"{self.folder}/{outcome.file_name}")

    def remove(self, outcome: Outcome) -> None:
        """See `remove_clip`."""
        remove_clip(self.folder, outcome)

    def has_table(self) -> bool:
        """Whether there is a clip table, which only somebody else can have written where cleaning has taken it away."""
        return (self.folder / CLIP_TABLE).exists()

    def publish(self) -> None:
        """Makes what others see of the clean folder what its tables say now."""


def write_marker(destination: Path, values: dict[str, Any], made: Iterable[str]) -> None:
    """Takes note of what these files hold, and last writes `clean.json`, which says that the folder is complete."""
    unplaced = destination / JOURNAL_FOLDER / MARKER
    write_json(unplaced, values)
    digests = {name: digest(destination / name) for name in made}
    write_json(destination / JOURNAL_FOLDER / _DIGESTS, digests | {MARKER: digest(unplaced)})
    os.replace(unplaced, destination / MARKER)


def read_marker(destination: Path) -> dict[str, Any] | None:
    """What `clean.json` holds; None where it is missing, because the folder is not complete.

    Raises
    ------
    WordspotError
        It is not as cleaning wrote it.
    """
    path = destination / MARKER
    if not stands(path):
        return None
    try:
        marker = read_json(path)
    except WordspotError as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(marker.get("clip_table_sha256"), str):
        raise _damaged(path, "clip_table_sha256 is missing")
    if _written_digests(destination).get(MARKER, found := digest(path)) != found:
        raise _damaged(path, "cleaning has written something else")
    return marker


def cleaned_agreement(destination: Path) -> int:
    """How many listeners had to agree when the folder was cleaned last, see `clean`; 1 where nothing says so."""
    path = destination / MARKER
    try:
        agreement = read_json(path).get("agreement") if stands(path) else None
    except WordspotError:
        return 1
    return agreement if isinstance(agreement, int) and agreement > 1 else 1


def _damaged(path: Path, why: str) -> WordspotError:
    return WordspotError(
        f"{path} was changed after cleaning ({why}): delete it, and run the same command again; what was edited in "
        f"{CLIP_TABLE} beside it is not lost"
    )


def _written_digests(destination: Path) -> dict[str, str]:
    """{file: its digest when cleaning wrote it}; nothing of a folder that an older version made."""
    path = destination / JOURNAL_FOLDER / _DIGESTS
    if not stands(path):
        return {}
    try:
        return {name: str(value) for name, value in read_json(path).items()}
    except WordspotError as error:
        raise WordspotError(f"{error}; delete it, and run the same command again") from error
