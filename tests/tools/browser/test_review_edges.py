"""Moving the edges of a clip in the page of `wordspot review`: what is heard there is what cleaning cuts."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordspot.data.audio import read_sound
from wordspot.data.decisions import replay, standing
from wordspot.pipeline.ingest.clean import clean

RATE_HZ = 16_000
MOVABLE = "document.querySelector('#edges .second')?.style.width"
SHOWN = "document.querySelector('#edges .where').textContent"


@pytest.fixture
def own(recordings: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Recordings of one's own, 1.5 s each, and their clean folder."""
    source, folder = tmp_path / "recordings", tmp_path / "clips"
    for word in ("fall", "rise"):
        (source / word).mkdir(parents=True)
        for path in sorted((recordings / word).iterdir())[:4]:
            shutil.copy(path, source / word)
    clean(source, folder)
    return source, folder


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with open(folder / "metadata.csv", newline="") as file:
        return {row["file_name"]: row for row in csv.DictReader(file)}


def drag(tab: Any, start: float, end: float, *, touch: bool = False) -> None:
    """From one share of the strip's width to another."""
    left, top, width, height = tab.run(
        "(() => { const e = document.querySelector('.strip'); e.scrollIntoView({block: 'center'});"
        "const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height] })()"
    )
    y, steps = top + height / 2, [left + width * (start + (end - start) * i / 5) for i in range(6)]
    if touch:
        points = [[{"x": x, "y": y}] for x in steps]
        tab.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=points[0])
        for point in points[1:]:
            tab.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=point)
        tab.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        return
    tab.call("Input.dispatchMouseEvent", type="mousePressed", x=steps[0], y=y, button="left", clickCount=1)
    for x in steps[1:]:
        tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
    tab.call("Input.dispatchMouseEvent", type="mouseReleased", x=steps[-1], y=y, button="left", clickCount=1)


def save(page: Any, count: int) -> Any:
    page.tab.wait_for("!document.querySelector('#edges i').hidden")
    page.key("Enter")
    page.tab.wait_for(f"document.querySelector('#saved').textContent === 'Saved' && {SHOWN} !== ''")
    assert len(page.lines()) == count
    return page.lines()[-1]


def test_a_second_that_was_dragged_heard_and_used_is_the_clip_that_cleaning_cuts(own: tuple, review: Callable) -> None:
    source, folder = own
    page = review(folder, "--listener", "anna")
    tab = page.tab
    tab.wait_for(MOVABLE)
    before = tab.run(SHOWN)
    file_name = tab.run("document.querySelector('#facts').textContent.split(' · ').at(-1)")
    drag(tab, 0.5, 0.2)
    assert tab.run(SHOWN) != before
    page.key("k")  # of which second?
    tab.wait_for("document.querySelector('#status').textContent.startsWith('The window was moved')")
    assert page.lines() == []
    line = save(page, 1)
    assert (line.what, line.who, line.path) == ("window", "anna", file_name)
    assert line.window_s is not None
    assert line.queue
    page.key(" ")
    assert page.decide("k").what == "keep"  # the label is a decision of its own
    page.kill()
    clean(source, folder)
    row = rows(folder)[file_name]
    assert float(row["window_start_s"]) == pytest.approx(line.window_s[0], abs=1e-5)
    start = round(line.window_s[0] * RATE_HZ)
    padded = np.pad(read_sound(source / file_name).samples, RATE_HZ)
    expected = padded[RATE_HZ + start : 2 * RATE_HZ + start]
    np.testing.assert_array_equal(read_sound(folder / file_name).samples, expected)
    assert row["decision"] == "keep"


def test_keys_move_it_and_undo_brings_the_old_second_back_after_a_restart_too(own: tuple, review: Callable) -> None:
    source, folder = own
    page = review(folder)
    tab = page.tab
    tab.wait_for(MOVABLE)
    before = tab.run(SHOWN)
    page.key("e")
    tab.wait_for("document.activeElement.className === 'second'")
    page.key("PageDown")
    page.key("Escape")
    assert tab.run(SHOWN) == before
    page.key("e")
    page.key("PageUp")
    page.key("ArrowLeft")
    page.key("Enter")
    tab.wait_for("document.querySelector('#status').textContent.startsWith('Listen first')")
    moved = tab.run(SHOWN)
    assert moved != before
    file_name = save(page, 1).path
    page.kill()
    page.start()
    tab.wait_for(MOVABLE)
    assert tab.run(SHOWN) == moved
    page.undo()
    tab.wait_for(f"{SHOWN} === {before!r}")
    assert standing(page.lines()) == []
    page.kill()
    kept = read_sound(folder / file_name).samples
    clean(source, folder)
    np.testing.assert_array_equal(read_sound(folder / file_name).samples, kept)


def test_a_thumb_moves_it(own: tuple, review: Callable) -> None:
    page = review(own[1])
    tab = page.tab
    tab.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
    tab.call("Emulation.setTouchEmulationEnabled", enabled=True)
    tab.wait_for(MOVABLE)
    before = tab.run(SHOWN)
    drag(tab, 0.5, 0.3, touch=True)
    assert tab.run(SHOWN) != before
    tab.wait_for("!document.querySelector('#edges i').hidden")
    tab.press("#edges .use")
    tab.wait_for("document.querySelector('#saved').textContent === 'Saved'")
    assert [line.what for line in page.lines()] == ["window"]
    assert replay(page.lines())[page.lines()[0].recording].window_s


def test_a_recording_that_is_gone_is_said(own: tuple, review: Callable) -> None:
    source, folder = own
    shutil.rmtree(source)
    page = review(folder)
    page.tab.wait_for("document.querySelector('#edges .why').textContent.includes('is not in')")
    assert page.tab.run("document.querySelector('#edges .movable').hidden")
    assert page.decide("k").what == "keep"
