"""Which clips are compared: of some all whose fingerprints look alike, of very many those that are most alike."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from wordspot.pipeline.ingest.duplicates import candidates as module
from wordspot.pipeline.ingest.duplicates.bands import nearest_pairs
from wordspot.pipeline.ingest.duplicates.candidates import SIMILARITY_OF_CANDIDATES, all_with_all, candidates

Pairs = set[tuple[int, int]]


def int8(pictures: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(pictures), -127, 127).astype(np.int8)


def words(seed: int, count: int) -> np.ndarray:
    """Takes of ten words, float [count, 63]; the first features vary most, as those of speech do."""
    rng = np.random.default_rng(seed)
    deviations = np.geomspace(40, 5, 63)
    return rng.normal(0, deviations, (10, 63))[rng.integers(0, 10, count)] + rng.normal(0, deviations, (count, 63))


def with_copies(seed: int, count: int) -> tuple[np.ndarray, Pairs]:
    """int8 [count, 63], and the pairs of which one is the other in a little noise."""
    rng = np.random.default_rng(seed)
    pictures = words(seed, count)
    copies = {(place, place + count // 2) for place in range(0, count // 2, 5)}
    for first, second in copies:
        pictures[second] = pictures[first] + rng.normal(0, rng.uniform(0, 0.3) * np.abs(pictures[first]).mean(), 63)
    return int8(pictures), copies


def as_set(pairs: np.ndarray) -> Pairs:
    return set(map(tuple, pairs.tolist()))


def nearest(descriptors: np.ndarray) -> np.ndarray:
    return nearest_pairs(descriptors, np.arange(len(descriptors)), SIMILARITY_OF_CANDIDATES)


def exact(descriptors: np.ndarray) -> np.ndarray:
    pairs = all_with_all(descriptors, len(descriptors) ** 2)
    assert pairs is not None
    return pairs


def similarity(descriptors: np.ndarray) -> np.ndarray:
    """Of all with all, float64 [clips, clips], in the plain way."""
    features = (descriptors - descriptors.mean(axis=0, dtype=np.float64)) / descriptors.std(axis=0, dtype=np.float64)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features @ features.T


def members(pairs: np.ndarray, start: int) -> set[int]:
    """All that a chain of pairs connects with one."""
    neighbors: dict[int, set[int]] = {}
    for first, second in pairs.tolist():
        neighbors.setdefault(first, set()).add(second)
        neighbors.setdefault(second, set()).add(first)
    found, waiting = {start}, [start]
    while waiting:
        new = neighbors.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_all_with_all_gives_every_pair_above_the_limit_in_order() -> None:
    descriptors, copies = with_copies(1, 700)
    similar = np.triu(similarity(descriptors), 1)
    pairs = all_with_all(descriptors, 700**2)
    assert pairs is not None
    assert pairs.tolist() == np.argwhere(similar > SIMILARITY_OF_CANDIDATES).tolist()
    assert len(copies & as_set(pairs)) > 0.9 * len(copies)
    assert all_with_all(descriptors, len(pairs)) is not None
    assert all_with_all(descriptors, len(pairs) - 1) is None


@pytest.mark.parametrize("count", [65, 4_097])
def test_bands_find_the_copies_that_all_with_all_finds_and_nothing_else(count: int) -> None:
    descriptors, copies = with_copies(2, count)
    everything, found = as_set(exact(descriptors)), as_set(nearest(descriptors))
    assert len(copies & everything) > 0.9 * len(copies)
    assert len(copies & found) >= 0.999 * len(copies & everything)
    assert found <= everything
    assert len(found) >= 0.99 * len(everything)


def test_only_the_clips_that_count_are_paired_by_their_own_numbers() -> None:
    descriptors, _ = with_copies(3, 3_000)
    apart = np.zeros((6_000, 79), np.uint8)  # as fingerprints hold them
    apart[1::2, 16:] = descriptors.view(np.uint8)
    pairs = nearest_pairs(apart[:, 16:].view(np.int8), np.arange(1, 6_000, 2), SIMILARITY_OF_CANDIDATES)
    assert pairs.tolist() == (2 * nearest(descriptors) + 1).tolist()
    assert pairs.tolist() == sorted(pairs.tolist())
    assert (pairs[:, 0] < pairs[:, 1]).all()


def test_the_order_of_the_clips_does_not_matter() -> None:
    descriptors, _ = with_copies(4, 2_000)
    order = np.random.default_rng(5).permutation(2_000)
    pairs = order[nearest(descriptors[order])]
    assert as_set(np.sort(pairs, axis=1)) == as_set(nearest(descriptors))


@pytest.mark.parametrize("noise", [0, 2])
def test_a_crowd_of_clips_that_are_alike_costs_a_few_pairs_each_and_stays_together(noise: float) -> None:
    rng = np.random.default_rng(6)
    pictures = words(6, 3_000)
    crowd = rng.choice(3_000, 1_000, replace=False)
    pictures[crowd] = pictures[0] + rng.normal(0, noise, (1_000, 63))
    pairs = nearest(int8(pictures))
    of_crowd = pairs[np.isin(pairs, crowd).all(axis=1)]
    assert len(of_crowd) <= 6 * 1_000
    assert members(of_crowd, crowd[0]) == set(crowd.tolist())


def test_a_folder_in_which_too_many_are_alike_is_left_to_the_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    descriptors, _ = with_copies(7, 2_000)
    clips = np.arange(2_000)
    every = candidates(descriptors, clips)
    assert every.tolist() == exact(descriptors).tolist()
    monkeypatch.setattr(module, "_MOST_PAIRS", len(every) - 1)
    assert candidates(descriptors, clips).tolist() == nearest(descriptors).tolist()


@pytest.mark.parametrize("value", [0, 127, -127])
def test_clips_that_are_all_the_same_are_no_error(value: int) -> None:
    assert nearest(np.full((100, 63), value, np.int8)).shape == (0, 2)


def test_progress_is_told_of_every_band() -> None:
    told: list[int] = []

    def progress(items: Iterable[Any], total: int) -> Iterator[Any]:
        for item in items:
            told.append(total)
            yield item

    descriptors, _ = with_copies(9, 200)
    pairs = nearest_pairs(descriptors, np.arange(200), SIMILARITY_OF_CANDIDATES, progress)
    assert len(told) == told[0] > 1
    assert pairs.tolist() == nearest(descriptors).tolist()
