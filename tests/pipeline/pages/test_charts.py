import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.pipeline.pages.charts import Line, LineChart

VALUES = st.lists(st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6), min_size=1, max_size=50)


def chart(values: list[float], first: int = 1, **given) -> LineChart:
    return LineChart("some", "epoch", [Line("a", [(first + i, value) for i, value in enumerate(values)])], **given)


@given(VALUES)
def test_every_point_lies_in_the_box_and_the_scales_reach_around_it(values: list[float]) -> None:
    made = chart(values)
    for dot in made.dots(made.lines[0]):
        assert -1e-6 <= dot.left <= 100 + 1e-6
        assert -1e-6 <= dot.top <= 100 + 1e-6
    assert made.y_ticks[0].percent == pytest.approx(0, abs=1e-6)
    assert made.y_ticks[-1].percent == pytest.approx(100)
    assert 2 <= len(made.y_ticks) <= 7
    assert len({tick.text for tick in made.y_ticks}) == len(made.y_ticks)


@given(st.integers(1, 500))
def test_the_scale_below_counts_whole_numbers(count: int) -> None:
    ticks = chart([0.5] * count).x_ticks
    assert 1 <= len(ticks) <= 6
    assert all(tick.text.isdecimal() and 0 <= tick.percent <= 100 for tick in ticks)


def test_lines_steps_and_dots() -> None:
    points = [(0, 0.0), (1, 1.0), (2, 0.5)]
    made = LineChart("some", "trial", [Line("l", points), Line("s", points, "steps"), Line("d", points, "dots")], True)
    assert [made.path(line) for line in made.lines] == [
        "M0.00 100.00L50.00 0.00L100.00 50.00",
        "M0.00 100.00H50.00V0.00H100.00V50.00",
        "",
    ]
    assert [tick.text for tick in made.y_ticks] == ["0%", "20%", "40%", "60%", "80%", "100%"]
    assert made.dots(made.lines[2])[2].text == "d, trial 2: 50.0%"


def test_a_place_is_marked_where_it_lies() -> None:
    assert chart([1, 2, 3], marked=(2, "kept")).marked_percent == 50
    assert chart([1, 2, 3]).marked_percent is None
