"""`wordspot listen`: words in a microphone, a file or a pipe, as they come."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import chain
from pathlib import Path

import click
import numpy as np

from ...data.errors import WordspotError
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import Detector, LoneWord, StreamSettings
from ..listening.display import DetectionDisplay
from ..listening.programs import Programs
from ..listening.recorder import ClipRecorder, RecentSound
from ..listening.sources import StreamHealth, file_blocks, pipe_blocks
from ..terminal.options import PATH, PATH_OR_NAME, argument, declare
from ..terminal.stream_settings import stream_settings_options
from .model_argument import MODEL_HELP, model_path

_STANDARD_INPUT = "-"
_INTERRUPTED = 130  # as of every command that Ctrl-C ends


@declare
@argument("model", metavar="MODEL", required=False, help=MODEL_HELP)
@click.option(
    "--source", type=PATH_OR_NAME, metavar="FILE", help="A sound file instead of the microphone; - for standard input."
)
@click.option("--device", help="Microphone, by number or a part of its name.")
@click.option("--list-devices", is_flag=True, help="Show the microphones, and end.")
@click.option(
    "--on",
    nargs=2,
    multiple=True,
    metavar="WORD COMMAND",
    help="Run a program on a word (no shell); may be repeated. What it prints goes to standard error.",
)
@click.option(
    "--save-detections", type=PATH, metavar="DIR", help="Keep the sound of every detection, as a clean folder."
)
@click.option(
    "--save-uncertain",
    nargs=2,
    type=float,
    metavar="LOW HIGH",
    help="With it: also near misses whose probability reached LOW, but not HIGH.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per detection.")
@stream_settings_options
def command(
    model: Path | None,
    source: str | None,
    device: str | None,
    list_devices: bool,
    on: tuple[tuple[str, str], ...],
    save_detections: Path | None,
    save_uncertain: tuple[float, float] | None,
    as_json: bool,
    settings: StreamSettings,
) -> None:
    """Recognize words in a microphone, a file or a pipe.

    Standard input is WAV, or raw 16-bit little-endian mono at the model's rate. A program that --on names finds the word
    in its environment: WORDSPOT_LABEL, WORDSPOT_PROBABILITY, WORDSPOT_TIME_S. At the end of a file it has five seconds
    to come to its own, and is left running then.

    Examples:
        wordspot listen
        wordspot listen model.tflite --on left 'mpc prev' --on right 'mpc next'
        wordspot listen accurate --source evening.flac --json
        wordspot listen --setting radio-on
        arecord -q -f S16_LE -r 16000 | wordspot listen model.tflite --source -
        wordspot listen model.tflite --save-detections kept --save-uncertain 0.3 0.9
    """
    if list_devices:
        from ..listening.microphone import print_devices  # here, because it needs the extra `mic`

        print_devices()
        return
    if save_uncertain and not save_detections:
        raise click.UsageError("--save-uncertain needs --save-detections DIR: say where to keep them")
    for word, program in on:
        if program.startswith("-"):
            raise click.UsageError(
                f"--on {word} takes a command, and {program} is an option: --on {word} 'mpc next' {program}"
            )
    recognizer = Recognizer.load(model_path(model))
    programs, health = Programs.parse(on, recognizer.labels), StreamHealth()
    recorder = _recorder(recognizer, source, save_detections, save_uncertain)
    with DetectionDisplay(as_json=as_json) as display:
        blocks = _blocks(recognizer, source, device, health, display)
        try:
            with recorder as kept:
                _listen(Detector(recognizer, settings), recognizer, blocks, display, programs, kept, health)
        except KeyboardInterrupt:  # the way to end a microphone
            display.note(_summary(display, health, recognizer))
            sys.exit(_INTERRUPTED)
        if health.samples:
            display.note(_summary(display, health, recognizer))
        for problem in programs.finish():
            display.note(problem)
    if health.samples < recognizer.clip_samples:
        raise WordspotError(
            f"{health.samples / recognizer.sample_rate_hz:.2f} s of sound came; the model needs "
            f"{recognizer.clip_samples / recognizer.sample_rate_hz:g} s to judge once"
        )


def _blocks(
    recognizer: Recognizer, source: str | None, device: str | None, health: StreamHealth, display: DetectionDisplay
) -> Iterator[np.ndarray]:
    if source == _STANDARD_INPUT:
        return pipe_blocks(sys.stdin.buffer, recognizer.sample_rate_hz, display.note)
    if source is not None:
        return file_blocks(Path(source), recognizer.sample_rate_hz, display.note)
    from ..listening.microphone import Microphone  # here, because it needs the extra `mic`

    return Microphone(device, recognizer.sample_rate_hz, health, display.note).blocks()


def _recorder(
    recognizer: Recognizer, source: str | None, folder: Path | None, uncertain: tuple[float, float] | None
) -> AbstractContextManager[ClipRecorder | None]:
    if folder is None:
        return nullcontext()
    live = source is None or source == _STANDARD_INPUT
    session = datetime.now().strftime("%Y%m%d-%H%M%S") if live or not source else Path(source).stem
    return ClipRecorder(folder, session, source or "microphone", recognizer, uncertain)


def _listen(
    detector: Detector,
    recognizer: Recognizer,
    blocks: Iterator[np.ndarray],
    display: DetectionDisplay,
    programs: Programs,
    recorder: ClipRecorder | None,
    health: StreamHealth,
) -> None:
    sound = RecentSound(recognizer.clip_samples)
    silence = np.zeros(recognizer.clip_samples, np.int16)  # as from a microphone, so that a word at the very end counts
    for block in chain(blocks, [silence]):
        for piece in sound.add(block):  # so that of each word its samples are still there
            health.samples += len(piece) if block is not silence else 0
            for word in detector.lone_words(piece):
                _report(word, display, programs)
                if recorder:
                    recorder.keep(word, sound.second_from(word.start))
            display.level(piece)


def _report(word: LoneWord, display: DetectionDisplay, programs: Programs) -> None:
    found = word.detection
    display.recognized(word.prediction.label, word.prediction.probability)
    if not found:
        return
    if display.as_json:
        values = {"label": found.label, "time_s": found.time_s, "start_s": found.start_s}
        display.line(json.dumps({**values, "probability": found.probability}, ensure_ascii=False))
    else:
        display.line(f"{found.time_s:9.2f} s  {found.label}  {found.probability:.0%}")
    for problem in programs.run(found):
        display.note(problem)


def _summary(display: DetectionDisplay, health: StreamHealth, recognizer: Recognizer) -> str:
    lost = f", {health.overruns} overruns" if health.overruns else ""
    gone = f", the microphone was gone {health.gone} times" if health.gone else ""
    seconds = health.samples / recognizer.sample_rate_hz
    return f"{seconds:,.1f} s of sound, {display.lines} detections" + lost + gone
