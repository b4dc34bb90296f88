"""`wordspot clean --explain FILE`: one recording, with its measurements, results and picture."""

import json
from pathlib import Path

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ...data.audio import SAMPLE_RATE_HZ
from ...data.errors import WordspotError
from ...data.files import printable, replacing
from ...pipeline.ingest.checks import CutRecording
from ...pipeline.ingest.explain import CheckResult, Explanation, explain
from ...pipeline.ingest.report.spectrograms import as_png, picture, with_scales
from ...pipeline.ingest.settings import CleanSettings
from ..terminal.common import OUT, check_can_become_file

_PICTURE_SIZE = (1_000, 420)
_LINES, _COLUMNS = 22, 120  # of the picture in a terminal, at most
_ENOUGH_COLORS = ("256", "truecolor")  # for a picture; in a pipe there are none
_STYLES = {"fine": "green", "flagged": "yellow", "discarded": "bold red"}


def show(path: Path, settings: CleanSettings, picture_file: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Prints what cleaning thinks of a file; writes its picture to `picture_file` where one is given.

    Raises
    ------
    WordspotError
        The file is a folder, or there is no picture: of what cannot be decoded, or where no file can be written.
    FileNotFoundError
        There is no such recording.
    """
    if path.is_dir():
        raise WordspotError(f"{path} is a folder; --explain wants one recording")
    if picture_file:
        _check_can_become_picture(picture_file)
    explanation = explain(path, settings)
    if as_json:
        print(json.dumps(explanation.as_dict()))
    elif not quiet:
        _print(explanation)
    if picture_file:
        _write_picture(explanation, picture_file)


def _check_can_become_picture(file: Path) -> None:
    if file.suffix.lower() != ".png":
        raise WordspotError(f"{file} does not end in .png, and a PNG file is what --picture writes")
    check_can_become_file(file)


def _write_picture(explanation: Explanation, file: Path) -> None:
    if explanation.cut is None:
        raise WordspotError(f"{file} was not written: {printable(str(explanation.path))} cannot be decoded")
    samples = explanation.cut.sound.samples
    image = with_scales(picture(samples, *_PICTURE_SIZE, _chosen(explanation.cut)), samples)
    with replacing(file) as temporary:
        temporary.write_bytes(as_png(image))


def _print(explanation: Explanation) -> None:
    OUT.print(_headline(explanation))
    if explanation.cut:
        OUT.print(_in_words(explanation.cut))
        OUT.print(_table(explanation.results), soft_wrap=False)
    else:
        OUT.print(explanation.results[0].value)
    for result in explanation.findings:
        OUT.print(f"{result.check.title}: {result.check.advice}")
    if explanation.cut and OUT.color_system in _ENOUGH_COLORS and not OUT.no_color:
        OUT.print(_in_terminal(explanation.cut), soft_wrap=False)


def _headline(explanation: Explanation) -> Text:
    """`left/anna.wav: flagged (cut off, clipped)`."""
    text = Text(f"{printable(str(explanation.path))}: ")
    text.append(explanation.outcome, _STYLES[explanation.outcome])
    reasons = [result.check.title for result in explanation.findings if result.outcome == explanation.outcome]
    return text.append(f" ({', '.join(reasons)})" if reasons else "")


def _in_words(cut: CutRecording) -> str:
    sound = cut.sound
    channels = {1: "mono", 2: "stereo"}.get(sound.source_channels, f"{sound.source_channels} channels")
    told = f"{sound.container}, {sound.source_rate_hz:,} Hz, {channels}, {sound.duration_s:.3f} s"
    first, last = (edge / SAMPLE_RATE_HZ for edge in (cut.start, cut.start + len(cut.clip)))
    if cut.start < 0:
        return f"{told}; the clip is all of it, between zeros"
    return f"{told}; the clip is {first:.3f} s to {last:.3f} s" if _chosen(cut) else f"{told}; the clip is all of it"


def _table(results: list[CheckResult]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("check", "result", "measured", "value", "limit"):
        table.add_column(name, justify="right" if name in ("value", "limit") else "left")
    for result in results:
        check = result.check
        limit = f"{'at least' if check.below else 'at most'} {check.limit:g}" if check.limit != "" else ""
        value = result.value if isinstance(result.value, str) else f"{result.value:.{check.digits}f}"
        table.add_row(check.title, Text(result.outcome, _STYLES[result.outcome]), check.column, value, limit)
    return table


def _chosen(cut: CutRecording) -> tuple[int, int] | None:
    """First and one past the last sample of the clip, or None where it has all of the recording."""
    length = len(cut.sound.samples)
    return (cut.start, cut.start + len(cut.clip)) if len(cut.clip) < length else None


def _in_terminal(cut: CutRecording) -> Text:
    """The picture in half blocks: two pixels a character, the upper one its color, the lower one its background."""
    width = min(OUT.width, _COLUMNS)
    pixels = np.asarray(picture(cut.sound.samples, width, 2 * _LINES, _chosen(cut)))
    text = Text(no_wrap=True)
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for above, below in zip(upper, lower, strict=True):
            text.append("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
        text.append("\n")
    end = f"{cut.sound.duration_s:.3g} s"
    return text.append("0 s" + end.rjust(width - 3))
