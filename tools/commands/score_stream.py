"""`wordspot score-stream`: how often a detector misses, and how often it fires at nothing."""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from ...data.errors import WordspotError
from ...data.files import write_json
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import StreamSettings, thresholds_of
from ...pipeline.scoring.stream_answers import (
    DATA_HELP,
    LabelsOption,
    SnrOption,
    Source,
    SplitOption,
    answer_streams,
    parse_snrs,
)
from ...pipeline.scoring.stream_mix import MixSettings
from ...pipeline.scoring.stream_score import StreamPosteriors, StreamScore, WordCounts, count
from ...pipeline.scoring.thresholds import Point, ThresholdSearch, common_curve
from ..terminal.common import OUT, check_can_become_file, with_settings
from .model_argument import MODEL_HELP, split_model

LIMITS_PER_HOUR = (0.5, 1.0, 5.0)
_CURVE = 12  # points that are printed


@with_settings(StreamSettings)
@with_settings(MixSettings, into="mix")
def command(
    model_and_data: Annotated[
        list[Path],
        typer.Argument(metavar="[MODEL] DATA", help=f"{MODEL_HELP} {DATA_HELP}"),
    ],
    labels: LabelsOption = None,
    split: SplitOption = "validation",
    snr_db: SnrOption = "10",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep the streams, with label files.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON (- prints them).")] = None,
    *,
    mix: MixSettings,
    settings: StreamSettings,
) -> None:
    """Measure on long streams how often words are missed, and how often it fires at nothing.

    From a folder, streams are mixed: words of speakers who did not train, and other words, at known times over the part
    of the background recordings that is not trained on. A recording of your own is judged by its label file: a line a
    word, start, end and label with tabs between them, as Audacity exports labels.

    Examples:
        wordspot score-stream clips
        wordspot score-stream model.tflite clips --snr-db 20,10,5 --out streams
        wordspot score-stream model.tflite kitchen.wav --labels kitchen.txt
    """
    model, rest = split_model(model_and_data)
    if len(rest) != 1:
        raise WordspotError(f"wanted one MODEL and one DATA, or DATA alone; there are {len(rest)} behind the MODEL")
    data = rest[0]
    to_stdout = json_file == Path("-")
    if json_file and not to_stdout:
        check_can_become_file(json_file)
    recognizer = Recognizer.load(model)
    thresholds = thresholds_of(recognizer, settings.threshold)
    answers = answer_streams(recognizer, Source(data, labels, split, parse_snrs(snr_db), out), mix, settings)
    figures = []
    for ratio_db, some in answers.items():
        score = count(some, recognizer.labels, thresholds)
        curve, chosen = common_curve(some, recognizer.labels), _choose(some, recognizer.labels)
        figures.append(_figures(ratio_db, score, curve, chosen, recognizer.labels))
        if not to_stdout:
            _print(ratio_db, score, curve, chosen, recognizer.labels)
    whole = {"model": str(model), "data": str(data), "split": split, "streams": figures}
    if to_stdout:
        print(json.dumps(whole, ensure_ascii=False))
    elif json_file:
        write_json(json_file, whole)


def _choose(answers: list[StreamPosteriors], labels: tuple[str, ...]) -> dict[float, Point]:
    chooser = ThresholdSearch(answers, labels)
    return {limit: chooser.choose(limit) for limit in LIMITS_PER_HOUR}


def named(thresholds: np.ndarray, labels: tuple[str, ...]) -> dict[str, float]:
    """{word: threshold} of those that can fire, rounded up to four places."""
    pairs = zip(labels, thresholds, strict=True)
    return {label: min(1.0, float(np.ceil(value * 1e4) / 1e4)) for label, value in pairs if np.isfinite(value)}


def _figures(
    ratio_db: float | None,
    score: StreamScore,
    curve: list[Point],
    chosen: dict[float, Point],
    labels: tuple[str, ...],
) -> dict[str, Any]:
    return {
        "snr_db": ratio_db,
        "hours": score.hours,
        "together": score.together.to_dict(score.hours),
        "per_label": {label: one.to_dict(score.hours) for label, one in score.per_label.items()},
        "curve": [
            {
                "threshold": float(np.min(point.thresholds)),
                "miss_rate": _or_none(point.score.together.miss_rate),
                "false_accepts_per_hour": point.score.false_accepts_per_hour,
            }
            for point in curve
        ],
        "thresholds": [
            {
                "limit_per_hour": limit,
                "miss_rate": _or_none(point.score.together.miss_rate),
                "false_accepts_per_hour": point.score.false_accepts_per_hour,
                "thresholds": named(point.thresholds, labels),
            }
            for limit, point in chosen.items()
        ],
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def _print(
    ratio_db: float | None,
    score: StreamScore,
    curve: list[Point],
    chosen: dict[float, Point],
    labels: tuple[str, ...],
) -> None:
    where = "the recording" if ratio_db is None else f"words {ratio_db:g} dB above the noise"
    OUT.print(f"{score.hours:.2f} hours, {where}; a word taken for another is not among the missed:")
    table = Table("word", "said", "hits", "missed", "wrong", "not heard", "false/h", "delay", "95%", box=None)
    for label, one in [*score.per_label.items(), ("all", score.together)]:
        table.add_row(label, *_cells(one, score.hours))
    OUT.print(table, soft_wrap=False)
    OUT.print(f"Of the false accepts {score.together.at_other_words} were at other words.")
    lines = Table("one threshold for all", "not heard", "false/h", box=None)
    for point in curve[:: max(1, len(curve) // _CURVE)]:
        lines.add_row(f"{np.min(point.thresholds):.3f}", *_rates(point))
    OUT.print(lines, soft_wrap=False)
    for limit, point in chosen.items():
        heard = ", ".join(f"{label} {value:.3f}" for label, value in named(point.thresholds, labels).items())
        share, rate = _rates(point)
        OUT.print(f"For at most {limit:g} false accepts an hour ({share} not heard, {rate} counted here): {heard}")


def _cells(one: WordCounts, hours: float) -> list[str]:
    delays = [f"{value:+.2f} s" for value in np.quantile(one.delays_s, [0.5, 0.95])] if one.delays_s else ["", ""]
    rate = f"{one.miss_rate:.1%}" if one.said else ""
    counts = (one.said, one.hits, one.misses, one.wrong)
    return [*map(str, counts), rate, f"{one.false_accepts / hours:.2f}", *delays]


def _rates(point: Point) -> tuple[str, str]:
    rate = point.score.together.miss_rate
    return ("" if np.isnan(rate) else f"{rate:.1%}"), f"{point.score.false_accepts_per_hour:.2f}"
