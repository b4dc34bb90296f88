"""What to listen to next: the clips of a clean folder with all that is known of them, and the orders to hear them in."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...data.buckets import here
from ...data.clips import Clip, iterate_clip_table, read_clip_table
from ...data.errors import WordspotError
from ...data.tables import iterate_table
from ..ingest.checks import CHECKS
from ..scoring.predictions import JudgedClip
from .judged import Kept, kept_of, read_judged

CONFUSION, KEPT_BY_LISTEN = "confusion", "kept by listen"
CLUSTERS = "clusters"
SECOND_OPINION = "second opinion"
AUDIT_TABLE = "audit.csv"
MEASURED = ("snr_db", "peak_dbfs", "duration_s", "window_start_s")  # columns of the clip table that are shown
_AUDIT_COLUMNS = ("file_name", "suspicion", "suggested", "suggested_probability", "reason")
_CHECK_OF = {check.name: check for check in CHECKS}
_UNITS = {"db": "dB", "dbfs": "dBFS", "hz": "Hz", "ms": "ms", "s": "s"}  # by the last part of a column's name
_KINDS = {"detection": "detections", "uncertain": "near misses"}
_RANDOM_SEED = 1
_SECOND_OPINION_SHARE = 20  # of what only one listener has heard, one in so many


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the audit says of a label.

    Attributes
    ----------
    value
        How suspicious the label is, in [0, 1].
    suggested
        What it sounds like instead.
    probability
        Of that, in [0, 1].
    reason
        In words.
    """

    value: float
    suggested: str = ""
    probability: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReviewClip:
    """A clip with all that is known of it before anybody listens.

    Attributes
    ----------
    clip
        Its row in the clip table.
    findings
        {name of a check: what it has seen, in words}.
    measured
        {column of `MEASURED`: value}; without those that the table lacks.
    suspicion
        What the audit says; None where it says nothing.
    judged
        What a run or an evaluation took it for; None where it was not judged.
    kept
        What `listen` kept it for; None where it did not.
    """

    clip: Clip
    findings: Mapping[str, str] = field(default_factory=dict)
    measured: tuple[float | None, ...] = ()
    suspicion: Suspicion | None = None
    judged: JudgedClip | None = None
    kept: Kept | None = None

    @property
    def path(self) -> str:
        """The recording's path, by which decisions tell copies apart; of a clip without one its own."""
        return self.clip.file_name if self.kept else self.clip.source or self.clip.file_name


def read_review_clips(folder: Path | str, judged: Path | None = None) -> list[ReviewClip]:
    """The clips of a clean folder, in the order of its table, with findings, measurements and the audit's suspicions.

    Parameters
    ----------
    folder
        The clean folder, or one that `listen` keeps clips in.
    judged
        A run or an evaluation of these clips; None for none.

    Raises
    ------
    WordspotError
        See `read_clip_table`; `audit.csv` is damaged; or what was judged are other clips.
    """
    folder = here(folder)
    clips = read_clip_table(folder, unsure=True)
    suspicions = read_audit(folder / AUDIT_TABLE)
    predictions = read_judged(folder, clips, judged) if judged else {}
    rows = (row for _, row in iterate_clip_table(folder))
    return [
        ReviewClip(
            clip,
            _findings(row),
            _measured(row),
            suspicions.get(clip.file_name),
            predictions.get(clip.file_name),
            kept_of(row),
        )
        for clip, row in zip(clips, rows, strict=True)
    ]


def read_audit(table: Path) -> dict[str, Suspicion]:
    """{file name: what the audit says of it}; {} where there was none. Raises `WordspotError` for a damaged table."""
    if not table.is_file():
        return {}
    suspicions = {}
    for line, row in iterate_table(table, _AUDIT_COLUMNS):
        value, probability = (_number(row[column]) for column in ("suspicion", "suggested_probability"))
        if value is None:
            raise WordspotError(f"{table}, line {line}: suspicion is {row['suspicion']!r}; expected a number in [0, 1]")
        suspicions[row["file_name"]] = Suspicion(value, row["suggested"], probability or 0.0, row["reason"])
    return suspicions


def _findings(row: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in row.get("findings", "").split(";") if name]
    return {name: _in_words(name, row) for name in names}


def _in_words(name: str, row: Mapping[str, str]) -> str:
    if (check := _CHECK_OF.get(name)) is None:
        return name.replace("_", " ")
    text = row.get(check.column, "")
    unit = "" if isinstance(check.limit, str) else _UNITS.get(check.column.rpartition("_")[2], "")
    seen = f"{text} {unit}".strip()
    return f"{check.title} ({seen}): {check.advice}" if text else f"{check.title}: {check.advice}"


def _measured(row: Mapping[str, str]) -> tuple[float | None, ...]:
    return tuple(_number(row.get(column, "")) for column in MEASURED)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Heard:
    """What is known of the clips from people, each item in the order of the clips.

    Attributes
    ----------
    labels
        The label that stands: the decided one, else that of the table.
    whats
        The last decision, see `decisions.State.what`; empty for none.
    answers
        {listener: what that one said the clip is}: a label, or `drop` or `unsure` in brackets.
    """

    labels: Sequence[str]
    whats: Sequence[str]
    answers: Sequence[Mapping[str, str]]


def suspicious(clips: Sequence[ReviewClip]) -> list[int]:
    """Places of the clips of which the audit says something, the most suspicious first."""
    listed = [place for place, clip in enumerate(clips) if clip.suspicion]
    return sorted(listed, key=lambda place: -_suspicion(clips[place]))


def _suspicion(clip: ReviewClip) -> float:
    return clip.suspicion.value if clip.suspicion else 0.0


def with_finding(clips: Sequence[ReviewClip], name: str) -> list[int]:
    """Places of the clips in which the check of this name found something; an empty name stands for any check."""
    return [place for place, clip in enumerate(clips) if (name in clip.findings if name else clip.findings)]


def of_speaker(clips: Sequence[ReviewClip], speaker: str) -> list[int]:
    """Places of the clips of one speaker, by word."""
    places = [place for place, clip in enumerate(clips) if clip.clip.speaker == speaker]
    return sorted(places, key=lambda place: clips[place].clip.label)


def of_word(clips: Sequence[ReviewClip], heard: Heard, word: str) -> list[int]:
    """Places of the clips that carry a label now, the most suspicious first."""
    places = [place for place, label in enumerate(heard.labels) if label == word]
    return sorted(places, key=lambda place: -_suspicion(clips[place]))


def in_random_order(clips: Sequence[ReviewClip]) -> list[int]:
    """All places, shuffled: the same order each time, so that one can go on the next day."""
    places = list(range(len(clips)))
    random.Random(_RANDOM_SEED).shuffle(places)
    return places


def of_group(clips: Sequence[ReviewClip], group: str) -> list[int]:
    """Places that are written down, with commas between them: a group that somebody has chosen on the map.

    Raises
    ------
    WordspotError
        One of them is no place of a clip.
    """
    places = [int(text) if text.isdecimal() else -1 for text in group.split(",") if text]
    if not all(0 <= place < len(clips) for place in places):
        raise WordspotError(f"a group holds places of clips, from 0 to {len(clips) - 1}: load the page again")
    return places


def unsure(heard: Heard) -> list[int]:
    """Places of the clips of which somebody was not sure."""
    return [place for place, what in enumerate(heard.whats) if what == "unsure"]


def of_cell(clips: Sequence[ReviewClip], cell: str) -> list[int]:
    """Places of the clips of a cell of the confusion matrix, the most confident first.

    A cell is written as `truth/prediction`, with a slash, which no label has; empty for all mistakes.
    """
    judged = [(one.judged, place) for place, one in enumerate(clips) if one.judged]
    chosen = [(one.probability, place) for one, place in judged if (_cell(one) == cell if cell else _is_mistake(one))]
    return [place for _, place in sorted(chosen, key=lambda one: -one[0])]


def _cell(judged: JudgedClip) -> str:
    return f"{judged.truth}/{judged.predicted}"


def _is_mistake(judged: JudgedClip) -> bool:
    return judged.truth != judged.predicted


def kept_by_listen(clips: Sequence[ReviewClip], kind: str) -> list[int]:
    """Places of the clips that `listen` kept, the least likely first: of them most were no such word."""
    kept = [
        (one.kept.probability, place) for place, one in enumerate(clips) if one.kept and kind in ("", one.kept.kind)
    ]
    return [place for _, place in sorted(kept)]


def second_opinion(clips: Sequence[ReviewClip], heard: Heard, who: str) -> list[int]:
    """Places of the clips that others have heard, and that `who` is to hear, too: what they disagree about comes first.

    Behind it stands what one of them was unsure of, and then a twentieth of all the rest, chosen by the clips' names: it
    says how often listeners agree. Those that `who` has heard keep their places.
    """
    ranks = ((_rank(clips[place], others), place) for place, others in enumerate(_of_others(heard, who)) if others)
    return [place for rank, place in sorted(ranks) if rank < 3]


def _of_others(heard: Heard, who: str) -> Iterable[set[str]]:
    return ({answer for name, answer in answers.items() if name != who} for answers in heard.answers)


def _rank(clip: ReviewClip, others: set[str]) -> int:
    """0 where others disagree, 1 where one was unsure, 2 for the twentieth, 3 for the rest."""
    if len(others) > 1:
        return 0
    if "(unsure)" in others:
        return 1
    digest = hashlib.blake2b(clip.clip.file_name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return 2 if int.from_bytes(digest) % _SECOND_OPINION_SHARE == 0 else 3


Queue = Callable[[Sequence[ReviewClip], Heard, str, str], list[int]]
QUEUES: dict[str, Queue] = {  # of the clips, what was heard, the listener and the value that was chosen
    "suspicious": lambda clips, heard, who, value: suspicious(clips),
    "findings": lambda clips, heard, who, value: with_finding(clips, value),
    CONFUSION: lambda clips, heard, who, value: of_cell(clips, value),
    KEPT_BY_LISTEN: lambda clips, heard, who, value: kept_by_listen(clips, value),
    "random": lambda clips, heard, who, value: in_random_order(clips),
    "word": lambda clips, heard, who, value: of_word(clips, heard, value),
    "speaker": lambda clips, heard, who, value: of_speaker(clips, value),
    CLUSTERS: lambda clips, heard, who, value: of_group(clips, value),
    "unsure": lambda clips, heard, who, value: unsure(heard),
    SECOND_OPINION: lambda clips, heard, who, value: second_opinion(clips, heard, who),
}


def values_of(clips: Sequence[ReviewClip], heard: Heard) -> dict[str, list[tuple[str, str, int]]]:
    """What can be chosen of a queue, {queue: (value, in words, number of clips)}: only of those that want a value."""
    findings = Counter(name for clip in clips for name in clip.findings)
    speakers = Counter(clip.clip.speaker for clip in clips if clip.clip.speaker)
    words = Counter(heard.labels)
    kinds = Counter(clip.kept.kind for clip in clips if clip.kept)
    return {
        CONFUSION: _cells(clips),
        KEPT_BY_LISTEN: [
            ("", "any", kinds.total()),
            *((kind, _KINDS.get(kind, kind), kinds[kind]) for kind in sorted(kinds)),
        ],
        "findings": [("", "any", sum(bool(clip.findings) for clip in clips))]
        + [(name, _title(name), count) for name, count in findings.most_common()],
        "word": [(word, word, words[word]) for word in sorted(words)],
        "speaker": [(speaker, speaker, count) for speaker, count in speakers.most_common()],
    }


def _cells(clips: Sequence[ReviewClip]) -> list[tuple[str, str, int]]:
    """Of the confusion matrix: all mistakes, then each kind of mistake, then what was right, the most frequent first."""
    counts = Counter((_is_mistake(one.judged), _cell(one.judged)) for one in clips if one.judged)
    if not counts:
        return []
    ranked = sorted(counts.items(), key=lambda item: (not item[0][0], -item[1], item[0][1]))
    mistakes = sum(count for (is_mistake, _), count in counts.items() if is_mistake)
    cells = [(cell, " → ".join(cell.split("/")), count) for (_, cell), count in ranked]
    return [("", "all mistakes", mistakes), *cells]


def _title(name: str) -> str:
    return _CHECK_OF[name].title if name in _CHECK_OF else name.replace("_", " ")


def clearest(clips: Sequence[ReviewClip], heard: Heard, word: str, besides: int) -> int | None:
    """The place of the clip that shows best how a word sounds, other than `besides`; None where there is no other.

    One that somebody kept, then one without findings, then the least suspicious, then the one that is least noisy; if
    there is one, of another speaker than `besides`.
    """
    speaker = clips[besides].clip.speaker
    places = [place for place, label in enumerate(heard.labels) if label == word and place != besides]
    places = [place for place in places if heard.whats[place] in ("", "keep", "relabel")]

    def clarity(place: int) -> Any:
        clip = clips[place]
        snr_db = clip.measured[0] if clip.measured and clip.measured[0] is not None else 0.0
        is_other = not speaker or clip.clip.speaker != speaker
        return is_other, heard.whats[place] != "", not clip.findings, -_suspicion(clip), snr_db

    return max(places, key=clarity, default=None)
