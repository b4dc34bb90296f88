"""One HTML file that shows how good a recognizer is; opens offline."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..html_page import write_page
from .confusion import Confusion

WORST_MISTAKES = 30


@dataclass(frozen=True)
class Mistake:
    """A clip that was heard wrongly, and how sure the recognizer was of the wrong label (0 to 1)."""

    file_name: str
    truth: str
    predicted: str
    probability: float


def write_report(
    path: Path,
    title: str,
    confusion: Confusion,
    mistakes: Sequence[Mistake],
    facts: dict[str, str],
    pictures: dict[str, bytes] | None = None,
) -> None:
    """Writes the report.

    Parameters
    ----------
    path
        The HTML file.
    title
        Its heading.
    confusion
        What to show as matrix and figures.
    mistakes
        The most confident ones first; at most `WORST_MISTAKES` are shown.
    facts
        Name and value of what made the result: settings, data, sizes.
    pictures
        Caption and PNG, embedded.
    """
    pictures = pictures or {}
    write_page(
        path,
        "scoring/report.html",
        title=title,
        confusion=confusion,
        mistakes=mistakes[:WORST_MISTAKES],
        facts=facts,
        pictures={caption: base64.b64encode(png).decode("ascii") for caption, png in pictures.items()},
    )
