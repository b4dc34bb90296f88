"""Clips as points in space: what the body of a model makes of them, so that like sounds lie close together.

LiteRT runs it, one clip after the other, without TensorFlow: loading that takes longer than the clips of most folders.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from ...data.arrays import LogMel, Waveform, to_waveform
from ...data.audio import read_sound
from ...data.buckets import Folder, folder_at
from ...data.clips import Clip, read_clip_table
from ...data.errors import RecordingError, WordspotError
from ...data.feature_set import FeatureSet, is_feature_set, read_feature_set
from ...data.near import near_tables
from ...models import pretrained
from ..clips_anywhere import mapping_clips
from ..cluster import Cluster
from ..device.model_description import ModelDescription
from ..device.model_file import read_model
from ..device.recognizer import Recognizer
from ..progress import Progress, no_progress
from ..signal.window import fit_to_window
from ..workers import mapping

DEFAULT = pretrained.EMBEDDING


def embed(
    data: Folder | str, model: Path | str = DEFAULT, *, jobs: int | Cluster = 1, progress: Progress = no_progress
) -> tuple[npt.NDArray[np.float32], list[Clip]]:
    """What the model has before its last layer, for every clip; words that it was never trained on lie apart, too.

    Parameters
    ----------
    data
        A clean folder, or its URL, see `data.buckets`; or a feature set with the model's front end.
    model
        A model that ships, by its name, or a model file.
    jobs
        Processes to work with, or a cluster that sees a clean folder under the path or URL given here.
    progress
        Shows how far it has come, in clips.

    Returns
    -------
    Float32 [clips, dims], not scaled, and the clips in the order of its rows.

    Raises
    ------
    WordspotError
        Neither of the two; a clip that is missing or unreadable; features of another front end; no such model, or one
        whose last layer is not dense.
    """
    place = folder_at(data)
    Recognizer.load(model)  # checks a file that does not ship
    ships = str(model) in pretrained.NAMES
    file = read_model(pretrained.path_of(str(model)) if ships else Path(model))
    _Body(file.graph, str(model))  # refuses one of another kind before any work
    graph = b"" if ships else file.graph
    if isinstance(place, Path) and is_feature_set(place):
        features = _checked(read_feature_set(place), place, file.description)
        with mapping(_OfFrames(graph, str(model)), features.log_mel, jobs) as points:
            return np.stack(list(progress(points, len(features.clips)))), features.clips
    with near_tables(place) as tables:
        clips = read_clip_table(tables)
        embed_file = _OfFile(graph, str(model), file.description.clip_samples)
        with mapping_clips(embed_file, place, tables, [clip.file_name for clip in clips], jobs) as points:
            return np.stack(list(progress(points, len(clips)))), clips


@dataclass(frozen=True)
class _OfFrames:
    """Embeds a clip, given float16 [frames, mels]; it goes to other processes, without the graph of a model that ships."""

    graph: bytes
    name: str

    def __call__(self, frames: LogMel) -> npt.NDArray[np.float32]:
        return _body(self.graph, self.name).run("classify_features", frames.astype(np.float32))


@dataclass(frozen=True)
class _OfFile:
    """Embeds a clip, given its file."""

    graph: bytes
    name: str
    clip_samples: int

    def __call__(self, path: Path) -> npt.NDArray[np.float32]:
        return _body(self.graph, self.name).run("classify", waveform(path, self.clip_samples))


@lru_cache(maxsize=1)
def _body(graph: bytes, name: str) -> "_Body":
    return _Body(graph or read_model(pretrained.path_of(name)).graph, name)


class _Body:
    """A model's graph, run as far as the input of its last layer.

    Signatures share the body, and number its tensors in the same order: so where the last layer's input lies before the
    output in one of them, it lies in the others.
    """

    def __init__(self, graph: bytes, name: str) -> None:
        self._interpreter = Interpreter(
            model_content=graph,
            experimental_preserve_all_tensors=True,  # else the memory of an inner one is used again
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,  # they hide inner tensors
            num_threads=1,
        )
        self._runners = {key: self._interpreter.get_signature_runner(key) for key in ("classify", "classify_features")}
        dense = [op for op in self._interpreter._get_ops_details() if op["op_name"] == "FULLY_CONNECTED"]
        if not dense:
            raise WordspotError(f"{name} does not end in a dense layer: choose another model, such as {DEFAULT}")
        self._before_output = self._output("classify") - int(dense[-1]["inputs"][0])

    def run(self, signature: str, values: np.ndarray) -> npt.NDArray[np.float32]:
        """Float32 [dims] of one clip's waveform or log-mel frames."""
        runner = self._runners[signature]
        name = next(iter(runner.get_input_details()))
        runner(**{name: values[None]})
        index = self._output(signature) - self._before_output
        return self._interpreter.get_tensor(index, runner._subgraph_index).reshape(-1).astype(np.float32)

    def _output(self, signature: str) -> int:
        return self._runners[signature].get_output_details()["probabilities"]["index"]


def _checked(features: FeatureSet, data: Path, description: ModelDescription) -> FeatureSet:
    if features.front_end != description.front_end:
        unlike = features.front_end.unlike(description.front_end)
        raise WordspotError(f"{data} has another front end than the model: {unlike}. Give the clean folder itself")
    return features


def waveform(path: Path, clip_samples: int) -> Waveform:
    """The sound of a clip, float32 [clip_samples]. Raises `WordspotError` where it cannot be read."""
    try:
        samples = read_sound(path).samples
    except (FileNotFoundError, RecordingError) as error:
        raise WordspotError(
            f"{path} is in the clip table but cannot be read ({error}): clean again, or delete its row"
        ) from error
    return to_waveform(fit_to_window(samples, clip_samples)[0])
