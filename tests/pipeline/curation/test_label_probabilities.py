import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from wordspot.pipeline.curation.label_probabilities import _discriminant, _folds, _nearest, label_probabilities

RNG = np.random.default_rng(5)


def clouds(clips_per_word: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds with one shape: float32 [n, 6], int [n]."""
    classes = np.repeat(np.arange(3), clips_per_word)
    points = RNG.normal(0, 1, (len(classes), 6)) @ RNG.normal(0, 1, (6, 6)) + RNG.normal(0, 4, (3, 6))[classes]
    return points.astype(np.float32), classes


def test_the_discriminant_is_that_of_scikit_learn() -> None:
    points, classes = clouds()
    reference = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1, priors=np.full(3, 1 / 3)).fit(points, classes)
    logits = _discriminant(points, classes, 3, points)
    assert (logits.argmax(axis=1) == reference.predict(points)).mean() > 0.99


def test_rows_are_probabilities_and_wrong_labels_get_little() -> None:
    points, classes = clouds()
    labels = classes.copy()
    labels[:3], labels[60:63] = 1, 2
    probabilities = label_probabilities(points, labels, [f"speaker {i % 10}" for i in range(len(labels))])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    wrong = labels != classes
    assert probabilities[wrong, labels[wrong]].max() < np.median(probabilities[~wrong, labels[~wrong]])


def test_folds_part_no_speaker_and_hold_every_word() -> None:
    classes = np.tile(np.arange(3), 40)
    speakers = [f"speaker {i // 9}" for i in range(120)]
    folds = _folds(classes, speakers)
    assert set(folds) == set(range(5))
    for speaker in set(speakers):
        assert len({fold for fold, who in zip(folds, speakers, strict=True) if who == speaker}) == 1
    for fold in range(5):
        assert set(classes[folds != fold]) == {0, 1, 2}


def test_a_word_with_one_speaker_and_unknown_speakers_are_judged_by_clip() -> None:
    classes = np.repeat(np.arange(2), 20)
    for speakers in ([""] * 40, ["anna"] * 20 + ["ben"] * 10 + ["carl"] * 10):
        assert (np.bincount(_folds(classes, speakers)) == 8).all()


def test_a_clip_whose_word_nobody_else_says_is_not_judged() -> None:
    points, classes = clouds(20)
    points, classes = np.concatenate([points, points[:1]]), np.append(classes, 3)
    assert label_probabilities(points, classes, [""] * len(classes))[-1, 3] == 1


def test_the_nearest_are_the_five_most_alike_outside_the_group() -> None:
    points, classes = clouds(13)
    groups = np.arange(len(classes)) % 3
    alike = _nearest(points, classes, groups)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    for row in (0, 20, 38):
        for word in range(3):
            others = np.flatnonzero((classes == word) & (groups != groups[row]))
            expected = 100 * np.sort(unit[others] @ unit[row])[-5:].mean()
            assert abs(alike[row, word] - expected) < 1e-3
    assert (_nearest(points, classes, np.zeros(len(classes))) == -np.inf).all()


def test_with_few_clips_one_speaker_who_is_always_wrong_is_found() -> None:
    points, classes = clouds(12)
    speakers = ["anna", "ben", "carl"] * 12
    labels = np.where((classes == 0) & (np.arange(36) % 3 == 0), 1, classes)  # what anna says of the first word
    own = label_probabilities(points, labels, speakers)[np.arange(36), labels]
    assert own[labels != classes].max() < np.median(own[labels == classes])


def test_the_same_clips_get_the_same_probabilities() -> None:
    points, classes = clouds()
    first, again = (label_probabilities(points, classes, [""] * len(classes)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
