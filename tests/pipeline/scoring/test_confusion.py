import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from wordspot.data.tables import read_table
from wordspot.pipeline.scoring.charts import confusion_png
from wordspot.pipeline.scoring.confusion import Confusion
from wordspot.tools.terminal.confusion import accuracy_line, print_confusion

LABELS = ("down", "go", "left", "_unknown_")
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=200)


def counted(pairs: list[tuple[int, int]]) -> Confusion:
    truth, predicted = np.array(pairs).T
    return Confusion.count(LABELS, truth, predicted)


@given(PAIRS)
def test_figures_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    confusion = counted(pairs)
    truth, predicted = np.array(pairs).T
    everything = list(range(4))
    np.testing.assert_array_equal(confusion.matrix, confusion_matrix(truth, predicted, labels=everything))
    assert confusion.accuracy == pytest.approx(accuracy_score(truth, predicted))
    expected: Any = precision_recall_fscore_support(
        truth,
        predicted,
        labels=everything,
        zero_division=np.nan,  # type: ignore[arg-type]
    )
    for ours, theirs in zip((confusion.precision, confusion.recall), expected, strict=False):
        np.testing.assert_allclose(ours, theirs)
    said_or_heard = np.isin(everything, [*truth, *predicted])
    np.testing.assert_allclose(confusion.f1[said_or_heard], expected[2][said_or_heard])


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_is_wilsons(right: int, wrong: int) -> None:
    if right + wrong == 0:
        return
    expected = binomtest(right, right + wrong).proportion_ci(method="wilson")
    interval = Confusion(("a", "b"), np.array([[right, wrong], [0, 0]])).interval
    assert interval == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_rows_are_the_truth_and_columns_the_prediction() -> None:
    confusion = counted([(0, 1), (0, 1), (2, 2)])
    assert confusion.matrix[0, 1] == 2
    assert confusion.worst_pairs(5) == [("down", "go", 2)]


def test_what_is_undefined_is_null_in_json() -> None:
    figures = counted([(0, 0)]).to_dict()
    assert figures["per_label"]["go"] == {"precision": None, "recall": None, "f1": None, "clips": 0}
    assert figures["accuracy"] == 1.0


def test_the_table_in_csv_has_labels_on_both_sides(tmp_path: Path) -> None:
    counted([(0, 1), (3, 3)]).write_csv(tmp_path / "confusion.csv")
    rows = list(csv.reader((tmp_path / "confusion.csv").read_text().splitlines()))
    assert rows[0] == ["truth/prediction", *LABELS]
    assert rows[1] == ["down", "0", "1", "0", "0"]


@pytest.mark.parametrize("count", [0, 7, 1234])
@pytest.mark.parametrize("labels", [2, 7, 12, 36])
def test_it_fits_eighty_columns_and_shows_every_count(labels: int, count: int) -> None:
    matrix = np.full((labels, labels), 3) + np.eye(labels, dtype=int) * count
    names = ("_unknown_", "_silence_", *(f"wordnumber{i}" for i in range(labels)))[:labels]
    out = io.StringIO()
    print_confusion(Console(file=out, width=80, force_terminal=False), Confusion(names, matrix))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    if labels <= 12:
        for i, line in enumerate(lines[1 : labels + 1]):
            assert line.split()[-labels - 3 : -3] == [str(n) for n in matrix[i]]
    else:
        assert sum("recognized as" in line for line in lines) == 12


def test_the_accuracy_is_told_with_its_interval() -> None:
    assert accuracy_line(Confusion(("a",), np.array([[0]]))) == "no clips to judge"
    line = accuracy_line(Confusion(("a", "b"), np.array([[90, 10], [0, 100]])))
    assert line == "accuracy 95.0% (95% interval 91.0 to 97.3) on 200 clips"


def test_the_picture_of_the_matrix_is_a_png() -> None:
    assert confusion_png(counted([(0, 1), (3, 3)])).startswith(b"\x89PNG")


def test_a_word_that_is_called_as_the_corner_keeps_its_column(tmp_path: Path) -> None:
    Confusion(("truth", "=1"), np.array([[1, 2], [3, 4]])).write_csv(tmp_path / "confusion.csv")
    assert [list(row.values()) for row in read_table(tmp_path / "confusion.csv")] == [
        ["truth", "1", "2"],
        ["=1", "3", "4"],
    ]
    assert "\n=1" not in (tmp_path / "confusion.csv").read_text()
    assert list(read_table(tmp_path / "confusion.csv")[0]) == ["truth/prediction", "truth", "=1"]
