"""`wordspot score-stream`: how often a detector misses, and how often it fires at nothing."""

import json
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ...data.errors import WordspotError
from ...data.files import write_json
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import StreamSettings
from ...pipeline.scoring.stream_mix import MixSettings
from ...pipeline.scoring.stream_report import StreamReport, by_label, score_streams
from ...pipeline.scoring.stream_score import WordCounts
from ...pipeline.scoring.streams import StreamSource
from ...pipeline.scoring.threshold_choice import most_per_hour
from ...pipeline.scoring.thresholds import Point
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare, settings_options
from ..terminal.progress import progress_bar
from ..terminal.stream_options import DATA_HELP, labels_option, parse_snrs, snr_option, split_option, too_few
from ..terminal.stream_settings import stream_settings_options
from ..terminal.threshold_choice import negatives_option
from .model_argument import MODEL_HELP, split_model

_CURVE = 12  # points that are printed


@declare
@argument("model_and_data", metavar="[MODEL] DATA", nargs=-1, required=True, help=f"{MODEL_HELP} {DATA_HELP}")
@labels_option
@split_option
@snr_option
@negatives_option
@click.option("--out", "out", type=PATH, metavar="DIR", help="Keep the streams, with label files.")
@click.option("--json", "json_file", type=PATH, help="Write the figures as JSON (- prints them).")
@stream_settings_options
@settings_options(MixSettings, into="mix")
def command(
    model_and_data: tuple[Path, ...],
    labels: Path | None,
    split: str,
    snr_db: str,
    negatives: Path | None,
    out: Path | None,
    json_file: Path | None,
    mix: MixSettings,
    settings: StreamSettings,
) -> None:
    """Measure on long streams how often words are missed, and how often it fires at nothing.

    From a folder, streams are mixed: words of speakers who did not train, and other words, at known times over the part
    of the background recordings that is not trained on. It also listens to running speech without any of the words: what is
    held out of _negatives_ and of --negatives, else of what ships. A recording of your own is judged by its label file: start,
    end and label with tabs between them, one row per word, as Audacity exports labels.

    Examples:
        wordspot score-stream clips
        wordspot score-stream model.tflite clips --negatives podcasts
        wordspot score-stream model.tflite clips --snr-db 20,10,5 --out streams
        wordspot score-stream model.tflite kitchen.wav --labels kitchen.txt
    """
    model, rest = split_model(model_and_data)
    if len(rest) != 1:
        raise WordspotError(f"expected one MODEL and one DATA, or DATA alone; there are {len(rest)} behind the MODEL")
    to_stdout = json_file == Path("-")
    if json_file and not to_stdout:
        check_can_become_file(json_file)
    source = StreamSource(rest[0], labels, split, parse_snrs(snr_db), out, negatives)
    progress = progress_bar("listening")
    reports = score_streams(Recognizer.load(model), source, mix, settings, progress=progress)
    figures = {
        "model": str(model),
        "data": str(source.data),
        "split": split,
        "streams": [report.to_dict() for report in reports],
    }
    if to_stdout:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for report in reports:
        _print(report)
    if json_file:
        write_json(json_file, figures)


def _print(report: StreamReport) -> None:
    score = report.score
    where = "the recording" if report.snr_db is None else f"words {report.snr_db:g} dB above the noise"
    OUT.print(f"{score.hours:.2f} hours, {where}; a word taken for another is not among the missed:")
    table = Table(
        "word", "clips", "said", "hits", "missed", "wrong", "not detected", "false/h", "delay", "95%", box=None
    )
    for label, one in score.per_label.items():
        table.add_row(label, str(report.clips[label]), *_cells(one, score.hours))
    table.add_row("all", str(report.clips.total()), *_cells(score.together, score.hours))
    OUT.print(table, soft_wrap=False)
    OUT.print(f"Of the false accepts {score.together.at_other_words} were at other words.")
    if report.speech:
        heard = report.speech.together.false_accepts, report.speech.hours
        OUT.print(
            f"{heard[1]:.2f} hours of running speech ({report.speech_origin}): {heard[0]} false accepts, "
            f"{heard[0] / heard[1]:.2f} per hour; at most {most_per_hour(*heard):.2f} (95%)."
        )
    columns = ("one threshold for all", "not detected", "false/h", *(["in speech/h"] if report.speech else []))
    lines = Table(*columns, box=None)
    for point in report.curve[:: max(1, len(report.curve) // _CURVE)]:
        in_speech = [f"{point.speech.false_accepts_per_hour:.2f}"] if point.speech else []
        lines.add_row(f"{np.min(point.thresholds):.4f}", *_rates(point), *in_speech)
    OUT.print(lines, soft_wrap=False)
    if report.few:
        ERR.print(f"note: {too_few(report.few, report.clips)}")
    for limit, point in report.chosen.items():
        share, rate = _rates(point)
        chosen = ", ".join(
            _choice(report, point, label, value) for label, value in by_label(point.thresholds, report.labels).items()
        )
        OUT.print(f"For at most {limit:g} false accepts per hour ({share} not detected, {rate} counted here): {chosen}")


def _choice(report: StreamReport, point: Point, label: str, threshold: float) -> str:
    """`left 0.8123`; of a word that the limit leaves no threshold for, that it is given up."""
    counts = point.score.per_label[label]
    is_given_up = counts.said and not counts.hits and label not in report.few
    return f"{label} is given up" if is_given_up else f"{label} {threshold:.4f}"


def _cells(one: WordCounts, hours: float) -> list[str]:
    delays = [f"{value:+.2f} s" for value in np.quantile(one.delays_s, [0.5, 0.95])] if one.delays_s else ["", ""]
    rate = f"{one.miss_rate:.1%}" if one.said else ""
    counts = (one.said, one.hits, one.misses, one.wrong)
    return [*map(str, counts), rate, f"{one.false_accepts / hours:.2f}", *delays]


def _rates(point: Point) -> tuple[str, str]:
    rate = point.score.together.miss_rate
    return ("" if np.isnan(rate) else f"{rate:.1%}"), f"{point.score.false_accepts_per_hour:.2f}"
