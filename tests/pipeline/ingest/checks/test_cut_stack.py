from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks import CHECKS, CutStack, stacks
from wordspot.pipeline.ingest.duplicates.fingerprints import fingerprints

KINDS = st.tuples(
    st.sampled_from([1, 300, 9_000, 16_000, 16_000, 16_000, 30_000]),
    st.sampled_from([8_000, 16_000, 16_000, 44_100]),
    st.sampled_from([0, 1, 900, 9_000, 40_000]),
    st.integers(0, 99),
)


def odd_sound(size: int, level: int, seed: int) -> np.ndarray:
    """Noise with zeros at its ends, with gaps, with rails, by its seed."""
    rng = np.random.default_rng(seed)
    sound = np.clip(rng.normal(0, level, size), -20_000, 20_000).astype(np.int16)
    sound[: rng.integers(size) * (seed % 3 == 0)] = 0
    begin = rng.integers(size)
    sound[begin : begin + 40] = 0
    return sound


@settings(deadline=None, max_examples=30)
@given(st.lists(KINDS, min_size=1, max_size=40))
def test_a_recording_measures_the_same_whatever_it_is_measured_with(
    cut_recording_of: Callable, kinds: list[tuple[int, int, int, int]]
) -> None:
    cuts = [
        cut_recording_of(odd_sound(size, level, seed), rate_hz)
        for size, rate_hz, level, seed in kinds
        if size * 16_000 >= rate_hz
    ]
    stacked = list(stacks(cuts))
    assert sorted(id(cut) for stack in stacked for cut in stack.cuts) == sorted(map(id, cuts))
    for stack in stacked:
        alone = [CutStack((cut,)) for cut in stack.cuts]
        for check in CHECKS:
            if check.measure:
                assert check.values(stack) == [check.value(cut) for cut in stack.cuts], check.name
        assert fingerprints(stack) == [one for single in alone for one in fingerprints(single)]
        np.testing.assert_array_equal(stack.power, np.concatenate([single.power for single in alone]))


def test_equally_long_clips_share_a_stack(cut_recording_of: Callable) -> None:
    cuts = [cut_recording_of(np.full(16_000 - seed % 2, 7, np.int16)) for seed in range(40)]
    assert [len(stack.cuts) for stack in stacks(cuts)] == [16, 4, 16, 4]
