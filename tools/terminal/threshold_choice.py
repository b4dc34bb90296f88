"""What thresholds for a budget of false accepts rest on, in sentences."""

from collections.abc import Mapping
from typing import Any

import click

from .console import ERR, OUT
from .options import PATH

_MANY_MISSED = 0.5
negatives_option = click.option(
    "--negatives",
    "negatives",
    type=PATH,
    metavar="FOLDER",
    help="Long recordings of speech without any of the words, besides _negatives_ of the data; of what may have been "
    "trained on, only the held-out part is used.",
)
budget_option = click.option(
    "--false-accepts-per-hour",
    "false_accepts_per_hour",
    type=click.FloatRange(0.01, 1000),
    default=1.0,
    show_default=True,
    help="How often it may fire at nothing.",
)


def print_choice(thresholds: Mapping[str, float], choice: Mapping[str, Any]) -> None:
    """Prints thresholds and what they rest on (see `ModelDescription.threshold_choice`), and notes where it is little."""
    values = set(thresholds.values())
    named = ", ".join(f"{label} {value:.4f}" for label, value in thresholds.items())
    OUT.print(f"Thresholds: {f'{values.pop():.4f} for all words' if len(values) == 1 < len(thresholds) else named}")
    if choice["miss_rate"] is not None:
        OUT.print(f"With them {choice['miss_rate']:.1%} of the held-out words are not detected. {_heard(choice)}")
    if "without_streams" in choice:
        ERR.print(f"note: no words in noise were listened to, only clips by themselves: {choice['without_streams']}")
    if shortage := _shortage(choice):
        ERR.print(f"note: {shortage}")
    if (choice["miss_rate"] or 0) > _MANY_MISSED:
        ERR.print(
            "note: most words are not detected: more recordings by other people help, or more false accepts per hour"
        )


def _heard(choice: Mapping[str, Any]) -> str:
    """How many false accepts there were in what."""
    kinds = (("words in noise", choice["in_noise"]), ("running speech", choice["running_speech"]))
    parts = [f"{one['false_accepts']} in {one['hours']:.2f} hours of {what}" for what, one in kinds if one]
    return f"False accepts: {', '.join(parts)}." if parts else ""


def _shortage(choice: Mapping[str, Any]) -> str | None:
    """That too little running speech was heard to show the budget kept; None where it is shown."""
    budget, speech = choice["false_accepts_per_hour"], choice["running_speech"]
    needed = f"{choice['hours_to_show']:.3g} hours without any would show {budget:g} per hour"
    more = "--negatives FOLDER gives more"
    if not speech:
        return f"there is no running speech that was not trained on, so the budget could not be looked at: {needed}; {more}"
    if speech["at_most_per_hour"] <= budget:
        return None
    return (
        f"{speech['hours']:.2f} hours of held-out running speech ({speech['from']}) are too little to know: by the "
        f"{speech['false_accepts']} counted there may be up to {speech['at_most_per_hour']:.3g} per hour (95%), {needed}. So "
        f"the thresholds are careful guesses; {more}"
    )
