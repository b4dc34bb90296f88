"""How many wrong labels are left: from what was heard at random, and what the audit doubts."""

import numpy as np
import pytest
from wordspot.data.clips import Clip
from wordspot.pipeline.curation.queue import Heard, ReviewClip, Suspicion
from wordspot.pipeline.curation.remaining import FEWEST, Remaining, remaining

WORDS = 1000


def clips_of(suspicions: np.ndarray | None) -> list[ReviewClip]:
    values = [None] * WORDS if suspicions is None else suspicions.tolist()
    return [
        ReviewClip(Clip(f"{n}.wav", "on"), suspicion=None if v is None else Suspicion(v)) for n, v in enumerate(values)
    ]


def heard_of(is_wrong: np.ndarray, places: np.ndarray) -> Heard:
    whats = [""] * WORDS
    for place in places:
        whats[place] = "relabel" if is_wrong[place] else "keep"
    return Heard(["on"] * WORDS, whats, [{}] * WORDS)


def queues_of(**places: np.ndarray) -> list[str]:
    queues = [""] * WORDS
    for name, chosen in places.items():
        for place in chosen:
            queues[place] = name
    return queues


def test_it_takes_thirty_at_random_before_there_is_an_estimate() -> None:
    rng, clips = np.random.default_rng(3), clips_of(None)
    is_wrong, order = rng.random(WORDS) < 0.06, rng.permutation(WORDS)
    few = remaining(clips, heard_of(is_wrong, order[:10]), queues_of(random=order[:10]))
    assert few == Remaining(990, None, None, FEWEST - 10)
    found = remaining(clips, heard_of(is_wrong, order[:300]), queues_of(random=order[:300]))
    assert found.wrong == pytest.approx(is_wrong[order[300:]].sum(), abs=15)
    assert found.most is not None
    assert found.wrong is not None
    assert is_wrong[order[300:]].sum() <= found.most < 3 * found.wrong


def test_what_was_chosen_because_it_is_suspicious_says_nothing_of_the_rest() -> None:
    rng = np.random.default_rng(4)
    is_wrong = rng.random(WORDS) < 0.06
    suspicions = np.where(rng.random(WORDS) < 0.9, is_wrong, ~is_wrong) * 0.5 + rng.random(WORDS) / 2.1
    clips, order = clips_of(suspicions), np.argsort(-suspicions)
    rest = order[suspicions[order] < 0.5]
    at_random = rng.permutation(rest)[:100]
    for heard in (20, 60):
        suspicious = order[:heard]
        places = np.concatenate([suspicious, at_random])
        found = remaining(clips, heard_of(is_wrong, places), queues_of(suspicious=suspicious, random=at_random))
        left = is_wrong.sum() - is_wrong[places].sum()
        assert found.wrong == pytest.approx(left, abs=15)


def test_nothing_is_left_where_everything_was_heard() -> None:
    every = np.arange(WORDS)
    assert remaining(clips_of(None), heard_of(every < 9, every), queues_of(word=every)) == Remaining(0, 0.0, 0.0)
