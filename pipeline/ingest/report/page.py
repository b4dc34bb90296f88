"""The page that cleaning writes: how much was found, and what to listen to first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ....data.audio import SAMPLE_RATE_HZ
from ....data.errors import RecordingError
from ....data.files import printable
from ....data.recordings.folders import Recording
from ...cluster import Cluster
from ...pages.html_page import in_words, write_page
from ...pages.players import Player, make_player, within_budget
from ...workers import mapping
from ..checks import CHECKS, Check
from ..clip_maker import ClipMaker
from ..duplicates.search import DUPLICATE_CHECKS
from ..result import CleanResult, LabelCounts
from .highlights import Highlight, Highlights, decibels

_LABELS_SHOWN = 500
_LABELS_OPEN = 50


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """A recording, and the second at which its clip begins."""

    recording: Recording
    start_s: float


def write_report(
    path: Path, maker: ClipMaker, result: CleanResult, highlights: Highlights, jobs: int | Cluster
) -> None:
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
    players = _players(maker, worst.values(), jobs)
    labels = result.labels
    write_page(
        path,
        "ingest/report/report.html",
        title="Cleaning report",
        subject=printable(str(maker.source.resolve())),
        made_by=maker.made_by(),
        settings=maker.settings,
        labels=dict(sorted(labels.items(), key=lambda item: -item[1].recordings)[:_LABELS_SHOWN]),
        labels_left_out=max(0, len(labels) - _LABELS_SHOWN),
        labels_open=_LABELS_OPEN,
        flagged=highlights.flagged,
        sums=_sums(labels),
        totals=result,
        limits={check.name: _limit(check) for check in maker.checks if check.limit != ""},
        checks={check: [_card(check, shown, players) for shown in worst[check]] for check in CHECKS if worst[check]},
        histograms=[histogram for histogram in highlights.histograms.values() if any(histogram.counts)],
    )


def _limit(check: Check) -> str:
    """`SNR < 5 dB`."""
    words, unit = in_words(check.column)
    limit = f"{check.limit:,g}".replace("-", "\N{MINUS SIGN}")
    return f"{words} {'<' if check.below else '>'} {limit} {unit}".rstrip()


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


def _card(check: Check, highlight: Highlight, players: dict[_Excerpt, Player]) -> dict[str, Any]:
    """For the page: what is shown of one recording."""
    outcome = highlight.outcome
    measured = outcome.measured
    return {
        "source": outcome.source,
        "measured": _measured(check, measured.get(check.column, outcome.detail)),
        "level_dbfs": decibels(float(measured["volume"])) if "volume" in measured else None,
        "measured_values": measured,
        "also": [other.title for other in CHECKS if other.name in outcome.findings and other != check],
        "player": players.get(_excerpt(highlight)),
        "original": _original_card(check, highlight, players),
    }


def _original_card(check: Check, highlight: Highlight, players: dict[_Excerpt, Player]) -> dict[str, Any] | None:
    """Of a duplicate: what is shown of the one that it is a duplicate of, to compare by ear."""
    original = highlight.original if check.name in DUPLICATE_CHECKS else None
    return {"source": original.outcome.source, "player": players.get(_excerpt(original))} if original else None


def _measured(check: Check, value: float | str) -> str:
    if not isinstance(value, str):
        words, unit = in_words(check.column)
        return f"{words} {value:.{check.digits}f} {unit}".rstrip().replace("-", "\N{MINUS SIGN}")
    return value if check.name == "unreadable" else f"{check.column.replace('_', ' ')} {value}"


def _excerpt(highlight: Highlight) -> _Excerpt:
    return _Excerpt(highlight.recording, highlight.outcome.window_start_s)


def _players(maker: ClipMaker, worst: Iterable[list[Highlight]], jobs: int | Cluster) -> dict[_Excerpt, Player]:
    """Of as many clips as fit into the page: the worst of every check, then the next."""
    ranks = zip_longest(*worst)
    shown = (one for rank in ranks for highlight in rank if highlight for one in (highlight, highlight.original))
    uses = Counter(_excerpt(one) for one in shown if one and "volume" in one.outcome.measured)
    with mapping(_Sounds(maker).player, list(uses), jobs) as players:
        return within_budget(uses, players)


@dataclass(frozen=True)
class _Sounds:
    maker: ClipMaker

    def player(self, excerpt: _Excerpt) -> Player | None:
        """Of the second that was chosen of a recording; None where it was changed since."""
        try:
            samples = self.maker.read(excerpt.recording).samples
        except RecordingError:
            return None
        start = round(excerpt.start_s * SAMPLE_RATE_HZ)
        samples = samples[max(0, start) : start + self.maker.settings.window_samples]
        return make_player(samples) if len(samples) else None
