"""What a tuning came to, as one HTML file; opens offline."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from ..html_page import write_page
from ..scoring.charts import to_png

_SHOWN_TRIALS = 10
_COLORS = {"finished": "#2f6fb0", "stopped": "#999999"}


@dataclass(frozen=True)
class TrialResult:
    """A trial that is done.

    Attributes
    ----------
    number
        From 0 on, as they were begun.
    outcome
        `finished`; `stopped`, because it was weak; or `diverged`: its loss was no longer a number.
    accuracy
        0 to 1, of its best epoch on the validation speakers; None for one without an epoch.
    loss
        Of that epoch, in nats; None unless finished.
    epochs
        How many it was trained.
    values
        What was tuned, by name.
    """

    number: int
    outcome: str
    accuracy: float | None
    loss: float | None
    epochs: int
    values: dict[str, float]

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Sorts the best to the front: finished ones first, then by accuracy, then by loss."""
        return self.outcome != "finished", -(self.accuracy or 0), self.loss if self.loss is not None else math.inf


def write_tune_report(
    path: Path, trials: Sequence[TrialResult], importances: dict[str, float], facts: dict[str, str]
) -> None:
    """Writes the report.

    Parameters
    ----------
    path
        The HTML file.
    trials
        Best first, at least one of them finished.
    importances
        Name and share of each setting, largest first; {} when there are too few trials to tell.
    facts
        Name and value of what all trials have in common.
    """
    write_page(
        path,
        "tuning/report.html",
        title="Which settings recognize best",
        best=trials[0],
        counts={
            outcome: sum(trial.outcome == outcome for trial in trials)
            for outcome in ("finished", "stopped", "diverged")
        },
        trials=trials[:_SHOWN_TRIALS],
        importances=importances,
        importance_png=_embedded(_importance_figure(importances)) if importances else None,
        history_png=_embedded(_history_figure(trials)),
        facts=facts,
    )


def _embedded(figure: Figure) -> str:
    return base64.b64encode(to_png(figure)).decode("ascii")


def _importance_figure(importances: dict[str, float]) -> Figure:
    figure = Figure(figsize=(8, 0.8 + 0.35 * len(importances)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(importances), list(importances.values()), color=_COLORS["finished"])
    axes.bar_label(bars, [f"{share:.0%}" for share in importances.values()], padding=3)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(importances.values()))
    axes.set_xlabel("importance")
    return figure


def _history_figure(trials: Sequence[TrialResult]) -> Figure:
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    for outcome, color in _COLORS.items():
        shown = [(trial.number, trial.accuracy) for trial in trials if trial.outcome == outcome]
        if shown:
            axes.scatter(*zip(*shown, strict=True), s=18, color=color, label=outcome)
    finished = sorted((trial.number, trial.accuracy or 0) for trial in trials if trial.outcome == "finished")
    best = [max(accuracy for _, accuracy in finished[: i + 1]) for i in range(len(finished))]
    axes.step([number for number, _ in finished], best, where="post", color=_COLORS["finished"], label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel("validation accuracy")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
