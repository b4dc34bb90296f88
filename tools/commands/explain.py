"""`wordspot explain FILE`: one recording, with its measurements, findings and picture."""

import json
from pathlib import Path

import click
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
from ...pipeline.ingest.settings import CleanSettings
from ...pipeline.pages import spectrograms
from ..terminal.console import OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare, settings_options

_PICTURE_SIZE = (1_000, 420)
_LINES, _COLUMNS = 22, 120  # of the picture in a terminal, at most
_ENOUGH_COLORS = ("256", "truecolor")  # for a picture; in a pipe there are none
_STYLES = {"fine": "green", "flagged": "yellow", "discarded": "bold red"}


@declare
@argument("file", metavar="FILE", help="One recording, of any format, rate and length.")
@click.option("--picture", "picture", type=PATH, metavar="PNG", help="Write waveform and spectrogram to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print what was measured and found as JSON.")
@settings_options(CleanSettings, "window_ms", "window", "min_volume", "discard", "flag")
def command(file: Path, picture: Path | None, as_json: bool, settings: CleanSettings) -> None:
    """Show one recording the way cleaning sees it: every measurement beside its limit, and the picture.

    All checks are made but those that need the other recordings: duplicates. On a terminal with colors the picture is
    printed, too; what lies between the lines is the clip.

    Examples:
        wordspot explain recordings/left/anna.wav
        wordspot explain recordings/left/anna.wav --picture anna.png
        wordspot explain quiet.wav --min-volume 0.001 --json
    """
    if file.is_dir():
        raise WordspotError(f"{file} is a folder; expected one recording")
    if picture:
        _check_can_become_picture(picture)
    explanation = explain(file, settings)
    if as_json:
        print(json.dumps(explanation.as_dict()))
    else:
        _print(explanation)
    if picture:
        _write_picture(explanation, picture)


def _check_can_become_picture(file: Path) -> None:
    if file.suffix.lower() != ".png":
        raise WordspotError(f"{file} does not end in .png, and a PNG file is what --picture writes")
    check_can_become_file(file)


def _write_picture(explanation: Explanation, file: Path) -> None:
    if explanation.cut is None:
        raise WordspotError(f"{file} was not written: {printable(str(explanation.path))} cannot be decoded")
    samples = explanation.cut.sound.samples
    image = spectrograms.with_scales(
        spectrograms.draw_sound(samples, *_PICTURE_SIZE, _chosen(explanation.cut)), samples
    )
    with replacing(file) as temporary:
        temporary.write_bytes(spectrograms.as_png(image))


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
    source = f"{sound.container}, {sound.source_rate_hz:,} Hz, {channels}, {sound.duration_s:.3f} s"
    first, last = (edge / SAMPLE_RATE_HZ for edge in (cut.start, cut.start + len(cut.clip)))
    if cut.start < 0:
        return f"{source}; the clip is all of it, between zeros"
    return (
        f"{source}; the clip is {first:.3f} s to {last:.3f} s" if _chosen(cut) else f"{source}; the clip is all of it"
    )


def _table(results: list[CheckResult]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("check", "result", "column", "value", "limit"):
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
    pixels = np.asarray(spectrograms.draw_sound(cut.sound.samples, width, 2 * _LINES, _chosen(cut)))
    text = Text(no_wrap=True)
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for above, below in zip(upper, lower, strict=True):
            text.append("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
        text.append("\n")
    end = f"{cut.sound.duration_s:.3g} s"
    return text.append("0 s" + end.rjust(width - 3))
