"""Which labels are suspicious: what a clip sounds like, how unlike its word it is, what was found, and who said it."""

import dataclasses
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data.arrays import LogMel
from ...data.audio import SAMPLE_RATE_HZ
from ...data.buckets import Folder, folder_at
from ...data.clips import Clip, iterate_clip_table
from ...data.errors import WordspotError
from ...data.front_end import FrontEnd
from ...data.near import near_file, near_tables
from ...data.tables import write_table
from ..clips_anywhere import mapping_clips
from ..cluster import Cluster
from ..features.log_mel import log_mel
from ..progress import Progress, no_progress
from .embedding import DEFAULT, embed, waveform
from .label_probabilities import label_probabilities

_COLUMNS = ("file_name", "label", "suspicion", "suggested", "suggested_probability", "reason")
SURE = 0.8  # from this suspicion on more labels are mended than spoiled by taking the suggestion
_DOUBTFUL = 0.5  # from this suspicion on another word is likelier than the label
_FINDINGS = {"cut_off": "cut off", "near_silent": "near-silent", "too_short": "too short"}
_FINDING_WEIGHT, _UNLIKE_WEIGHT, _SPEAKER_WEIGHT = 0.1, 0.3, 0.3  # what each can add to the suspicion at most
_UNLIKE_FROM, _UNLIKE_FULL = 6.0, 15.0  # median absolute deviations above the median distance to the word's mean
_THOROUGH_FRONT_END = FrontEnd(hop_ms=20.0)  # half the frames, half the time
_FEWEST_OF_SPEAKER = 3  # clips, all of which must disagree


@dataclass(frozen=True)
class Suspicion:
    """How much speaks against the label of a clip.

    Attributes
    ----------
    file_name, label
        As the clip table has them.
    suspicion
        In [0, 1]; from 0.5 on another word is likelier, or several signs speak against it.
    suggested
        The likeliest of the other words; empty where there is none.
    suggested_probability
        Its probability, in [0, 1], out of sample.
    reason
        For people, with `; ` between several; empty where nothing is suspicious.
    """

    file_name: str
    label: str
    suspicion: float
    suggested: str
    suggested_probability: float
    reason: str


@dataclass(frozen=True)
class Pair:
    """How many clips with one label are believed to be another word."""

    label: str
    suggested: str
    clips: int


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    suspicions
        One per clip, the most suspicious first.
    pairs
        Counts of labels believed wrong, the largest first: cleanlab's confident joint (Northcutt et al. 2021,
        doi:10.1613/jair.1.12125).
    doubtful
        Names of the clips whose label is still doubtful (a suspicion of 0.5 and more) once the sure ones (0.8 and more) have
        the label that is suggested.
    """

    suspicions: tuple[Suspicion, ...]
    pairs: tuple[Pair, ...]
    doubtful: tuple[str, ...] = ()

    @property
    def wrong(self) -> int:
        """How many labels are believed wrong in all."""
        return sum(pair.clips for pair in self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"clips": len(self.suspicions), "wrong": self.wrong} | asdict(self)

    def write(self, path: Folder | str) -> None:
        """Writes the table, one row per clip, to a file or a URL."""
        rows = (asdict(one) | {"suspicion": f"{one.suspicion:.4f}"} for one in self.suspicions)
        with near_file(path) as file:
            write_table(
                file, _COLUMNS, (row | {"suggested_probability": f"{row['suggested_probability']:.4f}"} for row in rows)
            )


def audit(
    folder: Folder | str,
    model: Path | str = DEFAULT,
    *,
    thorough: bool = False,
    seed: int = 0,
    jobs: int | Cluster = 1,
    progress: Progress = no_progress,
    on_pace: Callable[[float], None] = lambda seconds: None,
) -> Audit:
    """Ranks the clips of a clean folder by how suspicious their labels are.

    Parameters
    ----------
    folder
        A clean folder, or its URL, see `data.buckets`; its words need not be those of the model.
    model
        A model that ships, by its name, or a model file, whose body is the embedding.
    thorough
        Train a small network on the clips as well, and rank by both: the mean of the places that each gives (see
        `margins.margins`). Needs TensorFlow.
    seed
        Of that network.
    jobs
        Processes to work with, or a cluster that sees the folder under the path or URL given here: clips are embedded
        there, and the frames for `thorough` made; judging and training, of one network, are done here.
    progress
        Shows how far it has come, in clips, then in steps of training.
    on_pace
        Called once with the seconds that training will probably take.

    Raises
    ------
    WordspotError
        No clean folder, a clip that cannot be read, no such model, or cleanlab is not installed.
    """
    if importlib.util.find_spec("cleanlab") is None:
        raise WordspotError("cleanlab is not installed: run `pip install 'wordspot[audit]'`")
    place = folder_at(folder)
    points, clips = embed(place, model, jobs=jobs, progress=progress)
    classes = np.unique([clip.label for clip in clips], return_inverse=True)[1]
    learned = None
    if thorough and classes.max():
        frames = _frames(place, clips, jobs)
        # here, because TensorFlow takes long to load, and processes are best started before it has threads
        from .margins import margins

        learned = margins(frames, classes, seed, progress=progress, on_pace=on_pace)
    with near_tables(place) as tables:
        findings = _read_findings(tables)
    found = judge(points, clips, findings, learned)
    return dataclasses.replace(found, doubtful=still_doubtful(points, clips, findings, found))


def still_doubtful(
    points: np.ndarray, clips: Sequence[Clip], findings: dict[str, tuple[str, ...]], found: Audit
) -> tuple[str, ...]:
    """See `Audit.doubtful`; the other arguments are those of `judge`, which gave `found`."""
    sure = {one.file_name: one.suggested for one in found.suspicions if one.suspicion >= SURE and one.suggested}
    mended = [dataclasses.replace(clip, label=sure.get(clip.file_name, clip.label)) for clip in clips]
    again = judge(points, mended, findings)
    return tuple(one.file_name for one in again.suspicions if one.suspicion >= _DOUBTFUL)


def _frames(place: Folder, clips: list[Clip], jobs: int | Cluster) -> LogMel:
    """Log-mel frames of every clip, float16 [clips, frames, mels]."""
    names = [clip.file_name for clip in clips]
    with near_tables(place) as tables, mapping_clips(_frames_of_clip, place, tables, names, jobs) as frames:
        return np.stack(list(frames))


def _frames_of_clip(path: Path) -> LogMel:
    return log_mel(waveform(path, SAMPLE_RATE_HZ), _THOROUGH_FRONT_END).astype(np.float16)


def judge(
    points: np.ndarray, clips: Sequence[Clip], findings: dict[str, tuple[str, ...]], margins: np.ndarray | None = None
) -> Audit:
    """The audit of clips that are embedded already.

    Parameters
    ----------
    points
        Float32 [clips, dims].
    clips
        In the order of the rows.
    findings
        {file name: names of checks}; a clip that is missing has none.
    margins
        Float [clips], see `margins.margins`; they decide the order as much as the rest does.
    """
    words, classes = np.unique([clip.label for clip in clips], return_inverse=True)
    probabilities = label_probabilities(points, classes, [clip.speaker for clip in clips])
    own = probabilities[np.arange(len(clips)), classes]
    others = probabilities.copy()
    others[np.arange(len(clips)), classes] = 0
    suggested, likeliest = others.argmax(axis=1), others.max(axis=1)
    sounds = likeliest / (likeliest + own + 1e-12)
    signs = _Signs(
        sounds, _unlike(points, classes), _findings_of(clips, findings), _disagreeing(clips, sounds), margins
    )
    suspicion = signs.combined()
    rows = [
        Suspicion(
            clip.file_name,
            clip.label,
            float(suspicion[i]),
            str(words[suggested[i]]) if len(words) > 1 else "",
            float(likeliest[i]),
            signs.reason(i, str(words[suggested[i]])),
        )
        for i, clip in enumerate(clips)
    ]
    rows.sort(key=lambda row: (-row.suspicion, row.file_name))
    return Audit(tuple(rows), tuple(_pairs(words, classes, probabilities)))


@dataclass(frozen=True)
class _Signs:
    """What speaks against each clip's label: floats [clips] in [0, 1], and the findings in words."""

    sounds: np.ndarray
    unlike: np.ndarray
    findings: list[tuple[str, ...]]
    speaker: np.ndarray
    margins: np.ndarray | None = None

    def combined(self) -> np.ndarray:
        """Signs as if they were independent: what each leaves of the trust in the label is multiplied.

        Margins change the order alone: the clip whose places in both orders come first on average gets the largest value.
        """
        found = np.array([bool(names) for names in self.findings])
        trust = (1 - self.sounds) * (1 - _UNLIKE_WEIGHT * self.unlike)
        trust *= (1 - _FINDING_WEIGHT * found) * (1 - _SPEAKER_WEIGHT * self.speaker)
        if self.margins is None:
            return 1 - trust
        places = np.argsort(np.argsort(trust, kind="stable")) + np.argsort(np.argsort(self.margins, kind="stable"))
        suspicion = np.empty(len(trust))
        suspicion[np.argsort(places, kind="stable")] = np.sort(1 - trust)[::-1]
        return suspicion

    def reason(self, i: int, suggested: str) -> str:
        parts = [f"sounds like {suggested}"] if self.sounds[i] >= _DOUBTFUL else []
        parts += ["unlike all others of its word"] if self.unlike[i] else []
        parts += self.findings[i]
        parts += ["of a speaker whose clips all disagree"] if self.speaker[i] else []
        parts += ["hardly learned"] if self.margins is not None and self.margins[i] < 0 else []
        return "; ".join(parts)


def _unlike(points: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How far each clip lies from the mean of its word, in [0, 1]: 0 up to where most of the word's clips lie."""
    scaled = (points - points.mean(axis=0)) / (points.std(axis=0) + 1e-6)
    unlike = np.zeros(len(points))
    for word in np.unique(classes):
        own = classes == word
        distances = np.linalg.norm(scaled[own] - np.median(scaled[own], axis=0), axis=1)
        deviations = distances - np.median(distances)
        spread = np.median(np.abs(deviations)) + 1e-6
        unlike[own] = np.clip((deviations / spread - _UNLIKE_FROM) / (_UNLIKE_FULL - _UNLIKE_FROM), 0, 1)
    return unlike


def _disagreeing(clips: Sequence[Clip], sounds: np.ndarray) -> np.ndarray:
    """1 for the clips of speakers of whom each clip sounds like another word, else 0."""
    doubtful = [clip.speaker for clip, value in zip(clips, sounds, strict=True) if value >= _DOUBTFUL and clip.speaker]
    all_of, doubts = Counter(clip.speaker for clip in clips), Counter(doubtful)
    found = {name for name, count in doubts.items() if count == all_of[name] and count >= _FEWEST_OF_SPEAKER}
    return np.array([float(clip.speaker in found) for clip in clips])


def _findings_of(clips: Sequence[Clip], findings: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    named = [findings.get(clip.file_name, ()) for clip in clips]
    return [tuple(_FINDINGS[name] for name in names if name in _FINDINGS) for names in named]


def _read_findings(folder: Path) -> dict[str, tuple[str, ...]]:
    """Of a table that was not made by `clean`, and has no such column: nothing."""
    rows = iterate_clip_table(folder, ("file_name",))
    return {row["file_name"]: tuple(row.get("findings", "").split(";")) for _, row in rows}


def _pairs(words: np.ndarray, classes: np.ndarray, probabilities: np.ndarray) -> Iterable[Pair]:
    if len(words) < 2:
        return []
    from cleanlab.count import compute_confident_joint  # here, because it loads pandas

    counts: Any = compute_confident_joint(classes, probabilities)
    found = [Pair(str(words[i]), str(words[j]), int(counts[i, j])) for i, j in np.argwhere(counts) if i != j]
    return sorted(found, key=lambda pair: (-pair.clips, pair.label, pair.suggested))
