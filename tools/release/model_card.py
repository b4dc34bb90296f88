"""The card of a model that ships: what it was trained on, how accurate it is, what it is weak at."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from ...data.files import read_json, replacing
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.scoring.confusion import Confusion
from ...pipeline.training.examples.batches import Examples
from ...pipeline.training.run_folder.run import Run

_ROUNDS = 300
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True, autoescape=False
)


def write_card(path: Path, runs: Sequence[Path], files: dict[str, Path], examples: Examples, real: np.ndarray) -> None:
    """Judges the model's files on validation examples and writes the card, as Markdown.

    Parameters
    ----------
    path
        The card, named after the model.
    runs
        Its training run, and those that differ from it by their seed alone, if any.
    files
        The model file of each kind: `float` and `int8`.
    examples
        Validation examples.
    real
        bool [n]: which of them come from waveforms, and not from lossy images of log-mel frames.
    """
    kinds = {kind: _judge(Recognizer.load(file), file, examples, real) for kind, file in files.items()}
    rows = zip(kinds["float"]["rows"], kinds["int8"]["rows"], strict=True)
    config, metrics = Run(runs[0]).read_config(), read_json(runs[0] / "metrics.json")
    accuracies = [read_json(run / "metrics.json")["accuracy"] for run in runs]
    text = _ENVIRONMENT.get_template("model_card.md.jinja").render(
        name=path.stem,
        teacher=Path(config.teacher or "").name,
        config=config.to_dict(),
        metrics=metrics,
        chance=_chance(accuracies),
        rows=rows,
        **kinds,
    )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _chance(accuracies: list[float]) -> str:
    """What other seeds came to; empty where there was but one."""
    if len(accuracies) == 1:
        return ""
    each = ", ".join(f"{accuracy:.2%}" for accuracy in accuracies)
    return f"{statistics.mean(accuracies):.2%} ± {statistics.stdev(accuracies):.2%} ({each})"


def _judge(recognizer: Recognizer, file: Path, examples: Examples, real: np.ndarray) -> dict[str, Any]:
    predicted = np.array([recognizer.classify_features(frames).argmax() for frames in examples.frames])
    parts = {"all": np.ones(len(predicted), bool), "real": real, "images": ~real}
    by_part = {
        part: Confusion.count(recognizer.labels, examples.classes[is_in], predicted[is_in])
        for part, is_in in parts.items()
    }
    return {
        "bytes": file.stat().st_size,
        "milliseconds": _milliseconds(recognizer),
        "threshold": next(iter(recognizer.description.thresholds.values()), 0.5),
        "rows": _rows(by_part["all"]),
        **by_part,
    }


def _rows(confusion: Confusion) -> list[dict[str, Any]]:
    """One per label: clips, recall and its 95% interval."""
    rows = []
    for i, label in enumerate(confusion.labels):
        right, clips = int(confusion.matrix[i, i]), int(confusion.matrix[i].sum())
        one = Confusion(("right", "wrong"), np.array([[right, clips - right], [0, 0]]))
        rows.append({"label": label, "clips": clips, "recall": one.accuracy, "interval": one.interval})
    return rows


def _milliseconds(recognizer: Recognizer) -> float:
    waveform = np.random.default_rng(0).normal(0, 0.1, recognizer.clip_samples).astype(np.float32)
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        recognizer.classify(waveform)
        times.append(time.perf_counter() - began)
    return 1_000 * statistics.median(times)
