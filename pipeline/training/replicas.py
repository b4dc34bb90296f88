"""Several devices or machines train one network: each takes a part of every batch, and they step together (tf.distribute)."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...data.errors import WordspotError
from .optimizer import compile_network
from .run_folder.run import Run
from .settings import TrainSettings
from .strategies import worker_number


class Replicas:
    """Copies of a network that always hold the same weights, on the devices of a strategy.

    Every process makes the same batches from the same seed, and each of its devices takes its part: nothing but sums of
    gradients passes between them. So the settings mean what they mean on one device, and only rounding, and the statistics
    of batch normalization, which are those of a part, are others.

    Parameters
    ----------
    strategy
        Of tf.distribute, synchronous.
    worker
        The number of this process among those that train together; 0 writes the run folder.
    """

    def __init__(self, strategy: tf.distribute.Strategy, worker: int = 0) -> None:
        self._strategy, self.worker = strategy, worker
        self.count: int = strategy.num_replicas_in_sync

    @classmethod
    def open(cls, strategy: str) -> "Replicas":
        """On all GPUs of this machine ("mirrored"), or on the machines of TF_CONFIG ("multi-worker"), once all are there.

        Raises
        ------
        WordspotError
            Another strategy, TF_CONFIG missing or damaged, or TensorFlow cannot use it: a port in use, for example.
        """
        number = worker_number(strategy)
        if strategy == "mirrored":
            devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
            return cls(tf.distribute.MirroredStrategy([device.name for device in devices]))
        try:
            return cls(tf.distribute.MultiWorkerMirroredStrategy(), number)
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            raise WordspotError(
                f"TensorFlow cannot bring the workers of TF_CONFIG together: {str(error).strip().partition(chr(10))[0]:.300}"
            ) from error

    @contextmanager
    def own_folder(self, run_folder: Path, *, resume: bool) -> Iterator[Path]:
        """The run folder for the first process; for others one that goes away, with what they need of the first's."""
        if self.worker == 0:
            yield run_folder
            return
        with self._scratch(run_folder) as scratch:
            own = scratch / "run"
            if resume and Run(run_folder).config.is_file():
                own.mkdir()
                theirs, ours = Run(run_folder), Run(own)
                for name in ("config", "history", "checkpoint", "model"):
                    if getattr(theirs, name).is_file():
                        shutil.copyfile(getattr(theirs, name), getattr(ours, name))
            yield own

    @contextmanager
    def _scratch(self, run_folder: Path) -> Iterator[Path]:
        """A folder that goes away; after a process that was killed with the next one of the same number and run folder."""
        place = hashlib.sha256(os.fsencode(run_folder.resolve())).hexdigest()[:16]
        scratch = Path(tempfile.gettempdir(), f"wordspot-worker-{self.worker}-{place}")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @contextmanager
    def lost_workers_named(self) -> Iterator[None]:
        """Says in one line that another process has ended in the middle of the work."""
        try:
            yield
        except tf.errors.OpError as error:
            raise WordspotError(
                f"another worker has ended or cannot be reached ({type(error).__name__}): look at what it said, start all "
                "of them again, and resume"
            ) from error

    def check_same(self, config: Mapping[str, Any]) -> None:
        """Raises `WordspotError` in every process unless all are to do the same; paths of the data may differ."""
        first, *others = (json.loads(text) for text in self._texts(json.dumps({**config, "data": ""})))
        for number, other in enumerate(others, 1):
            different = [name for name in first if first[name] != other.get(name)]
            if different:
                name = different[0]
                raise WordspotError(
                    f"replica {number} was given other {name} than replica 0, {other.get(name)!r:.200} and not "
                    f"{first[name]!r:.200}: start all workers with the same version, data, words and settings"
                )

    def check_batch(self, size: int) -> None:
        """Raises `WordspotError` where the replicas cannot share a batch equally."""
        if size % self.count:
            raise WordspotError(
                f"batches of {size} cannot be shared equally by {self.count} replicas: choose a batch_size that is a multiple "
                f"of {self.count}"
            )

    def of_first(self, value: int) -> int:
        """The value that the first process gives here; all must come by, and wait for each other."""
        return int(self._gather(np.array([value], np.float64))[0, 0])

    def copies(self, network: keras.Model, settings: TrainSettings, steps_per_epoch: int) -> "Copies":
        """Copies of a compiled network; it takes on the weights that it has in the first process."""
        variables = _variables(network)
        values = self._gather(np.concatenate([variable.numpy().ravel().astype(np.float64) for variable in variables]))[
            0
        ]
        _assign(variables, np.split(values, np.cumsum([int(np.prod(variable.shape)) for variable in variables])[:-1]))
        with self._strategy.scope():
            mirrored = keras.models.clone_model(network)
            compile_network(mirrored, settings, steps_per_epoch)
        return Copies(self, network, mirrored)

    def reduced_step(self, mirrored: keras.Model) -> Callable[..., Any]:
        """A traced step of all copies: their parts of frames and targets in, the mean of their figures out."""
        strategy = self._strategy

        @tf.function(autograph=False)  # which writes a temporary file, and there is nothing to convert
        def step(frames: Any, targets: Any) -> dict[str, tf.Tensor]:
            logs = strategy.run(lambda *part: mirrored.train_step(part), args=(frames, targets))
            return {name: strategy.reduce("MEAN", value, axis=None) for name, value in logs.items()}

        return step

    def parts(self, batch: np.ndarray) -> Any:
        """The batch [n, ...] as values of the copies of this process, n / count examples each."""
        size = len(batch) // self.count

        def part(context: Any) -> tf.Tensor:
            start = context.replica_id_in_sync_group * size
            return tf.constant(batch[start : start + size])

        return self._strategy.experimental_distribute_values_from_function(part)

    def mean(self, variable: Any) -> np.ndarray:
        """A variable that each copy has changed in its own way: the mean of all of them."""
        own = [value.numpy() for value in self._strategy.experimental_local_results(variable.value)]
        return self._gather_each([value.ravel().astype(np.float64) for value in own]).mean(axis=0).reshape(own[0].shape)

    def _gather(self, values: np.ndarray) -> np.ndarray:
        """Float64 [replicas, n]: the [n] values of every replica."""
        return self._gather_each([values] * len(self._strategy.extended.worker_devices))

    def _gather_each(self, values: list[np.ndarray]) -> np.ndarray:
        places = iter(values)
        each = self._strategy.experimental_distribute_values_from_function(lambda _: tf.constant(next(places)[None]))
        return self._strategy.gather(each, axis=0).numpy()

    def _texts(self, text: str) -> list[str]:
        codes = np.frombuffer(text.encode(), np.uint8).astype(np.float64)
        longest = int(self._gather(np.array([len(codes)], np.float64)).max())
        rows = self._gather(np.concatenate([codes, np.full(longest - len(codes), ord(" "))]))
        return [row.astype(np.uint8).tobytes().decode() for row in rows]


class Copies:
    """The copies of one network: an epoch begins with its weights, and ends with its having theirs.

    In between the network itself, which is of one device, judges and is saved as ever.
    """

    def __init__(self, replicas: Replicas, network: keras.Model, mirrored: keras.Model) -> None:
        self._replicas, self._network, self._mirrored = replicas, network, mirrored
        self._step = replicas.reduced_step(mirrored)

    def begin(self) -> None:
        """Gives the copies all weights of the network, of its optimizer, and the seeds of its dropout."""
        _assign(_variables(self._mirrored), [variable.numpy() for variable in _variables(self._network)])

    def train_on_batch(self, frames: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        """One step on float32 [n, frames, mels] and [n, labels]: loss and accuracy of the whole batch."""
        self._replicas.check_batch(len(frames))
        self._mirrored.reset_metrics()
        logs = self._step(self._replicas.parts(frames), self._replicas.parts(targets))
        return {name: float(value) for name, value in logs.items()}

    def end(self) -> None:
        """Gives the network the weights of the copies, and the mean of their running statistics."""
        statistics = {id(variable) for variable in self._mirrored.non_trainable_variables if _is_float(variable)}
        values = [
            self._replicas.mean(variable) if id(variable) in statistics else variable.numpy()
            for variable in _variables(self._mirrored)
        ]
        _assign(_variables(self._network), values)


def _variables(network: keras.Model) -> list[Any]:
    return [*network.variables, *network.optimizer.variables]


def _assign(variables: Iterable[Any], values: Iterable[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value.reshape(variable.shape).astype(variable.dtype))


def _is_float(variable: Any) -> bool:
    return np.issubdtype(np.dtype(variable.dtype), np.floating)
