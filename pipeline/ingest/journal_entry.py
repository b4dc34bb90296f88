"""A line of the journal: the one place where an `Outcome` becomes text and text an `Outcome`."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...data.files import printable
from ...data.recordings.folders import Recording
from .check_names import CHECK_NAMES
from .destination import DIGEST_CHARACTERS, is_clip_name
from .duplicates.fingerprints import FINGERPRINT_BYTES
from .outcome import MEASURED_COLUMNS, TEXT_COLUMNS, Outcome

FORMAT = 3
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_CHECKSUM = b', "crc32": '
_LARGEST = 1e15  # of a measured value, either way; what is not below it is no measurement, NaN neither


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A recording as it was, and what became of it.

    Attributes
    ----------
    size_bytes, modified_ns
        Of the recording, as in `Recording`.
    outcome
        What became of it; its `source` names the recording.
    """

    size_bytes: int
    modified_ns: int
    outcome: Outcome

    def is_of(self, recording: Recording) -> bool:
        """Whether it is that of this recording, and the recording has not changed since."""
        known = (self.outcome.source, self.size_bytes, self.modified_ns)
        return known == (recording.key, recording.size_bytes, recording.modified_ns)


def write_line(recording: Recording, outcome: Outcome) -> bytes:
    """One JSON object and a line feed; its last value is the CRC-32 of what stands before it."""
    values = {
        "path": recording.key,
        "size_bytes": recording.size_bytes,
        "modified_ns": recording.modified_ns,
        "outcome": {
            "file_name": outcome.file_name,
            "label": outcome.label,
            "speaker": outcome.speaker,
            "findings": outcome.findings,
            "discarded_for": outcome.discarded_for,
            "detail": outcome.detail,
            "measured": outcome.measured,
            "fingerprint": outcome.fingerprint,
            "clip_digest": outcome.clip_digest,
            "recording": outcome.recording,
            "decided_window": outcome.decided_window,
        },
    }
    text = _ENCODER.encode(values).encode()[:-1]
    return text + _CHECKSUM + b"%d}\n" % zlib.crc32(text)


def parse_line(line: bytes) -> JournalEntry | None:
    """The entry of a line that anybody may have written.

    None for one that was not written to its end, or was changed since, that another version wrote, or whose values cannot
    be of a recording: a file outside of the clean folder, a check or a column that does not exist, a number that is none.
    """
    text, _, rest = line.rpartition(_CHECKSUM)
    if rest != b"%d}\n" % zlib.crc32(text):
        return None
    try:
        entry = read_line(line)
        return entry if _is_sound(entry) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def read_line(line: bytes) -> JournalEntry:
    """The entry of a line that `parse_line` has accepted before: three times as fast."""
    values: dict[str, Any] = json.loads(line)
    outcome: dict[str, Any] = values["outcome"]
    outcome["findings"] = tuple(outcome["findings"])
    return JournalEntry(values["size_bytes"], values["modified_ns"], Outcome(source=values["path"], **outcome))


def _is_sound(entry: JournalEntry) -> bool:
    outcome = entry.outcome
    texts = (
        outcome.source,
        outcome.file_name,
        outcome.speaker,
        outcome.detail,
        outcome.fingerprint,
        outcome.clip_digest,
        outcome.recording,
        outcome.decided_window,
    )
    return (
        type(entry.size_bytes) is type(entry.modified_ns) is int
        and all(isinstance(text, str) and text == printable(text) for text in texts)
        and is_clip_name(outcome.file_name)
        and outcome.file_name.split("/")[0] == outcome.label
        and set(outcome.findings).issubset(CHECK_NAMES)
        and outcome.discarded_for in ("", *outcome.findings)
        and _is_measured(outcome.measured)
        and len(base64.b64decode(outcome.fingerprint, validate=True)) in (0, FINGERPRINT_BYTES)
        and bool(outcome.measured or not outcome.fingerprint)
        and len(outcome.clip_digest) == (0 if outcome.discarded_for else DIGEST_CHARACTERS)
    )


def _is_measured(values: Mapping[str, object]) -> bool:
    """Whether these are all values that are measured, or none."""
    return not values or (
        values.keys() == MEASURED_COLUMNS
        and all(
            isinstance(value, str) and value == printable(value)
            if column in TEXT_COLUMNS
            else type(value) in (int, float) and -_LARGEST < value < _LARGEST  # type: ignore[operator]
            for column, value in values.items()
        )
    )
