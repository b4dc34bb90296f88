"""`wordspot set-thresholds`: a model file fires no more often at nothing than it may."""

import dataclasses
import json
from pathlib import Path

import click

from ...data.errors import WordspotError
from ...data.files import replacing, write_json
from ...pipeline.device.model_file import pack_model, read_model
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import StreamSettings
from ...pipeline.scoring.stream_mix import MixSettings
from ...pipeline.scoring.stream_report import ThresholdChoice, choose_thresholds
from ...pipeline.scoring.streams import StreamSource
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare, settings_options
from ..terminal.progress import progress_bar
from ..terminal.stream_options import DATA_HELP, labels_option, parse_snrs, snr_option, split_option, too_few
from ..terminal.threshold_choice import budget_option, negatives_option, print_choice
from .model_argument import model_path


@declare
@argument("model", metavar="MODEL", help="A .tflite file of `wordspot export`; one that ships needs --out.")
@argument("data", metavar="DATA", help=DATA_HELP)
@budget_option
@negatives_option
@labels_option
@split_option
@snr_option
@click.option("--out", "out", type=PATH, help="Write another file; default: change MODEL.")
@click.option("--json", "json_file", type=PATH, help="Write the figures as JSON (- prints them).")
@settings_options(StreamSettings, "hop_ms", "hold_off_ms")
@settings_options(MixSettings, into="mix")
def command(
    model: Path,
    data: Path,
    false_accepts_per_hour: float,
    negatives: Path | None,
    labels: Path | None,
    split: str,
    snr_db: str,
    out: Path | None,
    json_file: Path | None,
    mix: MixSettings,
    settings: StreamSettings,
) -> None:
    """Choose a threshold for each word, and write them into the model file.

    They are chosen on streams as `wordspot score-stream` mixes them, and on held-out running speech, so that the whole fires
    at most so often in an hour of either, and misses as little as possible. Words that DATA does not say keep the threshold
    they had. Where too little is held out to know, careful ones are taken, and a note says so. Judge the thresholds on other
    streams: score-stream --seed 1.

    Examples:
        wordspot set-thresholds model.tflite clips --false-accepts-per-hour 0.5
        wordspot set-thresholds small clips --snr-db 20,10 --out tuned.tflite
    """
    to_stdout = json_file == Path("-")
    for file in (out, None if to_stdout else json_file):
        if file:
            check_can_become_file(file)
    path = model_path(model)
    if path != model and not out:
        raise WordspotError(f"{model} ships with wordspot and stays as it is: name another file with --out")
    source = StreamSource(data, labels, split, parse_snrs(snr_db), negatives=negatives)
    choice = choose_thresholds(
        Recognizer.load(path), source, false_accepts_per_hour, mix, settings, progress=progress_bar("listening")
    )
    file = read_model(path)
    thresholds, rests_on = {**file.description.thresholds, **choice.thresholds}, choice.to_dict()
    description = dataclasses.replace(file.description, thresholds=thresholds, threshold_choice=rests_on)
    with replacing(out or model) as temporary:
        temporary.write_bytes(pack_model(file.graph, description))
        Recognizer.load(temporary)
    figures = {"file": str(out or model), "thresholds": thresholds, "threshold_choice": rests_on}
    if to_stdout:
        print(json.dumps(figures, ensure_ascii=False))
        return
    print_choice(thresholds, rests_on)
    OUT.print(f"Judged on clips: {', '.join(f'{choice.clips[word]} of {word}' for word in choice.thresholds)}")
    _print_notes(choice)
    OUT.print(f"Written into {out or model}")
    if json_file:
        write_json(json_file, figures)


def _print_notes(choice: ThresholdChoice) -> None:
    if choice.unsaid:
        ERR.print(f"note: {', '.join(choice.unsaid)}: not said there, so the threshold stays as it was")
    if choice.few:
        ERR.print(f"note: {too_few(choice.few, choice.clips)}")
    if choice.kept_false_accepts_per_hour:
        ERR.print(
            f"note: words that keep their threshold make {choice.kept_false_accepts_per_hour:.2f} false accepts per hour there"
        )
    if choice.never_detected:
        ERR.print(
            f"note: with these thresholds {', '.join(choice.never_detected)} is never detected: allow more false accepts, "
            "or leave it out"
        )
