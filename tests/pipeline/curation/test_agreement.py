"""Agreement of listeners, against scikit-learn's kappa and by hand."""

import numpy as np
import pytest
from wordspot.pipeline.curation.agreement import agreement, cohens_kappa


def test_kappa_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    first = rng.choice(["on", "off", "go"], 200)
    second = np.where(rng.random(200) < 0.7, first, rng.choice(["on", "off", "go"], 200))
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    assert cohens_kappa(pairs) == pytest.approx(metrics.cohen_kappa_score(first, second))


def test_only_what_two_have_heard_and_were_sure_of_counts() -> None:
    answers = [
        {"anna": "on", "ben": "on"},
        {"anna": "on", "ben": "(drop)"},
        {"anna": "off", "ben": "(unsure)"},
        {"anna": "off"},
        {"cleo": "off"},
    ]
    (one,) = agreement(answers)
    assert (one.listeners, one.clips, one.agreement) == (("anna", "ben"), 2, 0.5)
    assert one.kappa == 0
    assert [(word.word, word.clips, word.agreement) for word in one.words] == [("(drop)", 1, 0.5), ("on", 2, 0.5)]
    assert agreement([{"anna": "on"}]) == []
