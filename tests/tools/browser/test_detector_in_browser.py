"""The page's lone words and rule on made-up input, beside the Python detector's."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wordspot.pipeline.device.recognizer import Prediction, Recognizer
from wordspot.pipeline.device.stream import Detector, StreamSettings, Thresholds
from wordspot.tools.commands.web import describe

RUN_RULES = """
(async () => {
  const {Rule} = await import("./detector.js")
  return %s.map(({posteriors, ends, ...settings}) => {
    const rule = new Rule(settings)
    return posteriors.map((row, i) => rule.judge(row, ends[i]))
  })
})()
"""
RUN_LONE_WORDS = """
(async () => {
  const {LoneWords} = await import("./detector.js")
  return %s.map(({samples, sizes, ...pauses}) => {
    const lone = new LoneWords(pauses)
    const found = []
    for (let fed = 0, i = 0; fed < samples.length; fed += sizes[i], i = (i + 1) %% sizes.length) {
      found.push(...lone.feed(Float32Array.from(samples.slice(fed, fed + sizes[i]))))
    }
    return found.map(({start, end, samples: clip}) => [start, end, clip.length, clip[0], clip[9999]])
  })
})()
"""


def draw_settings(rng: np.random.Generator) -> StreamSettings:
    return StreamSettings(
        threshold=float(rng.choice([0.25, 0.375, 0.5, 0.9])), hold_off_ms=float(rng.choice([0, 100, 333, 1000]))
    )


def test_the_rule_is_that_of_python(model: Path, page: Callable) -> None:
    rng = np.random.default_rng(3)
    recognizer = Recognizer.load(model)
    recognizer.description = dataclasses.replace(recognizer.description, thresholds={"fall": 0.625})
    cases, expected = [], []
    for settings in [draw_settings(rng) for _ in range(40)]:
        # eighths, so that there are ties, and probabilities that are just their threshold
        posteriors = rng.integers(0, 9, (60, len(recognizer.labels))) / np.float32(8)
        described = describe(recognizer, settings)
        starts = np.cumsum(rng.integers(1, 5, 60) * 1_600).tolist()
        thresholds = Thresholds(recognizer, settings)
        predictions = [Prediction.of(recognizer.labels, row) for row in posteriors]
        expected.append([thresholds.judge(*row) for row in zip(starts, starts, predictions, strict=True)])
        cases.append(
            {
                "labels": described["labels"],
                "thresholds": described["thresholds"],
                "holdOffSamples": described["hold_off_samples"],
                "posteriors": posteriors.tolist(),
                "ends": [start + recognizer.clip_samples for start in starts],
            }
        )
    found = page(model).run(RUN_RULES % json.dumps(cases))
    detections = 0
    for one, other in zip(found, expected, strict=True):
        for shown, detection in zip(one, other, strict=True):
            assert (shown is None) == (detection is None)
            if detection:
                detections += 1
                assert shown["label"] == detection.label
                assert shown["end"] == detection.time_s * recognizer.sample_rate_hz
    assert detections > 50


def test_lone_words_are_those_of_python(model: Path, page: Callable) -> None:
    rng = np.random.default_rng(5)
    recognizer = Recognizer.load(model)
    cases, expected = [], []
    for settings in (StreamSettings(), StreamSettings(pause_before_ms=150, pause_after_ms=60, pause_db=6, hop_ms=30)):
        described = describe(recognizer, settings)
        size = 9 * recognizer.sample_rate_hz
        loudness = np.repeat(rng.choice([0.001, 0.01, 0.3], size // 3_200, p=[0.7, 0.1, 0.2]), 3_200)
        samples = np.round(loudness * rng.normal(size=size), 4).astype(np.float32)
        found = list(Detector(recognizer, settings).lone_words(samples))
        clips = [samples[word.start :][: recognizer.clip_samples] for word in found]
        ends = [word.window + recognizer.clip_samples for word in found]
        expected += [
            [
                [word.start, end, len(clip), clip[0], clip[9_999]]
                for word, end, clip in zip(found, ends, clips, strict=True)
            ]
        ]
        cases.append(
            {
                "samples": samples.tolist(),
                "sizes": [800, 1, 5_000, 37],
                "clipSamples": recognizer.clip_samples,
                "hopSamples": described["hop_samples"],
                **described["pauses"],
            }
        )
    assert page(model).run(RUN_LONE_WORDS % json.dumps(cases)) == expected
    assert all(len(words) >= 2 for words in expected)


@pytest.mark.parametrize("word", ["constructor", "toString"])
def test_a_word_may_have_any_name(word: str, model: Path, page: Callable) -> None:
    case = {"labels": [word, "_x_"], "thresholds": {word: 0.5}, "holdOffSamples": 0, "ends": [1, 2]}
    found = page(model).run(RUN_RULES % json.dumps([{**case, "posteriors": [[0.6, 0.4], [0.1, 0.9]]}]))
    assert [shown and shown["label"] for shown in found[0]] == [word, None]
