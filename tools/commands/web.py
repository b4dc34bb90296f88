"""`wordspot web`: a page that listens in the browser, with the same model file and the same rule."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from ...data.labels import is_word
from ...pipeline.device.model_file import read_model
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import Blocks, Detector, StreamSettings, thresholds_of
from ..browser.files import collect_files
from ..browser.server import Address, Server
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, argument, declare
from ..terminal.stream_settings import stream_settings_options
from .model_argument import MODEL_HELP, model_path


@declare
@argument("model", metavar="MODEL", required=False, help=MODEL_HELP)
@click.option(
    "--host",
    "host",
    type=str,
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; 0.0.0.0 for the local network.",
)
@click.option(
    "--port",
    "port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="TCP port; 0 for any free one.",
)
@click.option("--cert", "cert", type=PATH, help="TLS certificate (PEM), to serve by https.")
@click.option("--key", "key", type=PATH, help="The certificate's key (PEM).")
@stream_settings_options
def command(
    model: Path | None, host: str, port: int, cert: Path | None, key: Path | None, settings: StreamSettings
) -> None:
    """Serve a page that listens through the browser's microphone.

    The browser runs the very same model file; no sound leaves it. The page can be installed on a phone's home screen and
    then works without a network.

    Browsers give the microphone only to https and to localhost. A phone on a USB cable gets localhost with
    `adb reverse tcp:8000 tcp:8000`; on Wi-Fi it wants --host with --cert and --key.

    Examples:
        wordspot web
        wordspot web model.tflite --port 9000
        wordspot web model.tflite --host 0.0.0.0 --cert c.pem --key k.pem
    """
    path = model_path(model)
    files = collect_files(path.name, read_model(path).content, describe(Recognizer.load(path), settings))
    with Server(files, Address(host, port, cert, key)) as server:
        if not server.is_local:
            _warn(server)
        OUT.print(f"Open {server.url} (Ctrl-C ends)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:  # the way to end it, and no interruption of anything
            OUT.print()


def describe(recognizer: Recognizer, settings: StreamSettings) -> dict[str, Any]:
    """What the page needs to know of a model and of how to listen: `settings.json`, so that these figures have one place.

    Raises
    ------
    WordspotError
        The settings do not fit the model, or its thresholds make no sense.
    """
    Detector(recognizer, settings)  # refuses settings and thresholds that make no sense
    thresholds = thresholds_of(recognizer, settings.threshold).tolist()
    blocks = Blocks.of(settings, recognizer)
    return {
        "labels": recognizer.labels,
        "sample_rate_hz": recognizer.sample_rate_hz,
        "clip_samples": recognizer.clip_samples,
        "hop_samples": round(settings.hop_ms * recognizer.sample_rate_hz / 1000),
        "hold_off_samples": settings.hold_off_ms * recognizer.sample_rate_hz / 1000,
        "pauses": {
            "blockSamples": blocks.samples,
            "before": blocks.before,
            "after": blocks.after,
            "longest": blocks.longest,
            "pauseDb": settings.pause_db,
        },
        "thresholds": {
            label: value for label, value in zip(recognizer.labels, thresholds, strict=True) if is_word(label)
        },
        "stream": dataclasses.asdict(settings),
    }


def _warn(server: Server) -> None:
    ERR.print(
        "wordspot: warning: everyone in the network can reach this server; whoever has the whole address sees the page and "
        "can copy the model"
    )
    if not server.url.startswith("https:"):
        ERR.print(
            "wordspot: warning: browsers give the microphone only to https and localhost, and others in the network can read "
            "along: use --cert and --key, or a USB cable and `adb reverse`"
        )
