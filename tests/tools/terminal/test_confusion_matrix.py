"""The matrix in a terminal: it fits, and no two of its columns or rows are alike."""

import io

import numpy as np
import pytest
from rich.console import Console
from wordspot.pipeline.scoring.confusion import Confusion
from wordspot.tools.terminal.confusion import print_confusion

SILENCE, UNKNOWN = "_silence_", "_unknown_"
NUMBERED = tuple(f"word{i:02}" for i in range(1, 11))
SENTENCES = tuple(f"turn_the_light_in_the_kitchen_{i}" for i in range(1, 11))


def printed(labels: tuple[str, ...], clips: int = 100) -> list[str]:
    """The lines of a matrix whose every count is another number."""
    n = len(labels)
    matrix = np.arange(n * n).reshape(n, n) % clips + np.eye(n, dtype=int) * clips
    console = Console(file=io.StringIO(), width=80, highlight=False)
    print_confusion(console, Confusion(labels, matrix))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def headings(lines: list[str]) -> list[str]:
    return lines[0].split()[1:-3]


@pytest.mark.parametrize("clips", [10, 1_000, 10_000])
@pytest.mark.parametrize(
    "labels",
    [
        ("left", "right", UNKNOWN, SILENCE),
        (*NUMBERED[:8], UNKNOWN, SILENCE),
        (*NUMBERED, UNKNOWN, SILENCE),
        (*SENTENCES, UNKNOWN, SILENCE),
        ("kitchen_on", "kitchen_off"),
        ("unknown", UNKNOWN),
    ],
)
def test_no_two_columns_or_rows_are_alike(labels: tuple[str, ...], clips: int) -> None:
    lines = printed(labels, clips)
    assert max(map(len, lines)) <= 80
    lines = lines[: 1 + len(labels)]  # a legend may follow
    names = headings(lines)
    assert len(set(names)) == len(names)
    rows = [line[: len(line) - len(line.lstrip()) + 17].split("  ")[0] for line in lines[1:]]
    assert len(set(rows)) == len(labels)


def test_short_labels_are_the_headings() -> None:
    assert headings(printed(("left", "right", UNKNOWN, SILENCE))) == ["left", "right", "unknown", "silence"]


def test_labels_with_a_common_beginning_are_numbered() -> None:
    lines = printed((*NUMBERED, UNKNOWN, SILENCE))
    assert headings(lines) == [str(i) for i in range(1, 13)]
    assert lines[1].startswith("1 word01 ")
    assert lines[11].startswith("11 _unknown_ ")


def test_where_labels_do_not_fit_a_legend_follows() -> None:
    lines = printed(SENTENCES)
    assert [line.split()[0] for line in lines[1:11]] == headings(lines)
    assert "".join(lines[11:]).replace(" ", "").startswith("1turn_the_light_in_the_kitchen_1,2turn_the")
