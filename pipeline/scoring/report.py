"""One HTML file that shows how good a recognizer is; opens offline."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from ...data.files import write_text
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
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["percent"] = lambda value: "-" if math.isnan(value) else f"{100 * value:.1f}%"
    pictures = pictures or {}
    html = environment.get_template("report.html").render(
        title=title,
        confusion=confusion,
        mistakes=mistakes[:WORST_MISTAKES],
        facts=facts,
        pictures={caption: base64.b64encode(png).decode("ascii") for caption, png in pictures.items()},
    )
    write_text(path, html)
