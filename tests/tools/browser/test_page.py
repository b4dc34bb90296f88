"""`wordspot web` as a person meets it: in Chromium, with a microphone that plays a WAV file."""

import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.device.stream import Detector

RATE_HZ = 16_000
WORDS = ("rise", "fall", "hum", "fall", "rise")
# what the page is fed and what its network makes of it, noted beside its own doing
NOTE = """
(async () => {
  const {LoneWords, Rule} = await import("./detector.js")
  const {feed} = LoneWords.prototype, {judge} = Rule.prototype
  window.noted = {samples: [], posteriors: []}
  LoneWords.prototype.feed = function (samples) { noted.samples.push(...samples); return feed.call(this, samples) }
  Rule.prototype.judge = function (posteriors, end) {
    noted.posteriors.push([...posteriors])
    return judge.call(this, posteriors, end)
  }
})()
"""
DETECTIONS = """
[...document.querySelectorAll("#detections li")].reverse().map(item => [...item.children].map(part => part.textContent))
"""
OVERFLOW = """
[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)
"""
PICTURE = """
(() => {
  const canvas = document.querySelector("canvas")
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
  return new Set(new Uint32Array(pixels.buffer)).size
})()
"""
TROUBLE = "document.querySelector('#trouble')?.textContent"
HAS_MICROPHONE = "navigator.mediaDevices.enumerateDevices().then(all => all.some(one => one.kind === 'audioinput'))"
KEPT = """
navigator.serviceWorker.ready.then(async () => {
  const {files} = await (await fetch("settings.json")).json()
  const kept = await Promise.all(files.map(name => caches.match(name || "./")))
  return kept.every(file => file)
})
"""


@pytest.fixture(scope="module")
def spoken(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five words in a noisy room, each of them alone: 12.5 s."""
    room, _ = soundfile.read(recordings / "_background_noise_" / "room.wav", frames=RATE_HZ)
    words = [
        soundfile.read(recordings / word / f"speaker{number:02}_nohash_0.wav")[0] for number, word in enumerate(WORDS)
    ]
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    pause = room[: 4 * RATE_HZ // 5] / 10
    soundfile.write(path, np.concatenate([room / 10, *(part for word in words for part in (word, pause))]), RATE_HZ)
    return path


def microphone(sound: Path) -> tuple[str, ...]:
    """Flags for a microphone that plays a file once, and may be used."""
    device = "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={sound}%noloop"
    return *device, "--use-fake-ui-for-media-stream"


def test_the_page_detects_what_python_detects(model: Path, spoken: Path, page: Callable) -> None:
    tab = page(model, *microphone(spoken))
    tab.run(NOTE)
    tab.press("#always")
    tab.wait_for("noted.samples.length > 13.5 * 16000")
    assert tab.text("#status") == "Listening."
    colors = tab.run(PICTURE)
    tab.press("#always")
    noted, shown = tab.run("noted"), tab.run(DETECTIONS)
    assert tab.text("#status") == "Stopped."

    recognizer = Recognizer.load(model)
    words = list(Detector(recognizer).lone_words(np.array(noted["samples"], np.float32)))
    assert len(words) == len(noted["posteriors"]) >= 4
    for posteriors, word in zip(noted["posteriors"], words, strict=True):
        expected = [word.prediction.probabilities[label] for label in recognizer.labels]
        np.testing.assert_allclose(posteriors, expected, atol=1e-3)
    detections = [word.detection for word in words if word.detection]
    assert [label for _, label, _ in shown] == [detection.label for detection in detections]
    for (time_s, _, probability), detection in zip(shown, detections, strict=True):
        assert float(time_s.removesuffix(" s")) == pytest.approx(detection.time_s, abs=0.0051)
        assert float(probability.removesuffix("%")) / 100 == pytest.approx(detection.probability, abs=1e-3 + 5e-4)
    assert without_repeats([label for _, label, _ in shown]) == ["rise", "fall", "rise"]  # a hum is no word
    assert tab.text("#label span") == "rise"
    assert colors > 50
    assert_nothing_foreign(tab)


def without_repeats(labels: list[str]) -> list[str]:
    return [label for i, label in enumerate(labels) if labels[i - 1 : i] != [label]]


def assert_nothing_foreign(tab) -> None:
    """Nothing was asked of another host, nothing was forbidden by the policy, and nothing was thrown."""
    assert tab.run("location.origin").startswith("http://localhost:")
    urls = [e["params"]["request"]["url"] for e in tab.events if e["method"] == "Network.requestWillBeSent"]
    assert urls
    assert all(url.startswith(tab.run("location.origin")) for url in urls)
    assert [e for e in tab.events if e["method"] == "Runtime.exceptionThrown"] == []
    logged = [e["params"]["entry"] for e in tab.events if e["method"] == "Log.entryAdded"]
    assert [entry for entry in logged if entry["level"] == "error"] == []


def test_one_word_is_heard_and_the_microphone_closed(model: Path, spoken: Path, page: Callable) -> None:
    tab = page(model, *microphone(spoken))
    tab.run("document.querySelector('#once').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key=" ", code="Space", windowsVirtualKeyCode=32, text=" ")
    tab.wait_for("document.querySelector('#status').textContent === 'Done.'")
    assert tab.text("#label span") == "rise"
    bars = dict(line.split("\n") for line in tab.text("#bars").replace("\n\n", "\n").split("%\n"))
    assert list(bars) == list(Recognizer.load(model).labels)
    assert float(bars["rise"]) > 50
    assert tab.text("#once") == "Say a word"
    assert not tab.run("document.querySelector('#always').disabled")


def test_one_word_that_never_comes(model: Path, tmp_path: Path, page: Callable) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE_HZ), RATE_HZ)
    tab = page(model, *microphone(tmp_path / "silence.wav"))
    tab.press("#once")
    tab.wait_for("document.querySelector('#status').textContent.startsWith('No word stood alone')")
    assert tab.text("#label") == "no word"
    assert tab.run(DETECTIONS) == []


def test_a_microphone_that_may_not_be_used(model: Path, page: Callable) -> None:
    tab = page(model, "--use-fake-device-for-media-stream", "--deny-permission-prompts")
    tab.press("#always")
    told = tab.wait_for(TROUBLE)
    assert "Allow it for this page" in told
    assert tab.text("#always") == "Keep listening"
    assert not tab.run("document.querySelector('#always').disabled")


def test_no_microphone(model: Path, page: Callable) -> None:
    tab = page(model, "--use-fake-ui-for-media-stream")  # there is no real one in a container
    if tab.run(HAS_MICROPHONE):
        pytest.skip("this machine has a microphone")
    tab.press("#once")
    assert "No microphone was found" in tab.wait_for(TROUBLE)


def test_an_address_that_gets_no_microphone(model: Path, browser: Callable, serve: Callable) -> None:
    served = serve(model, "--host", "0.0.0.0")
    tab = browser("--host-resolver-rules=MAP phone.example 127.0.0.1")
    tab.open(served.url.replace(served.url.split(":")[1], "//phone.example"))
    tab.wait_until_ready()
    tab.press("#always")
    told = tab.wait_for(TROUBLE)
    assert f"this page came from http://phone.example:{served.port}" in told
    assert "adb reverse" in told


@pytest.mark.parametrize(
    ("flag", "told"), [("--no-enable-sse4-1", "no WebAssembly SIMD"), ("--jitless", "no WebAssembly (")]
)
def test_a_browser_that_cannot_run_the_model(
    flag: str, told: str, model: Path, browser: Callable, serve: Callable
) -> None:
    if flag == "--no-enable-sse4-1" and platform.machine() != "x86_64":
        pytest.skip("SIMD can be turned off on x86 only")
    tab = browser(f"--js-flags={flag}")
    tab.open(serve(model).url)
    assert told in tab.wait_for(TROUBLE)
    assert tab.run("document.querySelector('#always').disabled")


def test_it_can_be_installed_and_then_needs_no_server(
    model: Path, spoken: Path, browser: Callable, serve: Callable
) -> None:
    served = serve(model)
    tab = browser(*microphone(spoken))
    tab.open(served.url)
    tab.wait_until_ready()
    tab.wait_for(KEPT)
    assert tab.call("Page.getAppManifest")["errors"] == []
    assert tab.call("Page.getInstallabilityErrors")["installabilityErrors"] == []
    served.process.terminate()
    served.process.wait()
    tab.open("about:blank")
    tab.open(served.url)
    tab.wait_until_ready()
    tab.press("#once")
    tab.wait_for("document.querySelector('#status').textContent === 'Done.'")
    assert tab.text("#label span") == "rise"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_on_a_phone_or_a_desk(width: int, model: Path, page: Callable) -> None:
    tab = page(model)
    tab.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
    assert tab.run("innerWidth") == width
    assert tab.run(OVERFLOW) == []
