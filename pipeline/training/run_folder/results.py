"""What a run ends with: its figures, its confusion matrix and its report."""

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ....data.arrays import Samples
from ....data.audio import read_sound
from ....data.clips import find_clip_table, read_clip_table
from ....data.errors import WordspotError
from ....data.feature_set import FeatureSet
from ....data.files import replacing, write_json
from ....models.cost import parameters
from ...device.recognizer import Prediction
from ...features.extract import clips_folder_of
from ...pages.charts import Line, LineChart, Style
from ...pages.html_page import in_words
from ...scoring.charts import confusion_png
from ...scoring.confusion import Confusion
from ...scoring.predictions import JudgedClip, mistakes_of, review_command, write_predictions
from ...scoring.report import JudgedReport, players_of, write_report
from ..cross_validation import CrossValidated
from ..examples.batches import Classes, Examples
from ..network import logits
from ..open_microphone import BUDGET_PER_HOUR, HeldOutNegatives
from ..probabilities import softmax
from .history import EpochFigures
from .run import Run
from .run_config import RunConfig

_NAMED_WORDS = 6
_STYLES: dict[str, Style] = {"training": "dashed", "validation": "solid"}


def write_results(
    run: Run,
    model: keras.Model,
    best_epoch: int,
    examples: Examples,
    split: str,
    classes: Classes,
    feature_set: FeatureSet,
    negatives: HeldOutNegatives | None = None,
    crossed: CrossValidated | None = None,
) -> Confusion:
    """Judges the best epoch's network on the examples of a split and writes the last files of the run.

    Where it was `crossed`, the examples are those of the cross-validation, and so are the answers.
    """
    answers = crossed.judged()[1] if crossed else logits(model, examples.frames)
    probabilities = softmax(answers)
    found = [Prediction.of(classes.labels, row) for row in probabilities]
    predicted = np.array([classes.labels.index(one.label) for one in found], int)
    confusion = Confusion.count(classes.labels, examples.classes, predicted)
    if crossed:
        confusion = dataclasses.replace(confusion, worth=crossed.worth_of_judged())
    confusion.write_csv(run.folder / "confusion.csv")
    with replacing(run.folder / "confusion.png") as temporary:
        temporary.write_bytes(confusion_png(confusion))
    figures = {
        "split": split,
        "speakers_known": feature_set.speakers_known,
        "best_epoch": best_epoch,
        "parameters": parameters(model),
    }
    if negatives:
        heard = negatives.judge(model, answers, examples)
        figures["open_microphone"] = {"hours": round(negatives.hours, 4), **dataclasses.asdict(heard)}
    if crossed:
        figures |= {"cross_validation": crossed.figures(), "summary": crossed.summary()}
    judged = _judged(found, examples, classes, _clips_folder(run.read_config().data))
    write_predictions(run.folder, judged)
    write_report(run.folder / "report.html", _report(run, confusion, mistakes_of(judged), figures, classes))
    write_json(run.metrics, confusion.to_dict() | figures)
    return confusion


def _report(
    run: Run, confusion: Confusion, mistakes: Sequence[JudgedClip], figures: dict[str, Any], classes: Classes
) -> JudgedReport:
    config = run.read_config()
    clips = _clips_folder(config.data)
    players = players_of(mistakes, lambda name: _read(clips / name)) if clips else {}
    return JudgedReport(
        title="Training report",
        subject=f"{_in_few_words(classes.words)}: {run.folder.resolve()}",
        judged_on=_judged_on(figures),
        confusion=confusion,
        mistakes=mistakes,
        facts=_facts(config, figures),
        caveats=_caveats(figures),
        players=players,
        no_sound="" if players else _why_no_sound(clips),
        review=review_command(clips, "--run", run.folder),
        charts=_curves(run.read_history(), figures["best_epoch"]),
    )


def _judged_on(figures: dict[str, Any]) -> str:
    if "cross_validation" in figures:
        return f"in {figures['cross_validation']['parts']} parts, each by a network that was not trained on it,"
    return (
        f"of {figures['split']} {'speakers, who were not trained on,' if figures['speakers_known'] else 'recordings'}"
    )


def _judged(found: Sequence[Prediction], examples: Examples, classes: Classes, clips: Path | None) -> list[JudgedClip]:
    recordings = _recordings(clips) if clips else {}
    truths = [classes.labels[index] for index in examples.classes]
    return [
        JudgedClip(name, truth, one.label, one.probability, recordings.get(name, ""))
        for name, truth, one in zip(examples.file_names, truths, found, strict=True)
    ]


def _recordings(clips: Path) -> dict[str, str]:
    """{file name: hash of the recording's content}; {} where the table is gone, or is being edited at this moment."""
    with contextlib.suppress(WordspotError):
        return {clip.file_name: clip.recording for clip in read_clip_table(clips, unsure=True)}
    return {}


def _clips_folder(data: Path) -> Path | None:
    """The clean folder that the run's clips lie in, where it is still there."""
    folder = data if find_clip_table(data) else clips_folder_of(data)
    return folder if folder and folder.is_dir() else None


def _read(path: Path) -> Samples:
    return read_sound(path).samples


def _why_no_sound(clips: Path | None) -> str:
    if clips is None:
        return "Without sound: the run was trained on a feature set whose clean folder is not known, or not there any more."
    return f"Without sound: these clips are not in {clips} any more."


def _caveats(figures: dict[str, Any]) -> list[str]:
    caveats = list(figures.get("summary", ()))
    if not figures["speakers_known"]:
        caveats.append(
            "The speakers are not known, so these are clips of voices that may have been trained on: for other people's "
            "voices the figure will be lower."
        )
    if figures["split"] == "validation":
        caveats.append("The best epoch was chosen on these same clips, which flatters the figure a little.")
    return caveats


def _curves(history: Sequence[EpochFigures], best_epoch: int) -> list[LineChart]:
    charts = [
        LineChart(
            name.capitalize(),
            "epoch",
            [_line(split, name, history, style) for split, style in _STYLES.items() if _is_known(split, history)],
            is_share=name == "accuracy",
            marked=(best_epoch, "kept"),
        )
        for name in ("accuracy", "loss")
    ]
    missed = [(row.epoch, row.miss_rate) for row in history if row.miss_rate is not None]
    if missed:
        name = f"Miss rate at {BUDGET_PER_HOUR:.0f} false accepts per hour"
        charts.append(
            LineChart(name, "epoch", [Line("validation", missed, "solid")], is_share=True, marked=(best_epoch, "kept"))
        )
    return charts


def _is_known(split: str, history: Sequence[EpochFigures]) -> bool:
    """Whether there are figures of it: where all clips are trained on, none validate."""
    return not any(math.isnan(getattr(row, f"{split}_loss")) for row in history)


def _line(split: str, name: str, history: Sequence[EpochFigures], style: Style) -> Line:
    return Line(split, [(row.epoch, getattr(row, f"{split}_{name}")) for row in history], style)


def _in_few_words(words: Sequence[str]) -> str:
    left = len(words) - _NAMED_WORDS
    return ", ".join(words[:_NAMED_WORDS]) + (f" and {left} more" if left > 0 else "")


def _facts(config: RunConfig, figures: dict[str, Any]) -> dict[str, str]:
    settings = dataclasses.asdict(config.settings)
    others = {"Began with": config.start, "Teacher": config.teacher}
    return {
        "Words": ", ".join(config.words),
        "Data": str(config.data),
        "Negatives": config.negatives,
        "Network": f"{config.settings.model}, {figures['parameters']:,} parameters",
        **{name: network for name, network in others.items() if network},
        "Best epoch": f"{figures['best_epoch']} of at most {config.settings.epochs}",
        **_open_microphone(figures.get("open_microphone")),
        **{_capitalized(name): str(value) for name, value in settings.items() if name != "model"},
        "Front end": ", ".join(_with_unit(name, value) for name, value in config.front_end.to_dict().items()),
        "Versions": ", ".join(f"{name} {value}" for name, value in config.versions.items()),
    }


def _open_microphone(figures: dict[str, Any] | None) -> dict[str, str]:
    if not figures:
        return {}
    return {
        "Open microphone": f"{figures['false_accepts_per_hour']:.0f} false accepts per hour at a threshold of 0.5, and "
        f"{figures['miss_rate']:.1%} of the words missed at {figures['threshold']:.2f}, which keeps them below "
        f"{BUDGET_PER_HOUR:.0f}: of windows in {60 * figures['hours']:.0f} min of held-out negatives, each judged by itself"
    }


def _capitalized(name: str) -> str:
    words, unit = in_words(name)
    return words[0].upper() + words[1:] + (f" in {unit}" if unit else "")


def _with_unit(name: str, value: Any) -> str:
    words, unit = in_words(name)
    return f"{words} {value} {unit}".rstrip()
