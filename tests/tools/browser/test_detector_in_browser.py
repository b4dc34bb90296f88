"""The page's windows and rule on made-up input, beside the Python detector's."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.device.stream import StreamSettings, Trigger
from wordspot.tools.commands.web import describe

RUN_RULES = """
(async () => {
  const {Rule} = await import("./detector.js")
  return %s.map(({posteriors, ends, ...settings}) => {
    const rule = new Rule(settings)
    return posteriors.map((row, i) => rule.next(row, ends[i]))
  })
})()
"""
RUN_WINDOWS = """
(async () => {
  const {Windows} = await import("./detector.js")
  return %s.map(({blocks, clip, hop}) => {
    const windows = new Windows(clip, hop)
    let next = 0
    return blocks.flatMap(length => windows.feed(Float32Array.from({length}, () => next++)))
      .map(({samples, end}) => [samples[0], samples.at(-1), samples.length, end])
  })
})()
"""


def draw_settings(rng: np.random.Generator) -> StreamSettings:
    return StreamSettings(
        hop_ms=float(rng.choice([20, 50, 100, 250])),
        average_ms=float(rng.choice([0, 70, 125, 300, 500])),
        threshold=float(rng.choice([0.25, 0.375, 0.5, 0.9])),
        hold_off_ms=float(rng.choice([0, 100, 333, 1000])),
    )


def test_the_rule_is_that_of_python(model: Path, page: Callable) -> None:
    rng = np.random.default_rng(3)
    recognizer = Recognizer.load(model)
    recognizer.description = dataclasses.replace(recognizer.description, thresholds={"fall": 0.625})
    drawn = [draw_settings(rng) for _ in range(40)]
    cases, expected = [], []
    for settings in drawn:
        # eighths, so that there are ties, and probabilities that are just their threshold
        posteriors = rng.integers(0, 9, (60, len(recognizer.labels))) / np.float32(8)
        described = describe(recognizer, settings)
        starts = [k * described["hop_samples"] for k in range(len(posteriors))]
        trigger = Trigger(recognizer, settings)
        expected.append([trigger.judge(start, row) for start, row in zip(starts, posteriors, strict=True)])
        cases.append(
            {
                "labels": described["labels"],
                "thresholds": described["thresholds"],
                "averaged": described["averaged_windows"],
                "holdOffSamples": described["hold_off_samples"],
                "posteriors": posteriors.tolist(),
                "ends": [start + recognizer.clip_samples for start in starts],
            }
        )
    told = page(model).run(RUN_RULES % json.dumps(cases))
    detections = 0
    for one, other in zip(told, expected, strict=True):
        for window, (smoothed, detection) in zip(one, other, strict=True):
            np.testing.assert_allclose(window["smoothed"], smoothed, atol=1e-6)
            assert (window["detection"] is None) == (detection is None)
            if detection:
                detections += 1
                assert window["detection"]["label"] == detection.label
                assert window["detection"]["end"] == detection.time_s * recognizer.sample_rate_hz
    assert detections > 100


def test_windows_cover_the_stream_whatever_the_blocks(model: Path, page: Callable) -> None:
    rng = np.random.default_rng(4)
    cases = [
        {
            "blocks": rng.integers(0, limit, 30).tolist(),
            "clip": int(rng.integers(1, 50)),
            "hop": int(rng.integers(1, 80)),
        }
        for limit in rng.integers(2, 120, 60).tolist()
    ]
    told = page(model).run(RUN_WINDOWS % json.dumps(cases))
    for case, windows in zip(cases, told, strict=True):
        total, clip, hop = sum(case["blocks"]), case["clip"], case["hop"]
        starts = [start for start in range(0, total, hop) if start + clip <= total]
        assert windows == [[start, start + clip - 1, clip, start + clip] for start in starts]


@pytest.mark.parametrize("word", ["constructor", "toString"])
def test_a_word_may_have_any_name(word: str, model: Path, page: Callable) -> None:
    case = {"labels": [word, "_x_"], "thresholds": {word: 0.5}, "averaged": 1, "holdOffSamples": 0}
    told = page(model).run(RUN_RULES % json.dumps([{**case, "posteriors": [[0.6, 0.4], [0.4, 0.6]], "ends": [1, 2]}]))
    assert [window["detection"] and window["detection"]["label"] for window in told[0]] == [word, None]
