"""What people decided of recordings: an append-only log, one JSON object per line; what counts is the replay of all lines.

A decision belongs to a recording's content, the hash of its decoded samples, so that renaming, another header, another
window and another machine do not lose it; the path stands beside it for people. Undo is a line, too. The files of two
people are merged by putting one behind the other, in either order.
"""

import contextlib
import dataclasses
import gc
import hashlib
import json
import math
import operator
import os
import secrets
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal, get_args

import numpy as np

from .arrays import Samples
from .errors import WordspotError, WordspotWarning
from .labels import normalize_name

DECISIONS = "decisions.jsonl"
What = Literal["keep", "relabel", "drop", "unsure", "note", "window", "undo"]
_WHATS: frozenset[str] = frozenset(get_args(What))
_HASH_BYTES = 16
_SHOWN_LINES = 3  # of damaged ones, in the warning
_appending = threading.Lock()


def content_hash(samples: Samples) -> str:
    """Of a recording's content: BLAKE2b of its decoded samples, 32 hexadecimal digits.

    Parameters
    ----------
    samples
        int16 [n], mono, as decoded: `Sound.native`, at the file's own rate, which no version of a resampler changes.
    """
    little = np.ascontiguousarray(samples, "<i2")
    return hashlib.blake2b(little.data, digest_size=_HASH_BYTES).hexdigest()


def now() -> str:
    """The time as decisions have it: ISO 8601, UTC, microseconds; texts in their order are times in theirs."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_id() -> str:
    """A text that no other decision has; those of one process grow, so that decisions of one moment keep their order."""
    global _last_ns
    with _counting:
        _last_ns = max(_last_ns + 1, time.time_ns())
        return f"{_last_ns:016x}{secrets.token_hex(4)}"


_last_ns = 0
_counting = threading.Lock()


@dataclass(frozen=True)
class Decision:
    """What a person said of a recording after listening: one line of the log.

    Attributes
    ----------
    what
        `keep` (the label is right), `relabel` (it is `after`), `drop` (no clip of it), `unsure` (left out of training),
        `note` (text alone), `window` (another window), or `undo` (of the decision that `undoes` names).
    recording
        `content_hash` of the recording.
    path
        The recording's path in its folder, for people, and to tell apart recordings of the same content.
    before, after
        The label as it was, and as it is to be.
    who
        Who decided; `spreadsheet` for edits of a clip table.
    when
        See `now`.
    heard_s
        How many seconds were listened to.
    queue
        What offered the recording: `suspicious`, `random`, ...; empty for none.
    suggested_by
        The model whose suggestion was shown; empty for none.
    window_s
        Where the word lies: the seconds of the recording between which the clip is to be cut; None, with `window`, for the
        one that cleaning finds.
    note
        What there is to say.
    undoes
        With `undo`: the id of the decision that no longer counts.
    id
        See `new_id`.
    """

    what: What
    recording: str
    path: str = ""
    before: str = ""
    after: str = ""
    who: str = ""
    when: str = field(default_factory=now)
    heard_s: float = 0.0
    queue: str = ""
    suggested_by: str = ""
    window_s: tuple[float, float] | None = None
    note: str = ""
    undoes: str = ""
    id: str = field(default_factory=new_id)


_FIELDS = tuple(field.name for field in dataclasses.fields(Decision))
_KNOWN = frozenset(_FIELDS)
_OF_TEXT = _KNOWN - {"heard_s", "window_s"}
_ALWAYS = frozenset({"what", "recording", "when", "id"})


@dataclass(frozen=True, slots=True)
class State:
    """What counts of all decisions about one recording's content.

    Attributes
    ----------
    what
        The last of `keep`, `relabel`, `drop` and `unsure`; empty where there was none.
    label
        The decided label; empty where the one of its folder stands.
    who, when, path
        Of the decision that `what` names.
    window_s
        The decided window; None where cleaning is to find it.
    notes
        All of them, in order.
    dropped
        Paths of which `drop` was the last decision: several recordings may have the same content.
    """

    what: str = ""
    label: str = ""
    who: str = ""
    when: str = ""
    path: str = ""
    window_s: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    dropped: frozenset[str] = frozenset()


NOTHING = State()
"""Of a recording of which nothing was decided."""


def append(file: Path | str, decisions: Iterable[Decision]) -> None:
    """Adds decisions at the end of a log; they are on the disk when it returns.

    Several processes and threads may do so at once. A last line that was torn stays as it is, and the next begins on a
    line of its own.

    Raises
    ------
    WordspotError
        The file cannot be written, or one of them is no decision; then none of these is in it.
    """
    text = b"".join(_to_line(decision) for decision in decisions)
    path = Path(file)
    if not text:
        return
    try:
        is_new = not path.exists()
        with _appending, open(path, "a+b", buffering=0) as log, _locked(log):
            _append(log, text)
        if is_new and os.name != "nt":
            _sync_folder(path.parent)
    except OSError as error:
        raise WordspotError(
            f"{path} cannot be written ({error.strerror}): what was just decided is not saved; make room, or choose another "
            "place for the decisions, and decide it again"
        ) from error


def _append(log: IO[bytes], text: bytes) -> None:
    """All or nothing, behind a line feed."""
    end = log.seek(0, os.SEEK_END)
    if end:
        log.seek(end - 1)
        text = text if log.read(1) == b"\n" else b"\n" + text
    try:
        rest = memoryview(text)
        while rest:
            rest = rest[log.write(rest) :]
        os.fsync(log.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            log.truncate(end)
        raise


@contextlib.contextmanager
def _locked(log: IO[bytes]) -> Iterator[None]:
    """Waits until no other process appends. Not `files.try_lock`: its lock goes when any thread closes the same file."""
    if os.name == "nt":
        import msvcrt

        log.seek(0)
        msvcrt.locking(log.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
        yield
        log.seek(0)
        msvcrt.locking(log.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(log, fcntl.LOCK_EX)
        yield


def _sync_folder(folder: Path) -> None:
    """So that a new file is still there after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _to_line(decision: Decision) -> bytes:
    """One JSON object; fields that say nothing are left out."""
    values = ((name, getattr(decision, name)) for name in _FIELDS)
    told = {name: value for name, value in values if value or name in _ALWAYS}
    line = json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
    if _from_line(line) is None:
        raise WordspotError(f"{line.decode():.200} is no decision: it would be lost when the log is read")
    return line


def read(file: Path | str) -> list[Decision]:
    """The decisions of a log, in the order of its lines; none where there is no such file.

    A last line that was being written when the machine stopped is passed over: nobody was told that it is saved.

    Raises
    ------
    WordspotError
        The file cannot be read.

    Warns
    -----
    WordspotWarning
        Other lines that are no decisions; they are left out, and stay in the file.
    """
    path, decisions, damaged = Path(file), [], []
    if not path.exists():
        return []
    try:
        with open(path, "rb") as log, _uncollected():
            for number, line in enumerate(log, 1):
                if decision := _from_line(line):
                    decisions.append(decision)
                elif line.endswith(b"\n") and line.strip():
                    damaged.append(number)
    except OSError as error:
        raise WordspotError(f"{path} cannot be read: {error.strerror}") from error
    if damaged:
        shown = ", ".join(map(str, damaged[:_SHOWN_LINES])) + (", ..." if len(damaged) > _SHOWN_LINES else "")
        warnings.warn(
            f"{path}: {len(damaged):,} of its lines (line {shown}) are no decisions, and are left out: mend or delete them",
            WordspotWarning,
            stacklevel=2,
        )
    return decisions


def _from_line(line: bytes) -> Decision | None:
    try:
        return _from_values(json.loads(line.removeprefix(b"\xef\xbb\xbf")))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def _from_values(values: dict[str, Any]) -> Decision | None:
    """The decision that a JSON object holds; what a later version adds to it does not count here."""
    if values["what"] not in _WHATS or not (values["when"] and values["id"]):
        return None
    if not values["undoes" if values["what"] == "undo" else "recording"]:
        return None
    if window := values.get("window_s"):
        start, end = map(float, window)
        values["window_s"] = (start, end)
        if not -math.inf < start < end < math.inf:
            return None
    kinds = list(map(type, values.values()))
    numbers = ("heard_s" in values) + (window is not None)
    is_plain = type(values.get("heard_s", 0.0)) is float and len(kinds) - kinds.count(str) == numbers
    if not is_plain and not _is_sound(values):  # the former is quick
        return None
    decision = object.__new__(Decision)  # a third of the time that calling it takes: there may be a million
    decision.__dict__.update(
        values if values.keys() <= _KNOWN else {name: values[name] for name in _KNOWN & values.keys()}
    )
    return decision


def _is_sound(values: dict[str, Any]) -> bool:
    """Whether what is known is of the right kind."""
    heard = type(values.get("heard_s", 0)) in (int, float)
    return heard and all(type(value) is str for name, value in values.items() if name in _OF_TEXT)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which would look through a million objects again and again, none of them garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def replay(decisions: Iterable[Decision]) -> dict[str, State]:
    """What counts of these decisions, {recording: its state}, whatever their order: by `when`, then by `id`.

    A decision that stands there twice counts once. Of what different people said the last counts.
    """
    with _uncollected():
        by_recording: dict[str, list[Decision]] = {}
        for decision in standing(decisions):
            by_recording.setdefault(decision.recording, []).append(decision)
        return {recording: _state(history) for recording, history in by_recording.items()}


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Those that count, by `when`, then by `id`: each once, without the ones that were undone and the undoing lines."""
    in_order = sorted({decision.id: decision for decision in decisions}.values(), key=_moment)
    undone = _undone(in_order)
    return [decision for decision in in_order if decision.what != "undo" and decision.id not in undone]


_moment = operator.attrgetter("when", "id")


def _undone(in_order: list[Decision]) -> set[str]:
    """Ids that no longer count; an undo that was itself undone does not count either."""
    undone: set[str] = set()
    for decision in reversed(in_order):
        if decision.what == "undo" and decision.id not in undone:
            undone.add(decision.undoes)
    return undone


def _state(history: list[Decision]) -> State:
    """What counts of all that was said of one recording, in order."""
    last, label, window_s, dropped = None, "", None, set()
    for decision in history:
        if decision.what == "window" or decision.window_s:
            window_s = decision.window_s
        if decision.what in ("note", "window"):
            continue
        last, label = decision, _label(label, decision)
        (dropped.add if decision.what == "drop" else dropped.discard)(decision.path)
    notes = tuple(decision.note for decision in history if decision.note)
    if last is None:
        return State(window_s=window_s, notes=notes)
    return State(last.what, normalize_name(label), last.who, last.when, last.path, window_s, notes, frozenset(dropped))


def _label(label: str, decision: Decision) -> str:
    """A label that was kept is that of its folder, which may be renamed, unless somebody had said another one before."""
    if decision.what == "relabel":
        return decision.after
    if decision.what == "keep" and label:
        return decision.after or decision.before or label
    return label
