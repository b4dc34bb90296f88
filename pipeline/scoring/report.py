"""One HTML file that shows how good a recognizer is, with its mistakes to listen to; opens offline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...data.arrays import Samples
from ...data.errors import RecordingError
from ..pages.charts import LineChart
from ..pages.html_page import write_page
from ..pages.players import Player, make_player, within_budget
from .confusion import Confusion
from .predictions import JudgedClip

SHOWN_MISTAKES = 30
_FEW_CLIPS = 100


@dataclass(frozen=True)
class JudgedReport:
    """What a report says.

    Attributes
    ----------
    title, subject
        A few words, and what was judged: a model, a folder.
    judged_on
        Whose clips these are, in words that follow "240 clips".
    caveats
        Sentences about what the figures hide, shown beside them.
    confusion
        The figures.
    mistakes
        The most confident ones first; at most `SHOWN_MISTAKES` are shown.
    players
        {file name: its sound}.
    no_sound
        Why mistakes have no sound; empty where they have.
    review
        The command that plays the clips of every cell of the matrix; empty where there is none.
    charts
        Shown below the matrix.
    facts
        {name: value} of what made the result: settings, data, sizes.
    """

    title: str
    subject: str
    judged_on: str
    confusion: Confusion
    mistakes: Sequence[JudgedClip]
    facts: Mapping[str, str]
    caveats: Sequence[str] = ()
    players: Mapping[str, Player] = field(default_factory=dict)
    no_sound: str = ""
    review: str = ""
    charts: Sequence[LineChart] = ()


def write_report(path: Path, report: JudgedReport) -> None:
    """Writes the page, below 20 MB."""
    few = report.confusion.clips < _FEW_CLIPS
    shown = report.mistakes[:SHOWN_MISTAKES]
    write_page(
        path,
        "scoring/report.html",
        title=report.title,
        subject=report.subject,
        report=report,
        confusion=report.confusion,
        caveats=[*report.caveats, *([_few_clips(report.confusion)] if few else [])],
        mistakes=shown,
        no_sound=report.no_sound if any(mistake.file_name for mistake in shown) else "",
        left_out=max(0, len(report.mistakes) - SHOWN_MISTAKES),
    )


def players_of(mistakes: Sequence[JudgedClip], read: Callable[[str], Samples]) -> dict[str, Player]:
    """The sounds of the mistakes that a report shows.

    Parameters
    ----------
    mistakes
        Those of the report.
    read
        Gives the clip of a file name, int16 [n] at 16 kHz; what it cannot read has no player.
    """
    names = {mistake.file_name: 1 for mistake in mistakes[:SHOWN_MISTAKES] if mistake.file_name}
    return within_budget(names, (_player(name, read) for name in names))


def _player(file_name: str, read: Callable[[str], Samples]) -> Player | None:
    try:
        samples = read(file_name)
    except (RecordingError, OSError):  # changed or taken away since
        return None
    return make_player(samples) if len(samples) else None


def _few_clips(confusion: Confusion) -> str:
    low, high = confusion.interval
    return (
        f"Only {confusion.clips} clips were judged: another {confusion.clips} could as well give anything from {low:.0%} to "
        f"{high:.0%}."
    )
