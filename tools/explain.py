"""`wordspot clean --explain FILE`: one recording, with its measurements, verdicts and picture."""

import json
import sys
from pathlib import Path

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ..data.audio import SAMPLE_RATE_HZ
from ..data.files import replacing
from ..pipeline.ingest.checks import Subject
from ..pipeline.ingest.explain import Explanation, Verdict, explain
from ..pipeline.ingest.pictures import as_png, picture, with_scales
from ..pipeline.ingest.settings import CleanSettings
from .common import OUT, check_can_become_file

_PICTURE_SIZE = (1_000, 420)
_LINES = 22  # of the picture in a terminal


def show(path: Path, settings: CleanSettings, picture_file: Path | None, *, as_json: bool) -> None:
    """Prints what cleaning thinks of a file; writes its picture to `picture_file` where one is given.

    Raises
    ------
    WordspotError
        The picture cannot be written there.
    FileNotFoundError
        There is no such recording.
    """
    if picture_file:
        check_can_become_file(picture_file)
    explanation = explain(path, settings)
    if as_json:
        print(json.dumps(explanation.as_dict()))
    else:
        _print(path, explanation)
    if picture_file and explanation.subject:
        with replacing(picture_file) as temporary:
            temporary.write_bytes(_as_png(explanation.subject))


def _print(path: Path, explanation: Explanation) -> None:
    OUT.print(f"{path}: {explanation.outcome}")
    subject = explanation.subject
    if subject is None:
        OUT.print(f"{explanation.verdicts[0].value}. {explanation.verdicts[0].check.advice}")
        return
    sound, (begin, end) = subject.sound, explanation.window_s or (0, 0)
    OUT.print(
        f"{sound.duration_s:.3f} s, {sound.source_rate_hz} Hz, channels: {sound.source_channels}, {sound.container}; "
        f"the clip is {begin:.3f} to {end:.3f} s"
    )
    OUT.print(_table(explanation.verdicts), soft_wrap=False)
    for verdict in explanation.verdicts:
        if verdict.outcome != "fine":
            OUT.print(f"{verdict.check.title}: {verdict.check.advice}")
    if sys.stdout.isatty():
        OUT.print(_in_terminal(subject), soft_wrap=False)


def _table(verdicts: list[Verdict]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("check", "measured", "value", "limit", "verdict"):
        table.add_column(name, justify="right" if name in ("value", "limit") else "left")
    for verdict in verdicts:
        check = verdict.check
        limit = f"{'at least' if check.below else 'at most'} {check.limit:g}" if check.limit != "" else ""
        value = verdict.value if isinstance(verdict.value, str) else f"{verdict.value:g}"
        table.add_row(check.title, check.column, value, limit, verdict.outcome)
    return table


def _chosen(subject: Subject) -> tuple[int, int]:
    return max(0, subject.start), min(len(subject.sound.samples), subject.start + len(subject.clip))


def _as_png(subject: Subject) -> bytes:
    samples = subject.sound.samples
    image = picture(samples, *_PICTURE_SIZE, _chosen(subject))
    return as_png(with_scales(image, len(samples) / SAMPLE_RATE_HZ))


def _in_terminal(subject: Subject) -> Text:
    """The picture in half blocks: two pixels a character, the upper one its color, the lower one its background."""
    width = max(20, min(OUT.width, 120))
    image = picture(subject.sound.samples, width, 2 * _LINES, _chosen(subject))
    pixels = np.asarray(image)
    text = Text()
    for line in range(_LINES):
        for column in range(width):
            upper, lower = (Color.from_rgb(*pixels[2 * line + half, column]) for half in (0, 1))
            text.append("▀", Style(color=upper, bgcolor=lower))
        text.append("\n")
    return text
