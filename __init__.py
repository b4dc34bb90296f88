"""wordspot: a folder of spoken words in, a recognizer for a small device out.

Examples
--------
A model that ships, on a file or on samples:

>>> import wordspot
>>> model = wordspot.load("small")
>>> "left" in model.labels
True
>>> round(sum(model.predict("recordings/rise/speaker00_nohash_0.wav").probabilities.values()), 3)
1.0

A model of your own words, from a folder `<word>/<file>` (one epoch for a first look; 40 are the default):

>>> cleaned = wordspot.clean("recordings", "clips")
>>> wordspot.extract("clips", "features")
96
>>> confusion = wordspot.train("features", "run", ["rise", "fall"], wordspot.TrainSettings(epochs=1))
>>> agreement = wordspot.export("run", "model.tflite")
>>> wordspot.load("model.tflite").labels
('rise', 'fall', '_unknown_', '_silence_')
>>> 0 < wordspot.evaluate("model.tflite", "clips", "testing").confusion.accuracy <= 1
True
"""

from importlib import import_module
from typing import Any

_PLACES = {  # of every public name: loaded when it is first used, so that `import wordspot` costs nothing
    "AugmentSettings": "pipeline.training.settings",
    "CleanSettings": "pipeline.ingest.settings",
    "Detection": "pipeline.device.stream",
    "Detector": "pipeline.device.stream",
    "FrontEnd": "data.front_end",
    "ModelDescription": "pipeline.device.model_description",
    "Prediction": "pipeline.device.recognizer",
    "Recognizer": "pipeline.device.recognizer",
    "RecordingError": "data.errors",
    "Sound": "data.audio",
    "StreamSettings": "pipeline.device.stream",
    "TrainSettings": "pipeline.training.settings",
    "WordspotError": "data.errors",
    "clean": "pipeline.ingest.clean",
    "evaluate": "pipeline.scoring.evaluate",
    "export": "pipeline.export.export",
    "extract": "pipeline.features.extract",
    "read_sound": "data.audio",
    "train": "pipeline.training.train",
}
__all__ = ["__version__", "load", *_PLACES]


def load(model: Any = "small", *, threads: int = 1) -> Any:
    """Loads a model that ships by its name, or a `.tflite` file of `wordspot export` by its path.

    Parameters
    ----------
    model
        `small`, `accurate`, or the path of a model file (str or Path).
    threads
        Threads that LiteRT may use.

    Returns
    -------
    A `Recognizer`: `predict` recognizes the word of a sound, `detect` finds words in endless sound.

    Raises
    ------
    WordspotError
        A file that is missing, damaged or not one of ours, or that cannot be run.

    Examples
    --------
    >>> import numpy as np, wordspot
    >>> model = wordspot.load("small")
    >>> model.predict(np.zeros((8_000, 2)), sample_rate_hz=8_000).label  # stereo, of any rate and length
    '_silence_'
    >>> list(model.detect(np.zeros(4_000, np.int16) for _ in range(30)))  # blocks of samples
    []
    """
    return import_module(".pipeline.device.recognizer", __name__).Recognizer.load(model, threads=threads)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version(__name__)
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_PLACES[name]}", __name__), name)
    globals()[name] = value  # once
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
