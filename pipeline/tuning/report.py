"""What a search for settings came to, as one HTML file; opens offline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from ..pages.charts import Line, LineChart
from ..pages.html_page import write_page

_SHOWN_TRIALS = 10


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
        Name and share of each setting, largest first; {} when there are too few trials to say.
    facts
        Name and value of what all trials have in common.
    """
    write_page(
        path,
        "tuning/report.html",
        title="Tuning report",
        best=trials[0],
        counts={
            outcome: sum(trial.outcome == outcome for trial in trials)
            for outcome in ("finished", "stopped", "diverged")
        },
        trials=trials[:_SHOWN_TRIALS],
        importances=importances,
        chart=_chart(trials),
        facts=facts,
    )


def _chart(trials: Sequence[TrialResult]) -> LineChart:
    """Accuracy of each trial, and the best of those that have finished so far."""
    judged = sorted((trial.number, trial.accuracy, trial.outcome) for trial in trials if trial.accuracy is not None)
    finished = [(number, accuracy) for number, accuracy, outcome in judged if outcome == "finished"]
    highest = accumulate((accuracy for _, accuracy in finished), max)
    best = [(number, accuracy) for (number, _), accuracy in zip(finished, highest, strict=True)]
    stopped = [(number, accuracy) for number, accuracy, outcome in judged if outcome == "stopped"]
    lines = [Line("finished", finished, "dots"), Line("best so far", best, "steps"), Line("stopped", stopped, "dots")]
    return LineChart("Validation accuracy", "trial", [line for line in lines if line.points], True)
