"""What thresholds that `set-thresholds` chooses are worth on other hours than those they were chosen on.

Streams of four seeds; thresholds chosen on each, and judged on the three others together.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from ....models import pretrained
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.device.stream import StreamSettings
from ....pipeline.scoring.stream_answers import Source, answer_streams
from ....pipeline.scoring.stream_mix import MixSettings
from ....pipeline.scoring.stream_score import StreamPosteriors, count
from ....pipeline.scoring.thresholds import ThresholdSearch, common_curve, reaching
from ...commands.score_stream import LIMITS_PER_HOUR
from ...terminal.common import OUT

_SEEDS = 4
_SNR_DB = 10.0
_WAYS = ("a threshold for each word", "one for all")


def command(clips: Annotated[Path, typer.Argument(help="Clean folder with background noise.")]) -> None:
    """Print what is not heard and the false accepts an hour of the models that ship, by limit and way of choosing."""
    table = Table("model", "limit", *_WAYS, box=None)
    for name in pretrained.NAMES:
        recognizer = Recognizer.load(pretrained.path_of(name))
        streams = [_answers(recognizer, clips, seed) for seed in range(_SEEDS)]
        for limit in LIMITS_PER_HOUR:
            table.add_row(name, f"{limit:g}", *_judge(streams, recognizer.labels, limit))
    OUT.print(table)


def _answers(recognizer: Recognizer, clips: Path, seed: int) -> list[StreamPosteriors]:
    source = Source(clips, None, "validation", [_SNR_DB], None)
    return answer_streams(recognizer, source, MixSettings(seed=seed), StreamSettings())[_SNR_DB]


def _judge(streams: list[list[StreamPosteriors]], labels: Sequence[str], limit: float) -> list[str]:
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in _WAYS}
    for chosen_on in streams:
        others = [one for stream in streams if stream is not chosen_on for one in stream]
        common = reaching(common_curve(chosen_on, labels), limit)
        points = (ThresholdSearch(chosen_on, labels).choose(limit), common)
        for way, point in zip(_WAYS, points, strict=True):
            if point:
                score = count(others, labels, point.thresholds)
                found[way].append((score.together.miss_rate, score.false_accepts_per_hour))
    means = (np.mean(found[way], axis=0) for way in _WAYS)
    return [f"{missed:.1%} not heard, {accepts:.2f} an hour" for missed, accepts in means]


if __name__ == "__main__":
    typer.run(command)
