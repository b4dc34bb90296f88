"""MODEL on the command line: a file, or one of the models that ship."""

from collections.abc import Sequence
from pathlib import Path

from ...data.errors import WordspotError
from ...models import pretrained
from ...pipeline.device.model_file import is_tflite

_NAMES = " or ".join(pretrained.NAMES)
EMBEDDING_HELP = f"A .tflite file, or {_NAMES}, which ship; default: {pretrained.EMBEDDING}."
MODEL_HELP = f"A .tflite file of `wordspot export`, or {_NAMES}, which ship; default: {pretrained.DEFAULT}."


def model_path(model: Path | None) -> Path:
    """The file that MODEL means; None is the model that ships as the default.

    Raises
    ------
    WordspotError
        The file of a model that ships is damaged.
    """
    if model is not None and str(model) not in pretrained.NAMES:
        return model
    return pretrained.path_of(str(model or pretrained.DEFAULT))


def split_model(arguments: Sequence[Path]) -> tuple[Path, list[Path]]:
    """The model's file and what follows, where the first argument may name a model.

    Raises
    ------
    WordspotError
        The first argument was meant as a model but is none: the model that ships must not answer in its place.
    """
    first = arguments[0]
    if first.suffix == ".tflite" or str(first) in pretrained.NAMES:
        return model_path(first), list(arguments[1:])
    if first.suffix == ".keras" or (len(arguments) > 1 and first.is_dir()):
        raise WordspotError(f"{first} is not a .tflite model: `wordspot export RUN` makes one from a training run")
    if len(arguments) > 1 and not first.suffix and not first.exists():
        raise WordspotError(f"there is neither a model nor a sound file {first}; the models that ship are {_NAMES}")
    if is_tflite(first):
        raise WordspotError(f"{first} is a model whose name does not end in .tflite: rename it")
    return model_path(None), list(arguments)
