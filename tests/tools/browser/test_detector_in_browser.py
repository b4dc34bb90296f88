"""The page's windows and rule on made-up input, beside the Python detector's."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.labels import is_word
from wordspot.pipeline.device.isolation import find_lone_word, levels_db
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.device.stream import Blocks, Candidate, Detection, StreamSettings, Trigger
from wordspot.tools.commands.web import describe

RUN_RULES = """
(async () => {
  const {Rule} = await import("./detector.js")
  return %s.map(({posteriors, centered, ends, ...settings}) => {
    const rule = new Rule(settings)
    return posteriors.map((row, i) => {
      const {smoothed, isActive} = rule.smooth(row)
      return {smoothed, isActive, detection: isActive ? rule.judge(centered[i], ends[i]) : null}
    })
  })
})()
"""
RUN_LONE_WORDS = """
(async () => {
  const {LoneWords} = await import("./detector.js")
  return %s.map(({samples, block, ends, ...pauses}) => {
    const lone = new LoneWords(pauses)
    let fed = 0
    return ends.map(end => {
      while (fed < end) {
        lone.add(Float32Array.from(samples.slice(fed, fed + block)))
        fed += block
      }
      return lone.find(end)?.start ?? null
    })
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
    cases, expected = [], []
    for settings in [draw_settings(rng) for _ in range(40)]:
        # eighths, so that there are ties, and probabilities that are just their threshold
        posteriors, centered = rng.integers(0, 9, (2, 60, len(recognizer.labels))) / np.float32(8)
        posteriors /= rng.choice([1, 4], (60, 1))  # some windows without a word in them
        described = describe(recognizer, settings)
        starts = [k * described["hop_samples"] for k in range(len(posteriors))]
        trigger = Trigger(recognizer, settings)
        expected.append([judged(trigger, recognizer, *row) for row in zip(starts, posteriors, centered, strict=True)])
        cases.append(
            {
                "labels": described["labels"],
                "thresholds": described["thresholds"],
                "averaged": described["averaged_windows"],
                "holdOffSamples": described["hold_off_samples"],
                "posteriors": posteriors.tolist(),
                "centered": centered.tolist(),
                "ends": [start + recognizer.clip_samples for start in starts],
            }
        )
    found = page(model).run(RUN_RULES % json.dumps(cases))
    detections = 0
    for one, other in zip(found, expected, strict=True):
        for window, (smoothed, is_active, detection) in zip(one, other, strict=True):
            np.testing.assert_allclose(window["smoothed"], smoothed, atol=1e-6)
            assert window["isActive"] == is_active
            assert (window["detection"] is None) == (detection is None)
            if detection:
                detections += 1
                assert window["detection"]["label"] == detection.label
                assert window["detection"]["end"] == detection.time_s * recognizer.sample_rate_hz
    assert detections > 50


def judged(
    trigger: Trigger, recognizer: Recognizer, start: int, posteriors: np.ndarray, centered: np.ndarray
) -> tuple[np.ndarray, bool, Detection | None]:
    """One window by Python's rule; of equal probabilities the page takes the first label, so ties are broken for it."""
    smoothed, is_active = trigger.smooth(posteriors)
    best = int(centered.argmax())
    is_candidate = is_active and is_word(recognizer.labels[best])
    candidate = Candidate(best, float(centered[best]), start) if is_candidate else None
    return smoothed, is_active, trigger.judge(start, is_active, candidate)


def test_lone_words_are_those_of_python(model: Path, page: Callable) -> None:
    rng = np.random.default_rng(5)
    recognizer = Recognizer.load(model)
    cases, expected = [], []
    for settings in (StreamSettings(), StreamSettings(pause_before_ms=150, pause_after_ms=60, pause_db=6)):
        described = describe(recognizer, settings)
        size = 5 * recognizer.sample_rate_hz
        loudness = np.repeat(rng.choice([0.001, 0.01, 0.3], size // 3_200, p=[0.6, 0.2, 0.2]), 3_200)
        samples = np.round(loudness * rng.normal(size=size), 4).astype(np.float32)
        ends = list(range(recognizer.clip_samples, size + 1, 1_600))
        expected.append([lone_word_start(samples, end, settings, recognizer) for end in ends])
        cases.append(
            {
                "samples": samples.tolist(),
                "block": 800,
                "ends": ends,
                "clipSamples": recognizer.clip_samples,
                **described["pauses"],
            }
        )
    found = page(model).run(RUN_LONE_WORDS % json.dumps(cases))
    assert found == expected
    assert any(start is not None for starts in found for start in starts)
    assert any(start is None for starts in found for start in starts)


def lone_word_start(samples: np.ndarray, end: int, settings: StreamSettings, recognizer: Recognizer) -> int | None:
    blocks = Blocks.of(settings, recognizer)
    last = end // blocks.samples
    before = np.zeros(max(0, blocks.history - last) * blocks.samples, np.float32)
    known = np.concatenate([before, samples[max(0, last - blocks.history) * blocks.samples : last * blocks.samples]])
    first = last - blocks.history
    start = end - recognizer.clip_samples
    levels = levels_db(known, blocks.samples)
    window = last - -(-start // blocks.samples)
    word = find_lone_word(levels, window, blocks.before, blocks.after, blocks.longest, settings.pause_db)
    if word is None:
        return None
    middle = (first + word[0] + first + word[1]) // 2 * blocks.samples
    return max(0, min(middle - recognizer.clip_samples // 2, start))


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
    posteriors = [[0.6, 0.4], [0.1, 0.9]]
    case = {"labels": [word, "_x_"], "thresholds": {word: 0.5}, "averaged": 1, "holdOffSamples": 0, "ends": [1, 2]}
    found = page(model).run(RUN_RULES % json.dumps([{**case, "posteriors": posteriors, "centered": posteriors}]))
    assert [window["detection"] and window["detection"]["label"] for window in found[0]] == [word, None]
