"""The map of the clips in the page of `wordspot review`: made when it is wanted, pressed, and drawn around."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wordspot.data.clips import read_clip_table
from wordspot.pipeline.curation.clip_map import Island
from wordspot.pipeline.curation.clusters import STEPS, Clusters, kept_clusters

DRAWN = "!document.querySelector('#clusters .drawn').hidden"
PLACE = "document.querySelector('#place').textContent"
COLORS = """
(() => {
  const canvas = document.querySelector("#clusters canvas")
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  return new Set(new Uint32Array(data.buffer)).size
})()
"""


def keep(folder: Path, islands: list[Island]) -> dict[str, tuple[int, int]]:
    """A map as the folder keeps it: a column for each word, so that it is known where everything lies."""
    clips = read_clip_table(folder)
    words = sorted({clip.label for clip in clips})
    counts = dict.fromkeys(words, 0)
    places = {}
    for clip in clips:
        counts[clip.label] += 1
        y = counts[clip.label] * STEPS // (len(clips) // len(words) + 1)
        places[clip.file_name] = ((1 + words.index(clip.label)) * STEPS // (len(words) + 1), y)
    Clusters(places, islands).write(folder)
    return places


def choose(page: Any, queue: str) -> None:
    page.tab.run(f"document.querySelector('#queue').value = '{queue}'")
    page.tab.run("document.querySelector('#queue').dispatchEvent(new Event('change'))")


def choose_map(page: Any) -> None:
    choose(page, "clusters")


def on_page(tab: Any, x: float, y: float) -> tuple[float, float]:
    """Where a point of the map lies on the page."""
    return tuple(
        tab.run(
            "(() => { const e = document.querySelector('#clusters canvas'), r = e.getBoundingClientRect();"
            f"const side = Math.min(r.width, r.height) - 28; return [r.x + r.width / 2 + ({x / STEPS} - 0.5) * side,"
            f"r.y + r.height / 2 + ({y / STEPS} - 0.5) * side] }})()"
        )
    )


def draw_around(tab: Any, corners: list[tuple[float, float]], *, touch: bool) -> None:
    points = [on_page(tab, x * STEPS, y * STEPS) for x, y in corners]
    if touch:
        kinds = ["touchStart", *["touchMove"] * (len(points) - 1)]
        for kind, (x, y) in zip(kinds, points, strict=True):
            tab.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        tab.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        return
    kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
    for kind, (x, y) in zip(kinds, [*points, points[-1]], strict=True):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)


@pytest.fixture
def folder(clips: Path, tmp_path: Path) -> Path:
    """A clean folder of one's own."""
    shutil.copytree(clips, tmp_path / "clips")
    return tmp_path / "clips"


def test_the_map_is_made_when_it_is_wanted_and_kept(folder: Path, review: Callable) -> None:
    page = review(folder)
    tab = page.tab
    choose_map(page)
    tab.wait_for("document.querySelector('#clusters .note').textContent.startsWith('Lays 96 clips')")
    assert kept_clusters(folder) is None
    tab.press("#clusters .make")
    tab.wait_for(DRAWN)
    tab.wait_for(f"{COLORS} >= 5")
    kept = kept_clusters(folder)
    assert kept is not None
    assert len(kept.places) == 96
    assert min(min(place) for place in kept.places.values()) == 0
    assert max(max(place) for place in kept.places.values()) == STEPS
    table = (folder / "metadata.csv").read_text().replace("speaker00", "somebody", 1)
    (folder / "metadata.csv").write_text(table)
    assert kept_clusters(folder) is None  # a clip, or whatever is said of it, is another one


@pytest.mark.parametrize("touch", [False, True])
def test_a_point_is_heard_and_what_is_drawn_around_is_the_queue(folder: Path, review: Callable, touch: bool) -> None:
    odd = tuple(f"rise/speaker{n:02}_nohash_0.wav" for n in range(3))
    places = keep(folder, [Island("rise", "fall", odd)])
    page = review(folder)
    tab = page.tab
    if touch:
        tab.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        tab.call("Emulation.setTouchEmulationEnabled", enabled=True)
    choose_map(page)
    tab.wait_for(DRAWN)
    tab.wait_for("document.querySelector('#status').textContent.startsWith('Press a point')")
    x, y = on_page(tab, *places["hum/speaker05_nohash_0.wav"])
    for kind in ("mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    tab.wait_for(f"{PLACE} === '1 of 1'")
    assert page.decide("k").path == "hum/speaker05_nohash_0.wav"
    draw_around(tab, [(0.5, 0.0), (0.5, 1.0), (1.0, 1.0), (1.0, 0.0)], touch=touch)  # rise and whistle
    tab.wait_for(f"{PLACE} === '1 of 48'")
    decided = page.decide("d")
    assert (decided.queue, decided.before in ("rise", "whistle")) == ("clusters", True)
    assert tab.run("document.querySelector('#value').options[1].textContent") == "rise among fall (3)"
    tab.run("document.querySelector('#value').selectedIndex = 1")
    tab.run("document.querySelector('#value').dispatchEvent(new Event('change'))")
    tab.wait_for(f"{PLACE}.endsWith(' of 3')")
    assert page.label() == "rise"


HOLD = """
(() => {
  const asked = window.fetch, held = []
  window.fetch = async (address, ...rest) => {
    if (String(address).startsWith(NAME)) await new Promise(done => held.push(done))
    return asked(address, ...rest)
  }
  window.holdNoMore = () => { window.fetch = asked }
  window.letGo = () => { window.fetch = asked; for (const done of held) done() }
})()
"""


def press_point(tab: Any, place: tuple[float, float]) -> None:
    x, y = on_page(tab, *place)
    for kind in ("mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def test_a_point_that_is_pressed_before_the_page_is_done_opening_the_map_is_heard(
    folder: Path, review: Callable
) -> None:
    places = keep(folder, [])
    page = review(folder)
    tab = page.tab
    choose(page, "random")
    tab.wait_for("location.hash.includes('random')")
    tab.wait_for(f"{PLACE} === '1 of 96'")  # a queue that has the point, too
    tab.run(HOLD.replace("NAME", '"queue"'))
    choose_map(page)
    tab.wait_for(f"{DRAWN} && {COLORS} >= 5")
    press_point(tab, places["hum/speaker05_nohash_0.wav"])
    tab.run("letGo()")
    tab.wait_for(f"{PLACE} === '1 of 1'")
    assert page.decide("k").path == "hum/speaker05_nohash_0.wav"
    choose(page, "random")
    tab.wait_for(f"{PLACE}.endsWith(' of 96')")
    tab.run(HOLD.replace("NAME", '"points"'))  # the map of before is there at once, its labels of now come later
    choose_map(page)
    tab.wait_for("!document.querySelector('#clusters').hidden")
    tab.wait_for("document.querySelector('#status').textContent.startsWith('Press a point')")
    press_point(tab, places["fall/speaker03_nohash_0.wav"])
    tab.wait_for(f"{PLACE} === '1 of 1'")
    tab.run("letGo()")
    assert page.decide("k").path == "fall/speaker03_nohash_0.wav"
    assert tab.run(PLACE) == "1 of 1"


def test_of_two_queues_the_one_that_was_chosen_last_is_shown(folder: Path, review: Callable) -> None:
    keep(folder, [])
    page = review(folder)
    page.tab.run(HOLD.replace("NAME", '"start"'))
    choose(page, "random")  # whose answer comes after that of the next
    page.tab.run("holdNoMore()")
    choose_map(page)
    page.tab.wait_for(DRAWN)
    page.tab.run("letGo()")
    page.tab.run("fetch('start').then(() => new Promise(done => setTimeout(done, 200)))")
    assert page.tab.run("document.querySelector('#queue').value") == "clusters"
    assert "clusters" in page.tab.run("location.hash")
    assert page.tab.run(DRAWN)
    assert not page.tab.run("document.querySelector('#clusters').hidden")


def test_the_map_has_keys_and_one_word_can_be_seen_alone(folder: Path, review: Callable) -> None:
    keep(folder, [])
    page = review(folder)
    tab = page.tab
    choose_map(page)
    tab.wait_for(DRAWN)
    tab.run("document.querySelector('#clusters canvas').focus()")
    tab.press("#clusters .legend button")
    tab.run("document.querySelector('#clusters canvas').focus()")
    page.key("Enter")
    tab.wait_for(f"{PLACE} === '1 of 24'")
    assert page.label() == "fall"
    tab.run("document.querySelector('#clusters canvas').focus()")
    for key in ("+", "+", "+", "ArrowLeft"):
        page.key(key)
    page.key("Enter")
    tab.wait_for(f"{PLACE} !== '1 of 24'")


def test_blind_the_map_says_no_label(folder: Path, review: Callable) -> None:
    keep(folder, [Island("rise", "fall", ("rise/speaker00_nohash_0.wav",))])
    page = review(folder, "--blind")
    tab = page.tab
    choose_map(page)
    tab.wait_for(DRAWN)
    assert tab.run("document.querySelectorAll('#value option').length") == 1
    assert tab.run("document.querySelector('#clusters .legend').hidden")


def test_a_hundred_thousand_points_are_drawn_and_drawn_around(clips: Path, tmp_path: Path, review: Callable) -> None:
    folder = tmp_path / "many"
    sources = sorted((clips / "fall").glob("*.wav"))
    names = [f"word{number % 20}/{number // 20}.wav" for number in range(100_000)]
    (folder / "word0").mkdir(parents=True)
    for number in range(5_000):
        os.link(sources[number % len(sources)], folder / f"word0/{number}.wav")
    for number in range(1, 20):  # all words sound alike here
        (folder / f"word{number}").symlink_to(folder / "word0", target_is_directory=True)
    rows = "".join(f"{name},{name.partition('/')[0]}\n" for name in names)
    (folder / "metadata.csv").write_text(f"file_name,label\n{rows}")
    Clusters({name: (i * 7919 % STEPS, i * 104_729 % STEPS) for i, name in enumerate(names)}, []).write(folder)
    page = review(folder)
    tab = page.tab
    choose_map(page)
    tab.wait_for(DRAWN)
    tab.wait_for(f"{COLORS} > 20")
    draw_around(tab, [(-0.02, -0.02), (-0.02, 1.02), (1.02, 1.02), (1.02, -0.02)], touch=False)
    tab.wait_for(f"{PLACE} === '1 of 100,000'")
    assert page.decide("k").queue == "clusters"


def test_a_kept_map_that_is_damaged_is_made_again(folder: Path) -> None:
    keep(folder, [])
    file = folder / ".wordspot" / "map.json"
    assert kept_clusters(folder) is not None
    for damaged in ("", "[]", "{}", json.dumps({"made_of": 1, "islands": 2, "places": 3}), file.read_text()[:-20]):
        file.write_text(damaged)
        assert kept_clusters(folder) is None
