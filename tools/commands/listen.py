"""`wordspot listen`: words in a microphone, a file or a pipe, as they come."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ...data.errors import WordspotError
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import Detector, StreamSettings, Window
from ..listening.display import DetectionDisplay
from ..listening.programs import Programs
from ..listening.recorder import ClipRecorder, History
from ..listening.sources import StreamHealth, file_blocks, pipe_blocks
from ..terminal.common import with_settings
from .model_argument import MODEL_HELP, model_path

_STANDARD_INPUT = "-"


@with_settings(StreamSettings)
def command(
    model: Annotated[Path | None, typer.Argument(metavar="MODEL", help=MODEL_HELP)] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="FILE", help="A sound file instead of the microphone; - for standard input."),
    ] = None,
    device: Annotated[str | None, typer.Option("--device", help="Microphone, by number or a part of its name.")] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="Show the microphones, and end.")] = False,
    on: Annotated[
        list[str] | None,
        typer.Option("--on", metavar="WORD COMMAND", help="Run a program on a word (no shell); may be repeated."),
    ] = None,
    save_detections: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the sound of every detection, as a clean folder.")
    ] = None,
    save_uncertain: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="With it: also near misses whose probability reached LOW, but not HIGH."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON a detection.")] = False,
    *,
    settings: StreamSettings,
) -> None:
    """Hear words in a microphone, a file or a pipe.

    Standard input is WAV, or raw 16-bit little-endian mono at the model's rate. A program that --on names finds the word
    in its environment: WORDSPOT_LABEL, WORDSPOT_PROBABILITY, WORDSPOT_TIME_S.

    Examples:
        wordspot listen
        wordspot listen model.tflite --on left 'mpc prev' --on right 'mpc next'
        wordspot listen accurate --source evening.flac --json
        arecord -q -f S16_LE -r 16000 | wordspot listen model.tflite --source -
        wordspot listen model.tflite --save-detections kept --save-uncertain 0.3 0.9
    """
    if list_devices:
        from ..listening.microphone import print_devices  # here, because it needs the extra `mic`

        print_devices()
        return
    if save_uncertain and not save_detections:
        raise typer.BadParameter("--save-uncertain needs --save-detections DIR: say where to keep them")
    recognizer = Recognizer.load(model_path(model))
    actions = Programs.parse(on or [], recognizer.labels)
    condition = StreamHealth()
    with ExitStack() as stack:
        display = stack.enter_context(DetectionDisplay(as_json=as_json))
        keeper = _keeper(recognizer, source, save_detections, save_uncertain)
        stack.callback(actions.wait)
        stack.callback(_sum_up, display, condition, recognizer)
        if keeper:
            stack.callback(keeper.finish)
        blocks = _blocks(recognizer, source, device, condition, display)
        _listen(Detector(recognizer, settings), recognizer, blocks, display, actions, keeper, condition)
    if condition.samples < recognizer.clip_samples:
        raise WordspotError(
            f"{condition.samples / recognizer.sample_rate_hz:.2f} s of sound came; the model needs "
            f"{recognizer.clip_samples / recognizer.sample_rate_hz:g} s to judge once"
        )


def _blocks(
    recognizer: Recognizer, source: str | None, device: str | None, condition: StreamHealth, display: DetectionDisplay
) -> Iterator[np.ndarray]:
    if source == _STANDARD_INPUT:
        return pipe_blocks(sys.stdin.buffer, recognizer.sample_rate_hz, display.note)
    if source is not None:
        return file_blocks(Path(source), recognizer.sample_rate_hz)
    from ..listening.microphone import Microphone  # here, because it needs the extra `mic`

    return Microphone(device, recognizer.sample_rate_hz, condition, display.note).blocks()


def _keeper(
    recognizer: Recognizer, source: str | None, folder: Path | None, uncertain: tuple[float, float] | None
) -> ClipRecorder | None:
    if folder is None:
        return None
    live = source is None or source == _STANDARD_INPUT
    session = datetime.now().strftime("%Y%m%d-%H%M%S") if live or not source else Path(source).stem
    return ClipRecorder(folder, session, source or "microphone", recognizer, uncertain)


def _listen(
    detector: Detector,
    recognizer: Recognizer,
    blocks: Iterator[np.ndarray],
    display: DetectionDisplay,
    actions: Programs,
    keeper: ClipRecorder | None,
    condition: StreamHealth,
) -> None:
    history = History(recognizer.clip_samples)
    for block in blocks:
        for piece in history.add(block):  # so that of each window its samples are still there
            condition.samples += len(piece)
            for window in detector.windows(piece):
                _answer(window, recognizer, display, actions)
                if keeper:
                    keeper.keep(window, history.second_from(window.start))
            display.level(piece)


def _answer(window: Window, recognizer: Recognizer, display: DetectionDisplay, actions: Programs) -> None:
    found = window.detection
    display.running(recognizer.labels[int(window.smoothed.argmax())], float(window.smoothed.max()))
    if not found:
        return
    if display.as_json:
        values = {"label": found.label, "time_s": found.time_s, "start_s": found.start_s}
        display.line(json.dumps({**values, "probability": found.probability}, ensure_ascii=False))
    else:
        display.line(f"{found.time_s:9.2f} s  {found.label}  {found.probability:.0%}")
    for problem in actions.run(found):
        display.note(problem)


def _sum_up(display: DetectionDisplay, condition: StreamHealth, recognizer: Recognizer) -> None:
    display.clear()
    heard = f"{condition.samples / recognizer.sample_rate_hz:,.1f} s heard, {display.lines} detections"
    lost = f", {condition.overruns} overruns" if condition.overruns else ""
    gone = f", the microphone was gone {condition.gone} times" if condition.gone else ""
    if condition.samples:
        display.note(heard + lost + gone)
