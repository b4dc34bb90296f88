"""The page that cleaning writes: how much was found, and what to listen to first."""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile

from ....data.audio import SAMPLE_RATE_HZ, read_sound
from ....data.errors import RecordingError, WordspotError
from ....data.files import printable
from ...html_page import write_page
from ..checks import CHECKS, Check
from ..clip_maker import ClipMaker
from ..workers import mapping
from .highlights import Highlights, decibels
from .spectrograms import as_png, picture

REPORT = "report.html"
_MEDIA_BYTES = 9 << 20  # of pictures and sound; base64 makes a third more of it
_LABELS_SHOWN = 500
_LABELS_OPEN = 50
_PICTURE_SIZE = (320, 128)
_COLORS = 64

Clip = tuple[str, float]
"""Path of a recording, and the second at which its clip begins."""


def write_report(path: Path, job: ClipMaker, totals: dict[str, Any], highlights: Highlights, jobs: int) -> None:
    """Writes the page.

    Parameters
    ----------
    path
        The HTML file; below 20 MB, whatever the number of recordings.
    job
        Where the recordings are, and the settings.
    totals
        `labels`, `long_sounds` and `duplicates_across`, as in `CleanResult`.
    highlights
        What was gathered.
    jobs
        Processes to make pictures with.
    """
    rows = {check: highlights.worst(check) for check in CHECKS}
    media = _media(job, rows.values(), jobs)
    labels = totals["labels"]
    limits = {check.name: check.limit for check in job.checks}
    write_page(
        path,
        "ingest/report/report.html",
        title="Cleaning report",
        source=printable(str(job.source.resolve())),
        made_by=job.made_by(),
        settings=job.settings,
        labels=dict(sorted(labels.items(), key=lambda item: -item[1]["recordings"])[:_LABELS_SHOWN]),
        labels_left_out=max(0, len(labels) - _LABELS_SHOWN),
        labels_open=_LABELS_OPEN,
        flagged=highlights.flagged,
        sums=_sums(labels),
        totals=totals,
        limits=limits,
        checks={check: [_card(check, row, media) for row in rows[check]] for check in CHECKS if rows[check]},
        histograms=[histogram for histogram in highlights.histograms.values() if any(histogram.counts)],
    )


def _sums(labels: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Recordings and clips over all labels, and how often each check discarded and flagged."""

    def found(how: str, name: str) -> int:
        return sum(counts[how].get(name, 0) for counts in labels.values())

    sums: dict[str, Any] = {name: sum(counts[name] for counts in labels.values()) for name in ("recordings", "clips")}
    return sums | {how: {check.name: found(how, check.name) for check in CHECKS} for how in ("discarded", "flagged")}


def _card(check: Check, row: dict[str, Any], media: dict[Clip, tuple[str, str]]) -> dict[str, Any]:
    """What is shown of one clip."""
    return {
        "source": row["source"],
        "measured": _measured(check, row.get(check.column, "")),
        "level_dbfs": decibels(row["volume"]) if "volume" in row else None,
        "row": row,
        "also": [other.title for other in CHECKS if other.name in row["findings"].split(";") and other != check],
        "media": media.get(_clip(row)),
    }


def _measured(check: Check, value: float | str) -> str:
    if not isinstance(value, str):
        return f"{check.column} {value:.{check.digits}f}"
    return value if check.name == "unreadable" else f"{check.column.replace('_', ' ')} {value}"


def _clip(row: dict[str, Any]) -> Clip:
    return row["path"], row.get("window_start_s", 0.0)


def _media(job: ClipMaker, rows: Iterable[list[dict[str, Any]]], jobs: int) -> dict[Clip, tuple[str, str]]:
    """Picture and sound of as many clips as fit into the page, as base64: the worst of every check, then the next."""
    ranks = zip_longest(*rows)
    uses = Counter(_clip(row) for rank in ranks for row in rank if row and "volume" in row)
    with mapping(_Portraits(job).portray, list(uses), jobs) as portraits:
        return dict(_within_budget(uses, portraits))


def _within_budget(uses: Counter[Clip], portraits: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[Clip, Any]]:
    left = _MEDIA_BYTES
    for (clip, times), (png, flac) in zip(uses.items(), portraits, strict=True):
        size = times * (len(png) + len(flac))
        if 0 < size <= left:
            left -= size
            yield clip, tuple(base64.b64encode(data).decode("ascii") for data in (png, flac))


@dataclass(frozen=True)
class _Portraits:
    job: ClipMaker

    def portray(self, clip: Clip) -> tuple[bytes, bytes]:
        """PNG and FLAC of the second that was chosen of a recording; nothing where it was changed since."""
        path, start_s = clip
        try:
            samples = read_sound(self.job.source / path).samples
        except RecordingError:
            return b"", b""
        start = round(start_s * SAMPLE_RATE_HZ)
        samples = samples[max(0, start) : start + self.job.settings.window_samples]
        if not len(samples):
            return b"", b""
        return as_png(picture(samples, *_PICTURE_SIZE), _COLORS), _as_flac(samples)


def _as_flac(samples: np.ndarray) -> bytes:
    """By way of a file: soundfile writes into memory with a callback that swallows Ctrl-C, and the end of the sound."""
    with TemporaryDirectory(prefix="wordspot-") as folder:
        path = Path(folder) / "clip.flac"
        try:
            soundfile.write(path, samples, SAMPLE_RATE_HZ)
        except soundfile.SoundFileError as error:
            raise WordspotError(f"{path} could not be written, make room there: {error}") from error
        return path.read_bytes()
