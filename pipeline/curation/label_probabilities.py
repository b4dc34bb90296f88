"""How likely each word is for each clip, by a classifier that was fitted without that clip and, most often, its speaker."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..training.probabilities import calmest_scale, linear_discriminant, softmax

_FOLDS = 5
_FEWEST_SPEAKERS = 2  # of every word, so that the others of a word are still there without one of them
_REFITS = 1  # without the clips that the fit before took for another word
_LEAST_AGREEING = 0.5  # of a word's clips; with fewer none of them is left out of the fit
_FEW_CLIPS = 20  # per word: below, the nearest clips say more than a covariance that hardly anything is known of
_NEAREST = 5
_SHARPNESS = 100.0  # of cosines, which `calmest_scale` can then only calm
_ROWS_AT_ONCE = 1_000


def label_probabilities(
    points: npt.NDArray[np.float32], classes: npt.NDArray[np.intp], speakers: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Out-of-sample probabilities of the words, by the linear discriminant of all clips by other speakers.

    Folds are disjoint by speaker; where a speaker is not known, or a word has clips of one speaker alone, by clip. The fit is
    repeated without the clips that it took for another word, so that wrong labels do not speak for each other. The words are
    taken to be equally likely, and all share one covariance (Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x).

    With fewer than 20 clips per word it is by the five clips of each word that are most alike (the mean of their cosines):
    once among the clips of other speakers, once among all others, and both added. With three people to a word the others
    alone are too few; and what one of them labeled wrong throughout is not found among that one's own clips.

    Parameters
    ----------
    points
        Float32 [clips, dims], as `embedding.embed` gives them.
    classes
        Int [clips], the word of each clip, from 0 on; no number is left out.
    speakers
        Of each clip; empty where not known.

    Returns
    -------
    Float64 [clips, words], rows that sum to 1. A clip whose word nobody else says has probability 1 of it: there is nothing to
    judge it by.
    """
    n_words = int(classes.max()) + 1
    points = (points - points.mean(axis=0)) / (points.std(axis=0) + 1e-6)
    if len(classes) < _FEW_CLIPS * n_words:
        by_clip, by_speaker = np.arange(len(classes)), _groups(classes, speakers)
        return _calibrated(_nearest(points, classes, by_clip) + _nearest(points, classes, by_speaker), classes)
    folds = _folds(classes, speakers)
    usable = np.ones(len(classes), bool)
    logits = np.full((len(classes), n_words), -np.inf)
    for _ in range(1 + _REFITS):
        for fold in range(folds.max() + 1):
            within = folds == fold
            fitted = ~within & usable
            if fitted.any():
                logits[within] = _discriminant(points[fitted], classes[fitted], n_words, points[within])
        agrees = logits[np.arange(len(classes)), classes] >= logits.max(axis=1)
        share = np.bincount(classes, agrees) / np.bincount(classes)
        usable = agrees | (share < _LEAST_AGREEING)[classes]
    return _calibrated(logits, classes)


def _groups(classes: np.ndarray, speakers: Sequence[str]) -> np.ndarray:
    """Int [clips]: which are judged without each other, those of one speaker or each alone."""
    pairs = {(label, speaker) for label, speaker in zip(classes, speakers, strict=True)}
    counts = np.bincount([label for label, _ in pairs])
    by_speaker = all(speakers) and len(set(speakers)) >= _FEWEST_SPEAKERS and counts.min() >= _FEWEST_SPEAKERS
    return np.unique(speakers, return_inverse=True)[1] if by_speaker else np.arange(len(classes))


def _nearest(points: np.ndarray, classes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How alike the nearest clips of each word are, those of a clip's own group left out, float [clips, words]."""
    unit = points / (np.linalg.norm(points, axis=1, keepdims=True) + 1e-12)
    logits = np.full((len(points), classes.max() + 1), -np.inf)
    for first in range(0, len(points), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        alike = (unit[rows] @ unit.T).astype(np.float64)
        alike[groups[rows, None] == groups] = -np.inf
        for word in range(logits.shape[1]):
            nearest = np.sort(alike[:, classes == word], axis=1)[:, -_NEAREST:]
            known = np.isfinite(nearest).sum(axis=1)
            sums = np.where(np.isfinite(nearest), nearest, 0).sum(axis=1)
            logits[rows, word] = np.where(known > 0, sums / np.maximum(known, 1), -np.inf)
    return _SHARPNESS * logits


def _folds(classes: np.ndarray, speakers: Sequence[str]) -> np.ndarray:
    """Int [clips]: the fold of each, so that all have about as many clips of every word."""
    groups = _groups(classes, speakers)
    tallies = np.zeros((groups.max() + 1, classes.max() + 1))
    np.add.at(tallies, (groups, classes), 1)
    filled = np.zeros((min(_FOLDS, len(tallies)), tallies.shape[1]))
    fold_of = np.zeros(len(tallies), np.intp)
    for group in np.argsort(-tallies.sum(axis=1), kind="stable"):  # the largest first, each where it is needed most
        fold = int(np.lexsort((filled.sum(axis=1), filled @ tallies[group]))[0])
        fold_of[group] = fold
        filled[fold] += tallies[group]
    return fold_of[groups]


def _discriminant(points: np.ndarray, classes: np.ndarray, n_words: int, others: np.ndarray) -> np.ndarray:
    """Log densities, float [others, n_words], up to one number for each of them; -inf for a word without points."""
    weights, bias = linear_discriminant(points, classes, n_words)
    logits = (others @ weights + bias).astype(np.float64)
    logits[:, np.bincount(classes, minlength=n_words) == 0] = -np.inf
    return logits


def _calibrated(logits: np.ndarray, classes: np.ndarray) -> npt.NDArray[np.float64]:
    """Probabilities at the scale with the least cross-entropy: densities are far too sure of themselves."""
    judged = np.isfinite(logits[np.arange(len(classes)), classes])
    probabilities = np.eye(logits.shape[1])[classes]
    if judged.any():
        probabilities[judged] = softmax(calmest_scale(logits[judged], classes[judged]) * logits[judged])
    return probabilities
