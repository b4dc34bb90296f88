"""The page that cleaning writes: how much was found, and what to listen to first."""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
from ..destination import REPORT as REPORT
from ..result import CleanResult, LabelCounts
from ..workers import mapping
from .highlights import Highlight, Highlights, decibels
from .spectrograms import as_png, picture

_MEDIA_BYTES = 9 << 20  # of spectrograms and sound; base64 makes a third more of it
_LABELS_SHOWN = 500
_LABELS_OPEN = 50
_PICTURE_SIZE = (320, 128)
_COLORS = 64


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """Path of a recording below the source, and the second at which its clip begins."""

    path: str
    start_s: float


_Media = tuple[str, str]
"""Spectrogram (PNG) and sound (FLAC) as base64."""


def write_report(path: Path, maker: ClipMaker, result: CleanResult, highlights: Highlights, jobs: int) -> None:
    """Writes the page.

    Parameters
    ----------
    path
        The HTML file; below 20 MB, whatever the number of recordings.
    maker
        Knows where the recordings are, and the settings.
    result
        What cleaning came to.
    highlights
        What was gathered.
    jobs
        Processes to draw spectrograms with.
    """
    worst = {check: highlights.worst(check) for check in CHECKS}
    media = _media(maker, worst.values(), jobs)
    labels = result.labels
    limits = {check.name: check.limit for check in maker.checks}
    write_page(
        path,
        "ingest/report/report.html",
        title="Cleaning report",
        source=printable(str(maker.source.resolve())),
        made_by=maker.made_by(),
        settings=maker.settings,
        labels=dict(sorted(labels.items(), key=lambda item: -item[1].recordings)[:_LABELS_SHOWN]),
        labels_left_out=max(0, len(labels) - _LABELS_SHOWN),
        labels_open=_LABELS_OPEN,
        flagged=highlights.flagged,
        sums=_sums(labels),
        totals=result,
        limits=limits,
        checks={check: [_card(check, shown, media) for shown in worst[check]] for check in CHECKS if worst[check]},
        histograms=[histogram for histogram in highlights.histograms.values() if any(histogram.counts)],
    )


def _sums(labels: Mapping[str, LabelCounts]) -> dict[str, Any]:
    """For the page: recordings and clips over all labels, and how often each check discarded and flagged."""
    return {
        "recordings": sum(counts.recordings for counts in labels.values()),
        "clips": sum(counts.clips for counts in labels.values()),
        "discarded": _over_labels(counts.discarded for counts in labels.values()),
        "flagged": _over_labels(counts.flagged for counts in labels.values()),
    }


def _over_labels(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for of_label in counts:
        total.update(of_label)
    return total


def _card(check: Check, highlight: Highlight, media: dict[_Excerpt, _Media]) -> dict[str, Any]:
    """For the page: what is shown of one recording."""
    outcome = highlight.outcome
    measured = outcome.measured
    return {
        "source": outcome.source,
        "measured": _measured(check, measured.get(check.column, outcome.detail)),
        "level_dbfs": decibels(float(measured["volume"])) if "volume" in measured else None,
        "measured_values": measured,
        "also": [other.title for other in CHECKS if other.name in outcome.findings and other != check],
        "media": media.get(_excerpt(highlight)),
    }


def _measured(check: Check, value: float | str) -> str:
    if not isinstance(value, str):
        return f"{check.column} {value:.{check.digits}f}"
    return value if check.name == "unreadable" else f"{check.column.replace('_', ' ')} {value}"


def _excerpt(highlight: Highlight) -> _Excerpt:
    return _Excerpt(highlight.recording.path, highlight.outcome.window_start_s)


def _media(maker: ClipMaker, worst: Iterable[list[Highlight]], jobs: int) -> dict[_Excerpt, _Media]:
    """Spectrogram and sound of as many clips as fit into the page: the worst of every check, then the next."""
    ranks = zip_longest(*worst)
    uses = Counter(_excerpt(shown) for rank in ranks for shown in rank if shown and "volume" in shown.outcome.measured)
    with mapping(_Portraits(maker).portray, list(uses), jobs) as portraits:
        return dict(_within_budget(uses, portraits))


def _within_budget(
    uses: Counter[_Excerpt], portraits: Iterable[tuple[bytes, bytes]]
) -> Iterator[tuple[_Excerpt, _Media]]:
    left = _MEDIA_BYTES
    for (excerpt, times), (png, flac) in zip(uses.items(), portraits, strict=True):
        size = times * (len(png) + len(flac))
        if 0 < size <= left:
            left -= size
            yield excerpt, (base64.b64encode(png).decode("ascii"), base64.b64encode(flac).decode("ascii"))


@dataclass(frozen=True)
class _Portraits:
    maker: ClipMaker

    def portray(self, excerpt: _Excerpt) -> tuple[bytes, bytes]:
        """PNG and FLAC of the second that was chosen of a recording; nothing where it was changed since."""
        try:
            samples = read_sound(self.maker.source / excerpt.path).samples
        except RecordingError:
            return b"", b""
        start = round(excerpt.start_s * SAMPLE_RATE_HZ)
        samples = samples[max(0, start) : start + self.maker.settings.window_samples]
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
