"""All clips as a map: like sounds lie close together, and what lies among another word is named."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from ...data.clips import Clip
from ...data.errors import WordspotError
from ...data.files import replacing
from ..pages.html_page import write_page
from ..progress import Progress, no_progress
from .embedding import DEFAULT, embed

_MOST_CLIPS = 10_000  # that are drawn; of more, a part of each word
_FEWEST_CLIPS = 5
_NEIGHBORS = 10
_SMALLEST_ISLAND = 3
_ONE_SPEAKER = 0.9  # of an island's clips
_FAR = 4.0  # times the median distance to the neighbors
_NAMED = 20  # islands, and clips that lie far from all others
_PERPLEXITY = 30
_NEIGHBORS_BESIDE = 5
_PROJECTOR = 'embeddings {\n  tensor_path: "clips.tsv"\n  metadata_path: "clips_metadata.tsv"\n}\n'


@dataclass(frozen=True)
class Island:
    """Clips of one label whose neighbors have another.

    Attributes
    ----------
    label
        Theirs.
    among
        That of most of their neighbors.
    file_names
        Of the clips.
    speaker
        Who says nearly all of them; empty where that is nobody.
    """

    label: str
    among: str
    file_names: tuple[str, ...]
    speaker: str = ""

    def __str__(self) -> str:
        count = len(self.file_names)
        whose = f", all of speaker {self.speaker}," if self.speaker and count > 1 else ""
        return f"{count} clip{'s' if count > 1 else ''} of {self.label}{whose} lie{'' if count > 1 else 's'} among {self.among}"


@dataclass(frozen=True)
class ClipMap:
    """Where the clips lie, and what is odd about that.

    Attributes
    ----------
    clips
        In the order of the places.
    points
        float32 [clips, dims]: what the model's body makes of them.
    places
        float32 [clips, 2] in [0, 1].
    islands
        The largest first.
    outliers
        Clips that lie far from all others, the farthest first.
    left_out
        How many clips are not drawn, because there are too many.
    """

    clips: Sequence[Clip]
    points: npt.NDArray[np.float32]
    places: npt.NDArray[np.float32]
    islands: Sequence[Island]
    outliers: Sequence[Clip]
    left_out: int

    def write(self, page: Path, clips_folder: Path) -> None:
        """The map as one HTML page without scripts: a point names its clip, and opens it from the clean folder."""
        labels = sorted({clip.label for clip in self.clips})
        hues = {label: round(360 * place / len(labels)) for place, label in enumerate(labels)}
        address = _address(clips_folder, page)
        dots = [
            {
                "x": round(float(x) * 1000, 1),
                "y": round(float(y) * 1000, 1),
                "label": clip.label,
                "name": clip.file_name,
            }
            | {"hue": hues[clip.label], "address": address + quote(clip.file_name)}
            for clip, (x, y) in zip(self.clips, self.places, strict=True)
        ]
        counts = Counter(clip.label for clip in self.clips)
        write_page(
            page,
            "curation/clip_map.html",
            title="Map of the clips",
            subject=str(clips_folder.resolve()),
            dots=dots,
            labels=[(label, hues[label], counts[label]) for label in labels],
            islands=self.islands[:_NAMED],
            outliers=self.outliers[:_NAMED],
            address=address,
            left_out=self.left_out,
        )

    def write_projector(self, folder: Path) -> None:
        """All points with label, speaker and name, for TensorBoard's projector."""
        folder.mkdir(parents=True, exist_ok=True)
        rows = [f"{clip.label}\t{clip.speaker}\t{clip.file_name}" for clip in self.clips]
        for name, text in (
            ("clips.tsv", "".join("\t".join(f"{value:.5g}" for value in point) + "\n" for point in self.points)),
            ("clips_metadata.tsv", "\n".join(["label\tspeaker\tclip", *rows]) + "\n"),
            ("projector_config.pbtxt", _PROJECTOR),
        ):
            with replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")


def make_map(
    data: Path | str, model: Path | str = DEFAULT, *, every_clip: bool = False, progress: Progress = no_progress
) -> ClipMap:
    """The map of a clean folder: t-SNE (van der Maaten and Hinton 2008) of what a model's body makes of the clips.

    Parameters
    ----------
    data, model, progress
        See `embed`.
    every_clip
        Whether clips beyond 10,000 have a place, too: the median of those of the five drawn clips that sound most like it.

    Raises
    ------
    WordspotError
        Fewer than five clips; see `embed`.
    """
    points, clips = embed(data, model, progress=progress)
    if len(clips) < _FEWEST_CLIPS:
        raise WordspotError(f"{data} has {len(clips)} clips; a map needs at least {_FEWEST_CLIPS}: record more")
    drawn = _drawn(clips)
    standard = _standardized(points)
    neighbors, distances = _neighbors(standard)
    far = distances > _FAR * np.median(distances)
    outliers = [clips[i] for i in np.argsort(-distances, kind="stable") if far[i]]
    islands, places = _islands(clips, neighbors), _places(standard[drawn])
    if every_clip:
        return ClipMap(clips, points, _beside(standard, drawn, places), islands, outliers, 0)
    return ClipMap([clips[i] for i in drawn], points[drawn], places, islands, outliers, len(clips) - len(drawn))


def _drawn(clips: Sequence[Clip]) -> npt.NDArray[np.intp]:
    """The clips whose names have the smallest hashes: of each word its share, and always the same ones."""
    order = sorted(range(len(clips)), key=lambda i: hashlib.sha1(clips[i].file_name.encode()).digest())
    return np.sort(np.array(order[:_MOST_CLIPS], np.intp))


def _standardized(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    spread = points.std(axis=0)
    return ((points - points.mean(axis=0)) / np.where(spread > 0, spread, 1)).astype(np.float32)


def _neighbors(points: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Int [clips, k], nearest first, and the mean distance to them."""
    from sklearn.neighbors import NearestNeighbors

    count = min(_NEIGHBORS, len(points) - 1)
    distances, found = NearestNeighbors(n_neighbors=count).fit(points).kneighbors()
    return found, distances.mean(axis=1)


def _islands(clips: Sequence[Clip], neighbors: npt.NDArray[np.intp]) -> list[Island]:
    groups: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip, near in zip(clips, neighbors, strict=True):
        ((among, count),) = Counter(clips[i].label for i in near).most_common(1)
        if among != clip.label and 2 * count > len(near):
            groups[clip.label, among].append(clip)
    islands = [_island(label, among, members) for (label, among), members in groups.items()]
    islands = [island for island in islands if len(island.file_names) >= _SMALLEST_ISLAND]
    return sorted(islands, key=lambda island: (-len(island.file_names), island.label, island.among))


def _island(label: str, among: str, clips: Sequence[Clip]) -> Island:
    ((speaker, count),) = Counter(clip.speaker for clip in clips).most_common(1)
    whose = speaker if count >= _ONE_SPEAKER * len(clips) else ""
    return Island(label, among, tuple(clip.file_name for clip in clips), whose)


def _places(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Float32 [clips, 2] in [0, 1]."""
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    places = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(points)
    low, high = places.min(axis=0), places.max(axis=0)
    return ((places - low) / np.maximum(high - low, 1e-9)).astype(np.float32)


def _beside(
    points: npt.NDArray[np.float32], drawn: npt.NDArray[np.intp], places: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Float32 [clips, 2] in [0, 1]: the places of those that are drawn, and places among them for the rest."""
    from sklearn.neighbors import NearestNeighbors

    rest = np.setdiff1d(np.arange(len(points)), drawn)
    everywhere = np.empty((len(points), 2), np.float32)
    everywhere[drawn] = places
    if len(rest):
        count = min(_NEIGHBORS_BESIDE, len(drawn))
        near = NearestNeighbors(n_neighbors=count).fit(points[drawn]).kneighbors(points[rest], return_distance=False)
        everywhere[rest] = np.median(places[near], axis=1)
    return everywhere


def _address(clips_folder: Path, page: Path) -> str:
    """How the page names the clean folder: relative where it lies in it, so that both can be moved together."""
    if page.resolve().parent == clips_folder.resolve():
        return ""
    return clips_folder.resolve().as_uri() + "/"
