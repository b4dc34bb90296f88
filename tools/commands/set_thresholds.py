"""`wordspot set-thresholds`: a model file fires no more often at nothing than it may."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ...data.errors import WordspotError
from ...data.files import replacing
from ...pipeline.device.model_file import pack_model, read_model
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import StreamSettings
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
from ...pipeline.scoring.stream_score import StreamScore
from ...pipeline.scoring.thresholds import ThresholdSearch
from ..terminal.common import ERR, OUT, check_can_become_file, with_settings
from .model_argument import model_path
from .score_stream import named


@with_settings(StreamSettings, "hop_ms", "average_ms", "hold_off_ms")
@with_settings(MixSettings, into="mix")
def command(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A .tflite file of `wordspot export`; one that ships needs --out.")
    ],
    data: Annotated[Path, typer.Argument(metavar="DATA", help=DATA_HELP)],
    false_accepts_per_hour: Annotated[
        float, typer.Option("--false-accepts-per-hour", min=0.01, max=1_000, help="How often it may fire at nothing.")
    ] = 1.0,
    labels: LabelsOption = None,
    split: SplitOption = "validation",
    snr_db: SnrOption = "10",
    out: Annotated[Path | None, typer.Option("--out", help="Write another file; default: change MODEL.")] = None,
    *,
    mix: MixSettings,
    settings: StreamSettings,
) -> None:
    """Choose a threshold for each word, and write them into the model file.

    They are chosen on streams as `wordspot score-stream` mixes them, so that the whole fires at most so often where no word
    of the model was said, and misses as little as possible. Words that DATA does not say keep the threshold they had. Judge
    the thresholds on other streams: score-stream --seed 1.

    Examples:
        wordspot set-thresholds model.tflite clips --false-accepts-per-hour 0.5
        wordspot set-thresholds small clips --snr-db 20,10 --out tuned.tflite
    """
    if out:
        check_can_become_file(out)
    path = model_path(model)
    if path != model and not out:
        raise WordspotError(f"{model} ships with wordspot and stays as it is: name another file with --out")
    recognizer = Recognizer.load(path)
    source = Source(data, labels, split, parse_snrs(snr_db), None)
    answers = [one for some in answer_streams(recognizer, source, mix, settings).values() for one in some]
    point = ThresholdSearch(answers, recognizer.labels).choose(false_accepts_per_hour)
    thresholds = named(point.thresholds, recognizer.labels)
    if not thresholds:
        raise WordspotError(f"none of the model's words is said in {data}: its thresholds would be arbitrary")
    if not point.score.together.hits:
        raise WordspotError(
            f"with thresholds that fire {false_accepts_per_hour:g} times an hour at nothing, no word is heard any more; "
            "nothing was written: allow more with --false-accepts-per-hour, or make the words louder with --snr-db"
        )
    if unsaid := [label for label in recognizer.description.words if label not in thresholds]:
        ERR.print(
            f"note: {', '.join(unsaid)} is not said there: its threshold stays as it was, and fires as often as it did"
        )
    file = read_model(path)
    thresholds = {**file.description.thresholds, **thresholds}
    with replacing(out or model) as temporary:
        temporary.write_bytes(pack_model(file.graph, dataclasses.replace(file.description, thresholds=thresholds)))
        Recognizer.load(temporary)
    OUT.print(", ".join(f"{label} {value:.3f}" for label, value in thresholds.items()))
    if deaf := never_heard(point.score):
        ERR.print(
            f"note: with these thresholds {', '.join(deaf)} is never heard: allow more false accepts, or leave it out"
        )
    OUT.print(
        f"On these {point.score.hours:.2f} hours: {point.score.together.miss_rate:.1%} not heard, "
        f"{point.score.false_accepts_per_hour:.2f} false accepts an hour. Written into {out or model}"
    )


def never_heard(score: StreamScore) -> list[str]:
    """Words that were said and not detected once: so many other words sound like them that they were given up."""
    return [label for label, counted in score.per_label.items() if counted.said and not counted.hits]
