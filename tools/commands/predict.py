"""`wordspot predict`: a model file on sound files."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from ...data.errors import RecordingError, WordspotError
from ...pipeline.device.recognizer import Prediction, Recognizer
from ...pipeline.signal.one_clip import read_one_clip
from ..terminal.console import ERR, OUT
from ..terminal.options import argument, declare
from .model_argument import MODEL_HELP, split_model


@declare
@argument(
    "files",
    metavar="[MODEL] FILE...",
    nargs=-1,
    required=True,
    help=f"{MODEL_HELP} Then sound files of any format, rate and length.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an array with all probabilities.")
def command(files: tuple[Path, ...], as_json: bool) -> None:
    """Say which word a sound file holds.

    A file longer than the model's clip is judged on the second that holds its word, and a shorter one is centered in silence.

    Without a model, the smaller one that ships is used: it knows down, go, left, no, off, on, right, stop, up and yes.

    Examples:
        wordspot predict left.wav
        wordspot predict accurate *.wav
        wordspot predict model.tflite left.wav
        wordspot predict model.tflite *.wav --json
    """
    model, sounds = split_model(files)
    if not sounds:
        raise WordspotError(f"{model} is a model; name the sound files behind it")
    recognizer = Recognizer.load(model)
    results = [result for path in sounds if (result := _predict(recognizer, path))]
    if as_json:
        print(json.dumps(results, ensure_ascii=False))
    else:
        for result in results:
            OUT.print(_line(result))
    if len(results) < len(sounds):
        sys.exit(1)


def _predict(recognizer: Recognizer, path: Path) -> dict[str, Any] | None:
    try:
        clip = read_one_clip(path, recognizer.sample_rate_hz, recognizer.clip_samples)
    except (RecordingError, FileNotFoundError) as error:
        detail = str(error) if isinstance(error, RecordingError) else "there is no such file"
        ERR.print(f"wordspot: {path}: {detail}")
        return None
    found = Prediction.of(recognizer.labels, recognizer.classify(clip.samples))
    return {
        "file": str(path),
        "label": found.label,
        "probability": found.probability,
        "runner_up": found.runner_up,
        "runner_up_probability": found.runner_up_probability,
        "probabilities": found.probabilities,
        "duration_s": clip.duration_s,
        "window_start_s": clip.start_s,
        "window_s": recognizer.clip_samples / recognizer.sample_rate_hz,
    }


def _line(result: dict[str, Any]) -> str:
    line = (
        f"{result['file']}: {result['label']} {result['probability']:.1%} (then {result['runner_up']} "
        f"{result['runner_up_probability']:.1%})"
    )
    if result["duration_s"] > result["window_s"]:
        line += f", judged on the {result['window_s']:g} s from {result['window_start_s']:.2f} s"
    return line
