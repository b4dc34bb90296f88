"""Clips as points in space: what the body of a trained network makes of them, so that like sounds lie close together."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from ...data.arrays import LogMel
from ...data.clips import Clip, read_clip_table
from ...data.errors import WordspotError
from ...data.feature_set import is_feature_set, read_feature_set
from ..features.extract import CLIPS_PER_BATCH, log_mel_batches
from ..progress import Progress, no_progress
from ..training.trained_network import TrainedNetwork

DEFAULT = "accurate"


def embed(
    data: Path | str, model: str | Path = DEFAULT, *, progress: Progress = no_progress
) -> tuple[npt.NDArray[np.float32], list[Clip]]:
    """What the network has before its last layer, for every clip; words that it was never trained on lie apart, too.

    Parameters
    ----------
    data
        A clean folder, or a feature set with the network's front end, which takes a third of the time.
    model
        A model that ships by its name, or a run folder.
    progress
        Shows how far it has come, in batches.

    Returns
    -------
    Float32 [clips, dims], not scaled, and the clips in the order of its rows.

    Raises
    ------
    WordspotError
        Neither of the two; no such model; clips of another length or features of another front end than the model's.
    """
    data = Path(data)
    trained = TrainedNetwork.load(model)
    clips, batches = _frames(data, trained)
    body = keras.Model(trained.network.inputs, trained.network.layers[-1].input)
    count = -(-len(clips) // CLIPS_PER_BATCH)
    points = [body.predict_on_batch(frames.astype(np.float32)) for frames in progress(batches, count)]
    return np.concatenate(points), clips


def _frames(data: Path, trained: TrainedNetwork) -> tuple[list[Clip], Iterator[LogMel]]:
    """The clips, and the log-mel frames [clips, frames, mels] of some of them after the other."""
    if not is_feature_set(data):
        clips = read_clip_table(data)
        return clips, log_mel_batches(data, clips, trained.front_end)
    feature_set = read_feature_set(data)
    if feature_set.front_end != trained.front_end:
        differences = feature_set.front_end.unlike(trained.front_end)
        raise WordspotError(f"{data} has another front end than {trained.name}: {differences}. Give the clean folder itself")
    starts = range(0, len(feature_set.clips), CLIPS_PER_BATCH)
    return feature_set.clips, (feature_set.log_mel[start : start + CLIPS_PER_BATCH] for start in starts)
