"""The page that cleaning writes: how much was found, and what to listen to first."""

import base64
import heapq
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile

from ...data.audio import SAMPLE_RATE_HZ, read_sound
from ...data.errors import RecordingError
from ..page import write_page
from .checks import CHECKS, Check
from .job import Job
from .pictures import as_png, picture
from .plan import Task
from .workers import mapping

REPORT = "report.html"
_SHOWN_A_CHECK = 20
_MEDIA_BYTES = 10 << 20  # of pictures and sound; base64 makes a third more of it
_LABELS_SHOWN = 500
_PICTURE_SIZE = (240, 100)
_COLORS = 64


@dataclass
class Histogram:
    """Counts of one measurement; what lies outside goes into the outermost bars.

    Attributes
    ----------
    title, unit
        What is measured.
    low, high
        Range, in that unit.
    limit
        Where a check's limit lies, or None.
    counts
        Recordings a bar.
    """

    title: str
    unit: str
    low: float
    high: float
    limit: float | None = None
    counts: list[int] = field(default_factory=lambda: [0] * 50)

    def add(self, value: float) -> None:
        """Counts one value."""
        self.counts[min(len(self.counts) - 1, max(0, int(self.share(value) * len(self.counts))))] += 1

    def share(self, value: float) -> float:
        """Where a value lies between low and high, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


class Highlights:
    """What the page shows of the recordings, gathered while their rows pass: little, however many there are."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._limits = {check.name: check.limit for check in checks}
        self.histograms = {
            "volume": Histogram("Loudness of the clip", "dBFS, mean |x|", -80, 0, self._volume_limit()),
            "snr_db": Histogram("Signal-to-noise ratio", "dB", -10, 90, float(self._limits["low_snr"])),
            "duration_s": Histogram("Duration of the recording", "s", 0, 5, float(self._limits["too_short"])),
            "peak_dbfs": Histogram("Peak of the recording", "dBFS", -60, 0),
        }
        self._worst: dict[str, list[tuple[float, int, dict[str, Any]]]] = {check.name: [] for check in CHECKS}
        self._seen = 0

    def _volume_limit(self) -> float | None:
        limit = float(self._limits["near_silent"])
        return _decibels(limit) if limit > 0 else None

    def add(self, task: Task, row: dict[str, Any]) -> None:
        """Takes note of one recording."""
        self._seen += 1
        for column, histogram in self.histograms.items():
            if column in row:
                histogram.add(_decibels(row[column]) if column == "volume" else row[column])
        for check in CHECKS:
            if check.name in row["findings"].split(";"):
                kept = self._worst[check.name]
                heapq.heappush(kept, (_severity(check, row), -self._seen, row | {"path": task.recording.path}))
                if len(kept) > _SHOWN_A_CHECK:
                    heapq.heappop(kept)

    def worst(self, check: Check) -> list[dict[str, Any]]:
        """Rows of the clips that a check finds, the worst first, at most twenty."""
        return [row for _, _, row in sorted(self._worst[check.name], key=lambda entry: entry[:2], reverse=True)]


def _severity(check: Check, row: dict[str, Any]) -> float:
    value = row.get(check.column, "")
    if isinstance(value, str):
        return 0.0
    return -value if check.below else value


def _decibels(share: float) -> float:
    return 20 * math.log10(max(share, 1e-6))


def write_report(path: Path, job: Job, totals: dict[str, Any], highlights: Highlights, jobs: int) -> None:
    """Writes the page.

    Parameters
    ----------
    path
        The HTML file; below 20 MB, whatever the number of recordings.
    job
        Where the recordings are, and the settings.
    totals
        `labels`, `long_sounds` and `twins_across`, as in `CleanResult`.
    highlights
        What was gathered.
    jobs
        Processes to make pictures with.
    """
    shown = {check: highlights.worst(check) for check in CHECKS}
    wanted = {(row["path"], row["window_start_s"]): None for rows in shown.values() for row in rows if "volume" in row}
    with mapping(_Portraits(job).portray, list(wanted), jobs) as portraits:
        media = dict(_within_budget(wanted, portraits))
    labels = totals["labels"]
    write_page(
        path,
        "ingest/report.html",
        title="Cleaning report",
        source=job.source.resolve(),
        settings=job.settings,
        labels=dict(sorted(labels.items(), key=lambda item: -item[1]["recordings"])[:_LABELS_SHOWN]),
        labels_left_out=max(0, len(labels) - _LABELS_SHOWN),
        sums=_sums(labels),
        twins_across=totals["twins_across"],
        checks={check: [_card(check, row, media) for row in rows] for check, rows in shown.items() if rows},
        histograms=[histogram for histogram in highlights.histograms.values() if any(histogram.counts)],
    )


def _sums(labels: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Recordings and clips over all labels, and how often each check discarded and flagged."""

    def found(how: str, name: str) -> int:
        return sum(counts[how].get(name, 0) for counts in labels.values())

    sums: dict[str, Any] = {name: sum(counts[name] for counts in labels.values()) for name in ("recordings", "clips")}
    return sums | {how: {check.name: found(how, check.name) for check in CHECKS} for how in ("discarded", "flagged")}


def _card(check: Check, row: dict[str, Any], media: dict[Any, tuple[str, str]]) -> dict[str, Any]:
    """What is shown of one clip."""
    png, flac = media.get((row["path"], row.get("window_start_s")), ("", ""))
    value = row.get(check.column, "")
    measured = f"{check.column} {value:g}" if not isinstance(value, str) else value
    also = [finding for finding in row["findings"].split(";") if finding != check.name]
    return {"png": png, "flac": flac, "source": row["source"], "measured": measured, "also": also}


def _within_budget(wanted: Iterable[Any], portraits: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[Any, Any]]:
    """Pictures and sound as base64, until the page would grow too large."""
    left = _MEDIA_BYTES
    for key, (png, flac) in zip(wanted, portraits, strict=True):
        left -= len(png) + len(flac)
        if left >= 0:
            yield key, tuple(base64.b64encode(data).decode("ascii") for data in (png, flac))


@dataclass(frozen=True)
class _Portraits:
    job: Job

    def portray(self, clip: tuple[str, float]) -> tuple[bytes, bytes]:
        """PNG and FLAC of the second that was chosen of a recording."""
        path, start_s = clip
        try:
            samples = read_sound(self.job.source / path).samples
        except RecordingError:  # it was changed since
            return b"", b""
        start = round(start_s * SAMPLE_RATE_HZ)
        samples = samples[max(0, start) : start + self.job.settings.window_samples]
        sound = io.BytesIO()
        soundfile.write(sound, samples, SAMPLE_RATE_HZ, format="FLAC")
        return as_png(picture(samples, *_PICTURE_SIZE), _COLORS), sound.getvalue()
