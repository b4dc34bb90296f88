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
from ...pipeline.training.batches import Examples

_ROUNDS = 300


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
    config, metrics = read_json(runs[0] / "config.json"), read_json(runs[0] / "metrics.json")
    accuracies = [read_json(run / "metrics.json")["accuracy"] for run in runs]
    text = _TEMPLATE.render(
        name=path.stem,
        teacher=Path(config.get("teacher") or "").name,
        config=config,
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
    """One a label: clips, recall and its 95% interval."""
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


_ENVIRONMENT = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
_TEMPLATE = _ENVIRONMENT.from_string(
    """\
# {{ name }}

Recognizes {{ float.all.labels[:-2] | join(", ") }}, `_unknown_` (any other word) and `_silence_` in one second of 16 \
kHz sound.
Network `{{ config.settings.model }}`, {{ "{:,}".format(metrics.parameters) }} parameters; the front end is inside \
the file.

| | bytes | `classify`, one thread | validation accuracy | mean recall of the classes |
| --- | --- | --- | --- | --- |
{% for kind, judged in (("float", float), ("int8", int8)) %}
| {{ kind }} | {{ "{:,}".format(judged.bytes) }} | {{ "%.2f" % judged.milliseconds }} ms | \
{{ "%.2f" % (100 * judged.all.accuracy) }}% | {{ "%.2f" % (100 * judged.all.recall.mean()) }}% |
{% endfor %}

## How accurate it is

On {{ "{:,}".format(float.all.clips) }} clips of validation speakers, none of whom was trained on; one training (seed \
{{ config.settings.seed }}), whose best epoch was chosen on these clips\
{{ "; all seeds tried, this one first: " ~ chance if chance }}. Of them {{ "{:,}".format(float.images.clips) }} \
are known only as lossy images of their log-mel frames (accuracy {{ "%.1f" % (100 * float.images.accuracy) }}%), the \
other \
{{ "{:,}".format(float.real.clips) }} are real recordings, cleaned \
(accuracy {{ "%.1f" % (100 * float.real.accuracy) }}%). Recall of the float file, with Wilson's 95% interval:

| class | clips | recall | interval | int8 |
| --- | --- | --- | --- | --- |
{% for row, eight in rows %}
| {{ row.label }} | {{ row.clips }} | {{ "%.1f" % (100 * row.recall) }}% | {{ "%.1f" % (100 * row.interval[0]) }} to \
{{ "%.1f" % (100 * row.interval[1]) }} | {{ "%.1f" % (100 * eight.recall) }}% |
{% endfor %}

Most frequent confusions: {% for truth, predicted, clips in float.all.worst_pairs(5) %}{{ truth }} recognized as {{ \
predicted }} \
({{ clips }}){{ ", " if not loop.last }}{% endfor %}.

## Made from

Speech Commands v0.01 (recordings) and v0.02 (log-mel images of 35 words), Pete Warden, Google, \
[arXiv 1804.03209](https://arxiv.org/abs/1804.03209), under [CC BY \
4.0](https://creativecommons.org/licenses/by/4.0/), and \
0.85 hours of running speech by 39 of the 59 speakers cut from speechocean762, Zhang et al. 2021, \
[arXiv 2104.01378](https://arxiv.org/abs/2104.01378), free for commercial and non-commercial purposes; training \
speakers only. \
The recordings went through `wordspot clean`. First trained on clips, then fine-tuned beside running speech, words \
run together \
and tones (`tools/release/fine_tune.py`), so that it keeps quiet while people talk. `_silence_` is the data set's \
background noise and \
synthetic colored noise at levels from full scale to digital silence. \
`make pretrained` trains it anew; `models/EXPERIMENTS.md` says how this file was fine-tuned.

- Front end: {% for key, value in config.front_end.items() %}{{ key }} {{ value }}{{ ", " if not loop.last }}{% endfor %}.
{% if config.teacher %}
- Distillation: soft labels of the step `{{ teacher }}` of `make pretrained`, a larger or equal network trained before.
{% endif %}
- Settings: {% for key, value in config.settings.items() %}{{ key }} {{ value }}{{ ", " if not loop.last }}{% endfor %}.
- Augmentation: {% for key, value in config.augmentation.items() %}{{ key }} {{ value }}{{ ", " if not loop.last }}{% endfor %}.

## What to know before using it

- The words are English, said one at a time by volunteers at their computers: expect less from children, strong \
accents, \
far microphones and loud rooms.
- It sees 0 to {{ "%.0f" % config.front_end.f_max_hz }} Hz only.
- The threshold of its words, {{ float.threshold }}, was chosen with the rule of `wordspot listen` on held-out \
running speech; \
the README says what came of it. Music was not trained on: measure with `wordspot score-stream`, and set thresholds.
- Short words that sound alike (go and no, off and up) are what it confuses most.

The model's license is this project's, Apache 2.0; keep the attribution above.
""".replace("\\\n", "")
)
