"""The reports of runs and evaluations as Chromium shows and plays them, without a network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import read_sound
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.pages.charts import Line, LineChart
from wordspot.pipeline.scoring.confusion import Confusion
from wordspot.pipeline.scoring.evaluate import Evaluation, write_evaluation_report
from wordspot.pipeline.scoring.predictions import JudgedClip
from wordspot.pipeline.scoring.report import JudgedReport, players_of, write_report

NAME = f"{'w' * 200}.wav"
OVERFLOW = """
  const beyond = element => !element.closest(".scroll") && element.getBoundingClientRect().right > width + 1
  const wide = [...page.body.querySelectorAll("*")].filter(beyond).map(element => element.outerHTML.slice(0, 200))
  return page.documentElement.scrollWidth > width ? [...wide, "the page"] : wide
"""
LISTEN = """
  const audio = page.querySelector("audio")
  audio.muted = true
  await audio.play()
  const data = await (await fetch(audio.src)).arrayBuffer()
  const sound = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(data)
  return {players: page.querySelectorAll("audio").length, samples: [...sound.getChannelData(0)]}
"""
LOOK = """
  const [chart] = page.querySelectorAll(".plot svg"), box = chart.getBoundingClientRect()
  const lines = [...chart.querySelectorAll("path:not(.dot)")]
  const inside = line => {
    const its = line.getBoundingClientRect()
    return its.left >= box.left - 2 && its.right <= box.right + 2 && its.top >= box.top - 2 && its.bottom <= box.bottom + 2
  }
  const style = element => page.defaultView.getComputedStyle(element)
  const cells = [...page.querySelectorAll(".matrix td.cell")]
  return {
    lines: lines.map(inside),
    strokes: new Set(lines.map(line => style(line).stroke)).size,
    colored: cells.filter(cell => style(cell).backgroundColor !== "rgba(0, 0, 0, 0)").length,
    stays: style(page.querySelector(".matrix tbody th")).position,
    scrolls: style(page.querySelector(".matrix").parentElement).overflowX,
  }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one clip, of a name as long as names can be."""
    (tmp_path / "data" / "left").mkdir(parents=True)
    sound = np.random.default_rng(3).uniform(-0.2, 0.2, 16_000)
    soundfile.write(tmp_path / "data" / "left" / NAME, sound, 16_000)
    return tmp_path / "data"


@pytest.fixture
def report(folder: Path) -> Path:
    """A page with many long labels, charts, and mistakes with and without sound."""
    labels = tuple(f"label-of-quite-some-length-{i}" for i in range(12))
    matrix = np.arange(144).reshape(12, 12) % 7 + 90 * np.eye(12, dtype=int)
    mistakes = [JudgedClip(f"left/{NAME}", labels[0], labels[1], 0.9), JudgedClip("", "_silence_", labels[2], 0.5)]
    history = [(epoch, 1 / epoch) for epoch in range(1, 60)]
    write_report(
        folder / "report.html",
        JudgedReport(
            title="Training report",
            subject="x" * 300,
            judged_on="of testing speakers",
            confusion=Confusion(labels, matrix),
            mistakes=mistakes,
            facts={"Data": "y" * 300},
            caveats=["z" * 300],
            review="v" * 300,
            players=players_of(mistakes, lambda name: read_sound(folder / name).samples),
            charts=[
                LineChart("Loss", "epoch", [Line("training", history, "dashed"), Line("validation", history[::2])]),
                LineChart("Accuracy", "epoch", [Line("best", history, "steps")], True, (7, "kept")),
            ],
        ),
    )
    return folder / "report.html"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_on_a_phone_or_a_desk(report: Path, in_browser: Callable, width: int) -> None:
    assert in_browser(report, OVERFLOW, width) == []


def test_lines_lie_in_their_chart_and_the_matrix_is_colored_and_scrolls(report: Path, in_browser: Callable) -> None:
    seen = in_browser(report, LOOK)
    assert seen["lines"] == [True, True]
    assert seen["strokes"] == 2
    assert seen["colored"] >= 12
    assert (seen["stays"], seen["scrolls"]) == ("sticky", "auto")


def test_a_mistake_of_an_evaluation_plays_the_second_that_was_judged(
    model: Path, clips: Path, tmp_path: Path, in_browser: Callable
) -> None:
    recognizer = Recognizer.load(model)
    path = next((clips / "hum").glob("*.wav"))
    labels = recognizer.labels
    confusion = Confusion(labels, np.eye(len(labels), dtype=int))
    mistakes = [
        JudgedClip(f"hum/{path.name}", "_unknown_", "rise", 0.7),
        JudgedClip("hum/gone.wav", "fall", "rise", 0.6),
    ]
    write_evaluation_report(tmp_path / "r.html", Evaluation(confusion, mistakes, []), recognizer, clips)
    played = in_browser(tmp_path / "r.html", LISTEN)
    assert played["players"] == 1
    np.testing.assert_allclose(played["samples"], soundfile.read(path)[0], atol=1e-4)
