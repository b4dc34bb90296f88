"""`wordspot evaluate`: how often a model file is right on labeled clips."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...data.clips import SILENCE, UNKNOWN, Clip, in_sketch, list_clips
from ...data.errors import RecordingError, WordspotError
from ...data.files import write_json
from ...data.splits import SPLITS, assign_splits, speaker_of, split_of_speaker
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.scoring.confusion import Confusion
from ...pipeline.scoring.report import Mistake, write_report
from ...pipeline.signal.one_clip import read_one_clip
from ..terminal.common import ERR, OUT, check_can_become_file, tracker
from ..terminal.confusion import accuracy_line, print_confusion
from .model_argument import MODEL_HELP, model_path

_PRINTED_MISTAKES = 10
_ALL = "all"


@dataclass(frozen=True)
class Evaluation:
    """What a model file makes of a folder."""

    confusion: Confusion
    mistakes: list[Mistake]
    unreadable: list[str]


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help=MODEL_HELP)],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Clean folder, or any folder <label>/**/<clip>.")],
    split: Annotated[str, typer.Option("--split", help=f"Speakers to judge on: {', '.join((_ALL, *SPLITS))}.")] = _ALL,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON (- prints them).")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML report.")] = None,
) -> None:
    """Measure a .tflite model on a folder of labeled clips.

    Labels that the model does not know count as _unknown_; folders named _unknown_ and _silence_ are taken as such.
    Clips of other lengths and rates are handled as `wordspot predict` does. To judge a model on the folder that it was
    trained on, choose speakers it has not heard: --split testing (or validation).

    Examples:
        wordspot evaluate model.tflite other-recordings
        wordspot evaluate model.tflite clips --split testing --report report.html
        wordspot evaluate model.tflite clips --split testing --json figures.json
    """
    if split not in (_ALL, *SPLITS):
        raise WordspotError(f"--split is {split!r}; wanted one of {', '.join((_ALL, *SPLITS))}")
    to_stdout = json_file == Path("-")
    for file in (report, None if to_stdout else json_file):
        if file:
            check_can_become_file(file)
    recognizer = Recognizer.load(model_path(model))
    result = evaluate(recognizer, data, split)
    figures = result.confusion.to_dict() | {"split": split, "model": str(model), "data": str(data)}
    figures |= {"unreadable": result.unreadable}
    if to_stdout:
        print(json.dumps(figures, ensure_ascii=False))
    elif json_file:
        write_json(json_file, figures)
    if report:
        _write_report(report, model, data, split, result, recognizer)
    if not to_stdout:
        _print(result)
        if report:
            OUT.print(f"Report: {report}")


def evaluate(recognizer: Recognizer, data: Path, split: str = _ALL) -> Evaluation:
    """Judges every clip of a folder, or of the speakers of one split of it.

    Raises
    ------
    WordspotError
        No clips there, or none of that split.
    """
    clips = _of_split(_judged(list_clips(data)), data, split)
    _warn_of_training_clips(clips, recognizer, split)
    labels = _labels(recognizer, clips)
    truth, predicted, sure, names, unreadable = [], [], [], [], []
    for clip in tracker("evaluating")(clips, len(clips)):
        try:
            one = read_one_clip(data / clip.file_name, recognizer.sample_rate_hz, recognizer.clip_samples)
        except (RecordingError, FileNotFoundError) as error:
            unreadable.append(f"{clip.file_name}: {error}")
            continue
        probabilities = recognizer.classify(one.samples)
        truth.append(labels.index(_known(clip.label, recognizer)))
        predicted.append(int(probabilities.argmax()))
        sure.append(float(probabilities.max()))
        names.append(clip.file_name)
    if not truth:
        raise WordspotError(f"{data} has no clip that can be read: {unreadable[0]}")
    confusion = Confusion.count(labels, np.array(truth, int), np.array(predicted, int))
    wrong = [i for i in range(len(truth)) if truth[i] != predicted[i]]
    wrong.sort(key=lambda i: (-sure[i], names[i]))
    mistakes = [Mistake(names[i], labels[truth[i]], labels[predicted[i]], sure[i]) for i in wrong]
    return Evaluation(confusion, mistakes, unreadable)


def _judged(clips: Sequence[Clip]) -> list[Clip]:
    """Without long sound: of the folders that begin with _, only unknown words and silence hold clips."""
    return [clip for clip in clips if not clip.label.startswith("_") or clip.label in (UNKNOWN, SILENCE)]


def _of_split(clips: list[Clip], data: Path, split: str) -> list[Clip]:
    if not clips:
        raise WordspotError(f"{data} has no clips to judge")
    if split == _ALL:
        return clips
    splits = _splits(clips, data)
    if split not in splits:
        others = " and ".join(f"--split {name} ({count} clips)" for name, count in sorted(Counter(splits).items()))
        raise WordspotError(f"{data} has no clips to judge of {split} speakers; there is {others}")
    return [clip for clip, its in zip(clips, splits, strict=True) if its == split]


def _splits(clips: Sequence[Clip], data: Path) -> list[str]:
    """The splits as training sees them: of the words together; unknown words and silence of `_` folders are apart."""
    words = [clip for clip in clips if not clip.label.startswith("_")]
    of_word = dict(zip(words, assign_splits(words, data), strict=True)) if words else {}
    return [of_word.get(clip) or split_of_speaker(speaker_of(clip)) for clip in clips]


def _warn_of_training_clips(clips: Sequence[Clip], recognizer: Recognizer, split: str) -> None:
    sample = set(recognizer.description.training_clips)
    if any(in_sketch(clip, sample) for clip in clips):
        remedy = (
            "--split testing (or validation) judges it on speakers it has not heard"
            if split in (_ALL, "training")
            else f"the folder has changed since, and its {split} speakers are no longer those of the training"
        )
        ERR.print(f"note: the model was trained on some of these clips, so the figures flatter it: {remedy}")


def _labels(recognizer: Recognizer, clips: Sequence[Clip]) -> tuple[str, ...]:
    """The model's labels, and `_unknown_` or `_silence_` where clips have them but the model does not."""
    present = {_known(clip.label, recognizer) for clip in clips}
    return (*recognizer.labels, *sorted(present - set(recognizer.labels)))


def _known(label: str, recognizer: Recognizer) -> str:
    return label if label in (*recognizer.labels, SILENCE) else UNKNOWN


def _print(result: Evaluation) -> None:
    print_confusion(OUT, result.confusion)
    left_out = f"; {len(result.unreadable)} files could not be read" if result.unreadable else ""
    OUT.print(accuracy_line(result.confusion) + left_out)
    if result.mistakes:
        OUT.print("Most confident mistakes:")
    for mistake in result.mistakes[:_PRINTED_MISTAKES]:
        line = f"  {mistake.file_name}: {mistake.truth} heard as {mistake.predicted} ({mistake.probability:.0%})"
        OUT.print(line)
    for line in result.unreadable:
        ERR.print(f"left out, not readable: {line}")


def _write_report(path: Path, model: Path, data: Path, split: str, result: Evaluation, recognizer: Recognizer) -> None:
    facts: dict[str, Any] = {
        "Model": str(model),
        "Data": str(data),
        "Speakers": split,
        "Quantization": recognizer.description.quantization,
        "Made by": recognizer.description.made_by,
        "Unreadable files": str(len(result.unreadable)),
    }
    write_report(path, f"{model.name} on {data}", result.confusion, result.mistakes, facts)
