"""What thresholds that `set-thresholds` chooses are worth on other hours than those they were chosen on.

Streams of four seeds; thresholds chosen on each, and judged on the three others together.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from ....models import pretrained
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.scoring.stream_mix import MixSettings
from ....pipeline.scoring.stream_report import LIMITS_PER_HOUR
from ....pipeline.scoring.stream_score import StreamCandidates, count
from ....pipeline.scoring.streams import StreamSource, run_detector
from ....pipeline.scoring.thresholds import ThresholdSearch, common_curve, reaching
from ...terminal.console import OUT
from ...terminal.options import argument, declare

_SEEDS = 4
_SNR_DB = 10.0
_WAYS = ("a threshold for each word", "one for all")


@declare
@argument("clips", help="Clean folder with background noise.")
def command(clips: Path) -> None:
    """Print what is not detected and the false accepts per hour of the models that ship, by limit and way of choosing."""
    table = Table("model", "limit", *_WAYS, box=None)
    for name in pretrained.NAMES:
        recognizer = Recognizer.load(pretrained.path_of(name))
        streams = [_answers(recognizer, clips, seed) for seed in range(_SEEDS)]
        for limit in LIMITS_PER_HOUR:
            table.add_row(name, f"{limit:g}", *_judge(streams, recognizer.labels, limit))
    OUT.print(table)


def _answers(recognizer: Recognizer, clips: Path, seed: int) -> list[StreamCandidates]:
    source = StreamSource(clips, snrs_db=[_SNR_DB])
    return run_detector(recognizer, source, MixSettings(seed=seed, speech_hours=0)).by_snr_db[_SNR_DB]


def _judge(streams: list[list[StreamCandidates]], labels: Sequence[str], limit: float) -> list[str]:
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in _WAYS}
    for chosen_on in streams:
        others = [one for stream in streams if stream is not chosen_on for one in stream]
        common = reaching(common_curve(chosen_on, labels), limit)
        points = (ThresholdSearch(chosen_on, labels, labels).choose(limit), common)
        for way, point in zip(_WAYS, points, strict=True):
            if point:
                score = count(others, labels, point.thresholds)
                found[way].append((score.together.miss_rate, score.false_accepts_per_hour))
    means = (np.mean(found[way], axis=0) for way in _WAYS)
    return [f"{missed:.1%} not detected, {accepts:.2f} per hour" for missed, accepts in means]


if __name__ == "__main__":
    command()
