import base64
import itertools
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from wordspot.pipeline.ingest.checks import CutRecording, CutStack
from wordspot.pipeline.ingest.duplicates.fingerprints import Fingerprints, Relation, fingerprints, relate

STEPS = 32_768


def int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound), -STEPS, STEPS - 1).astype(np.int16)


def sounding(seed: int, size: int, level: float) -> np.ndarray:
    """Noise whose ends are not zero."""
    sound = int16(np.random.default_rng(seed).normal(0, level, size))
    sound[[0, -1]] = 1
    return sound


# -- waveforms --


def largest_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Over all shifts that leave half of the shorter one covered, in the band that counts: shift by shift.

    Or two samples less than half, because it is looked for at half the rate.
    """
    band = [1, 1, 0, 0, -1, -1]
    one, other = (np.convolve(clip.astype(float), band, "valid") for clip in (first, second))
    correlations = [0.0]
    for shift in range(-len(other) + 1, len(one)):
        begin, end = max(0, shift), min(len(one), shift + len(other))
        x, y = one[begin:end], other[begin - shift : end - shift]
        if 2 * (end - begin) >= min(len(one), len(other)) - 5 and x.any() and y.any():
            correlations.append(float(x @ y / np.sqrt((x @ x) * (y @ y))))
    return max(correlations)


CLIPS = st.builds(sounding, st.integers(0, 20), st.integers(6, 300), st.sampled_from([1.0, 30.0, 3_000.0]))


@settings(deadline=None, max_examples=100)
@given(CLIPS, CLIPS)
def test_what_is_found_runs_alike_at_some_shift(first: np.ndarray, second: np.ndarray) -> None:
    if relate(first, second) != Relation.NONE:
        assert largest_correlation(first, second) >= 0.69


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 99), size=st.integers(500, 4_000), gain=st.floats(0.02, 1))
def test_the_same_at_another_gain_is_the_same_in_either_order(seed: int, size: int, gain: float) -> None:
    loud = sounding(seed, size, 6_000)
    quiet = int16(gain * loud)
    assert relate(loud, quiet) == relate(quiet, loud) == Relation.SAME


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 99), gain=st.floats(0.02, 1), begin=st.integers(0, 40), end=st.integers(0, 40))
def test_ends_that_are_missing_count_as_zeros(seed: int, gain: float, begin: int, end: int) -> None:
    faint = np.sign(np.random.default_rng(seed).normal(0, 1, 40)).astype(np.int16)
    middle = sounding(seed, 2_000, 6_000)
    whole = np.concatenate([faint[begin:] // 2, middle, faint[end:] // 2])
    assert relate(whole, int16(gain * middle)) == Relation.SAME
    assert relate(np.concatenate([2_000 * faint, middle]), middle) == Relation.NEAR


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 99),
    shift=st.integers(0, 3_000),
    gain=st.floats(0.1, 1),
    snr_db=st.floats(12, 40),
    swap=st.booleans(),
)
def test_a_take_is_found_at_any_shift_even_or_odd(
    seed: int, shift: int, gain: float, snr_db: float, swap: bool
) -> None:
    voice = lfilter([1, 2, 1], 4, np.random.default_rng(seed).normal(0, 6_000, 8_000)) * np.hanning(8_000)
    noise = np.random.default_rng(seed + 1).normal(0, np.std(voice) * 10 ** (-snr_db / 20), 8_000 + shift)
    moved = np.concatenate([np.zeros(shift), gain * voice]) + gain * noise
    pair = [int16(voice), int16(moved)]
    assert relate(*(pair[::-1] if swap else pair)) == Relation.NEAR


@settings(deadline=None, max_examples=40)
@given(seeds=st.lists(st.integers(0, 999), min_size=2, max_size=2, unique=True))
def test_different_takes_are_not_related(take: Callable, seeds: list[int]) -> None:
    assert relate(*(int16(STEPS * take(seed)) for seed in seeds)) == Relation.NONE


def test_a_louder_copy_that_clips_is_near() -> None:
    loud = sounding(1, 4_000, 9_000)
    assert relate(loud, int16(4.0 * loud)) == Relation.NEAR


def test_a_common_hum_or_offset_relates_nothing() -> None:
    hum = 9_000 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000) + 3_000
    assert relate(int16(hum + sounding(1, 16_000, 900)), int16(hum + sounding(2, 16_000, 900))) == Relation.NONE


@pytest.mark.parametrize("size", [0, 1, 2, 5, 6, 7, 8])
def test_next_to_nothing_is_related_to_nothing_but_raises_nothing(size: int) -> None:
    for other in (0, 1, 5, 6, 7, 100):
        relation = relate(sounding(1, size, 100) if size else np.zeros(0, np.int16), np.ones(other, np.int16))
        assert relation in (Relation.NONE, Relation.NEAR, Relation.SAME)


# -- fingerprints --


def described(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text)[16:], np.int8).astype(float)


def print_of(cut: CutRecording) -> str:
    return fingerprints(CutStack((cut,)))[0]


def test_a_fingerprint_is_79_bytes_and_none_for_silence(cut_recording_of: Callable, take: Callable) -> None:
    assert len(base64.b64decode(print_of(cut_recording_of(take(1))))) == 79
    assert print_of(cut_recording_of(np.zeros(16_000, np.int16))) == ""
    assert len(base64.b64decode(print_of(cut_recording_of(np.ones(1, np.int16))))) == 79


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.integers(0, 4_000), st.integers(0, 4_000))
def test_zeros_at_the_ends_change_no_fingerprint(
    cut_recording_of: Callable, take: Callable, seed: int, before: int, after: int
) -> None:
    sound = int16(STEPS * take(seed)[:8_000])
    assert print_of(cut_recording_of(np.pad(sound, (before, after)))) == print_of(cut_recording_of(sound))


@pytest.mark.parametrize("gain", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("shift", [0, 100, -800, 1_000])
def test_gain_and_shift_hardly_change_the_picture_and_other_takes_do(
    cut_recording_of: Callable, take: Callable, gain: float, shift: int
) -> None:
    takes = np.array([described(print_of(cut_recording_of(take(seed)))) for seed in range(30)])
    moved = np.array([described(print_of(cut_recording_of(gain * np.roll(take(seed), shift)))) for seed in range(30)])
    mean, deviation = takes.mean(axis=0), np.maximum(takes.std(axis=0), 1e-3)
    takes, moved = (takes - mean) / deviation, (moved - mean) / deviation
    similar = takes @ moved.T / np.outer(np.linalg.norm(takes, axis=1), np.linalg.norm(moved, axis=1))
    assert similar.diagonal().min() > 0.85
    assert similar[~np.eye(30, dtype=bool)].max() < 0.85


# -- groups --


def groups_of(firsts: np.ndarray) -> dict[int, list[int]]:
    """{member: its group} of those that are not alone."""
    groups = {first: np.flatnonzero(firsts == first).tolist() for first in np.unique(firsts)}
    assert all(first == group[0] for first, group in groups.items())
    return {member: group for group in groups.values() if len(group) > 1 for member in group}


def components(edges: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """{member: its group} by joining sets until nothing changes."""
    groups = [set(edge) for edge in edges]
    while touching := [pair for pair in itertools.combinations(groups, 2) if pair[0] & pair[1]]:
        first, second = touching[0]
        groups.remove(first)
        groups.remove(second)
        groups.append(first | second)
    return {member: sorted(group) for group in groups for member in group}


CLIPS_OF_FEW_DIGESTS = st.lists(st.integers(0, 9), max_size=25)
RELATIONS = st.dictionaries(
    st.tuples(st.integers(0, 9), st.integers(0, 9)), st.sampled_from([Relation.NEAR, Relation.SAME]), max_size=6
)


@settings(deadline=None, max_examples=200)
@given(CLIPS_OF_FEW_DIGESTS, RELATIONS)
def test_groups_are_what_chains_of_pairs_connect(contents: list[int], relations: dict) -> None:
    prints = Fingerprints()
    for content in contents:
        digest = bytes(15) + bytes([content])  # that end with zero bytes differ too
        prints.add(base64.b64encode(digest[content:] + digest[:content] + bytes(63)).decode())
    assert len(prints) == len(contents)

    def relation(first: int, second: int) -> Relation:
        key = (contents[first], contents[second])
        return max(relations.get(key, Relation.NONE), relations.get(key[::-1], Relation.NONE))

    compared: list[tuple[int, int]] = []

    def compare(pairs: np.ndarray) -> np.ndarray:
        compared.extend(map(tuple, pairs.tolist()))
        return np.array([relation(*pair) for pair in pairs.tolist()], np.int8)

    pairs = list(itertools.combinations(range(len(contents)), 2))
    equal = [pair for pair in pairs if contents[pair[0]] == contents[pair[1]]]
    firsts = sorted(contents.index(content) for content in set(contents))
    same = equal + [pair for pair in itertools.combinations(firsts, 2) if relation(*pair) == Relation.SAME]
    near = same + [pair for pair in itertools.combinations(firsts, 2) if relation(*pair) == Relation.NEAR]
    assert tuple(map(groups_of, prints.groups(compare))) == (components(same), components(near))
    assert compared == list(itertools.combinations(firsts, 2))


@pytest.mark.parametrize("count", [100, 2_500])
def test_of_many_clips_those_that_look_alike_are_compared_and_few_others(count: int) -> None:
    rng = np.random.default_rng(1)
    pictures = rng.normal(0, 30, (count, 63))
    duplicates = {(place, place + count // 2) for place in range(0, count // 2, 7)}
    for first, second in duplicates:
        pictures[second] = pictures[first] + rng.normal(0, 5, 63)
    prints = Fingerprints()
    for place, picture in enumerate(np.clip(np.rint(pictures), -127, 127).astype(np.int8)):
        prints.add(base64.b64encode(place.to_bytes(16, "big") + picture.tobytes()).decode())
    compared: list[tuple[int, int]] = []

    def compare(pairs: np.ndarray) -> np.ndarray:
        compared.extend(map(tuple, pairs.tolist()))
        return np.array([Relation.NEAR if pair in duplicates else Relation.NONE for pair in map(tuple, pairs.tolist())])

    same, near = map(groups_of, prints.groups(compare))
    assert set(compared) == duplicates
    assert len(compared) == len(duplicates)
    assert same == {}
    assert near == components(duplicates)


def test_no_clips_make_no_groups() -> None:
    assert [len(firsts) for firsts in Fingerprints().groups(lambda pairs: np.full(len(pairs), Relation.SAME))] == [0, 0]
