"""Options of the commands that detect words in a stream: all of `StreamSettings`, and a name for several at once."""

import dataclasses
from collections.abc import Callable
from typing import Any

import click

from ...pipeline.device.stream import SETTINGS, StreamSettings
from .options import settings_options


def stream_settings_options(function: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `StreamSettings`, and `--setting`, which changes their defaults."""
    return _setting_option(settings_options(StreamSettings)(function))


def _take(context: click.Context, parameter: click.Parameter, name: str | None) -> None:
    if name:
        context.default_map = {**(context.default_map or {}), **dataclasses.asdict(SETTINGS[name])}


_setting_option: Callable[[Any], Any] = click.option(
    "--setting",
    type=click.Choice(list(SETTINGS)),
    callback=_take,
    is_eager=True,  # before the options whose defaults it changes
    expose_value=False,
    help="Where it listens: quiet-room wants longer pauses around a word, radio-on shorter ones; other options come first.",
)
