"""What each judged clip was recognized as: `predictions.csv` of a run and of an evaluation, which `review` plays by."""

import dataclasses
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...data.clips import find_clip_table
from ...data.errors import WordspotError
from ...data.tables import iterate_table, write_table

PREDICTIONS = "predictions.csv"


@dataclass(frozen=True)
class JudgedClip:
    """What a clip was recognized as, right or wrong.

    Attributes
    ----------
    file_name
        Relative to the folder of the clips; empty for one that was made of background noise.
    truth, predicted
        Its label, and the one that was recognized.
    probability
        Of that one, in [0, 1].
    recording
        Hash of the recording's content, see `data.decisions`; empty when not known.
    """

    file_name: str
    truth: str
    predicted: str
    probability: float
    recording: str = ""


def mistakes_of(judged: Iterable[JudgedClip]) -> list[JudgedClip]:
    """Those that were recognized as something else, the most confident first."""
    wrong = [one for one in judged if one.truth != one.predicted]
    return sorted(wrong, key=lambda mistake: (-mistake.probability, mistake.file_name))


_COLUMNS = tuple(field.name for field in dataclasses.fields(JudgedClip))


def write_predictions(folder: Path, judged: Iterable[JudgedClip]) -> None:
    """Writes the table, one row per clip; what was made of background noise is no clip, and left out."""
    rows = (dataclasses.asdict(one) | {"probability": f"{one.probability:.4f}"} for one in judged if one.file_name)
    write_table(folder / PREDICTIONS, _COLUMNS, rows)


def read_predictions(folder: Path) -> list[JudgedClip]:
    """The table of a run or an evaluation.

    Raises
    ------
    WordspotError
        The folder has none, or a damaged one.
    """
    table = folder / PREDICTIONS
    if not table.is_file():
        raise WordspotError(
            f"{folder} has no {PREDICTIONS}: it is no finished run or evaluation, or one of an earlier version; "
            "`wordspot evaluate MODEL CLIPS --out DIR` writes a folder that has it"
        )
    return [_judged_clip(f"{table}, line {line}", row) for line, row in iterate_table(table, _COLUMNS)]


def _judged_clip(where: str, row: dict[str, str]) -> JudgedClip:
    try:
        probability = float(row["probability"])
    except ValueError as error:
        raise WordspotError(f"{where}: probability is {row['probability']!r}; expected a number in [0, 1]") from error
    return JudgedClip(row["file_name"], row["truth"], row["predicted"], probability, row["recording"])


def review_command(clips: Path | None, option: str, folder: Path) -> str:
    """The command that plays what a folder has judged; empty where there are no clips to play.

    Parameters
    ----------
    clips
        The clean folder that was judged; None where it is not known.
    option
        What the folder is to `review`: `--run` or `--evaluation`.
    folder
        The run, or the evaluation.
    """
    if clips is None or not find_clip_table(clips):
        return ""
    return f"wordspot review {shlex.quote(str(clips))} {option} {shlex.quote(str(folder))}"
