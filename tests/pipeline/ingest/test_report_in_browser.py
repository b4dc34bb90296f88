"""The report as Chromium shows and plays it, without a network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.pipeline.ingest.clean import clean

OVERFLOW = """
  const beyond = element => !element.closest(".scroll") && element.getBoundingClientRect().right > width + 1
  const wide = [...page.body.querySelectorAll("*")].filter(beyond).map(element => element.outerHTML.slice(0, 200))
  return page.documentElement.scrollWidth > width ? [...wide, "the page"] : wide
"""
LISTEN = """
  const card = [...page.querySelectorAll("li")].find(card => card.textContent.includes("offset.wav"))
  const audio = card.querySelector("audio")
  audio.muted = true
  await audio.play()
  const data = await (await fetch(audio.src)).arrayBuffer()
  const sound = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(data)
  return {duration: audio.duration, samples: [...sound.getChannelData(0)]}
"""
LOOK = """
  const images = [...page.images]
  images.forEach(image => image.loading = "eager")
  await Promise.all(images.map(image => image.decode()))
  const bars = [...page.querySelectorAll("rect")].map(bar => bar.getBoundingClientRect())
  return {
    widths: images.map(image => image.naturalWidth),
    bars: bars.filter(bar => bar.width > 1 && bar.height > 0.5).length / bars.length,
    limits: [...page.querySelectorAll(".line span")].map(text => {
      const words = text.getBoundingClientRect(), plot = text.closest(".plot").getBoundingClientRect()
      return plot.left <= words.left && words.right <= plot.right
    }),
  }
"""


@pytest.fixture
def report(messy: Path, tmp_path: Path) -> Path:
    """The report of recordings with every kind of trouble, in their names too."""
    (messy / "right/pipe.wav").unlink()
    rng = np.random.default_rng(6)
    for name in ("offset.wav", f"{'w' * 240}.wav", "<script>x = 1<\N{DIVISION SLASH}script>.wav"):
        for label in ("left", "l" * 200):
            (messy / label).mkdir(exist_ok=True)
            soundfile.write(messy / label / name, rng.uniform(0, 0.2, 16_000), 16_000)
    clean(messy, tmp_path / "clips")
    return tmp_path / "clips" / "report.html"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_on_a_phone_or_a_desk(report: Path, in_browser: Callable, width: int) -> None:
    assert in_browser(report, OVERFLOW, width) == []


def test_the_clips_play(report: Path, messy: Path, in_browser: Callable) -> None:
    measured = in_browser(report, LISTEN)
    expected, _ = soundfile.read(messy / "left" / "offset.wav")
    np.testing.assert_allclose(measured["samples"], expected, atol=1e-4)
    assert measured["duration"] == pytest.approx(1.0)


def test_the_pictures_bars_and_limits_are_seen(report: Path, in_browser: Callable) -> None:
    measured = in_browser(report, LOOK)
    assert set(measured["widths"]) == {320}
    assert measured["bars"] == 1
    assert measured["limits"] == [True, True, True]
