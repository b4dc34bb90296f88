from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.pipeline.scoring.confusion import wilson_interval
from wordspot.pipeline.training.run_folder.history import COLUMNS, EpochFigures, best_epoch, read_history, write_history

NUMBERS = st.floats(allow_nan=False)
FIGURES = st.builds(EpochFigures, st.integers(1, 10_000), *[NUMBERS] * 5, *[st.none() | NUMBERS] * 3)


def history(accuracies: list[float]) -> list[EpochFigures]:
    return [EpochFigures(epoch, 0.01, 1.0, 0.5, 1.0, accuracy) for epoch, accuracy in enumerate(accuracies, 1)]


@pytest.mark.parametrize(("clips", "best"), [(60, 4), (1_000, 3), (10_000, 2)])
def test_the_best_is_the_last_that_may_be_as_good_as_the_highest(clips: int, best: int) -> None:
    assert best_epoch(history([0.5, 0.97, 0.962, 0.95]), clips).epoch == best


def test_all_right_for_once_does_not_outdo_what_comes_later() -> None:
    assert best_epoch(history([0.8, 1.0, 59 / 60, 58 / 60, 50 / 60]), 60).epoch == 4


@given(st.lists(st.integers(0, 200), min_size=1, max_size=30))
def test_the_newest_is_the_best_or_the_best_stays_what_it_was(right: list[int]) -> None:
    """Only so can its network be kept while training goes on, without those of all epochs."""
    rows = history((np.array(right) / 200).tolist())
    kept = rows[0]
    for end in range(1, len(rows) + 1):
        best = best_epoch(rows[:end], 200)
        assert best in (kept, rows[end - 1])
        kept = best
    highest = max(row.validation_accuracy for row in rows)
    assert kept.validation_accuracy >= wilson_interval(highest, 200)[0]


def missing(miss_rates: list[float], accuracies: list[float]) -> list[EpochFigures]:
    return [replace(row, miss_rate=missed) for row, missed in zip(history(accuracies), miss_rates, strict=True)]


def test_misses_at_the_budget_count_before_the_accuracy_on_clips() -> None:
    rows = missing([0.6, 0.1, 0.4, 0.11, 0.11], [0.8, 0.9, 0.99, 0.95, 0.6])
    assert best_epoch(rows, 1_000, 1_000).epoch == 4
    assert best_epoch(rows[:4], 1_000, 1_000).epoch == 4
    assert best_epoch(rows[:3], 1_000, 1_000).epoch == 2


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=30))
def test_with_misses_too_the_newest_is_the_best_or_the_best_stays_what_it_was(drawn: list[tuple[int, int]]) -> None:
    rows = missing([missed / 200 for missed, _ in drawn], [right / 200 for _, right in drawn])
    kept = rows[0]
    for end in range(1, len(rows) + 1):
        best = best_epoch(rows[:end], 200, 200)
        assert best in (kept, rows[end - 1])
        kept = best


def test_a_history_of_before_there_were_negatives_is_read(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(",".join(COLUMNS[:6]) + "\n1,0.1,2.0,0.5,1.0,0.9\n")
    assert read_history(tmp_path / "history.csv") == [EpochFigures(1, 0.1, 2.0, 0.5, 1.0, 0.9)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FIGURES, max_size=5))
def test_a_history_is_read_as_it_was_written(tmp_path: Path, rows: list[EpochFigures]) -> None:
    write_history(tmp_path / "history.csv", rows)
    assert read_history(tmp_path / "history.csv") == rows


def test_without_a_history_there_are_no_epochs(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.csv") == []


@pytest.mark.parametrize("text", ["", "epoch\n1\n", ",".join(COLUMNS) + "\n1,0.1,2.0", "\0"])
def test_a_damaged_history_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(WordspotError, match=r"history\.csv is damaged"):
        read_history(tmp_path / "history.csv")
