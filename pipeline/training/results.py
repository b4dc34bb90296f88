"""What a run ends with: its figures, its confusion matrix and its report."""

from typing import Any

import keras
import numpy as np

from ...data.files import replacing, write_json
from ...models.cost import parameters
from ..scoring.charts import confusion_png, curves_png
from ..scoring.confusion import Confusion
from ..scoring.report import Mistake, write_report
from .batches import Classes, Examples
from .network import logits, softmax
from .run import Run


def write_results(
    run: Run,
    model: keras.Model,
    best_epoch: int,
    examples: Examples,
    split: str,
    classes: Classes,
    speakers_known: bool,
) -> Confusion:
    """Judges the best epoch's network on the examples of a split and writes the last files of the run."""
    probabilities = softmax(logits(model, examples.frames))
    predicted = probabilities.argmax(axis=1)
    confusion = Confusion.count(classes.labels, examples.classes, predicted)
    confusion.write_csv(run.folder / "confusion.csv")
    with replacing(run.folder / "confusion.png") as temporary:
        temporary.write_bytes(confusion_png(confusion))
    history = run.read_history()
    figures = {
        "split": split,
        "speakers_known": speakers_known,
        "best_epoch": best_epoch,
        "parameters": parameters(model),
    }
    write_report(
        run.folder / "report.html",
        f"{', '.join(classes.words[:12])}: how well they are told apart",
        confusion,
        _mistakes(probabilities, examples, classes),
        _facts(run.read_config(), figures),
        {"Loss and accuracy while training": curves_png(history)},
    )
    write_json(run.metrics, confusion.to_dict() | figures)
    return confusion


def _mistakes(probabilities: np.ndarray, examples: Examples, classes: Classes) -> list[Mistake]:
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != examples.classes)
    ordered = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")]
    return [
        Mistake(
            examples.file_names[i] or "(background noise)",
            classes.labels[examples.classes[i]],
            classes.labels[predicted[i]],
            float(probabilities[i, predicted[i]]),
        )
        for i in ordered
    ]


def _judged_on(figures: dict[str, Any]) -> str:
    if figures["speakers_known"]:
        who = f"{figures['split']} speakers, who were not trained on"
    else:
        who = f"{figures['split']} recordings, whose voices may have been trained on: the speakers are not known"
    return who + ("; the best epoch was chosen on them" if figures["split"] == "validation" else "")


def _facts(config: dict[str, Any], figures: dict[str, Any]) -> dict[str, str]:
    settings = config["settings"]
    return {
        "Judged on": _judged_on(figures),
        "Data": config["data"],
        "Network": f"{settings['model']}, {figures['parameters']:,} parameters",
        **{
            name: str(config[key])
            for name, key in (("Began from", "start"), ("Taught by", "teacher"))
            if config.get(key)
        },
        "Best epoch": f"{figures['best_epoch']} of at most {settings['epochs']}",
        **{name.replace("_", " ").capitalize(): str(value) for name, value in settings.items() if name != "model"},
        "Front end": ", ".join(f"{name} {value}" for name, value in config["front_end"].items()),
        "Versions": ", ".join(f"{name} {value}" for name, value in config["versions"].items()),
    }
