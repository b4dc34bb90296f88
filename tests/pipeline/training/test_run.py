import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.pipeline.scoring.confusion import wilson_interval
from wordspot.pipeline.training.run import best_epoch


def history(accuracies: list[float]) -> list[dict[str, float]]:
    return [{"epoch": epoch, "validation_accuracy": accuracy} for epoch, accuracy in enumerate(accuracies, 1)]


@pytest.mark.parametrize(("clips", "best"), [(60, 4), (1_000, 3), (10_000, 2)])
def test_the_best_is_the_last_that_may_be_as_good_as_the_highest(clips: int, best: int) -> None:
    assert best_epoch(history([0.5, 0.97, 0.962, 0.95]), clips)["epoch"] == best


def test_all_right_for_once_does_not_outdo_what_comes_later() -> None:
    assert best_epoch(history([0.8, 1.0, 59 / 60, 58 / 60, 50 / 60]), 60)["epoch"] == 4


@given(st.lists(st.integers(0, 200), min_size=1, max_size=30))
def test_the_newest_is_the_best_or_the_best_stays_what_it_was(right: list[int]) -> None:
    """Only so can its network be kept while training goes on, without those of all epochs."""
    rows = history((np.array(right) / 200).tolist())
    kept = rows[0]
    for end in range(1, len(rows) + 1):
        best = best_epoch(rows[:end], 200)
        assert best in (kept, rows[end - 1])
        kept = best
    highest = max(row["validation_accuracy"] for row in rows)
    assert kept["validation_accuracy"] >= wilson_interval(highest, 200)[0]
